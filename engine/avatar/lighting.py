"""The light of the recordings: every training clip has its own colour transform, and a twin wears the one that fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.emotion.labels import EMOTIONS, emotion_index

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class LightTable:
    """Colour transforms of the training clips, C of them.

    Attributes:
        transforms: affine [C, 3, 4]: lit = rgb A[:, :3]^T + alpha A[:, 3], on premultiplied colours.
        emotions: emotion of each clip.
        levels: level of each clip; 0 for neutral.
    """

    transforms: F32
    emotions: tuple[str, ...]
    levels: tuple[float, ...]

    def mixed(self, weights: F32, level: F32) -> F32:
        """The transform of each frame [T, 3, 4].

        Each emotion's clips are averaged per level and interpolated between levels; at level 0, and for emotions that
        were never recorded, it is that of the neutral clips (of all clips, where none is neutral).

        Args:
            weights: shares of the eight emotions [T, 8].
            level: intensity [T].
        """
        level = np.asarray(level, np.float32)
        out = np.zeros((len(level), 3, 4), np.float32)
        for emotion in np.nonzero(np.any(weights > 0, axis=0))[0]:
            anchors, lights = self._anchors(int(emotion))
            position = np.interp(level, anchors, np.arange(len(anchors)))
            low = np.minimum(position.astype(np.int64), max(len(anchors) - 2, 0))
            high = np.minimum(low + 1, len(anchors) - 1)
            share = (position - low).astype(np.float32)[:, None, None]
            light = lights[low] * (1 - share) + lights[high] * share
            out += weights[:, emotion, None, None].astype(np.float32) * light
        return out

    def _anchors(self, emotion: int) -> tuple[NDArray[np.float64], F32]:
        """Levels at which the light of an emotion is known, starting with 0, and the light there."""
        calm = self._mean([i for i, e in enumerate(self.emotions) if emotion_index(e) == EMOTIONS.index("neutral")])
        own = [i for i, e in enumerate(self.emotions) if emotion_index(e) == emotion and self.levels[i] > 0]
        known = sorted({self.levels[i] for i in own})
        lights = [calm, *(self._mean([i for i in own if self.levels[i] == level]) for level in known)]
        return np.array([0.0, *known]), np.stack(lights)

    def _mean(self, clips: Sequence[int]) -> F32:
        """Mean transform of some clips; of all, where none is given."""
        if not len(self.transforms):
            return np.eye(3, 4, dtype=np.float32)
        chosen = self.transforms[list(clips)] if clips else self.transforms
        return np.asarray(chosen.mean(0, dtype=np.float64), np.float32)
