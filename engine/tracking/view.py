"""A tracked clip to be looked at: the tracked head over every frame, how sure the tracker was, and what it found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.head.folder import head_of
from emotalker.engine.media import FrameStore
from emotalker.engine.tracking.observing.observe import FRAMES, OBSERVED, Observed
from emotalker.engine.tracking.overlay import draw
from emotalker.engine.tracking.stage import SUBJECT, clip_folder, warnings
from emotalker.engine.tracking.track import Subject, Track


class TrackView:
    """Reads what the tracking stage left of one clip; draws a frame when it is asked for, in any thread.

    Args:
        track_dir: folder of the tracking stage.
        clip: id of the clip.

    Attributes:
        count: number of frames T.
        confidence: how sure the tracker was [T], in [0, 1].
        weight: how much may be learned from each frame [T], in [0, 1]; see `Track.weight`.
        problems: what the user should know, a sentence each.

    Raises:
        UserError: if a file of the clip is missing or damaged.
    """

    def __init__(self, track_dir: Path, clip: str) -> None:
        folder = clip_folder(track_dir, clip)
        self._head, self._subject = head_of(track_dir), Subject.load(Path(track_dir) / SUBJECT)
        self._track = Track.load(folder / "track.safetensors")
        self._frames = folder / FRAMES
        with FrameStore(self._frames) as store:
            self.count = min(len(self._track), len(store))
        self.confidence: NDArray[np.float32] = self._track.confidence[: self.count]
        self.weight: NDArray[np.float32] = self._track.weight[: self.count]
        self.problems: list[str] = warnings(clip, Observed.load(folder / OBSERVED), self._track)

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Landmarks (seen green, fitted red) over the frame, beside the fitted head over it, u8 [S, 2 S, 3].

        Args:
            index: 0 <= index < count.

        Raises:
            UserError: if the frame cannot be read.
        """
        with FrameStore(self._frames) as store:
            rgb = store.read(index)[0]
        return draw(self._head, self._subject, self._track, index, rgb)
