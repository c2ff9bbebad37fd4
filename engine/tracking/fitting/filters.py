"""Smoothing that keeps what is quick: each moment is averaged over the longest span in which it moves as a parabola.

Local polynomials whose window follows from the data by intersecting confidence intervals (Goldenshluger and Nemirovski
1997; Katkovnik, "A new method for varying adaptive bandwidth selection", IEEE TSP 1999). A slow nod is smoothed as much
as a still head, while a blink or a closing of the lips bends too much for any long window and passes as it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

F64 = NDArray[np.float64]
HALVES = (0, 1, 2, 3, 5, 8, 12)
"""Frames on each side of the windows that compete; the mean of three up to the parabola through 25."""
DOUBT = 2.75
"""Standard errors that two windows may disagree by before the longer one is taken to bend."""
CALM_SHARE = 0.3
CALM_WINDOW = 9
LOUDEST = 1.3
"""Times the median noise that a single point's is taken for at most: what is always in motion is no noise."""
CHOICE_WINDOW = 5
BLOCK = 64
"""Points smoothed at once; all of a long clip's would take several times the memory."""


def smooth(points: NDArray[np.floating]) -> F64:
    """Points [T, n, d] of T frames, each followed by itself; without lag.

    All coordinates of a point share one window. The noise is judged from the calmest frames of the clip, so that the
    result does not depend on the points' unit.
    """
    x = np.asarray(points, np.float64)
    if len(x) < 2 * HALVES[1] + 1:
        return x.copy()
    noise = noise_of(x)
    noise = np.minimum(noise, LOUDEST * np.median(noise))
    blocks = np.array_split(np.arange(x.shape[1]), max(1, -(-x.shape[1] // BLOCK)))
    return np.concatenate([_smoothed(x[:, some], noise[some]) for some in blocks], 1)


def noise_of(points: F64) -> F64:
    """Standard deviation of the frame-to-frame noise of points [T, n, d], a coordinate's mean, in calm frames [n].

    Third differences leave nothing of motion that is a parabola over four frames.
    """
    if len(points) < 4:
        return np.zeros(points.shape[1])
    third = points[3:] - 3 * points[2:-1] + 3 * points[1:-2] - points[:-3]
    energy = np.square(third).mean(-1) / 20  # 1 + 9 + 9 + 1: the variance of white noise after the difference
    around = uniform_filter1d(energy, CALM_WINDOW, axis=0, mode="nearest")
    return np.asarray(np.sqrt(np.quantile(around, CALM_SHARE, axis=0)))


def _smoothed(x: F64, noise: F64) -> F64:
    """Points [T, n, d] averaged over the windows that their noise [n] lets stand."""
    estimates, errors = [], []
    for half in HALVES:
        if half >= len(x):
            break
        kernel = _kernel(half)
        padded = _extended(x, half)
        estimates.append(sum(k * padded[j : j + len(x)] for j, k in enumerate(kernel)))
        errors.append(float(np.linalg.norm(kernel)))
    stands = np.ones(x.shape[:2], bool)
    choice = np.zeros(x.shape[:2])
    for i in range(1, len(estimates)):
        for k in range(i):
            apart = np.linalg.norm(estimates[i] - estimates[k], axis=-1)
            stands &= apart <= DOUBT * noise * (errors[i] + errors[k])
        choice += stands
    # the choice itself changes smoothly, so that nothing jumps from one window's answer to another's, and never upwards
    choice = minimum_filter1d(choice, CHOICE_WINDOW, axis=0, mode="nearest")
    choice = uniform_filter1d(choice, CHOICE_WINDOW, axis=0, mode="nearest")
    lower = np.minimum(choice.astype(int), len(estimates) - 1)
    share = (choice - lower)[..., None]
    every, frame, point = np.stack(estimates), *np.ogrid[: x.shape[0], : x.shape[1]]
    upper = np.minimum(lower + 1, len(estimates) - 1)
    return np.asarray((1 - share) * every[lower, frame, point] + share * every[upper, frame, point])


def _kernel(half: int) -> F64:
    """Weights [2 half + 1] whose sum over a window is the middle of its best mean (half < 2) or parabola."""
    t = np.arange(-half, half + 1) / max(half, 1)
    powers = np.vander(t, 3 if half > 1 else 1, increasing=True)
    return np.asarray(np.linalg.pinv(powers)[0])


def _extended(x: F64, half: int) -> F64:
    """`x` [T, ...] with `half` frames more at each end, turned about the end so that straight motion goes on."""
    if not half:
        return x
    return np.concatenate([2 * x[:1] - x[half:0:-1], x, 2 * x[-1:] - x[-2 : -half - 2 : -1]])
