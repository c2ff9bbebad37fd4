"""Light, plate, difference and its gradient in one pass over the picture."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from emotalker.engine.gaussians.cpu.threads import for_chunks, split

F32 = NDArray[np.float32]
f4 = np.float32
ROWS = 16
"""Picture rows of one piece of work; also the order of the sums, whatever the number of threads."""


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _rows(begin, end, rgb, alpha, light, plate, target, importance, tolerance, g_rgb, g_alpha, sums):  # type: ignore[no-untyped-def]
    inverse = f4(1) / tolerance
    for y in range(begin, end):
        total = f4(0)
        for x in range(rgb.shape[1]):
            a = alpha[y, x]
            g0, g1, g2, over = f4(0), f4(0), f4(0), f4(0)
            for c in range(3):
                back = plate[y, x, c]
                lit = light[c, 0] * rgb[y, x, 0] + light[c, 1] * rgb[y, x, 1] + light[c, 2] * rgb[y, x, 2]
                away = (lit + light[c, 3] * a + (f4(1) - a) * back - target[y, x, c]) * inverse
                root = np.sqrt(f4(1) + away * away)
                total += importance[y, x] * (root - f4(1))
                # d/da of 2 t^2 (sqrt(1 + (a/t)^2) - 1) is 2 a / root
                e = f4(2) * tolerance * importance[y, x] * away / root
                g0 += light[c, 0] * e
                g1 += light[c, 1] * e
                g2 += light[c, 2] * e
                over += (light[c, 3] - back) * e
            g_rgb[y, x, 0], g_rgb[y, x, 1], g_rgb[y, x, 2], g_alpha[y, x] = g0, g1, g2, over
        sums[begin // ROWS] += f4(2) * tolerance * tolerance * total


def difference(
    rgb: F32, alpha: F32, light: F32, plate: F32, target: F32, importance: F32, tolerance: float
) -> tuple[float, F32, F32]:
    """Pseudo-Huber difference of a lit render over its plate from a recorded picture.

    Args:
        rgb: premultiplied colours [H, W, 3].
        alpha: [H, W].
        light: colour transform [3, 4].
        plate: background [H, W, 3].
        target: recorded picture [H, W, 3].
        importance: weight of each pixel [H, W].
        tolerance: difference beyond which the cost grows only linearly; below it is the square.

    Returns:
        The weighted sum, and its derivatives by rgb [H, W, 3] and alpha [H, W].
    """
    g_rgb, g_alpha = np.empty_like(rgb), np.empty_like(alpha)
    chunks = split(len(rgb), ROWS)
    sums = np.zeros(len(chunks))
    for_chunks(_rows, chunks, rgb, alpha, light, plate, target, importance, f4(tolerance), g_rgb, g_alpha, sums)
    return float(sums.sum()), g_rgb, g_alpha
