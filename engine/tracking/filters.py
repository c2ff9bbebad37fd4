"""The One-Euro filter: still when the signal is still, quick when it moves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


class OneEuro:
    """Low-pass filter whose cut-off rises with speed (Casiez, Roussel and Vogel, CHI 2012).

    Args:
        fps: samples per second.
        min_cutoff: cut-off frequency of a still signal, Hz; lower is smoother.
        beta: how much the cut-off rises per unit of speed (1 / unit); higher lags less.
        speed_cutoff: cut-off frequency of the speed estimate, Hz.
    """

    def __init__(self, fps: float, min_cutoff: float = 1.0, beta: float = 0.05, speed_cutoff: float = 1.0) -> None:
        self.fps, self.min_cutoff, self.beta, self.speed_cutoff = fps, min_cutoff, beta, speed_cutoff
        self._value: F64 | None = None
        self._speed: F64 | None = None

    def __call__(self, sample: NDArray[np.floating]) -> F64:
        """The filtered value of the next sample, any shape, the same each time."""
        x = np.asarray(sample, np.float64)
        if self._value is None or self._speed is None:
            self._value, self._speed = x.copy(), np.zeros_like(x)
            return self._value
        self._speed = _blend(self._speed, (x - self._value) * self.fps, _gain(self.speed_cutoff, self.fps))
        self._value = _blend(self._value, x, _gain(self.min_cutoff + self.beta * np.abs(self._speed), self.fps))
        return self._value


def smooth(samples: NDArray[np.floating], fps: float, min_cutoff: float, beta: float, speed_cutoff: float = 1.0) -> F64:
    """A whole signal [T, ...] filtered forwards and backwards and averaged, which cancels the lag."""
    passes = []
    for order in (1, -1):
        one = OneEuro(fps, min_cutoff, beta, speed_cutoff)
        passes.append(np.stack([one(x).copy() for x in samples[::order]])[::order])
    return 0.5 * (passes[0] + passes[1])


def _gain(cutoff: F64 | float, fps: float) -> F64 | float:
    turn = 2 * np.pi * cutoff / fps
    return turn / (turn + 1)


def _blend(old: F64, new: F64, gain: F64 | float) -> F64:
    return np.asarray(old + gain * (new - old))
