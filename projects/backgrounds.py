"""Background pictures lie in the project's folder, so that they go where it goes."""

from __future__ import annotations

from pathlib import Path

from emotalker.projects.adding import stored_name
from emotalker.projects.content import sha256_of
from emotalker.projects.names import clip_id
from emotalker.projects.store import copy_into

BACKGROUNDS = "backgrounds"
IMAGE = "image:"
"""Begins a background that is a picture file, as `emotalker.engine.render.backdrop` reads it."""


def kept_background(folder: Path, spec: str) -> str:
    """The background as the document keeps it: a picture is copied into the project, once, and named relative to it.

    Args:
        folder: the project's.
        spec: a background; of a picture the path is absolute, or relative to the project.

    Raises:
        UserError: if the picture cannot be read, or the copy not be written.
    """
    if not spec.startswith(IMAGE):
        return spec
    file = folder / spec.removeprefix(IMAGE)
    if not file.is_relative_to(folder):
        file = _copied(folder / BACKGROUNDS, file)
    return IMAGE + stored_name(folder, file)


def shown_background(folder: Path, spec: str) -> str:
    """The document's background with the path of a picture made absolute."""
    return f"{IMAGE}{folder / spec.removeprefix(IMAGE)}" if spec.startswith(IMAGE) else spec


def _copied(place: Path, file: Path) -> Path:
    """The copy of a picture in `place`; the one that is there already if it has the same content."""
    there = [path for path in place.iterdir() if path.is_file()] if place.is_dir() else []
    size, content = file.stat().st_size if file.is_file() else -1, sha256_of(file)
    for path in there:
        if path.stat().st_size == size and sha256_of(path) == content:
            return path
    target = place / f"{clip_id(file.stem, [path.stem for path in there])}{file.suffix.lower()}"
    copy_into(file, target)
    return target
