"""Commands on the clips of a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emotalker.app.commands.base import VIDEO_FILTER, Command, count_of
from emotalker.projects import AddResult, ClipEntry, Project


@dataclass
class AddClips(Command):
    """Add video files or folders of them.

    Attributes:
        files: what to add.
        labels: emotion and level of some files; the others are guessed from their names.
        copy: copy the files into the project.
        results: what became of each file, after `do`.
    """

    files: Sequence[Path]
    labels: Mapping[Path, tuple[str, float]] | None = None
    copy: bool = False
    results: tuple[AddResult, ...] = ()
    slow = True

    @property
    def name(self) -> str:
        """Name for undo."""
        added = sum(r.change == "added" for r in self.results)
        return f"Add {count_of(added or len(self.files), 'clip')}"

    def do(self, project: Project) -> None:
        """Add them; files that cannot be added have their error in `results`, the others are added."""
        labels = self.labels or {}
        results = []
        plain = [f for f in self.files if f not in labels]
        if plain:
            results += project.add(plain, copy=self.copy)
        for file, (emotion, level) in labels.items():
            results += project.add([file], emotion, level, copy=self.copy)
        self.results = tuple(results)

    @staticmethod
    def ask(parent: object) -> AddClips | None:
        """Let the user choose files."""
        from emotalker.app.commands.base import choose_files

        files = choose_files(parent, "Add clips", VIDEO_FILTER)
        return AddClips(files) if files else None


@dataclass
class RemoveClips(Command):
    """Take clips out of the project; their files stay where they are."""

    clips: Sequence[str]

    @property
    def name(self) -> str:
        """Name for undo."""
        return f"Remove {count_of(len(self.clips), 'clip')}"

    def do(self, project: Project) -> None:
        """Remove them."""
        project.remove(self.clips)


@dataclass
class LabelClips(Command):
    """Change emotion and level of clips."""

    labels: Mapping[str, tuple[str, float]]

    @property
    def name(self) -> str:
        """Name for undo."""
        return f"Label {count_of(len(self.labels), 'clip')}"

    def do(self, project: Project) -> None:
        """Label them."""
        project.set_labels(self.labels)


@dataclass
class HoldOut(Command):
    """Choose the clips nothing is learned from."""

    clips: Sequence[str]
    name = "Change held-out clips"

    def do(self, project: Project) -> None:
        """Hold them out."""
        project.set_hold_out(self.clips)


@dataclass
class RelinkClips(Command):
    """Find missing clips by their content in a folder.

    Attributes:
        folder: where to look.
        missing: how many were missing before, after `do`.
        found: those found, after `do`.
    """

    folder: Path
    missing: int = 0
    found: tuple[ClipEntry, ...] = ()
    name = "Find missing clips"
    slow = True

    def do(self, project: Project) -> None:
        """Look for them."""
        self.missing = len(project.missing())
        self.found = tuple(project.relink(self.folder))

    @staticmethod
    def ask(parent: object) -> RelinkClips | None:
        """Let the user choose the folder."""
        from emotalker.app.commands.base import choose_folder

        folder = choose_folder(parent, "Where are the clips now?")
        return RelinkClips(folder) if folder is not None else None
