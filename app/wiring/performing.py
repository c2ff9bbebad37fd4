"""The perform page: playing, scrubbing, emotion, scene."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from emotalker.app.commands.performance import SetBackground, SetLoop, SetVoice, keep_view
from emotalker.app.studio import Studio
from emotalker.app.wiring.emotion import EmotionWiring
from emotalker.app.wiring.loading import Loading, Voice
from emotalker.engine.render.view import View, limits_of
from emotalker.projects import Performance
from emotalker.projects.jobstate import Phase

if TYPE_CHECKING:
    from emotalker.engine.avatar import Avatar
    from emotalker.engine.playback import Frame, Performer

TICK_MS = 33
HUD_EVERY = 8
"""Ticks between updates of the frame counter: faster could not be read."""
STEP_DEGREES, STEP_ZOOM = 3.0, 1.1


class Performing(QObject):
    """Connects the perform page with the performer, which plays in threads of its own.

    Attributes:
        performer: plays the twin; None until the engine is loaded.
    """

    talking = Signal()
    """The first frame of a playing twin was painted."""
    _frame = Signal()
    _failed = Signal(object)

    def __init__(self, studio: Studio, parent: QObject | None = None) -> None:
        super().__init__(parent or studio)
        self.studio, self.session, self.page = studio, studio.session, studio.window.perform
        self.performer: Performer | None = None
        self.voice: Voice | None = None
        self._latest: Frame | None = None
        self._lock = threading.Lock()
        self._resume_after_scrub = self._play_when_ready = False
        self._paused_job: int | None = None
        self._ticks = 0
        self._announced = False
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._view_timer = QTimer(self)
        self._view_timer.setSingleShot(True)
        self._view_timer.setInterval(1500)
        self._view_timer.timeout.connect(self._keep_view)
        self.loading = Loading(studio, self)
        self.loading.twin_loaded.connect(self._twin_loaded)
        self.loading.twin_gone.connect(self._twin_gone)
        self.loading.voice_loaded.connect(self._voice_loaded)
        self.loading.message.connect(self.page.viewport.set_message)
        self._frame.connect(self._present, Qt.ConnectionType.QueuedConnection)
        self._failed.connect(self._performer_failed, Qt.ConnectionType.QueuedConnection)
        self.emotion = EmotionWiring(self)
        self._connect()

    def close(self) -> None:
        """Stop playing and let every thread end."""
        self._timer.stop()
        if self._view_timer.isActive():
            self._view_timer.stop()
            self._keep_view()
        if self.performer is not None:
            self.performer.close()
            self.performer = None

    def play_when_ready(self) -> None:
        """Begin to play as soon as twin and voice are there."""
        self._play_when_ready = True
        self._maybe_play()

    def play(self, rate: float = 1.0) -> None:
        """Play, at another rate if wanted; from the start if the playhead is at the end."""
        performer = self.performer
        if performer is None or self.session.twin is None:
            return
        if performer.duration and rate > 0 and performer.time >= performer.duration - 0.02:
            performer.seek(0.0)
        performer.set_rate(rate)
        performer.play()
        self._timer.start()
        self.page.timeline.set_playing(True)
        self._pause_training()

    def pause(self) -> None:
        """Stand still at the playhead."""
        if self.performer is not None:
            self.performer.pause()
        self._settle()

    def toggle(self) -> None:
        """Play or pause."""
        if self.performer is not None and self.performer.playing:
            self.pause()
        else:
            self.play()

    def shuttle(self, direction: int) -> None:
        """J and L: play that way; the same key again doubles the speed."""
        performer = self.performer
        if performer is None:
            return
        rate = performer.rate if performer.playing else 0.0
        self.play(direction * (2.0 if rate * direction >= 1 else 1.0))

    def seek(self, time: float) -> None:
        """Put the playhead somewhere, seconds."""
        if self.performer is None:
            return
        self.performer.seek(min(max(time, 0.0), self.performer.duration or time))
        self._show_time()

    def step(self, seconds: float) -> None:
        """Move the playhead; stops playing."""
        if self.performer is not None:
            self.pause()
            self.seek(self.performer.time + seconds)

    @property
    def time(self) -> float:
        """The playhead, seconds."""
        return self.performer.time if self.performer is not None else 0.0

    @property
    def avatar(self) -> Avatar | None:
        """The twin that is loaded."""
        return self.loading.avatar

    def _connect(self) -> None:
        page, session, transport = self.page, self.session, self.page.transport
        session.performance_changed.connect(self._performance_changed)
        page.viewport.presented.connect(self._presented)
        page.viewport.view_changed.connect(self._view_changed)
        page.viewport.render_size_changed.connect(self._size_changed)
        page.files_dropped.connect(self._dropped)
        page.timeline.scrub_started.connect(self._scrub_started)
        page.timeline.scrubbed.connect(self._scrubbed)
        page.timeline.scrub_ended.connect(self._scrub_ended)
        page.timeline.loop_changed.connect(lambda loop: self.studio.do(SetLoop(loop)))
        transport.play_toggled.connect(self.toggle)
        transport.shuttle.connect(self.shuttle)
        transport.seek_requested.connect(self.seek)
        transport.loop_toggled.connect(self._loop_toggled)
        transport.mark_in.connect(lambda: self.mark("in"))
        transport.mark_out.connect(lambda: self.mark("out"))
        transport.device_changed.connect(self._device_changed)
        transport.volume_changed.connect(lambda v: self.performer and self.performer.set_volume(v))
        scene = page.scene
        scene.voice_requested.connect(lambda: self.studio.do(SetVoice.ask(self.studio.window)))
        scene.voice_removed.connect(lambda: self.studio.do(SetVoice(None)))
        scene.background_changed.connect(lambda spec: self.studio.do(SetBackground(spec)))
        scene.picture_requested.connect(lambda: self.studio.do(SetBackground.ask(self.studio.window)))
        scene.view_reset.connect(page.viewport.reset_view)
        self._connect_actions()

    def _connect_actions(self) -> None:
        actions, view = self.studio.actions, self.page.viewport
        frame = 1 / 25
        for id_, slot in {
            "play.toggle": self.toggle,
            "play.back": lambda: self.shuttle(-1),
            "play.forward": lambda: self.shuttle(1),
            "play.previous_frame": lambda: self.step(-frame),
            "play.next_frame": lambda: self.step(frame),
            "play.second_back": lambda: self.step(-1.0),
            "play.second_on": lambda: self.step(1.0),
            "play.start": lambda: self.seek(0.0),
            "play.end": lambda: self.performer and self.seek(self.performer.duration),
            "play.mark_in": lambda: self.mark("in"),
            "play.mark_out": lambda: self.mark("out"),
            "play.clear_marks": lambda: self.studio.do(SetLoop(None)),
            "play.view_reset": view.reset_view,
            "play.view_left": lambda: view.orbit_by(-STEP_DEGREES, 0.0),
            "play.view_right": lambda: view.orbit_by(STEP_DEGREES, 0.0),
            "play.view_up": lambda: view.orbit_by(0.0, STEP_DEGREES),
            "play.view_down": lambda: view.orbit_by(0.0, -STEP_DEGREES),
            "play.view_in": lambda: view.zoom_by(STEP_ZOOM),
            "play.view_out": lambda: view.zoom_by(1 / STEP_ZOOM),
            "file.voice": lambda: self.studio.do(SetVoice.ask(self.studio.window)),
        }.items():
            actions.connect(id_, slot)

    # ---- what the performer gives, in its threads ----

    def _on_frame(self, frame: Frame) -> None:
        """Keep the newest frame alone: a window that is late shows the present, not what it missed."""
        with self._lock:
            waiting, self._latest = self._latest is not None, frame
        if not waiting:
            self._frame.emit()

    def _present(self) -> None:
        with self._lock:
            frame, self._latest = self._latest, None
        if frame is not None:
            self.page.viewport.present(frame)

    def _presented(self, serial: int, when: float) -> None:
        performer = self.performer
        if performer is None:
            return
        performer.shown(serial, when)
        if performer.playing and not self._announced:
            self._announced = True
            self.talking.emit()

    def _performer_failed(self, error: BaseException) -> None:
        self.pause()
        self.studio.fail(error)

    # ---- twin and voice ----

    def _twin_loaded(self, avatar: Avatar) -> None:
        if self.performer is None:
            from emotalker.engine.playback import Performer

            self.performer = Performer(self._on_frame, self._failed.emit)
            self.performer.set_backend(self.page.viewport.backend)
            self._fill_devices()
        performer = self.performer
        performer.set_size(*self.page.viewport.render_size)
        performer.set_twin(avatar)
        self.page.viewport.set_limits(limits_of(avatar))
        self.page.emotion.set_recorded(list(avatar.recorded))
        self.page.timeline.set_fps(avatar.fps)
        self._performance_changed(self.session.performance)
        self._maybe_play()

    def _twin_gone(self) -> None:
        self.pause()
        if self.performer is not None:
            self.performer.set_twin(None)

    def _voice_loaded(self, voice: Voice | None) -> None:
        self.voice = voice
        track, heard = (voice.track, voice.heard) if voice is not None else (None, None)
        if self.performer is not None:
            self.performer.set_voice(track, heard)
            self.performer.set_loop(self.session.performance.loop)
        self.page.timeline.set_audio(voice.peaks if voice else None, track.duration if track else 0.0)
        name = Path(self.session.performance.voice).name
        self.page.scene.set_voice(name, f"{track.duration:.1f} s" if track else "")
        self._show_time()
        self._maybe_play()

    def _performance_changed(self, performance: Performance) -> None:
        """Make performer and widgets say what the document says."""
        page = self.page
        page.scene.set_background(performance.background)
        page.viewport.set_view(performance.view)
        page.scene.set_view(performance.view.yaw, performance.view.pitch, performance.view.zoom)
        page.timeline.set_loop(performance.loop)
        performer = self.performer
        if performer is not None:
            performer.set_view(performance.view)
            performer.set_background(performance.background)
            performer.set_seed(performance.seed)
            performer.set_loop(performance.loop)
        self.emotion.show(self.session.curve)

    def _maybe_play(self) -> None:
        ready = self.performer is not None and self.avatar is not None
        if self._play_when_ready and ready and (self.voice is not None or not self.session.performance.voice):
            self._play_when_ready = False
            self.play()

    def _dropped(self, files: list[Path]) -> None:
        if files and self.session.project is not None:
            self.studio.do(SetVoice(files[0]))

    # ---- time ----

    def mark(self, end: str) -> None:
        """Put the in or the out mark at the playhead."""
        if self.performer is None or not self.performer.duration:
            return
        loop = self.session.performance.loop or (0.0, self.performer.duration)
        first, last = (self.time, loop[1]) if end == "in" else (loop[0], self.time)
        if last - first < 0.1:
            self.studio.tell("In has to lie before out, by a tenth of a second at least.", "warning")
            return
        self.studio.do(SetLoop((first, last)))

    def _loop_toggled(self, on: bool) -> None:
        if self.performer is not None:
            self.performer.set_repeat(on)

    def _scrub_started(self) -> None:
        self._resume_after_scrub = self.performer is not None and self.performer.playing
        self.pause()

    def _scrubbed(self, time: float) -> None:
        if self.performer is not None:
            self.performer.scrub(time)
            self._show_time()

    def _scrub_ended(self, time: float) -> None:
        self.seek(time)
        if self._resume_after_scrub:
            self.play()

    def _tick(self) -> None:
        performer = self.performer
        if performer is None:
            return
        self._ticks += 1
        self._show_time()
        if self._ticks % HUD_EVERY == 0:
            self.page.viewport.set_stats(performer.stats())
        if not performer.playing:
            self._settle()

    def _settle(self) -> None:
        """Playing has ended, by the user or by the end of the recording."""
        self._timer.stop()
        self.page.timeline.set_playing(False)
        self._show_time()
        if self._paused_job is not None:
            self.studio.queue.resume(self._paused_job)
            self._paused_job = None

    def _show_time(self) -> None:
        performer = self.performer
        if performer is None:
            return
        time = performer.time
        self.page.timeline.set_playhead(time)
        self.page.transport.set_state(performer.playing, performer.rate, time, performer.duration)
        self.emotion.show_at(time)

    def _pause_training(self) -> None:
        job = self.studio.job()
        if self.studio.settings.values.pause_training_while_playing and job and job.phase is Phase.RUNNING:
            self._paused_job = job.id
            self.studio.queue.pause(job.id)

    # ---- picture ----

    def _view_changed(self, view: View) -> None:
        if self.performer is not None:
            self.performer.set_view(view)
        self.page.scene.set_view(view.yaw, view.pitch, view.zoom)
        if self.session.project is not None:
            self._view_timer.start()

    def _keep_view(self) -> None:
        project = self.session.project
        if project is not None and self.page.viewport.view != project.manifest.performance.view:
            keep_view(project, self.page.viewport.view)
            self.session.announce()

    def _size_changed(self, width: int, height: int) -> None:
        if self.performer is not None:
            self.performer.set_size(width, height)

    def _fill_devices(self) -> None:
        from emotalker.engine.playback import devices

        def found(names: list[str]) -> None:
            chosen = self.studio.settings.values.audio_device
            self.page.transport.set_devices(names, chosen)
            if self.performer is not None and chosen in names:
                self.performer.set_device(chosen)

        self.studio.tasks.run(lambda: [d.name for d in devices()], found)

    def _device_changed(self, name: str) -> None:
        self.studio.settings.set(audio_device=name)
        if self.performer is not None:
            self.performer.set_device(name or None)
