"""Which lips a sound asks for: what the lip-sync score compares pictures with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.metrics.lips import F64

if TYPE_CHECKING:
    from emotalker.engine.a2et.articulation import Articulator
    from emotalker.engine.a2et.speech import SpeechFeatures

F32 = NDArray[np.float32]
RATE = 16_000
FLOOR = 1e-3
"""Loudness below which sound counts as silence, full scale 1."""


@dataclass(frozen=True)
class Listener:
    """Something that hears lips.

    Attributes:
        name: "articulation" or "loudness".
        text: what it is, for a reader of the report.
        curves: mono sound [n] at 16 kHz, frames per second and number of frames T -> curves [T] by channel.
    """

    name: str
    text: str
    curves: Callable[[F32, float, int], dict[str, F64]]


def loudness(audio: F32, fps: float, count: int) -> dict[str, F64]:
    """The opening of the lips, guessed from how loud it is: decibels above silence, smoothed over 0.06 s.

    Args:
        audio: mono sound [n] at 16 kHz.
        fps: frames per second.
        count: T, frames.
    """
    width = round(0.06 * RATE)
    power = np.convolve(np.asarray(audio, np.float64) ** 2, np.full(width, 1 / width), "same") if len(audio) else audio
    at = np.minimum(np.rint((np.arange(count) + 0.5) / fps * RATE).astype(int), max(len(audio) - 1, 0))
    level = np.sqrt(np.asarray(power)[at]) if len(audio) else np.zeros(count)
    return {"opening": np.log(np.maximum(level, FLOOR) / FLOOR)}


LOUDNESS = Listener(
    "loudness",
    "the loudness of the sound (opening of the lips alone: no model that hears closed and rounded lips is installed)",
    loudness,
)


ARTICULATION = (
    "the opening, closure and rounding of the lips that the program's articulation model, which knows nobody's face, "
    "hears in the sound"
)


@lru_cache(maxsize=1)
def best_listener() -> Listener:
    """What hears lips best in this installation: the articulation model, else loudness."""
    from emotalker.engine.a2et.articulation import load_articulator
    from emotalker.engine.avatar.hearing import open_encoder

    try:
        model = load_articulator()
        encoder = open_encoder(model.spec.speech, model.spec.speech_width)
    except UserError:  # an installation without the model, or without the encoder whose features it takes
        return LOUDNESS
    return Listener("articulation", ARTICULATION, articulation(model, encoder))


def articulation(model: Articulator, encoder: SpeechFeatures) -> Callable[[F32, float, int], dict[str, F64]]:
    """Curves of the lips as an articulation model hears them.

    Args:
        model: the articulator.
        encoder: what hears sound for it.
    """
    from emotalker.engine.a2et.articulation import CHANNELS
    from emotalker.engine.avatar.hearing import hear

    def curves(audio: F32, fps: float, count: int) -> dict[str, F64]:
        heard = hear(audio, encoder)
        own = model.spec.fps
        mouth = model.hear(heard.features, heard.voice, max(int(np.ceil(count / fps * own)), 1))
        at, known = (np.arange(count) + 0.5) / fps, (np.arange(len(mouth)) + 0.5) / own
        channel = {name: np.interp(at, known, column) for name, column in zip(CHANNELS, mouth.T)}
        return {
            "opening": channel["jaw"] * (1 - channel["closed"]),
            "closed": channel["closed"],
            "rounded": channel["rounded"] - channel["spread"],
        }

    return curves
