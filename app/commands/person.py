"""Commands on the project as a whole: its name and the consent of the person shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from emotalker.app.commands.base import Command
from emotalker.projects import Consent, Project
from emotalker.projects.heads import bring_head, use_default_head


@dataclass
class Rename(Command):
    """Call the person something else."""

    to: str

    @property
    def name(self) -> str:
        """Name for undo."""
        return f"Rename to {self.to.strip()}"

    def do(self, project: Project) -> None:
        """Rename."""
        project.rename(self.to)

    @staticmethod
    def ask(parent: object, now: str) -> Rename | None:
        """Ask for the name."""
        from PySide6.QtWidgets import QInputDialog, QWidget

        assert parent is None or isinstance(parent, QWidget)
        text, fine = QInputDialog.getText(parent, "Rename", "Name of the person", text=now)  # type: ignore[arg-type]
        return Rename(text) if fine and text.strip() and text.strip() != now else None


@dataclass
class SetConsent(Command):
    """What the person shown agreed to."""

    consent: Consent

    @property
    def name(self) -> str:
        """Name for undo."""
        return "Give consent" if self.consent.given else "Take consent back"

    def do(self, project: Project) -> None:
        """Keep it."""
        project.set_consent(self.consent)


@dataclass
class SetHead(Command):
    """Track the person with a head model of the user's, or with the built-in one."""

    file: Path | None
    slow: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """Name for undo."""
        return "Use the built-in head" if self.file is None else f"Use the head of {self.file.name}"

    def do(self, project: Project) -> None:
        """Read the head model and keep it."""
        if self.file is None:
            use_default_head(project)
        else:
            bring_head(project, self.file)
