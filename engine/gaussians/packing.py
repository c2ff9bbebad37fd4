"""Gaussians packed into screen quads for a graphics card, by the kernels that the CPU rasterizer projects with.

A quad is one ellipse on the picture, cut where its alpha falls to 1/255; quads come farthest first, so that a card only
has to blend them one after the other. No OpenGL enters: what leaves is one array for one vertex buffer.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu.bin import depth_order
from emotalker.engine.gaussians.cpu.constants import (
    BLUE,
    CONIC_A,
    CONIC_B,
    CONIC_C,
    GREEN,
    INVERSE_ALPHA_MIN,
    MX,
    MY,
    ONE,
    OPACITY,
    RED,
    TWO,
    ZERO,
    f4,
)
from emotalker.engine.gaussians.cpu.pipeline import GaussianArrays, Scratch
from emotalker.engine.gaussians.cpu.project import project_forward, view_of
from emotalker.engine.gaussians.cpu.shade import shade_forward
from emotalker.engine.gaussians.cpu.threads import finish, for_chunks, start

QUAD = 12
"""Floats of a quad: centre xy, first half axis xy | second half axis xy, falloff, opacity | red, green, blue, 0."""
LEAST_FALLOFF = f4(1e-4)
NOTHING = 1e-30
DIAGONAL = 1.4143
"""An axis of an ellipse against the larger side of the half box around it: the square root of two at most."""


@njit(nogil=True, cache=True, error_model="numpy")
def pack_quads(order, tiles, extent, packed, width, height, quads):  # type: ignore[no-untyped-def]
    """Write the visible Gaussians of `order` (nearest first) into `quads` from the farthest on; returns how many.

    Centres and half axes are in clip coordinates with y down: (-1, -1) is the picture's upper left corner. The half
    axes lie along the eigenvectors of the 2D covariance and end where alpha is 1/255, so alpha at the point (s, t) of
    the unit disc is opacity exp(-falloff (s^2 + t^2)).
    """
    to_x = TWO / f4(width)
    to_y = TWO / f4(height)
    count = 0
    for k in range(order.shape[0] - 1, -1, -1):
        i = order[k]
        if tiles[i] == 0:
            continue
        # needles have eigenvalues far apart: in single precision the smaller one would drown in the larger
        a = np.float64(packed[i, CONIC_A])
        b = np.float64(packed[i, CONIC_B])
        c = np.float64(packed[i, CONIC_C])
        middle = 0.5 * (a + c)
        apart = math.sqrt(0.25 * (a - c) * (a - c) + b * b)
        steep = middle + apart
        shallow = max((a * c - b * b) / steep, NOTHING)
        # of the two rows of (conic - steep I) the one that cancels less gives the eigenvector
        x, y = (steep - c, b) if a >= c else (b, steep - a)
        length = math.sqrt(x * x + y * y)
        if length > 0.0:
            x, y = x / length, y / length
        else:
            x, y = np.float64(1.0), np.float64(0.0)
        opacity = packed[i, OPACITY]
        falloff = max(f4(math.log(max(opacity * INVERSE_ALPHA_MIN, ONE))), LEAST_FALLOFF)
        near = math.sqrt(2.0 * falloff / steep)
        # rounding can stretch a needle without end; its extent is known from the covariance
        far = min(math.sqrt(2.0 * falloff / shallow), DIAGONAL * extent[i])
        quads[count, 0] = packed[i, MX] * to_x - ONE
        quads[count, 1] = packed[i, MY] * to_y - ONE
        quads[count, 2] = f4(x * near) * to_x
        quads[count, 3] = f4(y * near) * to_y
        quads[count, 4] = f4(-y * far) * to_x
        quads[count, 5] = f4(x * far) * to_y
        quads[count, 6] = falloff
        quads[count, 7] = opacity
        quads[count, 8] = packed[i, RED]
        quads[count, 9] = packed[i, GREEN]
        quads[count, 10] = packed[i, BLUE]
        quads[count, 11] = ZERO
        count += 1
    return count


class QuadPacker:
    """Packs frame after frame into one array that it keeps; not to be shared by threads (make one each)."""

    def __init__(self) -> None:
        self._scratch: Scratch | None = None
        self._quads = np.empty((0, QUAD), np.float32)

    def pack(self, gaussians: GaussianArrays, camera: Camera) -> NDArray[np.float32]:
        """The quads of one frame, farthest first.

        Args:
            gaussians: N Gaussians in world space.
            camera: the view.

        Returns:
            float32 [M, QUAD], M <= N, C-contiguous; a view that the next call overwrites.
        """
        arrays = GaussianArrays(*(np.ascontiguousarray(a, np.float32) for a in gaussians))
        key = (len(arrays.means), int(camera.width), int(camera.height))
        if self._scratch is None or self._scratch.key != key:
            self._scratch = Scratch(*key)
        if len(self._quads) < key[0]:
            self._quads = np.empty((key[0], QUAD), np.float32)
        s, view = self._scratch, view_of(camera)
        for_chunks(
            project_forward, s.gaussian_chunks(), arrays.means, arrays.quats, arrays.log_scales,
            arrays.logit_opacities, view, s.width, s.height, s.packed, s.rect, s.tiles, s.depth, s.extent,
        )  # fmt: skip
        sorting = start(depth_order, s.depth, s.order, s.spare, s.keys, s.spare_keys)
        for_chunks(shade_forward, s.gaussian_chunks(), arrays.means, arrays.sh, view, s.tiles, s.packed)
        finish(sorting)
        count = pack_quads(s.order, s.tiles, s.extent, s.packed, s.width, s.height, self._quads)
        return self._quads[:count]
