"""What stays the same over the clips of one evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.clip import ClipInput
from emotalker.engine.jobs import StopToken
from emotalker.engine.metrics import perceptual
from emotalker.engine.metrics.listening import LOUDNESS, Listener
from emotalker.engine.tracking.observing.landmarker import FaceObservation
from emotalker.engine.tracking.track import Track

U8 = NDArray[np.uint8]
Detect = Callable[[U8], FaceObservation | None]
"""Finds landmarks (in pixels) and activations in a picture u8 [H, W, 3]; None if there is no face."""

Drive = Literal["tracked", "unrefined", "audio"]
STAGE = "evaluate"


class FrameRenderer(Protocol):
    """Renders frames of a recorded clip with the twin, composited over that clip's own plate."""

    def tracked(self, clip_id: str, index: int, size: int) -> U8:
        """Frame `index` driven by its own tracked expression and pose; u8 [size, size, 3], the clip's crop."""
        ...

    def unrefined(self, clip_id: str, index: int, size: int) -> U8:
        """The same as `tracked`, with the track as it was before the twin refined it (asked for only as a drive)."""
        ...

    def audio(self, clip_id: str, index: int, size: int) -> U8:
        """The same driven by the clip's sound, label and level, with the tracked head motion, camera code and AU45."""
        ...


@dataclass
class Judge:
    """The tools and the places of an evaluation.

    Attributes:
        renderer: draws the twin.
        detect: finds landmarks, on recorded frames and renders alike.
        lpips: the perceptual distance; None where its model is missing.
        training: the clips the twin learned from.
        track_dir: the tracking stage's folder.
        out: where pictures and films go.
        size: pixels of the square frames compared.
        stop: asks for an early end.
        drives: which renders to judge.
        listener: what hears lips in the sound.
        films: whether to write the films side by side.
    """

    renderer: FrameRenderer
    detect: Detect
    lpips: perceptual.Lpips | None
    training: Sequence[ClipInput]
    track_dir: Path
    out: Path
    size: int
    stop: StopToken
    drives: Sequence[Drive]
    listener: Listener = field(default=LOUDNESS)
    films: bool = False

    def store(self, clip: ClipInput) -> Path:
        """The clip's frames."""
        return self.track_dir / "clips" / clip.id / "frames.store"

    def track(self, clip: ClipInput) -> Track:
        """The clip's track."""
        return Track.load(self.track_dir / "clips" / clip.id / "track.safetensors")

    def draw(self, clip: ClipInput, index: int, size: int) -> dict[str, U8]:
        """The renders of a frame, by what drove them."""
        return {drive: getattr(self.renderer, drive)(clip.id, index, size) for drive in self.drives}
