"""What goes from the performer to the viewport and back: frames and figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from emotalker.engine.camera import Camera
    from emotalker.engine.gaussians.cpu import GaussianArrays

LATE = 0.035
"""Seconds a frame may be late when its painting begins. A viewer begins to notice 40 ms between sound and picture, and
painting takes some of them."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A moment of the performance, to be painted at once; its arrays are the receiver's to keep.

    Attributes:
        serial: counts frames; the viewport reports it once the frame is on the screen.
        time: seconds on the audio clock.
        image: the picture u8 [H, W, 3]; None where the viewport draws by itself.
        arrays: posed and lit Gaussians in world space, for a viewport that draws by itself; else None.
        camera: the view.
        background: what lies behind the person, u8 [H, W, 3].
        due: when it belongs on the screen, on the clock of `time.perf_counter`; infinity where nothing moves.
    """

    serial: int
    time: float
    image: NDArray[np.uint8] | None
    arrays: GaussianArrays | None
    camera: Camera
    background: NDArray[np.uint8]
    due: float = float("inf")

    def in_time(self, now: float) -> bool:
        """Whether it may still be painted at `now` (`time.perf_counter`): sound and picture would not be apart."""
        return now <= self.due + LATE


@dataclass(frozen=True)
class PlaybackStats:
    """How playing goes, measured from what the viewport says it has painted.

    Attributes:
        fps: frames shown in the last second.
        shown: frames shown since the last reset.
        dropped: frames that were due while playing and not shown.
        av_offset_ms: sound's position less the picture's when the latest frame was painted.
        av_offset_ms_max: the largest of these by size since the last reset.
        interval_p99_ms: 99 of 100 frames came within this time after the one before.
        backend: what draws.
        interval_ms: median time between frames.
        rate: frames per second that are being made.
    """

    fps: float = 0.0
    shown: int = 0
    dropped: int = 0
    av_offset_ms: float = 0.0
    av_offset_ms_max: float = 0.0
    interval_p99_ms: float = 0.0
    backend: str = "cpu"
    interval_ms: float = 0.0
    rate: float = 0.0

    @property
    def dropped_share(self) -> float:
        """Dropped frames as a share of those that were due."""
        return self.dropped / max(self.shown + self.dropped, 1)


@dataclass(frozen=True)
class AudioDevice:
    """A way out for sound.

    Attributes:
        name: as the system calls it; `Performer.set_device` takes it.
        default: the system would take this one.
        channels: most channels it plays.
    """

    name: str
    default: bool
    channels: int
