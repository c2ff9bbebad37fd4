"""The hair of the sample person: a cap over the scalp, and a chin-length bob that falls from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from emotalker.engine.synthetic.appearance import HAIRLINE_Y, HAIRLINE_Z

F32 = NDArray[np.float32]
THICKNESS = 0.013
# outline of the bob at heights from the temples to the tips, metres: half width, depth behind its axis, and the angle
# from straight back at which its front edge lies, degrees
FALL_Y = np.array([0.112, 0.090, 0.060, 0.025, -0.015, -0.050, -0.080, -0.098, -0.104])
FALL_X = np.array([0.056, 0.069, 0.081, 0.088, 0.0925, 0.0945, 0.0930, 0.088, 0.082])
FALL_Z = np.array([0.072, 0.084, 0.094, 0.098, 0.097, 0.093, 0.088, 0.082, 0.076])
FALL_EDGE = np.array([92.0, 96.0, 99.0, 107.0, 119.0, 126.0, 129.0, 129.0, 128.0])
FALL_AXIS = -0.008
ROWS, COLUMNS = 28, 72


def hair_cap(
    rest: F32, triangles: NDArray[np.int32], ears: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], F32]:
    """A shell over the scalp: the head vertices it grows from, its triangles, and how far out each vertex lies.

    It starts a little under the skin outside the hairline, so that its border is where it comes out of the skin.
    """
    above = rest[:, 1] - np.interp(rest[:, 2], HAIRLINE_Z, HAIRLINE_Y)
    rise = np.clip(above / 0.035, 0, 1)
    offset = THICKNESS * rise * rise * (3 - 2 * rise) + np.where(above > 0, 0.001, -0.002)
    top = np.clip((rest[:, 1] - 0.09) / 0.05, 0, 1)
    offset = offset * (1 + 0.5 * top)
    offset[ears] = -0.004
    outer = rest[:, 1] > -0.06
    chosen = (above[triangles] > -0.012).any(1) & outer[triangles].all(1) & ~ears[triangles].all(1)
    chosen &= np.linalg.norm(rest[triangles].mean(1) - [0, 0.05, 0], axis=1) > 0.06
    used, faces = np.unique(triangles[chosen], return_inverse=True)
    return used, faces.reshape(-1, 3), offset[used].astype(np.float32)


def hair_fall() -> tuple[F32, NDArray[np.int64]]:
    """The bob of the template head, a sheet with two sides: vertices [n, 3] in head space, metres, and triangles."""
    heights = np.interp(np.linspace(0, 1, ROWS), np.linspace(0, 1, len(FALL_Y)), FALL_Y)
    share = np.linspace(-1, 1, COLUMNS)
    wide, deep, edge = (np.interp(-heights, -FALL_Y, v)[:, None] for v in (FALL_X, FALL_Z, FALL_EDGE))
    # waves run down the hair and grow towards the tips; the front edges curl in
    loose = np.clip((0.06 - heights) / 0.16, 0, 1)[:, None]
    wave = 1 + loose * 0.012 * np.sin(share * 41 + 6 * np.sin(share * 3)) - 0.05 * np.abs(share) ** 14
    angle = np.radians(edge) * share
    x, z = wave * wide * np.sin(angle), FALL_AXIS - wave * deep * np.cos(angle)
    ragged = loose**3 * 0.004 * np.sin(share * 57 + np.cos(share * 13) * 2)
    points = np.stack([x, heights[:, None] + ragged, z], -1).reshape(-1, 3)
    corner = (np.arange(ROWS - 1)[:, None] * COLUMNS + np.arange(COLUMNS - 1)).reshape(-1, 1)
    faces = np.concatenate([corner + np.array(three) for three in ((0, 1, COLUMNS), (1, COLUMNS + 1, COLUMNS))])
    inner = points * [0.97, 1, 0.97]
    both = np.concatenate([points, inner]), np.concatenate([faces, faces[:, ::-1] + len(points)])
    return both[0].astype(np.float32), both[1]


def fitted_to(fall: F32, rest: F32, shaped: F32) -> F32:
    """The bob [n, 3] moved as the nearest parts of the head are by a person's identity, smoothly."""
    _, nearest = cKDTree(rest).query(fall, k=60)
    return (fall + (shaped - rest)[nearest].mean(1)).astype(np.float32)
