"""Voice, background, camera, picture size, renderer and sound device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from emotalker.app.commands.performance import SetBackground, SetVoice, keep_view
from emotalker.app.recovery import Autosave
from emotalker.engine.errors import UserError
from emotalker.engine.render.view import View
from emotalker.projects import Performance, Project
from emotalker.projects.backgrounds import shown_background

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from emotalker.app.wiring.loading import Voice
    from emotalker.app.wiring.performing import Performing
    from emotalker.widgets.viewport import BackendChoice

STEP_DEGREES, STEP_ZOOM = 3.0, 1.1


class SceneWiring(QObject):
    """Connects viewport and scene panel with performer, document and settings."""

    def __init__(self, performing: Performing) -> None:
        super().__init__(performing)
        self._performing, self._studio = performing, performing.studio
        self._session, self._page = performing.session, performing.page
        self._keep = Autosave(self._keep_view, self)
        self._keep.failed.connect(self._not_kept)
        self._moved: tuple[Project, View] | None = None
        """A camera that is not kept yet, and whose it is."""
        self._told_not_kept = False
        self._asked_voices = 0
        self._session.project_changed.connect(self._project_changed)
        page, scene, view = self._page, self._page.scene, self._page.viewport
        view.view_changed.connect(self._view_changed)
        view.render_size_changed.connect(self._size_changed)
        view.backend_failed.connect(self._backend_failed)
        page.files_dropped.connect(self._dropped)
        page.timeline.choose_requested.connect(self._choose_voice)
        page.transport.device_changed.connect(self._device_changed)
        page.transport.volume_changed.connect(self._volume_changed)
        scene.voice_requested.connect(self._choose_voice)
        scene.voice_removed.connect(self._remove_voice)
        scene.background_changed.connect(lambda spec: self._studio.do(SetBackground(spec)))
        scene.picture_requested.connect(lambda: self._studio.do(SetBackground.ask(self._studio.window)))
        scene.size_changed.connect(self._detail_chosen)
        scene.backend_changed.connect(self._backend_chosen)
        scene.view_reset.connect(view.reset_view)
        view.set_alpha_renderer(self._see_through)
        view.set_render_limit(self._studio.settings.values.render_size)
        scene.set_size(self._studio.settings.values.render_size)
        actions = self._studio.actions
        for id_, slot in {
            "play.view_reset": view.reset_view,
            "play.view_left": lambda: view.orbit_by(-STEP_DEGREES, 0.0),
            "play.view_right": lambda: view.orbit_by(STEP_DEGREES, 0.0),
            "play.view_up": lambda: view.orbit_by(0.0, STEP_DEGREES),
            "play.view_down": lambda: view.orbit_by(0.0, -STEP_DEGREES),
            "play.view_in": lambda: view.zoom_by(STEP_ZOOM),
            "play.view_out": lambda: view.zoom_by(1 / STEP_ZOOM),
            "file.voice": self._choose_voice,
        }.items():
            actions.on(id_, slot)

    def keep_camera(self) -> None:
        """Bring the camera into the document now, not in a moment."""
        self._keep.flush()

    def performer_made(self) -> None:
        """Tell a new performer what the widgets are set to."""
        performer = self._performing.performer
        assert performer is not None
        view = self._page.viewport
        performer.set_size(*view.render_size)
        self._studio.tasks.run(_cuda, self._backends_found)
        self._studio.tasks.run(_device_names, self._devices_found)

    def show(self, performance: Performance) -> None:
        """Show and draw what the document says."""
        scene = self._page.scene
        # a camera that was moved just now is newer than what the document says
        view = self._moved[1] if self._moved is not None else performance.view
        scene.set_background(performance.background)
        scene.set_view(view.yaw, view.pitch, view.zoom)
        self._page.viewport.set_view(view)
        performer = self._performing.performer
        if performer is not None:
            performer.set_view(view)
            folder = self._session.project.folder if self._session.project is not None else Path()
            performer.set_background(shown_background(folder, performance.background))

    def show_voice(self, voice: Voice | None) -> None:
        """Name the recording."""
        name = Path(self._session.performance.voice).name
        self._page.scene.set_voice(name, f"{voice.track.duration:.1f} s" if voice is not None else "")

    def _see_through(self) -> NDArray[np.uint8]:
        """The twin as it stands now before nothing, u8 [H, W, 4]."""
        from emotalker.engine.render.still import still_rgba
        from emotalker.engine.render.view import camera_of

        performer, avatar = self._performing.performer, self._performing.loading.avatar
        arrays = performer.arrays if performer is not None else None
        if avatar is None or arrays is None:
            raise UserError("There is no picture to save.", "No twin is on show.", "Open a twin and try again.")
        view = self._page.viewport
        return still_rgba(arrays, camera_of(avatar, view.view, *view.render_size))

    def _choose_voice(self) -> None:
        self._take_voice(SetVoice.ask(self._studio.window))

    def _dropped(self, files: list[Path]) -> None:
        if files:
            self._take_voice(SetVoice(files[0]))

    def _take_voice(self, command: SetVoice | None) -> None:
        """Let the twin say another recording, once it is known that it can be said: else the one before stays."""
        if command is None or command.file is None:
            return
        file, project = command.file, self._session.project
        self._asked_voices += 1
        asked = self._asked_voices
        self._studio.tell(f"Reading {file.name}…")

        def take(_: object) -> None:
            if asked == self._asked_voices and self._session.project is project:
                self._studio.do(command)

        self._studio.tasks.run(lambda: _check_voice(file), take, self._studio.fail)

    def _remove_voice(self) -> None:
        self._asked_voices += 1  # one that is still being read comes too late
        self._studio.do(SetVoice(None))

    # ---- camera ----

    def _view_changed(self, view: View) -> None:
        if self._performing.performer is not None:
            self._performing.performer.set_view(view)
        self._page.scene.set_view(view.yaw, view.pitch, view.zoom)
        if self._session.project is not None:
            self._moved = (self._session.project, view)
            self._keep.edited()

    def _keep_view(self) -> None:
        if self._moved is not None:
            project, view = self._moved
            if view != project.manifest.performance.view:
                keep_view(project, view)
            self._moved = None
            self._session.announce()

    def _project_changed(self, _project: object) -> None:
        """Keep the camera in the project it was moved in; the one that comes has its own."""
        self._keep.flush()
        self._moved = None
        self._told_not_kept = False

    def _not_kept(self, error: BaseException) -> None:
        """Say once that the camera is not kept: looking around in a folder that is read only is no failure."""
        if not self._told_not_kept:
            self._told_not_kept = True
            what = error.what if isinstance(error, UserError) else str(error)
            self._studio.tell(f"Where you look from is not kept: {what}", "warning")

    def _size_changed(self, width: int, height: int) -> None:
        if self._performing.performer is not None:
            self._performing.performer.set_size(width, height)

    def _detail_chosen(self, size: int) -> None:
        self._studio.settings.set(render_size=size)
        self._page.viewport.set_render_limit(size)

    # ---- what draws ----

    def _backends_found(self, cuda: BackendChoice) -> None:
        """Choose what draws; a context for OpenGL can only be asked for in the window's thread."""
        from emotalker.widgets.viewport import best_backend, probe_backends

        choices = [cuda if choice.name == "cuda" else choice for choice in probe_backends()]
        wanted = self._studio.settings.values.render_backend
        usable = [choice.name for choice in choices if choice.works]
        chosen = wanted if wanted in usable else best_backend(choices)
        self._page.scene.set_backends([(c.name, c.title, c.works, c.reason) for c in choices], chosen)
        self._use_backend(chosen)

    def _backend_chosen(self, name: str) -> None:
        self._studio.settings.set(render_backend=name)
        self._use_backend(name)

    def _use_backend(self, name: str) -> None:
        self._page.viewport.set_backend(name)
        if self._performing.performer is not None:
            self._performing.performer.set_backend(self._page.viewport.backend)

    def _backend_failed(self, reason: str) -> None:
        self._studio.tell(reason, "warning")
        self._studio.settings.set(render_backend="cpu")
        self._page.scene.set_backend("cpu")
        if self._performing.performer is not None:
            self._performing.performer.set_backend("cpu")

    # ---- sound ----

    def _devices_found(self, names: list[str]) -> None:
        chosen = self._studio.settings.values.audio_device
        self._page.transport.set_devices(names, chosen)
        if self._performing.performer is not None and chosen in names:
            self._performing.performer.set_device(chosen)

    def _device_changed(self, name: str) -> None:
        self._studio.settings.set(audio_device=name)
        if self._performing.performer is not None:
            self._performing.performer.set_device(name or None)

    def _volume_changed(self, volume: float) -> None:
        if self._performing.performer is not None:
            self._performing.performer.set_volume(volume)


def _check_voice(file: Path) -> None:
    """Whether somebody speaks in the file, which is read whole.

    Raises:
        UserError: if it is no sound file, has no sound, or only silence.
    """
    from emotalker.engine.avatar.hearing import read_speech

    read_speech(file)


def _device_names() -> list[str]:
    from emotalker.engine.playback import devices

    return [device.name for device in devices()]


def _cuda() -> BackendChoice:
    from emotalker.widgets.viewport import probe_cuda_choice

    return probe_cuda_choice()
