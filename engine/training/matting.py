"""Sharper mattes: a person segmenter's outline is soft and a few pixels off; the known background tells more."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

F32 = NDArray[np.float32]
SURE_OUT, SURE_IN = 0.02, 0.98
"""Matte below and above which the segmenter is believed."""
REACH = 0.05
"""How far around a pixel the person's usual difference from the background is looked for, in parts of the side."""
CLEAR = 0.15
"""Difference from the background, in [0, 1], at which a pixel can be told apart from it with certainty."""
SPAN = 0.6
"""Share of the usual difference at which a pixel counts as wholly covered."""
DOUBT = 0.5
"""Most that a pixel of the uncertain band counts; the colours decide the rest."""


def sharpened(image: F32, matte: F32, plate: F32) -> tuple[F32, F32]:
    """A matte corrected where the segmenter is unsure, and how much to believe each pixel.

    In the uncertain band a pixel is covered as far as it differs from the background plate, measured by how much the
    person nearby differs from it. Where the person looks like the background the band stays open.

    Args:
        image: the frame [S, S, 3] in [0, 1].
        matte: the segmenter's matte [S, S] in [0, 1].
        plate: the background [S, S, 3] in [0, 1].

    Returns:
        Matte [S, S] in [0, 1] and its weight [S, S] in [0, 1].
    """
    side = 2 * int(REACH * len(matte)) + 1
    apart, person, both = (np.empty(matte.shape, np.float32) for _ in range(3))
    _differences(image, matte, plate, apart, person, both)
    covered, usual = (cv2.boxFilter(plane, -1, (side, side)) for plane in (person, both))
    _corrected(matte, apart, covered, usual, person, both)
    return person, both


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _differences(image, matte, plate, apart, person, both):  # type: ignore[no-untyped-def]
    """Largest difference of the channels from the plate, whether the person is surely there, and their product."""
    for y in range(matte.shape[0]):
        for x in range(matte.shape[1]):
            a, b = abs(image[y, x, 0] - plate[y, x, 0]), abs(image[y, x, 1] - plate[y, x, 1])
            most = max(max(a, b), abs(image[y, x, 2] - plate[y, x, 2]))
            inside = np.float32(1) if matte[y, x] > SURE_IN else np.float32(0)
            apart[y, x] = most
            person[y, x] = inside
            both[y, x] = inside * most


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _corrected(matte, apart, covered, usual, sharp, weight):  # type: ignore[no-untyped-def]
    """The corrected matte and its weight, from means around each pixel."""
    for y in range(matte.shape[0]):
        for x in range(matte.shape[1]):
            m = matte[y, x]
            sharp[y, x] = m
            weight[y, x] = 1
            if SURE_OUT < m < SURE_IN:
                near = usual[y, x] / max(covered[y, x], np.float32(1e-6)) if covered[y, x] > 1e-3 else np.float32(0)
                sharp[y, x] = min(apart[y, x] / max(np.float32(SPAN) * near, np.float32(1e-3)), np.float32(1))
                trust = min(near / np.float32(CLEAR), np.float32(1))
                weight[y, x] = np.float32(DOUBT) * trust * trust
