"""Blending kernels, front to back per 16x16 tile, to float or to bytes.

One flat buffer holds a tile, row y as [T | R | G | B] of 16 floats each: every access is base + constant, so LLVM
proves that nothing aliases and a row of 16 pixels becomes SIMD lanes. A Gaussian touches only its own rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from emotalker.engine.gaussians.cpu.constants import (
    ALPHA_MAX,
    ALPHA_MIN,
    BLUE,
    COLUMN_BEGIN,
    COLUMN_END,
    CONIC_A,
    CONIC_B,
    CONIC_C,
    GREEN,
    HALF,
    LOG2_OPACITY,
    MX,
    MY,
    ONE,
    RED,
    ROW_BEGIN,
    ROW_END,
    T_MIN,
    TILE,
    ZERO,
    f4,
)

LANES = np.uint64(8)
HALF_SHIFT = np.int32(3)
SEVEN = np.int32(7)
NONE = np.int32(0)
SIDE = np.int32(TILE)
ROW = np.uint64(64)
ROW_I = 64
O1 = np.uint64(16)
O2 = np.uint64(32)
O3 = np.uint64(48)
# A tile whose brightest pixel lets nothing through any more is left; looking costs a pass, so it is done rarely.
SATURATION_CHECK = 32
BYTE = f4(255)

# Minimax polynomial of 2^f on (-1, 0].
EXP_C0 = f4(0.9999999232135747)
EXP_C1 = f4(0.6931421710941087)
EXP_C2 = f4(0.24017158845671432)
EXP_C3 = f4(0.05527813501969318)
EXP_C4 = f4(0.009186874378578333)
EXP_C5 = f4(0.0009381164725738978)
EXP_LOWEST = f4(-115.0)
EXPONENT_BIAS = np.int32(127)
MANTISSA_BITS = np.int32(23)
# Turn a conic into the exponent of two: -1/2 log2(e) for the squares, -log2(e) for the mixed term.
TO_SQUARES = f4(-0.5 * 1.4426950408889634)
TO_MIXED = f4(-1.4426950408889634)


@njit(inline="always")
def fast_exp2(x):
    """2^x for x in [-115, 0], a little above 0 at most; relative error below 2e-7.

    Only float32 and int32, so it vectorises without SVML.
    """
    z = max(x, EXP_LOWEST)
    whole = np.int32(z)
    f = z - f4(whole)
    p = EXP_C4 + f * EXP_C5
    p = EXP_C3 + f * p
    p = EXP_C2 + f * p
    p = EXP_C1 + f * p
    p = EXP_C0 + f * p
    return p * np.int32((whole + EXPONENT_BIAS) << MANTISSA_BITS).view(np.float32)


@njit(inline="always")
def row_span(packed, s, py):
    """The tile's rows that Gaussian s touches."""
    low = max(np.int32(packed[s, ROW_BEGIN]) - np.int32(py), NONE)
    high = min(np.int32(packed[s, ROW_END]) - np.int32(py), SIDE)
    return np.uint64(low), np.uint64(high)


@njit(inline="always")
def half_span(packed, s, px):
    """The tile's halves (0: left, 1: right) that Gaussian s touches; most small ones touch one."""
    low = max(np.int32(packed[s, COLUMN_BEGIN]) - np.int32(px), NONE)
    high = min(np.int32(packed[s, COLUMN_END]) - np.int32(px), SIDE)
    return np.uint64(low >> HALF_SHIFT), np.uint64((high + SEVEN) >> HALF_SHIFT)


@njit(inline="always")
def saturated(tile):
    """Whether no pixel of the tile lets light through any more."""
    m = ZERO
    for y in range(TILE):
        for x in range(16):
            m = max(m, tile[y * ROW_I + x])
    return m <= T_MIN


@njit(inline="always")
def clear_tile(tile):
    """Transmittance 1, colour 0."""
    for y in range(TILE):
        for x in range(TILE):
            tile[y * ROW_I + x] = ONE
        for x in range(48):
            tile[y * ROW_I + 16 + x] = ZERO


@njit(nogil=True, fastmath=True, cache=True, boundscheck=False, error_model="numpy")
def blend_tile(first, stop, px, py, ids, packed, tile):
    """Blend list entries [first, stop) into `tile`, upper left pixel (px, py); returns one past the last used."""
    clear_tile(tile)
    since = 0
    fpx = f4(px) + HALF
    fpy = f4(py) + HALF
    for k in range(first, stop):
        s = ids[k]
        mx = fpx - packed[s, MX]
        my = fpy - packed[s, MY]
        a = packed[s, CONIC_A] * TO_SQUARES
        b = packed[s, CONIC_B] * TO_MIXED
        c = packed[s, CONIC_C] * TO_SQUARES
        o = packed[s, LOG2_OPACITY]
        red = packed[s, RED]
        green = packed[s, GREEN]
        blue = packed[s, BLUE]
        y0, y1 = row_span(packed, s, py)
        h0, h1 = half_span(packed, s, px)
        for h in range(h0, h1):
            hx = mx + f4(np.int32(h * LANES))
            for y in range(y0, y1):
                dy = f4(np.int32(y)) + my
                cy = c * dy * dy + o
                by = b * dy
                r = y * ROW + h * LANES
                for x in range(LANES):
                    dx = f4(np.int32(x)) + hx
                    power = (a * dx + by) * dx + cy
                    alpha = min(fast_exp2(power), ALPHA_MAX)
                    t = tile[r + x]
                    alpha = alpha if ((alpha >= ALPHA_MIN) & (t > T_MIN)) else ZERO
                    w = alpha * t
                    tile[r + x] = t - w
                    tile[r + x + O1] += w * red
                    tile[r + x + O2] += w * green
                    tile[r + x + O3] += w * blue
        since += 1
        if since == SATURATION_CHECK:
            since = 0
            if saturated(tile):
                return k + 1
    return stop


@njit(nogil=True, fastmath=True, cache=True, boundscheck=False, error_model="numpy")
def blend_forward(begin, end, width, height, tile_starts, ids, packed, rgb, alpha, last):
    """Premultiplied colour [H, W, 3] and alpha [H, W] of tiles [begin, end); `last` keeps where each list was left."""
    wide = (width + TILE - 1) // TILE
    tile = np.empty(TILE * ROW_I, np.float32)
    for t in range(begin, end):
        py = (t // wide) * TILE
        px = (t % wide) * TILE
        rows = min(TILE, height - py)
        columns = min(TILE, width - px)
        first = tile_starts[t]
        stop = tile_starts[t + 1]
        if first == stop:
            last[t] = stop
            for y in range(rows):
                for x in range(columns):
                    alpha[py + y, px + x] = ZERO
                    for j in range(3):
                        rgb[py + y, px + x, j] = ZERO
            continue
        last[t] = blend_tile(first, stop, px, py, ids, packed, tile)
        for y in range(rows):
            for x in range(columns):
                q = y * ROW_I + x
                alpha[py + y, px + x] = ONE - tile[q]
                rgb[py + y, px + x, 0] = tile[q + 16]
                rgb[py + y, px + x, 1] = tile[q + 32]
                rgb[py + y, px + x, 2] = tile[q + 48]


@njit(nogil=True, fastmath=True, cache=True, boundscheck=False, error_model="numpy")
def blend_bytes(begin, end, width, height, tile_starts, ids, packed, plate, image):
    """Colour over the plate (uint8 [H, W, 3]) of tiles [begin, end) straight to bytes [H, W, 3]."""
    wide = (width + TILE - 1) // TILE
    tile = np.empty(TILE * ROW_I, np.float32)
    for t in range(begin, end):
        py = (t // wide) * TILE
        px = (t % wide) * TILE
        rows = min(TILE, height - py)
        columns = min(TILE, width - px)
        first = tile_starts[t]
        stop = tile_starts[t + 1]
        if first == stop:
            for y in range(rows):
                for x in range(columns):
                    for j in range(3):
                        image[py + y, px + x, j] = plate[py + y, px + x, j]
            continue
        blend_tile(first, stop, px, py, ids, packed, tile)
        for y in range(rows):
            for x in range(columns):
                q = y * ROW_I + x
                for j in range(3):
                    value = tile[q + 16 + 16 * j] * BYTE + tile[q] * f4(plate[py + y, px + x, j]) + HALF
                    image[py + y, px + x, j] = np.uint8(np.int32(min(max(value, ZERO), BYTE)))
