"""Sharper mattes: a person segmenter's outline is soft and a few pixels off; the known background tells more."""

from __future__ import annotations

import cv2
import numpy as np
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
    apart = np.abs(image - plate).max(-1)
    person = (matte > SURE_IN).astype(np.float32)
    covered = cv2.boxFilter(person, -1, (side, side))
    usual = cv2.boxFilter(apart * person, -1, (side, side)) / np.maximum(covered, 1e-6)
    usual = np.where(covered > 1e-3, usual, 0)
    estimate = np.clip(apart / np.maximum(SPAN * usual, 1e-3), 0, 1)
    band = (matte > SURE_OUT) & (matte < SURE_IN)
    weight = np.where(band, DOUBT * np.clip(usual / CLEAR, 0, 1) ** 2, 1).astype(np.float32)
    return np.where(band, estimate, matte).astype(np.float32), weight
