"""Lip-sync as this program scores it: do the lips that are seen move as the lips that are heard?

The score is neither SyncNet's confidence nor comparable with it: SyncNet's weights are not free to ship. It needs a
scale to be read, so it is always given with that of the recording itself and with that of sound that does not belong
to the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.metrics.landmarks import F32

F64 = NDArray[np.float64]
Curves = Mapping[str, NDArray[np.floating]]
"""Curves [T] by name: "opening" of the lips, "closed" (1 where they meet), "rounded"."""

CHANNELS = ("opening", "closed", "rounded")
UPPER_INNER, LOWER_INNER = (13, 82, 312), (14, 87, 317)
CORNERS = (61, 291)
EYES = (33, 263)

MOST_LAG = 0.2
"""Seconds the picture may be early or late at most; beyond that nobody calls it in sync."""
TREND = 1.0
"""Seconds over which what changes slower, as a smile or a turn of the head, is taken off."""
SHUT = 0.3
"""Lips nearer than this part of their widest (90th percentile) opening count as closed, by degrees."""
MOST_MISSING = 0.2
"""Share of the frames without a face up to which the gaps are bridged."""
LEAST_SECONDS = 1.0
"""Shorter passages say nothing about sync."""


@dataclass(frozen=True)
class Sync:
    """How well two sets of curves agree.

    Attributes:
        score: mean over the channels of their correlation, [-1, 1], at the best lag.
        lag: seconds by which the picture follows the sound there.
        channels: the correlation of each channel there.
    """

    score: float
    lag: float
    channels: dict[str, float]


def seen_curves(landmarks: F32) -> dict[str, F64] | None:
    """Curves of the lips in a passage; unitless, in parts of the distance between the eyes.

    Args:
        landmarks: [T, 478, 2] in pixels of any size, NaN where no face was found.

    Returns:
        The channels [T]; None if a fifth of the frames or more shows no face.
    """
    points = np.asarray(landmarks, np.float64)
    known = np.asarray(np.isfinite(points).all(axis=(1, 2)), np.bool_)
    if len(points) == 0 or (~known).mean() >= MOST_MISSING:
        return None
    eyes = np.maximum(np.linalg.norm(points[:, EYES[0]] - points[:, EYES[1]], axis=-1), 1.0)
    gap = np.linalg.norm(points[:, UPPER_INNER] - points[:, LOWER_INNER], axis=-1).mean(1) / eyes
    width = np.linalg.norm(points[:, CORNERS[0]] - points[:, CORNERS[1]], axis=-1) / eyes
    opening, width = (_bridged(curve, known) for curve in (gap, width))
    widest = max(float(np.quantile(opening, 0.9)), 1e-6)
    closed = 1 - np.minimum(opening / (SHUT * widest), 1)
    return {"opening": opening, "closed": closed, "rounded": -width}


def sync(seen: Curves, heard: Curves, fps: float) -> Sync | None:
    """How well lips seen agree with lips heard, over the channels both have.

    What changes over more than a second is taken off both; the lag, shared by all channels, is the one that makes the
    score largest within a fifth of a second to either side.

    Args:
        seen: curves [T] of the picture.
        heard: curves [U] of the sound; the shorter length counts.
        fps: frames per second of both.

    Returns:
        None for a passage under a second, or where nothing moves on one of the sides.
    """
    names = [name for name in CHANNELS if name in seen and name in heard]
    count = min((len(curve) for curves in (seen, heard) for curve in curves.values()), default=0)
    reach = round(MOST_LAG * fps)
    if not names or count < max(LEAST_SECONDS * fps, 4 * reach):
        return None
    pairs = {n: (_swift(seen[n][:count], fps), _swift(heard[n][:count], fps)) for n in names}
    pairs = {n: pair for n, pair in pairs.items() if min(pair[0].std(), pair[1].std()) > 1e-9}
    if not pairs:
        return None
    best: Sync | None = None
    for lag in sorted(range(-reach, reach + 1), key=abs):
        channels = {n: _correlation(s, h, lag) for n, (s, h) in pairs.items()}
        score = float(np.mean(list(channels.values())))
        if best is None or score > best.score + 1e-9:
            best = Sync(score, lag / fps, channels)
    return best


def wrong_sound(seen: Curves, heard: Sequence[Curves], fps: float) -> float | None:
    """The mean score with sound that does not belong to the picture: what chance and a free lag give.

    Args:
        seen: curves [T] of the picture.
        heard: the curves of its own sound first, then those of any other sounds.
        fps: frames per second.

    Its own sound counts shifted by a quarter, a half and three quarters of its length.
    """
    own, *others = heard
    length = min(len(curve) for curve in own.values())
    shifted = [{n: np.roll(c, length * k // 4) for n, c in own.items()} for k in (1, 2, 3)]
    found = [sync(seen, curves, fps) for curves in (*shifted, *others)]
    scores = [f.score for f in found if f is not None]
    return float(np.mean(scores)) if scores else None


def _swift(curve: NDArray[np.floating], fps: float) -> F64:
    """The curve without what changes slowly."""
    width = max(round(TREND * fps) | 1, 3)
    values = np.asarray(curve, np.float64)
    padded = np.pad(values, width // 2, mode="edge")
    return values - np.convolve(padded, np.full(width, 1 / width), "valid")


def _correlation(seen: F64, heard: F64, lag: int) -> float:
    """Pearson's, of the frames that overlap when the picture follows `lag` frames after the sound; 0 if one is flat."""
    a, b = (seen[lag:], heard[: len(heard) - lag]) if lag >= 0 else (seen[:lag], heard[-lag:])
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 1e-12 else 0.0


def _bridged(curve: F64, known: NDArray[np.bool_]) -> F64:
    frames = np.arange(len(curve))
    return np.asarray(np.interp(frames, frames[known], curve[known]))
