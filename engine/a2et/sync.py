"""Sound that comes late or early against the picture of its own clip, found by what lips do and put right.

Cameras, editors and converters shift sound by a tenth of a second and more; lips that learn from such a clip learn to
move at the wrong time. The articulator says from the sound what the lips must do and when, the track when they did it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.articulation import CHANNELS, Articulator
from emotalker.engine.a2et.measure import EYE_CORNERS, LOWER_LIP, MOUTH_CORNERS, UPPER_LIP
from emotalker.engine.a2et.windows import F32, FEATURE_RATE
from emotalker.engine.tracking.track import Track

F64 = NDArray[np.float64]
REACH = 0.4
"""Longest delay that is looked for, seconds: beyond it the next syllable is as good a guess."""
CLEAR_MATCH = 0.25
"""Mean correlation of lips and sound below which nothing can be said."""
CLEAR_GAIN = 0.02
LEAST = 0.015
"""Seconds below which a delay is not worth moving anything."""
TREND = 2.0
"""Seconds over which moods and heads change: what is slower says nothing about syllables."""
SHORTEST = 3.0


@dataclass(frozen=True)
class Delay:
    """How a clip's sound lies against its picture.

    Attributes:
        seconds: by which the sound comes late; 0 where nothing can be said for sure.
        match: correlation of lips and sound at that delay, the mean of opening, jaw, closing and rounding.
        before: the same as recorded.
    """

    seconds: float
    match: float
    before: float


def sound_delay(articulator: Articulator, features: F32, voice: F32, track: Track) -> Delay:
    """The delay of a clip's sound.

    Args:
        articulator: knows the encoder of the features.
        features: speech features of the clip at 50 Hz [n, S].
        voice: probability of speech at 50 Hz [n].
        track: of the clip's picture.
    """
    fps, known = track.fps, track.confidence > 0
    count = min(len(track), int(len(features) / FEATURE_RATE * fps))
    if count < SHORTEST * fps or known[:count].mean() < 0.5:
        return Delay(0.0, 0.0, 0.0)
    step = articulator.spec.fps / fps
    heard = articulator.hear(features, voice, int(np.ceil(count * step)) + 1)
    at = (np.arange(count) + 0.5) * step - 0.5
    mouth = {name: np.interp(at, np.arange(len(heard)), heard[:, i]) for i, name in enumerate(CHANNELS)}
    seen = _seen(track, count)
    pairs = [
        (seen["gap"], mouth["jaw"] * (1 - mouth["closed"])), (seen["jaw"], mouth["jaw"]),
        (-seen["gap"], mouth["closed"]), (-seen["width"], mouth["rounded"]),
    ]  # fmt: skip
    reach = round(REACH * fps)
    weight = known[:count].astype(np.float64)
    matches = np.mean([_matches(_quick(a, fps), _quick(b, fps), weight, reach) for a, b in pairs], 0)
    best = int(matches.argmax())
    late = 0.0
    if 0 < best < 2 * reach:  # the top of the parabola through the best lag and its neighbours
        left, top, right = matches[best - 1 : best + 2]
        late = (best - reach + 0.5 * (left - right) / min(left - 2 * top + right, -1e-9)) / fps
    match, before = float(matches[best]), float(matches[reach])
    sure = match >= CLEAR_MATCH and match - before >= CLEAR_GAIN and abs(late) >= LEAST
    return Delay(float(late) if sure else 0.0, match, before)


def moved(values: F32, seconds: float) -> F32:
    """Values at 50 Hz [n, ...] heard `seconds` earlier, the ends held; the same array where nothing moves."""
    if not seconds:
        return values
    at = np.clip(np.arange(len(values)) + seconds * FEATURE_RATE, 0, len(values) - 1)
    low = at.astype(int)
    high = np.minimum(low + 1, len(values) - 1)
    share = (at - low).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    return np.ascontiguousarray((1 - share) * values[low] + share * values[high], np.float32)


def _seen(track: Track, count: int) -> dict[str, F64]:
    """What the lips do in the picture, each [count]: gap and width in distances of the eyes, and the jaw's opening."""
    points = track.landmarks[:count].astype(np.float64)

    def distance(a: int, b: int) -> F64:
        return np.asarray(np.linalg.norm(points[:, a] - points[:, b], axis=-1))

    eyes = np.maximum(distance(*EYE_CORNERS), 1e-6)
    return {
        "gap": distance(UPPER_LIP, LOWER_LIP) / eyes,
        "width": distance(*MOUTH_CORNERS) / eyes,
        "jaw": track.jaw[:count, 0].astype(np.float64),
    }


def _quick(values: F64, fps: float) -> F64:
    """What changes faster than `TREND`."""
    half = round(TREND * fps / 2)
    padded = np.pad(values, half, mode="edge")
    return np.asarray(values - np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), "valid"))


def _matches(seen: F64, heard: F64, weight: F64, reach: int) -> F64:
    """Correlation of what is seen with what is heard up to `reach` frames earlier or later [2 reach + 1]."""
    out = np.zeros(2 * reach + 1)
    middle = slice(reach, len(seen) - reach)
    for i in range(2 * reach + 1):
        late = i - reach  # the sound of frame t is found at t + late
        a, b, w = seen[middle], heard[reach + late : len(heard) - reach + late], weight[middle]
        a, b = a - np.average(a, weights=w), b - np.average(b, weights=w)
        size = np.sqrt((w * a * a).sum() * (w * b * b).sum())
        out[i] = (w * a * b).sum() / size if size > 1e-12 else 0.0
    return out
