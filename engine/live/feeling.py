"""What is felt while somebody speaks: the panel's emotion, taken up within a quarter of a second and without a jump."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL

F32 = NDArray[np.float32]
HASTE = 18.0
"""Of the critically damped glide, 1/s: nine tenths of the way after 0.22 s."""


class Feeling:
    """Emotion and level of the last frames; `aim` may be called from any thread.

    Args:
        frames: how many frames are remembered.
        fps: frames per second.
    """

    def __init__(self, frames: int, fps: float) -> None:
        self._past = np.zeros((frames, len(EMOTIONS) + 1))
        self._past[:, 0] = 1
        self._speed = np.zeros(len(EMOTIONS) + 1)
        self._fps = fps
        self._lock = threading.Lock()
        self._target = self._past[0].copy()
        self._began = False

    def aim(self, weights: Sequence[float] | F32, level: float) -> None:
        """Feel this from now on: shares of the eight emotions, which are scaled to sum 1, and a level in [0, 3]."""
        shares = np.clip(np.asarray(weights, np.float64), 0, None)
        total = shares.sum()
        shares = shares / total if total > 0 else np.eye(len(EMOTIONS))[0]
        target = np.append(shares, min(max(float(level), 0.0), MAX_LEVEL))
        with self._lock:
            self._target = target
            if not self._began:
                # what is felt when it begins needs no way to get there
                self._past[:] = target

    def step(self, following: int, frames: int = 1) -> tuple[F32, F32]:
        """Go on by some frames; weights [n, 8] and level [n] of the remembered frames.

        Args:
            following: frames after the present one that are asked for too: they feel what it feels.
            frames: how many frames have passed.
        """
        with self._lock:
            target, self._began = self._target, True
        state = self._past[-1].copy()
        for _ in range(min(frames, len(self._past))):
            state = self._glide(state, target)
            self._past[:-1] = self._past[1:]
            self._past[-1] = state
        out = np.concatenate([self._past[following:], np.repeat(state[None], following, 0)])
        shares = np.clip(out[:, :-1], 0, None)
        shares /= shares.sum(1, keepdims=True)
        return shares.astype(np.float32), np.clip(out[:, -1], 0, MAX_LEVEL).astype(np.float32)

    def _glide(self, state: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
        """The next frame of a critically damped spring, exact for any frame length."""
        step, fade = 1 / self._fps, math.exp(-HASTE / self._fps)
        away = state - target
        drift = self._speed + HASTE * away
        self._speed = (self._speed - HASTE * drift * step) * fade
        return np.asarray(target + (away + drift * step) * fade)
