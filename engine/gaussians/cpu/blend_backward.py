"""Gradient of blending, front to back again, one gradient row per (Gaussian, tile) pair: no races, fixed sums.

Row y of the tile buffer is [T | S | gR gG gB | six accumulators] of 16 floats each. S is what is still to come behind
the current Gaussian: the sum of g.c w over the rest minus T_final g_alpha. The accumulators of a Gaussian are carried
from row y to row y + 1, so that reads and writes never meet and LLVM needs no run-time alias checks.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from emotalker.engine.gaussians.cpu.blend import (
    BYTE_MASK,
    BYTE_SHIFT,
    LANES,
    TO_MIXED,
    TO_SQUARES,
    fast_exp2,
)
from emotalker.engine.gaussians.cpu.constants import (
    ALPHA_MAX,
    ALPHA_MIN,
    BLUE,
    CONIC_A,
    CONIC_B,
    CONIC_C,
    GREEN,
    HALF,
    ISECT_GRADS,
    LOG2_OPACITY,
    MX,
    MY,
    ONE,
    RED,
    T_MIN,
    TILE,
    ZERO,
    f4,
)

MINUS_HALF = f4(-0.5)
SUM_COUNT = np.uint64(6)
ROW_I = 176
ROW = np.uint64(176)
WIDE = np.uint64(16)
REST = np.uint64(16)
G0, G1, G2 = np.uint64(32), np.uint64(48), np.uint64(64)
A0, A1, A2, A3, A4, A5 = (np.uint64(80 + 16 * j) for j in range(6))
N0, N1, N2, N3, N4, N5 = (np.uint64(ROW_I + 80 + 16 * j) for j in range(6))
S1, S2, S3, S4, S5 = (np.uint64(16 * j) for j in range(1, 6))


@njit(inline="always")
def load_tile(px, py, rows, columns, rgb, alpha, grad_rgb, grad_alpha, tile):
    """Fill the tile with T = 1, the image's gradient and S before the first Gaussian."""
    for y in range(TILE):
        for x in range(TILE):
            tile[y * ROW_I + x] = ONE
        for x in range(64):
            tile[y * ROW_I + 16 + x] = ZERO
    for y in range(rows):
        for x in range(columns):
            g0 = grad_rgb[py + y, px + x, 0]
            g1 = grad_rgb[py + y, px + x, 1]
            g2 = grad_rgb[py + y, px + x, 2]
            r = y * ROW_I + x
            tile[r + 32] = g0
            tile[r + 48] = g1
            tile[r + 64] = g2
            colour = g0 * rgb[py + y, px + x, 0] + g1 * rgb[py + y, px + x, 1] + g2 * rgb[py + y, px + x, 2]
            tile[r + 16] = colour - (ONE - alpha[py + y, px + x]) * grad_alpha[py + y, px + x]


@njit(inline="always")
def half_rows(y0, y1, offset, fx, fy, a, b, c, o, red, green, blue, tile):
    """Walk one half of rows [y0, y1), updating T and S and leaving the six sums per lane in the accumulators of y1."""
    r = y0 * ROW + A0 + offset
    for j in range(SUM_COUNT):
        for x in range(LANES):
            tile[r + j * WIDE + x] = ZERO
    for y in range(y0, y1):
        dy = f4(np.int32(y)) + fy
        cy = c * dy * dy + o
        by = b * dy
        dy2 = dy * dy
        r = y * ROW + offset
        for x in range(LANES):
            dx = f4(np.int32(x)) + fx
            raw = fast_exp2((a * dx + by) * dx + cy)
            alpha = min(raw, ALPHA_MAX)
            t = tile[r + x]
            alpha = alpha if ((alpha >= ALPHA_MIN) & (t > T_MIN)) else ZERO
            w = alpha * t
            g0 = tile[r + x + G0]
            g1 = tile[r + x + G1]
            g2 = tile[r + x + G2]
            own = w * (g0 * red + g1 * green + g2 * blue)
            rest = tile[r + x + REST] - own
            h = own - alpha * rest / (ONE - alpha)
            h = h if raw < ALPHA_MAX else ZERO
            tile[r + x + REST] = rest
            tile[r + x] = t - w
            tile[r + x + N0] = tile[r + x + A0] + h
            tile[r + x + N1] = tile[r + x + A1] + h * dy
            tile[r + x + N2] = tile[r + x + A2] + h * dy2
            tile[r + x + N3] = tile[r + x + A3] + w * g0
            tile[r + x + N4] = tile[r + x + A4] + w * g1
            tile[r + x + N5] = tile[r + x + A5] + w * g2


@njit(inline="always")
def add_lanes(r, fx, conic_a, conic_b, conic_c, tile, slot, grads):
    """Add the accumulators at `r`, summed over the lanes, to the gradient row `slot`."""
    m0 = ZERO
    mx = ZERO
    my = ZERO
    mxx = ZERO
    mxy = ZERO
    myy = ZERO
    q0 = ZERO
    q1 = ZERO
    q2 = ZERO
    for x in range(LANES):
        dx = f4(np.int32(x)) + fx
        v = tile[r + x] * dx
        m0 += tile[r + x]
        mx += v
        mxx += v * dx
        my += tile[r + x + S1]
        mxy += tile[r + x + S1] * dx
        myy += tile[r + x + S2]
        q0 += tile[r + x + S3]
        q1 += tile[r + x + S4]
        q2 += tile[r + x + S5]
    grads[slot, 0] += conic_a * mx + conic_b * my
    grads[slot, 1] += conic_b * mx + conic_c * my
    grads[slot, 2] += MINUS_HALF * mxx
    grads[slot, 3] -= mxy
    grads[slot, 4] += MINUS_HALF * myy
    grads[slot, 5] += m0
    grads[slot, 6] += q0
    grads[slot, 7] += q1
    grads[slot, 8] += q2


@njit(nogil=True, fastmath=True, cache=True, boundscheck=False, error_model="numpy")
def tile_backward(first, stop, px, py, ids, slots, packed, spans, tile, grads):
    """Gradient rows of list entries [first, stop) of a loaded tile, which touched the rows `spans`."""
    for k in range(first, stop):
        s = ids[k]
        slot = slots[k]
        for j in range(ISECT_GRADS):
            grads[slot, j] = ZERO
        span = spans[k]
        if span == 0:
            continue
        fx = f4(px) + HALF - packed[s, MX]
        fy = f4(py) + HALF - packed[s, MY]
        conic_a = packed[s, CONIC_A]
        conic_b = packed[s, CONIC_B]
        conic_c = packed[s, CONIC_C]
        a = conic_a * TO_SQUARES
        b = conic_b * TO_MIXED
        c = conic_c * TO_SQUARES
        o = packed[s, LOG2_OPACITY]
        red = packed[s, RED]
        green = packed[s, GREEN]
        blue = packed[s, BLUE]
        for h in range(np.uint64(0), np.uint64(2)):
            y0 = np.uint64((span >> np.uint32(16 * h)) & BYTE_MASK)
            y1 = np.uint64((span >> (np.uint32(16 * h) + BYTE_SHIFT)) & BYTE_MASK)
            if y0 >= y1:
                continue
            offset = h * LANES
            hx = fx + f4(np.int32(offset))
            half_rows(y0, y1, offset, hx, fy, a, b, c, o, red, green, blue, tile)
            add_lanes(y1 * ROW + A0 + offset, hx, conic_a, conic_b, conic_c, tile, slot, grads)


@njit(nogil=True, fastmath=True, cache=True, boundscheck=False, error_model="numpy")
def blend_backward(
    begin, end, width, height, tile_starts, ids, slots, packed, last, spans, rgb, alpha, grad_rgb, grad_alpha, grads
):
    """Gradient rows [pairs, 9] of tiles [begin, end): mean (2), conic (3), log opacity, colour (3)."""
    wide = (width + TILE - 1) // TILE
    tile = np.zeros((TILE + 1) * ROW_I, np.float32)
    for t in range(begin, end):
        if tile_starts[t] == tile_starts[t + 1]:
            continue
        py = (t // wide) * TILE
        px = (t % wide) * TILE
        load_tile(px, py, min(TILE, height - py), min(TILE, width - px), rgb, alpha, grad_rgb, grad_alpha, tile)
        for k in range(last[t], tile_starts[t + 1]):
            for j in range(ISECT_GRADS):
                grads[slots[k], j] = ZERO
        tile_backward(tile_starts[t], last[t], px, py, ids, slots, packed, spans, tile, grads)


@njit(nogil=True, fastmath=True, cache=True, boundscheck=False, error_model="numpy")
def gather_rows(begin, end, isect_starts, grads, screen, colour):
    """Sum each Gaussian's rows: `screen` [N, 6] (mean, conic, dL/d log opacity) and `colour` [N, 3]."""
    for g in range(begin, end):
        v0 = ZERO
        v1 = ZERO
        v2 = ZERO
        v3 = ZERO
        v4 = ZERO
        v5 = ZERO
        v6 = ZERO
        v7 = ZERO
        v8 = ZERO
        for k in range(isect_starts[g], isect_starts[g + 1]):
            v0 += grads[k, 0]
            v1 += grads[k, 1]
            v2 += grads[k, 2]
            v3 += grads[k, 3]
            v4 += grads[k, 4]
            v5 += grads[k, 5]
            v6 += grads[k, 6]
            v7 += grads[k, 7]
            v8 += grads[k, 8]
        screen[g, 0] = v0
        screen[g, 1] = v1
        screen[g, 2] = v2
        screen[g, 3] = v3
        screen[g, 4] = v4
        screen[g, 5] = v5
        colour[g, 0] = v6
        colour[g, 1] = v7
        colour[g, 2] = v8
