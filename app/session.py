"""What is open right now: the project, its undo stack, what is selected. The one place the window's parts listen to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from emotalker.engine.errors import UserError
from emotalker.projects import Consent, Manifest, Performance, Project
from emotalker.projects.merging import merged

if TYPE_CHECKING:
    from emotalker.engine.emotion.curve import EmotionCurve

EDITABLE = ("name", "clips", "hold_out", "consent", "performance")
"""Fields of the manifest that a person edits and can undo; what jobs add (runs, checks) is no edit."""

Change = Callable[[Project], object]


class Session(QObject):
    """The open project and everything about it that is not on disk.

    Attributes:
        undo: every edit by its name; emptied when another project is opened.
        project: the open project, or None.
    """

    project_changed = Signal(object)
    """Project | None: another project was opened, or it was closed."""
    manifest_changed = Signal(object)
    """Manifest: the document changed, by an edit, an undo or a job."""
    performance_changed = Signal(object)
    """Performance: what the twin says or feels changed."""
    selection_changed = Signal(object)
    """tuple[str, ...]: ids of the clips selected."""
    twin_changed = Signal(object)
    """Path | None: folder of the twin that can be played now; also after it was trained anew."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo = QUndoStack(self)
        self.project: Project | None = None
        self._selection: tuple[str, ...] = ()
        self._twin: Path | None = None
        self._shown: Manifest | None = None

    @property
    def manifest(self) -> Manifest | None:
        """The document of the open project."""
        return self.project.manifest if self.project is not None else None

    @property
    def performance(self) -> Performance:
        """What the twin says and feels; the defaults while nothing is open."""
        return self.project.manifest.performance if self.project is not None else Performance()

    @property
    def curve(self) -> EmotionCurve:
        """The emotion curve of the performance; a neutral one if the document's cannot be read."""
        from emotalker.engine.emotion.curve import EmotionCurve

        try:
            return EmotionCurve.from_json(self.performance.curve)
        except UserError:
            return EmotionCurve.constant("neutral", 0.0)

    @property
    def consent(self) -> Consent:
        """What the person shown agreed to."""
        return self.project.manifest.consent if self.project is not None else Consent()

    @property
    def selection(self) -> tuple[str, ...]:
        """Ids of the clips selected."""
        return self._selection

    @property
    def twin(self) -> Path | None:
        """Folder of the finished twin, if there is one."""
        return self._twin

    def open(self, project: Project | None) -> None:
        """Make `project` the open one; None closes."""
        self.project = project
        self.undo.clear()
        self._selection, self._twin = (), None
        self._shown = self.manifest
        self.project_changed.emit(project)
        if project is not None:
            self.manifest_changed.emit(project.manifest)
            self.performance_changed.emit(project.manifest.performance)
        self.refresh_twin()

    def refresh_twin(self) -> None:
        """Look whether there is a twin to play, and tell; called when a training ended."""
        folder = self.project.stage_folder("avatar") if self.project is not None else None
        self._twin = folder if folder is not None and (folder / "avatar.json").is_file() else None
        self.twin_changed.emit(self._twin)

    def select(self, clips: tuple[str, ...]) -> None:
        """Note which clips are selected."""
        if clips != self._selection:
            self._selection = clips
            self.selection_changed.emit(clips)

    def edit(self, name: str, change: Change, gesture: str = "") -> None:
        """Change the document as one step that can be undone.

        Args:
            name: what undo calls it ("Move keyframe").
            change: does it, through the project's methods.
            gesture: edits in a row with the same one become a single step; empty for a step of its own.

        Raises:
            UserError: if the change is refused; nothing is changed then.
        """
        if self.project is None:
            return
        draft = self.project.draft()
        before = draft.manifest
        change(draft)
        self.adopt(name, before, draft.manifest, gesture)

    def adopt(self, name: str, before: Manifest, after: Manifest, gesture: str = "") -> None:
        """Make the change from `before` to `after`, which was worked out on a draft, as one undoable step.

        Raises:
            UserError: if it cannot be saved; nothing is changed then.
        """
        project = self.project
        if project is None:
            return
        project.adopt(before, after)
        if any(getattr(before, f) != getattr(after, f) for f in EDITABLE):
            self.undo.push(ManifestEdit(self, name, before, after, gesture))
        self.announce()

    def step(self, *, back: bool) -> None:
        """Undo (`back`) or redo one edit.

        Raises:
            UserError: if the document cannot be saved; the step can be tried again then.
        """
        command = self.undo.command(self.undo.index() - back)
        if isinstance(command, ManifestEdit):
            command.put(back=back)  # an error in Qt's own call would move the stack all the same
        if back:
            self.undo.undo()
        else:
            self.undo.redo()

    def announce(self) -> None:
        """Tell everybody if the document is not as it was told last."""
        manifest, shown = self.manifest, self._shown
        if manifest is None or manifest is shown:
            return
        self._shown = manifest
        self.manifest_changed.emit(manifest)
        if shown is None or manifest.performance != shown.performance:
            self.performance_changed.emit(manifest.performance)


class ManifestEdit(QUndoCommand):
    """One edit of the document, as the document before and after it.

    The document is immutable data, so a step is what it was and what it became: no edit needs code of its own to be
    undone, and none can forget a part. What was changed since by others (a check, the camera) stays as it is.
    """

    def __init__(self, session: Session, name: str, before: Manifest, after: Manifest, gesture: str) -> None:
        super().__init__(name)
        self._session = session
        self._before, self._after = before, after
        self._gesture = gesture
        self._done = True  # the edit was made already when it is pushed

    def put(self, *, back: bool) -> None:
        """Take the edit back, or make it again; the stack's next call of `undo` or `redo` does nothing more."""
        project = self._session.project
        if project is not None:
            first, last = (self._after, self._before) if back else (self._before, self._after)
            project.adopt(first, last)
        self._done = True

    def redo(self) -> None:
        """Make the edit again."""
        self._follow(back=False)

    def undo(self) -> None:
        """Take the edit back."""
        self._follow(back=True)

    def id(self) -> int:
        """One number for all edits that may merge; which ones do is decided by their gestures."""
        return 1 if self._gesture else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Become one step with `other`, which follows in the same gesture."""
        if not isinstance(other, ManifestEdit) or other._gesture != self._gesture:
            return False
        self._after = merged(other._before, other._after, self._after)
        self.setText(other.text())
        return True

    def _follow(self, *, back: bool) -> None:
        if not self._done:
            self.put(back=back)
        self._done = False
        self._session.announce()
