"""What the tracker saw and how the clips came out: shown beside the clips and on the train page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from emotalker.app.studio import Studio
from emotalker.engine.errors import UserError
from emotalker.projects.clip_verdicts import ClipVerdict, read_verdicts

if TYPE_CHECKING:
    from emotalker.projects import Project
    from emotalker.widgets.tracking import TrackedClip


class TrackingWiring(QObject):
    """Connects the clips page and the train page with tracks and verdicts on the disk."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.studio, self.session, self.window = studio, studio.session, studio.window
        self._asked = 0
        self.window.clips.tracking_requested.connect(self.show)
        self.window.train.tracking_requested.connect(self.show)
        studio.actions.on("clips.tracking", lambda: self.show(*self.session.selection[:1]))
        self.session.project_changed.connect(self._project_changed)
        self.window.page_changed.connect(self.refresh)
        studio.queue.ended.connect(self.refresh)

    def refresh(self, *_: object) -> None:
        """Read anew which clips are tracked and how they came out; off the window's thread."""
        project = self.session.project
        if project is None:
            return
        self._asked += 1
        asked, folder, clips = self._asked, project.folder, [c.id for c in project.clips]

        def known(found: tuple[list[ClipVerdict], frozenset[str]]) -> None:
            if asked == self._asked:
                self._show(*found)

        self.studio.tasks.run(lambda: _look(folder, clips), known)

    def show(self, clip: str = "") -> None:
        """Show the track of a clip, frame by frame."""
        project = self.session.project
        if project is None or not clip:
            return
        if not _track(project.folder, clip).is_file():
            self.studio.fail(
                UserError(
                    f"{clip} is not tracked yet.",
                    "The face is looked for when the twin is trained.",
                    "Start the training; the first of its stages does it.",
                )
            )
            return
        from emotalker.widgets.tracking import TrackingDialog

        dialog = TrackingDialog(clip, lambda: _open(project, clip), self.window)
        dialog.exec()
        dialog.deleteLater()

    def _project_changed(self, _project: object) -> None:
        self._asked += 1
        self._show([], frozenset())
        self.refresh()

    def _show(self, verdicts: list[ClipVerdict], tracked: frozenset[str]) -> None:
        self.window.clips.set_results(verdicts, tracked)
        self.window.train.set_verdicts(verdicts)


def _track(folder: Path, clip: str) -> Path:
    return folder / "runs" / "track" / "clips" / clip / "track.safetensors"


def _look(folder: Path, clips: list[str]) -> tuple[list[ClipVerdict], frozenset[str]]:
    verdicts = [verdict for verdict in read_verdicts(folder) if verdict.clip in clips]
    return verdicts, frozenset(clip for clip in clips if _track(folder, clip).is_file())


def _open(project: Project, clip: str) -> TrackedClip:
    """Read a track; in a thread, for it brings the head model."""
    from emotalker.engine.tracking.view import TrackView

    return TrackView(project.stage_folder("track"), clip)
