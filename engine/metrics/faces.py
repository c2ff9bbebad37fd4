"""How a face moves: action units that a detector sees, trembling, and displacement without the head's own motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.metrics.landmarks import FACE, NORMAL_SIDE
from emotalker.engine.synthetic.arkit import ARKIT

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_UPPER = ("brow", "eyeBlink", "eyeSquint", "eyeWide", "cheekSquint", "noseSneer")
_LOWER = ("jaw", "mouth", "cheekPuff")
UPPER = tuple(i for i, name in enumerate(ARKIT) if name.startswith(_UPPER))
LOWER = tuple(i for i, name in enumerate(ARKIT) if name.startswith(_LOWER))
"""Activations of the upper and of the lower face; the gaze belongs to neither."""

# Corners of the eyes, root and bridge of the nose, temples: what expressions move least.
STEADY = (33, 133, 362, 263, 168, 6, 197, 195, 127, 356)
APART = 10
"""Frames between which the paper's Fig. 8 measures displacement."""


def au_error(found: F32, recorded: F32, units: tuple[int, ...]) -> float:
    """Mean difference of activations that the face landmarker sees in two sequences, in percent of their full scale.

    Args:
        found: scores in [0, 1] on the renders [T, 52].
        recorded: on the recorded frames [T, 52].
        units: which to count, `UPPER` or `LOWER`.
    """
    chosen = list(units)
    return float(np.abs(found[:, chosen].astype(np.float64) - recorded[:, chosen]).mean() * 100)


def jitter(landmarks: F32, side: int) -> float | None:
    """How much landmarks tremble: root mean square of each frame's distance from the middle of its two neighbours.

    That is a filter which passes the fastest motion a film can hold (12.5 Hz at 25 frames per second) whole, an eighth
    of it a quarter as fast, and next to nothing of slow motion.

    Args:
        landmarks: [T, 478, 2] in pixels, NaN where no face was found; such frames and their neighbours do not count.
        side: pixels of the square pictures.

    Returns:
        Pixels at 512x512; None if no three frames in a row show a face.
    """
    points = landmarks[:, list(FACE)].astype(np.float64)
    if len(points) < 3:
        return None
    off = points[1:-1] - (points[:-2] + points[2:]) / 2
    squared = (off**2).sum(-1).mean(1)
    squared = squared[np.isfinite(squared)]
    return float(np.sqrt(squared.mean()) * NORMAL_SIDE / side) if len(squared) else None


def steadied(landmarks: F32, reference: F32) -> F64:
    """Face landmarks [T, 468, 2] turned, scaled and moved so that the steady points of the face lie on the reference's.

    Args:
        landmarks: [T, 478, 2], pixels.
        reference: [478, 2] or more columns, pixels.
    """
    chosen = list(STEADY)
    own = _complex(landmarks[:, chosen])
    wanted = _complex(reference[chosen])
    centre, target = own.mean(1, keepdims=True), wanted.mean()
    turn = ((own - centre).conj() * (wanted - target)).sum(1, keepdims=True)
    turn /= np.maximum((np.abs(own - centre) ** 2).sum(1, keepdims=True), 1e-12)
    moved = (_complex(landmarks[:, list(FACE)]) - centre) * turn + target
    return np.stack([moved.real, moved.imag], -1)


def displacement(landmarks: F64, still: F64, side: int) -> float:
    """Mean distance between the landmarks of two steadied sequences [T, P, 2], in pixels at 512x512."""
    return float(np.nanmean(np.linalg.norm(landmarks - still, axis=-1)) * NORMAL_SIDE / side)


def motion(landmarks: F64, side: int) -> float | None:
    """Mean distance that landmarks [T, P, 2], steadied and `APART` frames from row to row, move; pixels at 512x512.

    That is what Fig. 8 of the paper compares between levels and with the recording. None if no two rows in turn show a
    face.
    """
    moved = np.linalg.norm(np.diff(landmarks, axis=0), axis=-1)
    return float(np.nanmean(moved) * NORMAL_SIDE / side) if np.isfinite(moved).any() else None


def _complex(points: NDArray[np.floating]) -> NDArray[np.complex128]:
    return np.asarray(points[..., 0], np.float64) + 1j * np.asarray(points[..., 1], np.float64)
