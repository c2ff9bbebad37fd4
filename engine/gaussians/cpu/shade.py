"""Colour kernels: spherical harmonics to RGB and back, colour = max(SH + 0.5, 0).

Degree 0 touches one coefficient and no direction; that is the fast path of training.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from emotalker.engine.gaussians.cpu.constants import BLUE, GREEN, HALF, ONE, RED, TWO, ZERO, f4

SH0 = f4(0.28209479177387814)
SH1 = f4(0.4886025119029199)
SH2A = f4(1.0925484305920792)
SH2B = f4(0.31539156525252005)
SH2C = f4(0.5462742152960396)
SH3A = f4(0.5900435899266435)
SH3B = f4(2.890611442640554)
SH3C = f4(0.4570457994644658)
SH3D = f4(0.3731763325901154)
SH3E = f4(1.445305721320277)
THREE = f4(3)
FOUR = f4(4)
SIX = f4(6)
EIGHT = f4(8)
DIRECTION_MIN = f4(1e-24)


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def sh_basis(count, x, y, z, basis):
    """The first `count` (1, 4, 9 or 16) real spherical harmonics at unit direction (x, y, z)."""
    basis[0] = SH0
    if count < 4:
        return
    basis[1] = -SH1 * y
    basis[2] = SH1 * z
    basis[3] = -SH1 * x
    if count < 9:
        return
    xx, yy, zz = x * x, y * y, z * z
    basis[4] = SH2A * x * y
    basis[5] = -SH2A * y * z
    basis[6] = SH2B * (TWO * zz - xx - yy)
    basis[7] = -SH2A * x * z
    basis[8] = SH2C * (xx - yy)
    if count < 16:
        return
    basis[9] = -SH3A * y * (THREE * xx - yy)
    basis[10] = SH3B * x * y * z
    basis[11] = -SH3C * y * (FOUR * zz - xx - yy)
    basis[12] = SH3D * z * (TWO * zz - THREE * xx - THREE * yy)
    basis[13] = -SH3C * x * (FOUR * zz - xx - yy)
    basis[14] = SH3E * z * (xx - yy)
    basis[15] = -SH3A * x * (xx - THREE * yy)


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def sh_direction_gradient(count, x, y, z, g):
    """Gradient to (x, y, z) of sum_k g[k] basis_k(x, y, z)."""
    gx = -SH1 * g[3]
    gy = -SH1 * g[1]
    gz = SH1 * g[2]
    if count < 9:
        return gx, gy, gz
    gx += SH2A * (y * g[4] - z * g[7]) - TWO * SH2B * x * g[6] + TWO * SH2C * x * g[8]
    gy += SH2A * (x * g[4] - z * g[5]) - TWO * SH2B * y * g[6] - TWO * SH2C * y * g[8]
    gz += -SH2A * (y * g[5] + x * g[7]) + FOUR * SH2B * z * g[6]
    if count < 16:
        return gx, gy, gz
    xx, yy, zz = x * x, y * y, z * z
    gx += -SIX * SH3A * x * y * g[9] + SH3B * y * z * g[10] + TWO * SH3C * x * y * g[11] - SIX * SH3D * x * z * g[12]
    gx += -SH3C * (FOUR * zz - THREE * xx - yy) * g[13] + TWO * SH3E * x * z * g[14] - THREE * SH3A * (xx - yy) * g[15]
    gy += -THREE * SH3A * (xx - yy) * g[9] + SH3B * x * z * g[10] - SH3C * (FOUR * zz - xx - THREE * yy) * g[11]
    gy += (
        -SIX * SH3D * y * z * g[12]
        + TWO * SH3C * x * y * g[13]
        - TWO * SH3E * y * z * g[14]
        + SIX * SH3A * x * y * g[15]
    )
    gz += SH3B * x * y * g[10] - EIGHT * SH3C * y * z * g[11] + SH3D * (SIX * zz - THREE * xx - THREE * yy) * g[12]
    gz += -EIGHT * SH3C * x * z * g[13] + SH3E * (xx - yy) * g[14]
    return gx, gy, gz


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def direction(i, means, v):
    """Unit vector from the camera to Gaussian i, and one over its distance."""
    x = means[i, 0] - v.eye_x
    y = means[i, 1] - v.eye_y
    z = means[i, 2] - v.eye_z
    inverse = ONE / math.sqrt(max(x * x + y * y + z * z, DIRECTION_MIN))
    return x * inverse, y * inverse, z * inverse, inverse


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def shade_forward(begin, end, means, sh, v, tiles, packed):
    """Write the colour of every Gaussian in [begin, end) that is on screen into its packed row."""
    count = sh.shape[1]
    basis = np.zeros(16, np.float32)
    basis[0] = SH0
    for i in range(begin, end):
        if tiles[i] == 0:
            continue
        if count > 1:
            x, y, z, _ = direction(i, means, v)
            sh_basis(count, x, y, z, basis)
        r = HALF
        g = HALF
        b = HALF
        for k in range(count):
            r += basis[k] * sh[i, k, 0]
            g += basis[k] * sh[i, k, 1]
            b += basis[k] * sh[i, k, 2]
        packed[i, RED] = max(r, ZERO)
        packed[i, GREEN] = max(g, ZERO)
        packed[i, BLUE] = max(b, ZERO)


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def shade_backward(begin, end, means, sh, v, tiles, packed, grad_colour, grad_sh, grad_means):
    """Gradient of the colours to `sh` (overwritten) and, through the view direction, to `means` (added)."""
    count = sh.shape[1]
    basis = np.zeros(16, np.float32)
    pull = np.zeros(16, np.float32)
    basis[0] = SH0
    for i in range(begin, end):
        if tiles[i] == 0:
            for k in range(count):
                for c in range(3):
                    grad_sh[i, k, c] = ZERO
            continue
        g0 = grad_colour[i, 0] if packed[i, RED] > ZERO else ZERO
        g1 = grad_colour[i, 1] if packed[i, GREEN] > ZERO else ZERO
        g2 = grad_colour[i, 2] if packed[i, BLUE] > ZERO else ZERO
        if count > 1:
            x, y, z, inverse = direction(i, means, v)
            sh_basis(count, x, y, z, basis)
            for k in range(count):
                pull[k] = g0 * sh[i, k, 0] + g1 * sh[i, k, 1] + g2 * sh[i, k, 2]
            gx, gy, gz = sh_direction_gradient(count, x, y, z, pull)
            # Only the part across the direction turns it: the derivative of v / |v|.
            along = gx * x + gy * y + gz * z
            grad_means[i, 0] += (gx - along * x) * inverse
            grad_means[i, 1] += (gy - along * y) * inverse
            grad_means[i, 2] += (gz - along * z) * inverse
        for k in range(count):
            grad_sh[i, k, 0] = basis[k] * g0
            grad_sh[i, k, 1] = basis[k] * g1
            grad_sh[i, k, 2] = basis[k] * g2
