"""How far the eyes are shut, measured in the person's own terms (AU45)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.tracking.landmark_sets import LID_CORNERS, LID_GAPS_LEFT, LID_GAPS_RIGHT

F32 = NDArray[np.float32]
OPEN_PERCENTILE = 70
CLOSED_PERCENTILE = 1
# lids that never come nearer than this share of the open gap have not blinked
BLINKED = 0.55
USUAL_CLOSED = 0.28
REST = 0.12


def openness(landmarks: NDArray[np.floating]) -> F32:
    """Gap between the lids over the width of the eye [T, 2] (left, right), from landmarks [T, 478, >= 2]."""
    points = np.asarray(landmarks, np.float64)[..., :2]
    out = []
    for pairs, (outer, inner) in zip((LID_GAPS_LEFT, LID_GAPS_RIGHT), LID_CORNERS):
        gaps = [np.linalg.norm(points[:, u] - points[:, l], axis=-1) for u, l in pairs]
        width = np.linalg.norm(points[:, outer] - points[:, inner], axis=-1)
        out.append(np.mean(gaps, 0) / np.maximum(width, 1e-6))
    return np.stack(out, 1).astype(np.float32)


def calibrate(openings: NDArray[np.floating]) -> tuple[F32, F32]:
    """Openness at rest and shut [2] each, from that of all frames that may be learned from [n, 2].

    Where a person never blinks in the clips, shut is taken as the usual share of open.
    """
    values = np.asarray(openings, np.float64)
    rest = np.maximum(np.percentile(values, OPEN_PERCENTILE, axis=0), 1e-3)
    lowest = np.percentile(values, CLOSED_PERCENTILE, axis=0)
    shut = np.where(lowest < BLINKED * rest, np.maximum(lowest, 0.1 * rest), USUAL_CLOSED * rest)
    return rest.astype(np.float32), shut.astype(np.float32)


def au45(openings: NDArray[np.floating], rest: F32, shut: F32) -> F32:
    """Blink [T] in [0, 1] from openness [T, 2]: 0 with the eyes as at rest, 1 shut; both eyes count alike.

    Small changes of the rest (a smile, a look down) are not a blink: the first `REST` of the way is 0.
    """
    way = (rest - np.asarray(openings, np.float64)) / np.maximum(rest - shut, 1e-4)
    return np.clip((way.mean(1) - REST) / (1 - REST), 0, 1).astype(np.float32)
