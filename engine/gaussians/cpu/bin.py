"""Depth order and tile lists: a radix sort, then one scatter that visits Gaussians front to back."""

from __future__ import annotations

import numpy as np
from numba import njit

BUCKETS = 2048
MASK = np.uint32(2047)
SHIFT1 = np.uint32(11)
SHIFT2 = np.uint32(22)


@njit(nogil=True, cache=True)
def depth_order(depth, order, spare, keys, spare_keys):
    """Stable argsort of non-negative float32 depths into `order`, in three passes of 11 bits.

    The bit pattern of a non-negative float grows with its value, so the bits are the key.
    """
    n = depth.shape[0]
    histogram = np.zeros((3, BUCKETS), np.int32)
    for i in range(n):
        key = np.float32(depth[i]).view(np.uint32)
        keys[i] = key
        order[i] = i
        histogram[0, key & MASK] += 1
        histogram[1, (key >> SHIFT1) & MASK] += 1
        histogram[2, key >> SHIFT2] += 1
    for p in range(3):
        total = 0
        for j in range(BUCKETS):
            c = histogram[p, j]
            histogram[p, j] = total
            total += c
    for i in range(n):
        key = keys[i]
        bucket = key & MASK
        d = histogram[0, bucket]
        histogram[0, bucket] = d + 1
        spare_keys[d] = key
        spare[d] = order[i]
    for i in range(n):
        key = spare_keys[i]
        bucket = (key >> SHIFT1) & MASK
        d = histogram[1, bucket]
        histogram[1, bucket] = d + 1
        keys[d] = key
        order[d] = spare[i]
    for i in range(n):
        bucket = keys[i] >> SHIFT2
        d = histogram[2, bucket]
        histogram[2, bucket] = d + 1
        spare[d] = order[i]
    for i in range(n):
        order[i] = spare[i]


@njit(nogil=True, cache=True)
def count_tiles(tiles, rect, tiles_wide, tile_starts, isect_starts):
    """Where each tile's list (`tile_starts` [tiles + 1]) and each Gaussian's pairs (`isect_starts` [N + 1]) begin.

    Returns the number of (Gaussian, tile) pairs.
    """
    n = tiles.shape[0]
    for t in range(tile_starts.shape[0]):
        tile_starts[t] = 0
    total = 0
    for g in range(n):
        isect_starts[g] = total
        total += tiles[g]
        for ty in range(rect[g, 2], rect[g, 3]):
            for tx in range(rect[g, 0], rect[g, 1]):
                tile_starts[ty * tiles_wide + tx + 1] += 1
    isect_starts[n] = total
    for t in range(1, tile_starts.shape[0]):
        tile_starts[t] += tile_starts[t - 1]
    return total


@njit(nogil=True, cache=True)
def fill_tiles(order, rect, tiles_wide, tile_starts, isect_starts, cursor, ids, slots):
    """Fill the tile lists front to back: `ids` the Gaussian, `slots` the row of its gradient for this tile."""
    for t in range(tile_starts.shape[0] - 1):
        cursor[t] = tile_starts[t]
    for s in range(order.shape[0]):
        g = order[s]
        slot = isect_starts[g]
        for ty in range(rect[g, 2], rect[g, 3]):
            for tx in range(rect[g, 0], rect[g, 1]):
                t = ty * tiles_wide + tx
                d = cursor[t]
                cursor[t] = d + 1
                ids[d] = g
                slots[d] = slot
                slot += 1
