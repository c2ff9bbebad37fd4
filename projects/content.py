"""What a clip's file holds, looked at once when it is added."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from emotalker.engine.errors import UserError
from emotalker.projects.document import ClipEntry
from emotalker.projects.store import MANIFEST

if TYPE_CHECKING:
    from emotalker.engine.media import MediaInfo

VIDEO_ENDINGS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".wmv")

MADE = ("runs", "films")
"""Folders of a project that the program writes its own films into."""


def sha256_of(file: Path) -> str:
    """Checksum of a file, hex.

    Raises:
        UserError: if it cannot be read.
    """
    try:
        with open(file, "rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    except OSError as error:
        raise UserError(
            f"{file.name} cannot be read.",
            f"The system said: {error.strerror or error} ({file}).",
            "Check that the file is still there and may be read, and try again.",
        ) from error


def probed(file: Path) -> MediaInfo:
    """What the video file holds; raises as `emotalker.engine.media.probe`."""
    from emotalker.engine.media import probe  # here: it brings FFmpeg, which a window has no need of to open

    return probe(file)


def entry_of(
    file: Path, info: MediaInfo, clip: str, stored_as: str, emotion: str, level: float, sha256: str
) -> ClipEntry:
    """The project's entry for a file with this content and these labels."""
    state = file.stat()
    return ClipEntry(
        id=clip,
        file=stored_as,
        emotion=emotion,
        level=level,
        sha256=sha256,
        size=state.st_size,
        modified=state.st_mtime_ns,
        duration=info.duration,
        width=info.width,
        height=info.height,
        fps=info.fps,
        has_audio=info.has_audio,
    )


def videos_in(folder: Path) -> list[Path]:
    """Video files of a folder and those below it, in the order of their names.

    Hidden ones are left out: files another program is still writing, and the "._" files that macOS leaves on cards.
    So are those of `made_in`, which show a twin and no person.
    """
    return [file for file in _seen(folder) if not _is_made(file, folder)]


def made_in(folder: Path) -> list[Path]:
    """Videos below a folder that this program made itself: in the runs and films of a project."""
    return [file for file in _seen(folder) if _is_made(file, folder)]


def _seen(folder: Path) -> list[Path]:
    seen = (file for file in folder.rglob("*") if file.suffix.lower() in VIDEO_ENDINGS and file.is_file())
    return sorted(f for f in seen if not any(p.startswith(".") for p in f.relative_to(folder).parts))


def _is_made(file: Path, folder: Path) -> bool:
    """Whether a folder of a project's own work lies between `folder` and the file."""
    between = [folder / part for part in file.relative_to(folder).parents if part.name in MADE]
    return any((place.parent / MANIFEST).is_file() for place in between)
