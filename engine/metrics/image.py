"""Picture against picture: PSNR and SSIM, and the sharpness measure CPBD that needs no second picture."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

Image = NDArray[Any]
"""sRGB [H, W, 3], u8 or float in [0, 1]."""

# Equal pictures have no finite PSNR; averages need one.
MOST_PSNR = 100.0

# Narvekar and Karam 2011: block side, share of edge pixels that makes an edge block, and the just noticeable blur:
# the width in pixels of an edge in a block of low (up to 50 of 255) and of high contrast.
BLOCK = 64
EDGE_SHARE = 0.002
LOW_CONTRAST = 50
JNB_LOW, JNB_HIGH = 5.0, 3.0


def as_float(image: Image) -> NDArray[np.float32]:
    """The picture as float32 in [0, 1]."""
    floats = np.asarray(image, np.float32)
    return floats / np.float32(255) if image.dtype == np.uint8 else floats


def psnr(image: Image, target: Image, mask: NDArray[np.bool_] | None = None) -> float:
    """Peak signal-to-noise ratio in dB, peak 1, over all channels; 100 for equal pictures.

    Args:
        image: [H, W, 3], u8 or float in [0, 1].
        target: the recorded picture, same shape.
        mask: pixels to count [H, W]; all by default.

    Raises:
        ValueError: if the shapes differ or the mask is empty.
    """
    if image.shape != target.shape or (mask is not None and not mask.any()):
        raise ValueError(f"cannot compare {image.shape} with {target.shape}" if mask is None else "nothing to compare")
    squared = (as_float(image).astype(np.float64) - as_float(target)) ** 2
    error = float(squared.mean() if mask is None else squared[mask].mean())
    return min(-10 * math.log10(error), MOST_PSNR) if error > 0 else MOST_PSNR


def ssim(image: Image, target: Image) -> float:
    """Structural similarity (Wang et al. 2004) as scikit-image computes it with `gaussian_weights`.

    Data range 1, K1 .01, K2 .03, Gaussian window of 11 taps and sigma 1.5, population covariance; each channel alone,
    mean over pixels whose window lies in the picture (a margin of 5 is left out) and over channels.

    Raises:
        ValueError: if the shapes differ or a side is under 11 pixels.
    """
    if image.shape != target.shape or min(image.shape[:2]) < 11:
        raise ValueError(f"cannot compare {image.shape} with {target.shape}")
    x, y = as_float(image).astype(np.float64), as_float(target).astype(np.float64)
    mean_x, mean_y = _blur(x), _blur(y)
    var_x, var_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    index = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))
    return float(index[5:-5, 5:-5].mean())


def _blur(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(image, (11, 11), 1.5), np.float64)


def cpbd(image: Image) -> float:
    """Cumulative probability of blur detection (Narvekar and Karam 2011): share of edges that look sharp, 0..1.

    Own implementation from the paper: blocks of 64x64 whose Canny edges cover more than 0.2 %; in them every upright
    Sobel edge is measured along its row between the extrema of brightness on both sides. The paper calls an edge sharp
    when its blur is detected with a probability 1 - exp(-(width / JNB)^3.6) of at most 1 - 1/e, which is to say when
    it is no wider than the just noticeable blur JNB of its block. 0 if the picture has no edge.

    Args:
        image: [H, W, 3], u8 or float in [0, 1], sides of at least 64 pixels.
    """
    rgb = np.rint(as_float(image) * 255).astype(np.uint8)
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    canny = cv2.Canny(cv2.GaussianBlur(grey, (5, 5), 1.0), 20, 50) > 0
    widths = _edge_widths(grey.astype(np.float64), _upright_edges(grey))
    sharp = total = 0
    for top in range(0, grey.shape[0] - BLOCK + 1, BLOCK):
        for left in range(0, grey.shape[1] - BLOCK + 1, BLOCK):
            here = np.s_[top : top + BLOCK, left : left + BLOCK]
            if canny[here].mean() <= EDGE_SHARE:
                continue
            found = widths[here][widths[here] > 0]
            contrast = int(grey[here].max()) - int(grey[here].min())
            sharp += int((found <= (JNB_LOW if contrast <= LOW_CONTRAST else JNB_HIGH)).sum())
            total += len(found)
    return sharp / total if total else 0.0


def _upright_edges(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Sobel edges across rows, thinned to one pixel; the threshold is twice the root mean square of the gradient."""
    gradient = cv2.Sobel(grey, cv2.CV_64F, 1, 0)
    strength = gradient**2
    edges = strength > 4 * strength.mean()
    edges[:, 1:-1] &= (strength[:, 1:-1] >= strength[:, :-2]) & (strength[:, 1:-1] > strength[:, 2:])
    edges[:, [0, -1]] = False
    return np.asarray(edges, np.bool_)


@njit(nogil=True, cache=True)
def _edge_widths(grey, edges):  # type: ignore[no-untyped-def]
    """Width in pixels of each edge [H, W]: way along the row between the extrema around it; 0 where there is none."""
    height, width = grey.shape
    out = np.zeros((height, width))
    for y in range(height):
        for x in range(1, width - 1):
            if not edges[y, x]:
                continue
            sign = 1.0 if grey[y, x + 1] >= grey[y, x - 1] else -1.0
            left, right = x, x
            while left > 0 and sign * (grey[y, left] - grey[y, left - 1]) > 0:
                left -= 1
            while right < width - 1 and sign * (grey[y, right + 1] - grey[y, right]) > 0:
                right += 1
            out[y, x] = right - left
    return out
