"""Small sums of skinning that kernels share; quaternions are wxyz."""

from __future__ import annotations

from numba import njit


@njit(nogil=True, cache=True, fastmath=True, inline="always")
def product(aw, ax, ay, az, bw, bx, by, bz):  # type: ignore[no-untyped-def]
    """Hamilton product of the quaternions a and b."""
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


@njit(nogil=True, cache=True, fastmath=True, inline="always")
def blend_joints(shares, bones, turns, bone, turn):  # type: ignore[no-untyped-def]
    """Transform `bone` [12] and quaternion `turn` [4] of a point whose joints [J] have these shares.

    Written in place from the joints' transforms `bones` [J, 12] and quaternions `turns` [J, 4].
    """
    bone[:] = 0
    turn[:] = 0
    for j in range(len(shares)):
        share = shares[j]
        if share != 0:
            for e in range(12):
                bone[e] += share * bones[j, e]
            for e in range(4):
                turn[e] += share * turns[j, e]
