"""Gradient of the projection: from screen-space ellipses back to means, quats, log_scales and logit_opacities."""

from __future__ import annotations

import math

from numba import njit

from emotalker.engine.gaussians.cpu.constants import BLUR, CHECKED_MATH, HALF, ONE, OPACITY, TWO, ZERO
from emotalker.engine.gaussians.cpu.project import (
    QUAT_MIN,
    jacobian_times_view,
    rotation,
    times_rotation,
    to_camera,
)


@njit(nogil=True, fastmath=CHECKED_MATH, cache=True, error_model="numpy")
def covariance_gradient(A, B, C, ga, gb, gc):
    """Gradient to the covariance's entries (xx, xy each, yy) from that to the conic (a, b, c): -K G K."""
    inverse = ONE / (A * C - B * B)
    k0 = C * inverse
    k1 = -B * inverse
    k2 = A * inverse
    h = HALF * gb
    p00 = k0 * ga + k1 * h
    p01 = k0 * h + k1 * gc
    p10 = k1 * ga + k2 * h
    p11 = k1 * h + k2 * gc
    return -(p00 * k0 + p01 * k1), -(p00 * k1 + p01 * k2), -(p10 * k1 + p11 * k2)


@njit(nogil=True, fastmath=CHECKED_MATH, cache=True, error_model="numpy")
def quaternion_gradient(w, x, y, z, n, G):
    """Gradient to the raw quaternion from that to the rotation matrix G (nine scalars); n = 1 / |raw|."""
    gw = TWO * (x * (G[7] - G[5]) + y * (G[2] - G[6]) + z * (G[3] - G[1]))
    gx = TWO * (-TWO * x * (G[4] + G[8]) + y * (G[1] + G[3]) + z * (G[2] + G[6]) + w * (G[7] - G[5]))
    gy = TWO * (x * (G[1] + G[3]) - TWO * y * (G[0] + G[8]) + z * (G[5] + G[7]) + w * (G[2] - G[6]))
    gz = TWO * (x * (G[2] + G[6]) + y * (G[5] + G[7]) - TWO * z * (G[0] + G[4]) + w * (G[3] - G[1]))
    along = gw * w + gx * x + gy * y + gz * z
    return (gw - along * w) * n, (gx - along * x) * n, (gy - along * y) * n, (gz - along * z) * n


@njit(nogil=True, fastmath=CHECKED_MATH, cache=True, error_model="numpy")
def point_gradient(rx, ry, iz, v, e, gu, gv):
    """Gradient to the point in camera axes, from that to J R (e, six scalars) and to the screen mean (gu, gv)."""
    gj00 = e[0] * v.r00 + e[1] * v.r01 + e[2] * v.r02
    gj02 = e[0] * v.r20 + e[1] * v.r21 + e[2] * v.r22
    gj11 = e[3] * v.r10 + e[4] * v.r11 + e[5] * v.r12
    gj12 = e[3] * v.r20 + e[4] * v.r21 + e[5] * v.r22
    iz2 = iz * iz
    gx = v.fx * iz * gu
    gy = v.fy * iz * gv
    gz = -(v.fx * rx * gu + v.fy * ry * gv) * iz - v.fx * iz2 * gj00 - v.fy * iz2 * gj11
    # Where the slope is clamped the Jacobian depends on depth alone.
    if rx > v.x_high or rx < v.x_low:
        gz += v.fx * min(v.x_high, max(v.x_low, rx)) * iz2 * gj02
    else:
        gx += -v.fx * iz2 * gj02
        gz += TWO * v.fx * rx * iz2 * gj02
    if ry > v.y_high or ry < v.y_low:
        gz += v.fy * min(v.y_high, max(v.y_low, ry)) * iz2 * gj12
    else:
        gy += -v.fy * iz2 * gj12
        gz += TWO * v.fy * ry * iz2 * gj12
    return gx, gy, gz


@njit(nogil=True, fastmath=CHECKED_MATH, cache=True, error_model="numpy")
def project_backward(
    begin, end, means, quats, log_scales, v, tiles, packed, screen, g_means, g_quats, g_scales, g_logits, g_pixels
):
    """Gradients of Gaussians [begin, end); zero for those that show nothing. `g_pixels`: |dL/d screen mean| [N]."""
    for i in range(begin, end):
        if tiles[i] == 0:
            g_means[i] = ZERO
            g_scales[i] = ZERO
            g_quats[i] = ZERO
            g_logits[i] = ZERO
            g_pixels[i] = ZERO
            continue
        x, y, z = to_camera(means[i, 0], means[i, 1], means[i, 2], v)
        iz = ONE / z
        w0, w1, w2, w3 = quats[i, 0], quats[i, 1], quats[i, 2], quats[i, 3]
        n = ONE / math.sqrt(max(w0 * w0 + w1 * w1 + w2 * w2 + w3 * w3, QUAT_MIN))
        w0, w1, w2, w3 = w0 * n, w1 * n, w2 * n, w3 * n
        R = rotation(w0, w1, w2, w3)
        a = jacobian_times_view(x * iz, y * iz, iz, v)
        m = times_rotation(a[0], a[1], a[2], a[3], a[4], a[5], R)
        sx, sy, sz = math.exp(log_scales[i, 0]), math.exp(log_scales[i, 1]), math.exp(log_scales[i, 2])
        b00, b01, b02, b10, b11, b12 = m[0] * sx, m[1] * sy, m[2] * sz, m[3] * sx, m[4] * sy, m[5] * sz
        A = b00 * b00 + b01 * b01 + b02 * b02 + BLUR
        B = b00 * b10 + b01 * b11 + b02 * b12
        C = b10 * b10 + b11 * b11 + b12 * b12 + BLUR
        gA, gB, gC = covariance_gradient(A, B, C, screen[i, 2], screen[i, 3], screen[i, 4])
        # Covariance = b b^T: the gradient to b is 2 G b; then b = m diag(s), m = a R.
        g00, g01, g02 = (
            TWO * (gA * b00 + gB * b10) * sx,
            TWO * (gA * b01 + gB * b11) * sy,
            TWO * (gA * b02 + gB * b12) * sz,
        )
        g10, g11, g12 = (
            TWO * (gB * b00 + gC * b10) * sx,
            TWO * (gB * b01 + gC * b11) * sy,
            TWO * (gB * b02 + gC * b12) * sz,
        )
        g_scales[i, 0] = g00 * m[0] + g10 * m[3]
        g_scales[i, 1] = g01 * m[1] + g11 * m[4]
        g_scales[i, 2] = g02 * m[2] + g12 * m[5]
        G = (
            a[0] * g00 + a[3] * g10,
            a[0] * g01 + a[3] * g11,
            a[0] * g02 + a[3] * g12,
            a[1] * g00 + a[4] * g10,
            a[1] * g01 + a[4] * g11,
            a[1] * g02 + a[4] * g12,
            a[2] * g00 + a[5] * g10,
            a[2] * g01 + a[5] * g11,
            a[2] * g02 + a[5] * g12,
        )
        e = times_rotation(g00, g01, g02, g10, g11, g12, (R[0], R[3], R[6], R[1], R[4], R[7], R[2], R[5], R[8]))
        gx, gy, gz = point_gradient(x * iz, y * iz, iz, v, e, screen[i, 0], screen[i, 1])
        g_means[i, 0] = v.r00 * gx + v.r10 * gy + v.r20 * gz
        g_means[i, 1] = v.r01 * gx + v.r11 * gy + v.r21 * gz
        g_means[i, 2] = v.r02 * gx + v.r12 * gy + v.r22 * gz
        g_quats[i, 0], g_quats[i, 1], g_quats[i, 2], g_quats[i, 3] = quaternion_gradient(w0, w1, w2, w3, n, G)
        g_logits[i] = screen[i, 5] * (ONE - packed[i, OPACITY])
        g_pixels[i] = math.sqrt(screen[i, 0] * screen[i, 0] + screen[i, 1] * screen[i, 1])
