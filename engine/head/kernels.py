"""Posing one head in one thread: for playback, where torch's thread pool would wait for busy cores on every step."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@numba.njit(nogil=True, cache=True, fastmath=True)
def pose_vertices(rest, basis, psi, weights, bones):  # type: ignore[no-untyped-def]
    """Expressed and skinned vertices.

    Args:
        rest: neutral vertices [V * 3], float32, metres.
        basis: expression displacements [K, V * 3].
        psi: coefficients [B, K].
        weights: skinning weights [V, J].
        bones: skinning transforms [B, J, 12], rows of 3 x 4 matrices.

    Returns:
        Posed vertices [B, V, 3].
    """
    count, joints = weights.shape
    out = np.empty((psi.shape[0], count, 3), np.float32)
    expressed = np.empty(count * 3, np.float32)
    bone = np.empty(12, np.float32)
    for frame in range(psi.shape[0]):
        expressed[:] = rest
        for k in range(psi.shape[1]):
            amount = psi[frame, k]
            if amount != 0.0:
                row = basis[k]
                for i in range(count * 3):
                    expressed[i] += amount * row[i]
        for v in range(count):
            for e in range(12):
                bone[e] = 0.0
            for j in range(joints):
                share = weights[v, j]
                if share != 0.0:
                    for e in range(12):
                        bone[e] += share * bones[frame, j, e]
            x, y, z = expressed[3 * v], expressed[3 * v + 1], expressed[3 * v + 2]
            for r in range(3):
                out[frame, v, r] = bone[4 * r] * x + bone[4 * r + 1] * y + bone[4 * r + 2] * z + bone[4 * r + 3]
    return out
