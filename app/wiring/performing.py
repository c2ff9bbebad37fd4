"""Playing the twin: what the performer draws goes to the viewport, what the document says goes to the performer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from emotalker.app.studio import Studio
from emotalker.app.wiring.emotion import EmotionWiring
from emotalker.app.wiring.live import LiveWiring
from emotalker.app.wiring.loading import Loading, Voice
from emotalker.app.wiring.scene import SceneWiring
from emotalker.app.wiring.transport import TransportWiring
from emotalker.engine.render.view import limits_of
from emotalker.projects import Performance
from emotalker.projects.jobstate import Phase

if TYPE_CHECKING:
    from emotalker.engine.avatar import Avatar
    from emotalker.engine.playback import Frame, Performer

TICK_MS = 33
AT_END = 0.02
"""Seconds before the end from which playing begins anew."""
HUD_EVERY = 8
"""Ticks between updates of the frame counter: faster could not be read."""


class Performing(QObject):
    """Plays the twin of the session.

    Attributes:
        performer: plays in threads of its own; None until the engine is loaded.
        rate: of playing; negative is backward.
        voice: the recording that is said, once it is loaded.
        loading: reads twins and voices.
    """

    talking = Signal()
    """The first frame of a playing twin was painted."""
    _frame = Signal()
    _failed = Signal(object)
    _noticed = Signal(str)

    def __init__(self, studio: Studio, parent: QObject | None = None) -> None:
        super().__init__(parent or studio)
        self.studio, self.session, self.page = studio, studio.session, studio.window.perform
        self.performer: Performer | None = None
        self.voice: Voice | None = None
        self.rate = 1.0
        self._latest: Frame | None = None
        self._lock = threading.Lock()
        self._play_when_ready = self._announced = False
        self._paused_job: int | None = None
        self._ticks = 0
        self._last_notice = ""
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._frame.connect(self._present, Qt.ConnectionType.QueuedConnection)
        self._failed.connect(self._performer_failed, Qt.ConnectionType.QueuedConnection)
        self._noticed.connect(self._performer_noticed, Qt.ConnectionType.QueuedConnection)
        self.session.project_changed.connect(self._project_changed)
        self.session.performance_changed.connect(self.show_performance)
        self.page.viewport.presented.connect(self._presented)
        self.loading = Loading(studio, self)
        self.loading.twin_loaded.connect(self._twin_loaded)
        self.loading.twin_gone.connect(self._twin_gone)
        self.loading.voice_loaded.connect(self._voice_loaded)
        self.loading.message.connect(self.page.viewport.set_message)
        self.scene = SceneWiring(self)
        self.transport = TransportWiring(self)
        self.emotion = EmotionWiring(self)
        self.live = LiveWiring(self)
        self.emotion.changed.connect(self.live.feel)

    @property
    def time(self) -> float:
        """The playhead, seconds."""
        return self.performer.time if self.performer is not None else 0.0

    @property
    def playing(self) -> bool:
        """Whether time goes on."""
        return self.performer is not None and self.performer.playing

    def close(self) -> None:
        """Stop playing and let every thread end."""
        self._timer.stop()
        self.live.stop()
        self.scene.keep_camera()
        if self.performer is not None:
            self.performer.close()
            self.performer = None

    def play_when_ready(self) -> None:
        """Begin to play as soon as twin and voice are there."""
        self._play_when_ready = True
        self._maybe_play()

    def play(self, rate: float = 1.0) -> None:
        """Play, at another rate if wanted; from the start if the playhead is at the end, also of what is repeated."""
        performer = self.performer
        if performer is None or self.session.twin is None:
            return
        self.live.stop()
        first, last = self.transport.range
        if performer.duration and rate > 0 and performer.time >= last - AT_END:
            performer.seek(first)
        self.rate = rate
        performer.set_rate(rate)
        performer.play()
        self._timer.start()
        self.page.timeline.set_playing(True)
        self.hold_job()

    def hold_job(self) -> None:
        """Let a running training rest while the twin performs, if the user wants that."""
        job = self.studio.job()
        if self.studio.settings.values.pause_training_while_playing and job and job.phase is Phase.RUNNING:
            self._paused_job = job.id
            self.studio.queue.pause(job.id)

    def release_job(self) -> None:
        """Let it go on."""
        if self._paused_job is not None:
            self.studio.queue.resume(self._paused_job)
            self._paused_job = None

    def pause(self) -> None:
        """Stand still at the playhead."""
        if self.performer is not None:
            self.performer.pause()
        self._settle()

    def seek(self, time: float) -> None:
        """Put the playhead somewhere, seconds."""
        self.page.emotion.finish()
        if self.performer is not None:
            self.performer.seek(min(max(time, 0.0), self.performer.duration or time))
            self.show_time()

    def show_time(self) -> None:
        """Show the playhead everywhere."""
        performer = self.performer
        if performer is not None:
            time = performer.time
            self.page.timeline.set_playhead(time)
            idle = self.loading.avatar is not None  # it breathes and blinks without a voice as well
            self.page.transport.set_state(performer.playing, self.rate, time, performer.duration, idle)
            self.emotion.show_at(time)

    def show_performance(self, performance: Performance) -> None:
        """Make performer and widgets say what the document says."""
        self.scene.show(performance)
        self.page.timeline.set_loop(performance.loop)
        if self.performer is not None:
            self.performer.set_seed(performance.seed)
        self.transport.apply_loop()
        self.emotion.show(self.session.curve)

    # ---- what the performer gives, in its threads ----

    def take_frame(self, frame: Frame) -> None:
        """Keep the newest frame alone: a window that is late shows the present, not what it missed."""
        with self._lock:
            waiting, self._latest = self._latest is not None, frame
        if not waiting:
            self._frame.emit()

    def _present(self) -> None:
        with self._lock:
            frame, self._latest = self._latest, None
        if frame is not None and self.loading.avatar is not None:
            self.page.viewport.present(frame)  # else it is of the twin before

    def _presented(self, serial: int, when: float) -> None:
        performer = self.performer
        if performer is None or self.live.running:
            return
        performer.shown(serial, when)
        if performer.playing and not self._announced:
            self._announced = True
            self.talking.emit()

    def _performer_noticed(self, text: str) -> None:
        """Say why there is no sound; once, not with every recording."""
        if text != self._last_notice:
            self._last_notice = text
            self.studio.tell(text, "warning")

    def _performer_failed(self, error: BaseException) -> None:
        self.pause()
        self.studio.notifier.report(error)  # every frame may fail in the same way

    # ---- twin and voice ----

    def _twin_loaded(self, avatar: Avatar) -> None:
        if self.performer is None:
            from emotalker.engine.playback import Performer

            self.performer = Performer(self.take_frame, self._failed.emit, self._noticed.emit)
            self.scene.performer_made()
        self.performer.set_twin(avatar)
        self.page.viewport.set_limits(limits_of(avatar))
        self.page.emotion.set_recorded(list(avatar.recorded))
        self.page.timeline.set_fps(avatar.fps)
        self.show_performance(self.session.performance)
        self._maybe_play()

    def _project_changed(self, _project: object) -> None:
        """Nobody plays on while another twin is being loaded, nor says the other's recording."""
        self._play_when_ready = False
        self._twin_gone()
        self.page.viewport.clear()  # nobody's face behind the message that another's twin could not be loaded

    def _twin_gone(self) -> None:
        self.pause()
        if self.performer is not None:
            self.performer.set_twin(None)
        self._voice_loaded(None)

    def _voice_loaded(self, voice: Voice | None) -> None:
        self.voice = voice
        track = voice.track if voice is not None else None
        if self.performer is not None:
            self.performer.set_voice(track, voice.heard if voice is not None else None)
        self.transport.apply_loop()
        self.page.timeline.set_audio(voice.peaks if voice else None, track.duration if track else 0.0)
        self.scene.show_voice(voice)
        self.show_time()
        self._maybe_play()

    def _maybe_play(self) -> None:
        ready = self.performer is not None and self.loading.avatar is not None
        if self._play_when_ready and ready and (self.voice is not None or not self.session.performance.voice):
            self._play_when_ready = False
            self.play()

    # ---- time ----

    def _tick(self) -> None:
        performer = self.performer
        if performer is None:
            return
        self._ticks += 1
        self.show_time()
        if self._ticks % HUD_EVERY == 0:
            self.page.viewport.set_stats(performer.stats())
        if not performer.playing:
            self._settle()

    def _settle(self) -> None:
        """Playing has ended, by the user or by the end of the recording."""
        self._timer.stop()
        self.page.timeline.set_playing(False)
        self.show_time()
        if not self.live.on:
            self.release_job()
