"""Watches how each clip comes out while the head is fitted, for the verdict in plain words."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from emotalker.engine.files import Arrays
from emotalker.engine.training.frames import Sample, TrainingFrames
from emotalker.engine.training.watching.verdict import (
    RegionErrors,
    Verdict,
    facts_of,
    region_masks,
    relative,
    sharpness_of,
    verdicts,
)

LOOK_EVERY, LOOK_EVERY_CUDA = 4, 50
"""Steps between looks; finding the regions costs a millisecond or two, and a card is waited for."""
LOOKED_AT = 12
"""Frames of a clip whose sharpness is measured."""


class ClipWatch:
    """Errors of the training clips by region, and why they may be large.

    Args:
        frames: the training frames.
    """

    def __init__(self, frames: TrainingFrames) -> None:
        self._frames = frames
        self._errors = RegionErrors(len(frames.clips))

    def look(self, step: int, sample: Sample, image: Tensor) -> None:
        """Note the render [S, S, 3] of a training frame, at some of the steps."""
        if step % (LOOK_EVERY_CUDA if image.is_cuda else LOOK_EVERY):
            return
        track = self._frames.clips[sample.clip].track
        landmarks = track.landmarks[sample.frame] * (self._frames.size / track.size)
        squared = ((image.detach().cpu().clamp(0, 1) - sample.image) ** 2).mean(-1).numpy()
        self._errors.add(sample.clip, squared, region_masks(landmarks, sample.matte.numpy()))

    def verdicts(self) -> list[Verdict]:
        """A sentence per training clip; reads some frames."""
        sharp = relative([self._sharpness(c) for c in range(len(self._frames.clips))])
        facts = [facts_of(p.clip.id, p.track, s) for p, s in zip(self._frames.clips, sharp)]
        return verdicts(self._errors.squares, facts)

    def to_arrays(self) -> Arrays:
        """The state, for a checkpoint."""
        return self._errors.to_arrays()

    def restore(self, arrays: Arrays) -> None:
        """Put back what `to_arrays` gave."""
        self._errors.restore(arrays)

    def _sharpness(self, clip: int) -> float:
        posed = self._frames.clips[clip]
        seen = [i for c, i in self._frames.index if c == clip]
        if not seen:
            return 0.0
        size = self._frames.size
        chosen = [seen[i] for i in np.linspace(0, len(seen) - 1, min(LOOKED_AT, len(seen))).astype(int)]
        scale = size / posed.track.size
        found = [sharpness_of(posed.store.read(i, size)[0], posed.track.landmarks[i] * scale) for i in chosen]
        return float(np.median(found))
