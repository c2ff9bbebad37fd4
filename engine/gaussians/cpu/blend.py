"""Blending kernels, front to back per 16x16 tile, to float or to bytes.

One flat buffer holds a tile, row y as [T | R | G | B] of 16 floats each: every access is base + constant, so LLVM
proves that nothing aliases and a row of 16 pixels becomes SIMD lanes. A Gaussian touches only its own rows, separately
in the left and the right half of the tile, as far as its ellipse reaches and light still comes through.
"""

from __future__ import annotations

import math

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
NONE = np.int32(0)
SIDE = np.int32(TILE)
ROW = np.uint64(64)
ROW_I = 64
O1 = np.uint64(16)
O2 = np.uint64(32)
O3 = np.uint64(48)
# A tile whose brightest pixel lets nothing through any more is left; looking costs a pass, so it is done rarely.
SATURATION_CHECK = 32
LOG2_ALPHA_MIN = f4(math.log2(ALPHA_MIN))
# The ellipse is taken a little larger and a little higher, so that rounding never costs a pixel.
WIDER = f4(1.002)
WIDEN = f4(0.01)
SLACK = f4(0.02)
# Of a needle whose two large terms cancel, the bounding box must do.
NEEDLE = f4(1e-4)
FOUR = f4(4)
EIGHT = f4(8)
SIXTEEN = f4(16)
BYTES = f4(256)
HALF_BITS = np.uint32(16)
W1, W2, W3, W4, W5, W6, W7, W8, W9, W10 = (np.uint64(SATURATION_CHECK * j) for j in range(1, 11))
WORK = 11 * SATURATION_CHECK
SEVEN_PIXELS = f4(7)
BYTE_SHIFT = np.uint32(8)
BYTE_MASK = np.uint32(255)
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
def alive_rows(tile, h):
    """From which row to which light still comes through half h of the tile; the same twice where there is none."""
    low, high = SIDE, NONE
    for y in range(TILE):
        m = ZERO
        for x in range(8):
            m = max(m, tile[y * ROW_I + h * 8 + x])
        if m > T_MIN:
            low = min(low, np.int32(y))
            high = np.int32(y + 1)
    return min(low, high), high


@njit(inline="always")
def strip_rows(left, my, b, scale, top, reach, d, y0, y1):
    """Rows [low, high) of [y0, y1) that an ellipse reaches between pixel centres `left` and `left` + 7, as floats.

    A strip through an ellipse is highest at the ellipse's highest point or at the edge nearest to it.
    """
    right = left + SEVEN_PIXELS
    xt = min(max(top, left), right)
    xb = min(max(-top, left), right)
    dt = reach - d * xt * xt
    db = reach - d * xb * xb
    upper = (b * xt + math.sqrt(max(dt, ZERO))) * scale - my + SLACK
    lower = (b * xb - math.sqrt(max(db, ZERO))) * scale - my - SLACK
    high = min(max(math.floor(upper) + ONE, ZERO), y1)
    low = max(min(math.ceil(lower), SIXTEEN), y0)
    high = high if min(dt, db) >= ZERO else ZERO
    # of a needle whose two large terms cancel, the box must do
    return low if d > ZERO else y0, high if d > ZERO else y1


@njit(nogil=True, fastmath=True, cache=True, boundscheck=False, error_model="numpy")
def fill_spans(first, stop, px, py, ids, packed, work, spans):
    """Rows that up to 32 list entries reach in both halves of a tile: two bytes for the left half, two for the right.

    The ellipse is a x^2 + b x y + c y^2 + o = log2(ALPHA_MIN). First the entries are laid out in `work` [11 * 32],
    then SIMD takes the square roots of many at once.
    """
    fpx = f4(px) + HALF
    fpy = f4(py) + HALF
    count = np.uint64(stop - first)
    for i in range(count):
        s = ids[first + i]
        work[i] = fpx - packed[s, MX]
        work[i + W1] = fpy - packed[s, MY]
        work[i + W2] = packed[s, CONIC_A]
        work[i + W3] = packed[s, CONIC_B]
        work[i + W4] = packed[s, CONIC_C]
        work[i + W5] = packed[s, LOG2_OPACITY]
        work[i + W6] = packed[s, ROW_BEGIN] - f4(py)
        work[i + W7] = packed[s, ROW_END] - f4(py)
        work[i + W8] = packed[s, COLUMN_BEGIN] - f4(px)
        work[i + W9] = packed[s, COLUMN_END] - f4(px)
    for i in range(count):
        mx = work[i]
        my = work[i + W1]
        a = work[i + W2] * TO_SQUARES
        b = work[i + W3] * TO_MIXED
        c = work[i + W4] * TO_SQUARES
        k = (work[i + W5] - LOG2_ALPHA_MIN) * WIDER + WIDEN
        ac = FOUR * a * c
        d = ac - b * b
        d = d if d > NEEDLE * ac else -ONE
        top = -HALF * (b / a) * math.sqrt(max(-FOUR * a * k / d, ZERO))
        scale = -HALF / c
        reach = -FOUR * c * k
        y0 = max(work[i + W6], ZERO)
        y1 = min(work[i + W7], SIXTEEN)
        low0, high0 = strip_rows(mx, my, b, scale, top, reach, d, y0, y1)
        low1, high1 = strip_rows(mx + EIGHT, my, b, scale, top, reach, d, y0, y1)
        left = low0 + high0 * BYTES
        right = low1 + high1 * BYTES
        left = left if (low0 < high0) & (work[i + W8] < EIGHT) else ZERO
        right = right if (low1 < high1) & (work[i + W9] > EIGHT) else ZERO
        work[i] = left
        work[i + W10] = right
    for i in range(count):
        spans[first + i] = np.uint32(np.int32(work[i])) | (np.uint32(np.int32(work[i + W10])) << HALF_BITS)


@njit(inline="always")
def clear_tile(tile):
    """Transmittance 1, colour 0."""
    for y in range(TILE):
        for x in range(TILE):
            tile[y * ROW_I + x] = ONE
        for x in range(48):
            tile[y * ROW_I + 16 + x] = ZERO


@njit(nogil=True, fastmath=True, cache=True, boundscheck=False, error_model="numpy")
def blend_tile(first, stop, px, py, ids, packed, tile, spans):
    """Blend list entries [first, stop) into `tile`, upper left pixel (px, py); returns one past the last used.

    `spans` keeps the rows touched by each entry: two bytes for the left half, two for the right.
    """
    clear_tile(tile)
    low0, high0 = NONE, SIDE
    low1, high1 = NONE, SIDE
    fpx = f4(px) + HALF
    fpy = f4(py) + HALF
    work = np.empty(WORK, np.float32)
    for begin in range(first, stop, SATURATION_CHECK):
        end = min(begin + SATURATION_CHECK, stop)
        fill_spans(begin, end, px, py, ids, packed, work, spans)
        for k in range(begin, end):
            span = spans[k]
            if span == 0:
                continue
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
            kept = np.uint32(0)
            for h in range(np.uint64(0), np.uint64(2)):
                shift = np.uint32(16 * h)
                low = max(np.int32((span >> shift) & BYTE_MASK), low0 if h == 0 else low1)
                high = min(np.int32((span >> (shift + BYTE_SHIFT)) & BYTE_MASK), high0 if h == 0 else high1)
                if low >= high:
                    continue
                kept |= (np.uint32(low) | (np.uint32(high) << BYTE_SHIFT)) << shift
                hx = mx + f4(np.int32(h * LANES))
                for y in range(np.uint64(low), np.uint64(high)):
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
            spans[k] = kept
        low0, high0 = alive_rows(tile, 0)
        low1, high1 = alive_rows(tile, 1)
        if low0 >= high0 and low1 >= high1:
            return end
    return stop


@njit(nogil=True, fastmath=True, cache=True, boundscheck=False, error_model="numpy")
def blend_forward(begin, end, width, height, tile_starts, ids, packed, rgb, alpha, last, spans):
    """Premultiplied colour [H, W, 3] and alpha [H, W] of tiles [begin, end).

    `last` keeps where each list was left, `spans` the rows each of its entries touched.
    """
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
        last[t] = blend_tile(first, stop, px, py, ids, packed, tile, spans)
        for y in range(rows):
            for x in range(columns):
                q = y * ROW_I + x
                alpha[py + y, px + x] = ONE - tile[q]
                rgb[py + y, px + x, 0] = tile[q + 16]
                rgb[py + y, px + x, 1] = tile[q + 32]
                rgb[py + y, px + x, 2] = tile[q + 48]


@njit(nogil=True, fastmath=True, cache=True, boundscheck=False, error_model="numpy")
def blend_bytes(begin, end, width, height, tile_starts, ids, packed, plate, image, spans):
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
        blend_tile(first, stop, px, py, ids, packed, tile, spans)
        for y in range(rows):
            for x in range(columns):
                q = y * ROW_I + x
                for j in range(3):
                    value = tile[q + 16 + 16 * j] * BYTE + tile[q] * f4(plate[py + y, px + x, j]) + HALF
                    image[py + y, px + x, j] = np.uint8(np.int32(min(max(value, ZERO), BYTE)))
