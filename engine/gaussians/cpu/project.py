"""Projection kernels: 3D Gaussians to screen-space ellipses and back (EWA, gsplat's classic mode)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu.constants import (
    ALPHA_MIN,
    BLUR,
    CHECKED_MATH,
    COLUMN_BEGIN,
    COLUMN_END,
    CONIC_A,
    CONIC_B,
    CONIC_C,
    DEPTH,
    FOV_MARGIN,
    HALF,
    INVERSE_ALPHA_MIN,
    LOG2_OPACITY,
    MX,
    MY,
    NEAR,
    ONE,
    OPACITY,
    ROW_BEGIN,
    ROW_END,
    TILE,
    TWO,
    ZERO,
    f4,
)

QUAT_MIN = f4(1e-24)
FAR_PIXELS = f4(1e7)
MIN_EXTENT = f4(1e-6)


class View(NamedTuple):
    """A camera as float32 scalars for the kernels: rotation, translation, intrinsics, clamp of x/z and y/z, centre."""

    r00: np.float32
    r01: np.float32
    r02: np.float32
    r10: np.float32
    r11: np.float32
    r12: np.float32
    r20: np.float32
    r21: np.float32
    r22: np.float32
    tx: np.float32
    ty: np.float32
    tz: np.float32
    fx: np.float32
    fy: np.float32
    cx: np.float32
    cy: np.float32
    x_low: np.float32
    x_high: np.float32
    y_low: np.float32
    y_high: np.float32
    eye_x: np.float32
    eye_y: np.float32
    eye_z: np.float32


def slope_limits(camera: Camera) -> tuple[float, float, float, float]:
    """Lowest and highest x/z, then y/z, at which the Jacobian is taken: 30 % of the half field beyond the image."""
    fx, fy, cx, cy = (float(camera.K[i, j]) for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)))
    margin_x, margin_y = FOV_MARGIN * 0.5 * camera.width / fx, FOV_MARGIN * 0.5 * camera.height / fy
    return (
        -(cx / fx + margin_x),
        (camera.width - cx) / fx + margin_x,
        -(cy / fy + margin_y),
        (camera.height - cy) / fy + margin_y,
    )


def view_of(camera: Camera) -> View:
    """The camera as kernel scalars."""
    view = np.asarray(camera.viewmat, np.float64)
    centre = -np.linalg.inv(view[:3, :3]) @ view[:3, 3]
    K = camera.K
    values = [*view[:3, :3].ravel(), *view[:3, 3], K[0, 0], K[1, 1], K[0, 2], K[1, 2], *slope_limits(camera), *centre]
    return View(*(f4(v) for v in values))


@njit(nogil=True, fastmath=CHECKED_MATH, cache=True, error_model="numpy")
def rotation(w, x, y, z):
    """Rotation matrix (nine scalars, row by row) of a unit quaternion."""
    return (
        ONE - TWO * (y * y + z * z),
        TWO * (x * y - w * z),
        TWO * (x * z + w * y),
        TWO * (x * y + w * z),
        ONE - TWO * (x * x + z * z),
        TWO * (y * z - w * x),
        TWO * (x * z - w * y),
        TWO * (y * z + w * x),
        ONE - TWO * (x * x + y * y),
    )


@njit(nogil=True, fastmath=CHECKED_MATH, cache=True, error_model="numpy")
def to_camera(x, y, z, v):
    """A world point in camera axes."""
    return (
        v.r00 * x + v.r01 * y + v.r02 * z + v.tx,
        v.r10 * x + v.r11 * y + v.r12 * z + v.ty,
        v.r20 * x + v.r21 * y + v.r22 * z + v.tz,
    )


@njit(nogil=True, fastmath=CHECKED_MATH, cache=True, error_model="numpy")
def jacobian_times_view(rx, ry, iz, v):
    """Rows (six scalars) of J R, J the projection's Jacobian at slopes rx, ry (clamped) and inverse depth iz."""
    ux = min(v.x_high, max(v.x_low, rx))
    uy = min(v.y_high, max(v.y_low, ry))
    j00 = v.fx * iz
    j02 = -v.fx * ux * iz
    j11 = v.fy * iz
    j12 = -v.fy * uy * iz
    return (
        j00 * v.r00 + j02 * v.r20,
        j00 * v.r01 + j02 * v.r21,
        j00 * v.r02 + j02 * v.r22,
        j11 * v.r10 + j12 * v.r20,
        j11 * v.r11 + j12 * v.r21,
        j11 * v.r12 + j12 * v.r22,
    )


@njit(nogil=True, fastmath=CHECKED_MATH, cache=True, error_model="numpy")
def times_rotation(a00, a01, a02, a10, a11, a12, R):
    """A [2, 3] times R [3, 3], as six scalars."""
    return (
        a00 * R[0] + a01 * R[3] + a02 * R[6],
        a00 * R[1] + a01 * R[4] + a02 * R[7],
        a00 * R[2] + a01 * R[5] + a02 * R[8],
        a10 * R[0] + a11 * R[3] + a12 * R[6],
        a10 * R[1] + a11 * R[4] + a12 * R[7],
        a10 * R[2] + a11 * R[5] + a12 * R[8],
    )


@njit(nogil=True, fastmath=CHECKED_MATH, cache=True, error_model="numpy")
def sigmoid(x):
    """Logistic function without overflow."""
    e = math.exp(-abs(x))
    positive = ONE / (ONE + e)
    return positive if x >= ZERO else e * positive


@njit(nogil=True, fastmath=CHECKED_MATH, cache=True, error_model="numpy")
def place(i, mx, my, ex, ey, width, height, packed, rect):
    """Tile rectangle and pixel rows of an ellipse with half extents ex, ey; returns the number of tiles."""
    if not (ex > ZERO and ey > ZERO and ex < FAR_PIXELS and ey < FAR_PIXELS):
        return 0
    if not (mx + ex > ZERO and my + ey > ZERO and mx - ex < f4(width) and my - ey < f4(height)):
        return 0
    x0 = max(math.ceil(mx - ex - HALF), 0)
    x1 = min(math.floor(mx + ex - HALF) + 1, width)
    y0 = max(math.ceil(my - ey - HALF), 0)
    y1 = min(math.floor(my + ey - HALF) + 1, height)
    if x0 >= x1 or y0 >= y1:
        return 0
    packed[i, COLUMN_BEGIN] = f4(x0)
    packed[i, COLUMN_END] = f4(x1)
    packed[i, ROW_BEGIN] = f4(y0)
    packed[i, ROW_END] = f4(y1)
    rect[i, 0] = x0 // TILE
    rect[i, 1] = (x1 - 1) // TILE + 1
    rect[i, 2] = y0 // TILE
    rect[i, 3] = (y1 - 1) // TILE + 1
    return (rect[i, 1] - rect[i, 0]) * (rect[i, 3] - rect[i, 2])


@njit(nogil=True, fastmath=CHECKED_MATH, cache=True, error_model="numpy")
def project_forward(begin, end, means, quats, log_scales, logits, v, width, height, packed, rect, tiles, depth, extent):
    """Activate and project Gaussians [begin, end): packed rows, tile rectangles, tile counts, depths, extents.

    A Gaussian that shows nothing (behind the near plane, too faint, off screen, degenerate, not finite) gets
    0 tiles and an empty rectangle.
    """
    for i in range(begin, end):
        tiles[i] = 0
        depth[i] = ZERO
        extent[i] = ZERO
        for j in range(4):
            rect[i, j] = 0
        x, y, z = to_camera(means[i, 0], means[i, 1], means[i, 2], v)
        o = sigmoid(logits[i])
        if not (z >= NEAR and z < FAR_PIXELS and o >= ALPHA_MIN):
            continue
        w0, w1, w2, w3 = quats[i, 0], quats[i, 1], quats[i, 2], quats[i, 3]
        n = ONE / math.sqrt(max(w0 * w0 + w1 * w1 + w2 * w2 + w3 * w3, QUAT_MIN))
        iz = ONE / z
        a = jacobian_times_view(x * iz, y * iz, iz, v)
        m = times_rotation(a[0], a[1], a[2], a[3], a[4], a[5], rotation(w0 * n, w1 * n, w2 * n, w3 * n))
        sx, sy, sz = math.exp(log_scales[i, 0]), math.exp(log_scales[i, 1]), math.exp(log_scales[i, 2])
        b00, b01, b02, b10, b11, b12 = m[0] * sx, m[1] * sy, m[2] * sz, m[3] * sx, m[4] * sy, m[5] * sz
        A = b00 * b00 + b01 * b01 + b02 * b02 + BLUR
        B = b00 * b10 + b01 * b11 + b02 * b12
        C = b10 * b10 + b11 * b11 + b12 * b12 + BLUR
        det = A * C - B * B
        if not det > ZERO:
            continue
        mx = v.fx * x * iz + v.cx
        my = v.fy * y * iz + v.cy
        reach = TWO * math.log(max(o * INVERSE_ALPHA_MIN, ONE))
        ex = max(math.sqrt(reach * A), MIN_EXTENT)
        ey = max(math.sqrt(reach * C), MIN_EXTENT)
        tiles[i] = place(i, mx, my, ex, ey, width, height, packed, rect)
        if tiles[i] == 0:
            continue
        depth[i] = z
        extent[i] = max(ex, ey)
        packed[i, MX] = mx
        packed[i, MY] = my
        packed[i, CONIC_A] = C / det
        packed[i, CONIC_B] = -B / det
        packed[i, CONIC_C] = A / det
        packed[i, OPACITY] = o
        packed[i, LOG2_OPACITY] = math.log2(o)
        packed[i, DEPTH] = z
