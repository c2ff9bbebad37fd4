"""Films: dialog, queue, list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from emotalker.app.studio import Studio
from emotalker.app.wiring.performing import Performing
from emotalker.app.wiring.projects import show_in_folder
from emotalker.app.worker import JobSpec
from emotalker.engine.errors import UserError
from emotalker.projects import Manifest, Project
from emotalker.projects.backgrounds import shown_background
from emotalker.projects.export_job import FILMS, film_job, films_of, refuse_without_consent
from emotalker.projects.jobstate import JobEnd, JobState, Phase
from emotalker.projects.storage import free_space
from emotalker.widgets.export import ExportDialog, ExportFacts, ExportSettings, FilmRow


@dataclass
class _Film:
    """A film of this session."""

    path: Path
    facts: str
    state: JobState


class ExportWiring(QObject):
    """Connects the export page and the dialog with the queue."""

    def __init__(self, studio: Studio, performing: Performing) -> None:
        super().__init__(studio)
        self.studio, self.session, self.page = studio, studio.session, studio.window.exports
        self._performing = performing
        self._films: dict[int, _Film] = {}
        page = self.page
        page.export_requested.connect(self.ask)
        page.stop_requested.connect(self._stop)
        page.remove_requested.connect(self._take_out)
        page.play_requested.connect(lambda path: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))))
        page.show_in_folder_requested.connect(show_in_folder)
        page.consent_requested.connect(self._to_consent)
        studio.actions.on("file.export", self.ask)
        studio.queue.state_changed.connect(self._state_changed)
        studio.queue.ended.connect(self._ended)
        self.session.manifest_changed.connect(self._manifest_changed)
        for signal in (self.session.project_changed, self.session.twin_changed):
            signal.connect(lambda _: self.refresh())

    def ask(self) -> None:
        """Ask what the film shall be like; refuses at once what cannot be exported."""
        project = self.session.project
        if project is None:
            return
        try:
            refuse_without_consent(project)
        except UserError as error:
            self.studio.fail(error)
            self.studio.window.show_page("export")
            return
        dialog = ExportDialog(self.facts(), self.studio.window)
        chosen = dialog.settings() if dialog.exec() else None
        dialog.deleteLater()
        if chosen is not None:
            self.export(chosen)

    def export(self, chosen: ExportSettings) -> int | None:
        """Put a film into the queue; its job's number, None if it is refused."""
        project = self.session.project
        if project is None:
            return None
        self._performing.scene.keep_camera()
        options = {"background": chosen.background} if chosen.background else {}
        try:
            job = film_job(
                project, chosen.out, keep_view=chosen.keep_view, framing=chosen.framing, width=chosen.width,
                height=chosen.height, fps=chosen.fps, quality=chosen.quality, start=chosen.start, end=chosen.end,
                move=chosen.move, badge=chosen.badge, alpha=chosen.alpha, **options,
            )  # fmt: skip
        except UserError as error:
            self.studio.fail(error)
            return None
        spec = JobSpec("export", f"Writing {chosen.out.name}", job, project.folder)
        id_ = self.studio.queue.submit(spec)
        state = next(s for s in self.studio.queue.states() if s.id == id_)
        facts = f"{chosen.width} x {chosen.height}, {chosen.fps:g} frames per second"
        self._films[id_] = _Film(chosen.out, facts, state)
        self.refresh()
        self.studio.window.show_page("export")
        return id_

    def _manifest_changed(self, manifest: Manifest) -> None:
        """Stop the open project's films when the consent is taken back."""
        project = self.session.project
        if project is not None and not manifest.consent.given:
            for id_, film in list(self._films.items()):
                spec = self.studio.queue.spec(id_)
                if spec is not None and spec.project == project.folder and not film.state.phase.over:
                    self.studio.queue.stop(id_)
        self.refresh()

    def refresh(self) -> None:
        """Show what may be done and all films."""
        project = self.session.project
        self.page.set_ready(*_ready(project, self.session.twin is not None))
        rows = [
            FilmRow(id_, film.path, film.state, size_of(film.path), film.facts)
            for id_, film in sorted(self._films.items(), reverse=True)
        ]
        shown = {row.path for row in rows}
        if project is not None:
            rows += [FilmRow(0, path, None, size_of(path)) for path in films_of(project) if path not in shown]
        self.page.set_films(rows)

    def facts(self) -> ExportFacts:
        """What the dialog has to know about the open project."""
        project = self.session.project
        assert project is not None  # the action is enabled with a twin alone
        voice, folder = self._performing.voice, project.folder / FILMS
        performance = project.manifest.performance
        return ExportFacts(
            name=project.manifest.name,
            folder=folder,
            duration=voice.track.duration if voice is not None else 0.0,
            loop=performance.loop,
            background=shown_background(project.folder, performance.background),
            has_voice=voice is not None,
            free_bytes=free_space(folder),
            taken=frozenset(film.path for film in self._films.values() if not film.state.phase.over),
        )

    def _state_changed(self, state: JobState) -> None:
        film = self._films.get(state.id)
        if film is not None:
            film.state = state
            self.refresh()

    def _ended(self, id_: int, end: JobEnd) -> None:
        film = self._films.get(id_)
        if film is None:
            return
        if end.phase is Phase.FINISHED:
            self.studio.tell(f"{film.path.name} is written.")
        self.refresh()

    def _stop(self, id_: int) -> None:
        film = self._films.get(id_)
        if film is not None and film.state.phase is Phase.QUEUED:
            self.studio.queue.remove(id_)
            self._take_out(id_)
        else:
            self.studio.queue.stop(id_)

    def _take_out(self, id_: int) -> None:
        self._films.pop(id_, None)
        self.refresh()

    def _to_consent(self) -> None:
        self.studio.window.show_page("clips")
        self.studio.window.clips.show_consent()


def size_of(path: Path) -> int:
    """Bytes of a film; 0 while it is not there."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _ready(project: Project | None, twin: bool) -> tuple[bool, str, bool]:
    if project is None:
        return False, "No twin is open.", False
    if not twin:
        return False, "This twin is not trained yet. Train it, then let it perform.", False
    if not project.manifest.consent.given:
        return False, "Films are written only with the consent of the person shown.", True
    return True, "", False
