"""A clip as every stage sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ClipInput:
    """One recorded clip of the person.

    Attributes:
        id: folder-safe unique name within the project ("happy_level2").
        path: the video file.
        emotion: one of `EMOTIONS`.
        level: intensity in [0, 3]; 0 for neutral.
        held_out: True when no stage may train on it.
    """

    id: str
    path: Path
    emotion: str
    level: float
    held_out: bool = False
