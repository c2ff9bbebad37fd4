"""Shape and quality of a film, by the names people know."""

from __future__ import annotations

from dataclasses import dataclass

from emotalker.engine.errors import UserError

FPS = (24.0, 25.0, 30.0, 48.0, 50.0, 60.0)
LEAST_FPS, MOST_FPS = 24.0, 60.0
LEAST_SIDE, MOST_SIDE = 64, 4096
AUDIO_BITS = 192_000
"""Bits per second of the sound track."""


@dataclass(frozen=True)
class Quality:
    """How much is kept.

    Attributes:
        name: short name.
        title: what a person calls it.
        crf: x264's constant rate factor.
        bits: bits per pixel of a talking head before a still background, measured with `tests/benchmarks/film_size.py`.
    """

    name: str
    title: str
    crf: int
    bits: float


QUALITIES = {
    q.name: q
    for q in (
        Quality("small", "Small file", 26, 0.009),
        Quality("good", "Good", 20, 0.021),
        Quality("master", "Master, for further work", 12, 0.068),
    )
}


@dataclass(frozen=True)
class FilmFormat:
    """Size and shape of a film.

    Attributes:
        name: short name.
        title: what a person calls it.
        width: pixels.
        height: pixels.
        fps: frames per second; 0 takes the twin's own.
        quality: name in `QUALITIES`.
        framing: how the recorded square fits, see `View.framing`.
    """

    name: str
    title: str
    width: int
    height: int
    fps: float
    quality: str
    framing: str


FORMATS = (
    FilmFormat("1080p", "Full HD, 16:9", 1920, 1080, 25.0, "good", "fit"),
    FilmFormat("portrait", "Portrait, 9:16", 1080, 1920, 30.0, "good", "fill"),
    FilmFormat("square", "Square", 1080, 1080, 25.0, "good", "fit"),
    FilmFormat("master", "Master, square", 1024, 1024, 50.0, "master", "fit"),
    FilmFormat("quick", "Quick look", 512, 512, 25.0, "small", "fit"),
)


def format_named(name: str) -> FilmFormat:
    """The format of that name.

    Raises:
        UserError: if there is none.
    """
    for known in FORMATS:
        if known.name == name:
            return known
    names = ", ".join(f.name for f in FORMATS)
    raise UserError(f"There is no film format '{name}'.", f"There are: {names}.", "Choose one of these.")


def film_bytes(width: int, height: int, fps: float, quality: str, seconds: float, *, sound: bool = True) -> int:
    """About how large a film gets, in bytes; talking heads before still backgrounds come within a factor of two."""
    picture = width * height * fps * QUALITIES[quality].bits * seconds
    return int((picture + (AUDIO_BITS * seconds if sound else 0)) / 8) + 20_000
