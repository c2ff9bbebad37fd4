"""Which lips a sound asks for: what the lip-sync score compares pictures with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.metrics.lips import F64

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


def best_listener() -> Listener:
    """What hears lips best in this installation."""
    return LOUDNESS
