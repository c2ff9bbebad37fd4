"""One window per project: the second is told, and opens it for looking only unless it is opened anyway."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QMessageBox, QWidget

from emotalker.projects import Project
from emotalker.projects.opened import Holder, holder, mark_closed, mark_open


class OpenProjects:
    """Keeps the mark of the project that is open here.

    Args:
        window: over which is asked.
    """

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._marked: Path | None = None

    def may_open(self, project: Project) -> bool:
        """Whether the project is to be opened; it becomes read only where that was chosen."""
        other = holder(project.folder)
        if other is None:
            return True
        chosen = self._ask(project.manifest.name, other)
        project.read_only = chosen == "look"
        return bool(chosen)

    def opened(self, project: Project | None) -> None:
        """Mark the project that is open now, and no other."""
        self.close()
        if project is not None and not project.read_only:
            self._marked = project.folder
            mark_open(project.folder)

    def close(self) -> None:
        """Nothing is open here any more."""
        if self._marked is not None:
            mark_closed(self._marked)
            self._marked = None

    def _ask(self, name: str, other: Holder) -> str:
        """What is chosen: "look", "anyway", or empty for not opening it."""
        box = QMessageBox(self._window)
        box.setObjectName("opened_box")
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("Open already")
        box.setText(f"“{name}” is open already.")
        box.setInformativeText(
            f"{other.sentence} If both windows change it, the later change of the same thing wins. Read only, you can "
            "look, play and export."
        )
        look = box.addButton("Open read only", QMessageBox.ButtonRole.AcceptRole)
        anyway = box.addButton("Open anyway", QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        look.setToolTip("Nothing in the project is changed")
        anyway.setToolTip("Change it here too")
        stay.setToolTip("Do not open it (Esc)")
        box.setDefaultButton(look)
        box.setEscapeButton(stay)
        box.exec()
        clicked = box.clickedButton()
        box.deleteLater()
        return "look" if clicked is look else "anyway" if clicked is anyway else ""
