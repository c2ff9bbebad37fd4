"""What the export dialog is told and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class ExportFacts:
    """What is known before the dialog opens.

    Attributes:
        name: of the person, for the film's file name.
        folder: where films go.
        duration: of the voice, seconds; 0 without a voice.
        loop: in and out marks, seconds; None without.
        background: of the performance.
        has_voice: whether there is sound.
        free_bytes: on the disk of `folder`.
        taken: films that wait or are being written.
    """

    name: str
    folder: Path
    duration: float
    loop: tuple[float, float] | None
    background: str
    has_voice: bool
    free_bytes: int
    taken: frozenset[Path] = frozenset()


@dataclass(frozen=True)
class ExportSettings:
    """What the user chose.

    Attributes:
        out: the film, or the folder of a PNG sequence.
        width: pixels.
        height: pixels.
        fps: frames per second.
        quality: name of a quality.
        framing: "fit" or "fill".
        start: seconds.
        end: seconds; None for the end of the voice.
        background: as in the performance, unless another one was chosen for the film.
        keep_view: look as in the viewport; else from the front.
        move: camera move.
        badge: write "AI-generated" into the picture.
        alpha: PNG sequence with a see-through background.
    """

    out: Path
    width: int
    height: int
    fps: float
    quality: str
    framing: Literal["fit", "fill"]
    start: float
    end: float | None
    background: str
    keep_view: bool
    move: str
    badge: bool
    alpha: bool
