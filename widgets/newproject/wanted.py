"""What the dialog describes, as plain data, and what can be wrong with it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from emotalker.projects.document import Consent
from emotalker.projects.names import clip_id
from emotalker.projects.store import MANIFEST, backups_of

HEAD_ENDINGS = (".pkl", ".npz", ".obj")
"""Of the files in which head models come."""


@dataclass(frozen=True)
class NewClip:
    """A file to add, with its labels."""

    path: Path
    emotion: str
    level: float


@dataclass(frozen=True)
class NewProject:
    """A project to make.

    Attributes:
        name: of the person.
        folder: of the project; made if it is not there.
        fps: frame rate of the twin, frames per second.
        files: clips to add.
        copy: whether the clips are copied into the project.
        consent: if it was given here.
        head: a head model to track with; None for the built-in one.
    """

    name: str
    folder: Path
    fps: float = 25.0
    files: list[NewClip] = field(default_factory=list)
    copy: bool = False
    consent: Consent | None = None
    head: Path | None = None


def wrong_head(text: str) -> str:
    """What is wrong with the path of a head model; empty if nothing, or if none is given."""
    if not text.strip():
        return ""
    path = Path(text.strip()).expanduser()
    if not path.exists():
        return "There is no such file or folder."
    if path.is_file() and path.suffix.lower() not in HEAD_ENDINGS:
        return "A head model is a .pkl file (FLAME), an .npz file (GNM) or the folder of an ICT-FaceKit."
    return ""


def proposed_folder(root: Path, name: str) -> Path:
    """A folder below `root` for a project of this name, unlike any that is there."""
    if not name.strip():
        return root
    taken = [path.name for path in root.iterdir()] if root.is_dir() else []
    return root / clip_id(name, taken)


def wrong_name(name: str) -> str:
    """What is wrong with a name; empty if nothing."""
    return "" if name.strip() else "Type the name of the person."


def wrong_folder(text: str) -> str:
    """What is wrong with a folder for a new project; empty if nothing."""
    if not text.strip():
        return "Choose a folder for the project."
    folder = Path(text).expanduser()
    if not folder.is_absolute():
        return "Give the whole path of the folder."
    if folder.is_file():
        return "This is a file. A project needs a folder of its own."
    if (folder / MANIFEST).exists() or backups_of(folder):
        return "There is a project in this folder already. Choose another folder."
    above = next((path for path in (folder, *folder.parents) if path.exists()), None)
    if above is None or not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        return "This folder cannot be written. Choose another one."
    return ""
