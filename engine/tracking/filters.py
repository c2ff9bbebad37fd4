"""Smoothing that keeps what is quick: each moment is averaged over the longest span in which it moves as a parabola.

Local polynomials whose window follows from the data by intersecting confidence intervals (Goldenshluger and Nemirovski
1997; Katkovnik, "A new method for varying adaptive bandwidth selection", IEEE TSP 1999). A slow nod is smoothed as much
as a still head, while a blink or a closing of the lips bends too much for any long window and passes as it is. The
windows fade out like Gaussians: one that ends at once lets much of the quick noise through, in its side lobes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, minimum_filter1d, uniform_filter1d

F64 = NDArray[np.float64]
SPREADS = (0.0, 0.5, 0.8, 1.7, 2.4, 3.4, 4.8)
"""Standard deviations of the Gaussian windows that compete, frames."""
STRAIGHT = 1.0
"""From this spread on a window fits a parabola, which keeps a slow nod's bend; shorter ones are plain means. A parabola
only pays well beyond the longest mean: at the same spread it is the noisier of the two."""
REACH = 3.0
"""Spreads after which a window ends."""
DOUBT = 6.0
"""Standard errors that two windows may disagree by before the longer one is taken to bend; more than for white noise,
because a landmark network's error follows the moving head and is not white."""
DOUBT_WINDOW = 3
CALM_SHARE = 0.3
CALM_WINDOW = 9
LOUDEST = 1.3
"""Times the median noise that a single point's is taken for at most: what is always in motion is no noise."""
LOWEST_WINDOW, CHOICE_WINDOW = 3, 5
BLOCK = 64
"""Points smoothed at once; all of a long clip's would take several times the memory."""


def smooth(points: NDArray[np.floating]) -> F64:
    """Points [T, n, d] of T frames, each followed by itself; without lag.

    All coordinates of a point share one window. The noise is judged from the calmest frames of the clip, so that the
    result does not depend on the points' unit.
    """
    x = np.asarray(points, np.float64)
    if len(x) < 3:
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
    kernels = [k for k in map(_kernel, SPREADS) if len(k) // 2 < len(x)]
    estimates = [_averaged(x, kernel) for kernel in kernels]
    stands = np.ones(x.shape[:2], bool)
    choice = np.zeros(x.shape[:2])
    for i in range(1, len(kernels)):
        for k in range(i):
            apart = np.square(estimates[i] - estimates[k]).mean(-1)
            apart = uniform_filter1d(apart, DOUBT_WINDOW, axis=0, mode="nearest")
            between = kernels[i] - np.pad(kernels[k], (len(kernels[i]) - len(kernels[k])) // 2)
            stands &= apart <= np.square(DOUBT * noise) * np.square(between).sum()
        choice += stands
    # the choice itself changes smoothly, so that nothing jumps from one window's answer to another's
    choice = minimum_filter1d(choice, LOWEST_WINDOW, axis=0, mode="nearest")
    choice = uniform_filter1d(choice, CHOICE_WINDOW, axis=0, mode="nearest")
    lower = np.minimum(choice.astype(int), len(estimates) - 1)
    share = (choice - lower)[..., None]
    every, frame, point = np.stack(estimates), *np.ogrid[: x.shape[0], : x.shape[1]]
    upper = np.minimum(lower + 1, len(estimates) - 1)
    return np.asarray((1 - share) * every[lower, frame, point] + share * every[upper, frame, point])


def _kernel(spread: float) -> F64:
    """Weights [2 half + 1] whose sum over a window is the middle of its weighted mean or best parabola."""
    half = int(np.ceil(REACH * spread))
    t = np.arange(-half, half + 1) / max(half, 1)
    weights = np.exp(-0.5 * np.square(t * half / spread)) if half else np.ones(1)
    powers = np.vander(t, 3 if spread >= STRAIGHT else 1, increasing=True)
    weighted = powers.T * weights
    return np.asarray(np.linalg.solve(weighted @ powers, weighted)[0])


def _averaged(x: F64, kernel: F64) -> F64:
    """`x` [T, ...] averaged with the weights `kernel` [2 half + 1]."""
    half = len(kernel) // 2
    return np.asarray(correlate1d(_extended(x, half), kernel, axis=0)[half : half + len(x)])


def _extended(x: F64, half: int) -> F64:
    """`x` [T, ...] with `half` frames more at each end, turned about the end so that straight motion goes on."""
    if not half:
        return x
    return np.concatenate([2 * x[:1] - x[half:0:-1], x, 2 * x[-1:] - x[-2 : -half - 2 : -1]])
