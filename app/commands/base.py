"""What commands share, and the file dialogs their `ask` halves open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar, Protocol

from emotalker.projects import Project

VIDEO_FILTER = "Videos (*.mp4 *.mov *.mkv *.avi *.webm *.m4v *.mts);;All files (*)"
SOUND_FILTER = "Sound and video (*.wav *.mp3 *.m4a *.ogg *.flac *.aac *.mp4 *.mov *.mkv *.webm);;All files (*)"
PICTURE_FILTER = "Pictures (*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp)"


class Command(Protocol):
    """An edit of the document.

    Attributes:
        slow: whether `do` may take more than a moment and has to run off the window's thread.
    """

    slow: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """What undo calls it."""
        ...

    def do(self, project: Project) -> None:
        """Change the project."""
        ...


def count_of(number: int, what: str) -> str:
    """A number and its noun: "1 clip", "3 clips"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def choose_files(parent: Any, title: str, kinds: str) -> list[Path]:
    """Files the user chooses; none when the dialog is left."""
    from PySide6.QtWidgets import QFileDialog

    names, _ = QFileDialog.getOpenFileNames(parent, title, "", kinds)
    return [Path(name) for name in names]


def choose_file(parent: Any, title: str, kinds: str) -> Path | None:
    """A file the user chooses; None when the dialog is left."""
    from PySide6.QtWidgets import QFileDialog

    name, _ = QFileDialog.getOpenFileName(parent, title, "", kinds)
    return Path(name) if name else None


def choose_folder(parent: Any, title: str, start: Path | None = None) -> Path | None:
    """A folder the user chooses; None when the dialog is left."""
    from PySide6.QtWidgets import QFileDialog

    name = QFileDialog.getExistingDirectory(parent, title, str(start or ""))
    return Path(name) if name else None


def choose_target(parent: Any, title: str, start: Path, kinds: str) -> Path | None:
    """Where to save; None when the dialog is left."""
    return choose_target_and_kind(parent, title, start, kinds)[0]


def choose_target_and_kind(parent: Any, title: str, start: Path, kinds: str) -> tuple[Path | None, str]:
    """Where to save and as which of the kinds; None when the dialog is left."""
    from PySide6.QtWidgets import QFileDialog

    name, kind = QFileDialog.getSaveFileName(parent, title, str(start), kinds)
    if not name:
        return None, kind
    given, target = Path(name), with_ending(Path(name), kind, kinds)
    if target != given and target.exists() and not _may_replace(parent, target):
        return None, kind
    return target, kind


def with_ending(target: Path, kind: str, kinds: str) -> Path:
    """The name with the ending of the chosen kind, unless it has one of the kinds already; not every system adds it.

    Args:
        target: as it was typed.
        kind: of `kinds`, as "PNG (*.png)".
        kinds: all of them, as the dialog takes them.
    """
    if any(target.name.lower().endswith(ending) for ending in _endings(kinds)):
        return target
    first = next(iter(_endings(kind)), "")
    return target.with_name(target.name + first)


def _endings(kinds: str) -> list[str]:
    return [ending.lower() for ending in re.findall(r"\*(\.\w+)", kinds)]


def _may_replace(parent: Any, target: Path) -> bool:
    """Ask, since the dialog asked about the name without the ending."""
    from emotalker.widgets.common import confirm

    return confirm(parent, "Replace the file?", f"{target.name} exists already and will be written anew.", "Replace")
