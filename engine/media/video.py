"""Frames of a clip at an even rate, whatever the rate of the file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from emotalker.engine.media.container import (
    decoded,
    frame_time,
    opened,
    require_video,
    upright,
)
from emotalker.engine.media.info import MediaInfo, look, no_frame

_AHEAD = Fraction(1, 1000)  # s; see `_shown_until`
_SEEK_FROM = 3.0  # s into the clip from where seeking beats decoding from the start
_MISSING = 0.5  # s; headers round, and sound may outlast the picture a little
_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED


def exact_rate(fps: float) -> Fraction:
    """Frame rate as a fraction: 29.97 becomes 30000/1001, 25.0 becomes 25."""
    nominal = round(fps * 1.001)
    if nominal and fps != nominal and abs(fps - nominal / 1.001) < 0.005:
        return Fraction(nominal * 1000, 1001)
    return Fraction(fps).limit_denominator(1001)


class FrameSource:
    """Frames of a video, upright and evenly spaced; iterate it as often as needed, each time from the start.

    Output frame i covers [i/fps, (i+1)/fps) on a clock whose zero is the first frame of the file, and shows the
    source frame that is on screen at the centre of that interval. Memory is constant in the length of the clip.

    Args:
        path: the video file.
        fps: output rate, frames per second.
        start: first output frame to yield.
        stop: output frame before which to end; None is the end of the clip.

    Attributes:
        info: what `probe` says of the file.
        damage: faults met by the last iteration; empty when the file is sound.
        truncated: True if the last iteration came to the end of the file long before the end its header states.

    Raises:
        UserError: as `probe`.
    """

    def __init__(self, path: Path, fps: float = 25.0, start: int = 0, stop: int | None = None) -> None:
        if fps <= 0 or start < 0:
            raise ValueError(f"fps must be positive and start not negative, not {fps} and {start}")
        self.path = Path(path)
        self.fps = fps
        self.start = start
        self.stop = stop
        self.info, self._matrix = look(self.path)
        self.damage: list[str] = []
        self.truncated = False
        self._rate = exact_rate(fps)

    def __len__(self) -> int:
        """Output frames to expect by the header of the file.

        An estimate: a damaged file yields fewer, and some headers are a few frames off.
        """
        n = math.ceil(self.info.duration * float(self._rate) - 0.5)
        return max(0, min(n, self.stop if self.stop is not None else n) - self.start)

    def __iter__(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield (index, rgb u8 [H,W,3]) for every output frame.

        Raises:
            UserError: if not one frame can be decoded.
        """
        self.damage = []
        index = self.start
        for frame, until in self._source_frames():
            picture: NDArray[np.uint8] | None = None
            while self._centre(index) < until:
                if self.stop is not None and index >= self.stop:
                    return
                if picture is None:
                    picture = _to_rgb(frame, self.info, self._matrix)
                # A copy where the picture is wanted again: the receiver may write into what it gets.
                again = self._centre(index + 1) < until
                yield index, (picture.copy() if again else picture)
                index += 1

    def _centre(self, index: int) -> Fraction:
        return (index + Fraction(1, 2)) / self._rate

    def _source_frames(self) -> Iterator[tuple[VideoFrame, Fraction]]:
        """Source frames and the time until which each is shown, seconds on the clip's clock."""
        with opened(self.path) as container:
            stream = require_video(container, self.path)
            stream.thread_type = "AUTO"
            fallback = 1 / Fraction(stream.average_rate or stream.guessed_rate or 25)
            origin, frames = self._from_start_frame(container, stream)
            shown: VideoFrame | None = None
            shown_at = Fraction(0)
            for frame in frames:
                time = frame_time(frame)
                at = time - origin if time is not None else shown_at + fallback if shown is not None else Fraction(0)
                if shown is not None:
                    if at <= shown_at:  # a repeated or backward timestamp: the frame has no time on screen
                        continue
                    yield shown, at - _AHEAD
                shown, shown_at = frame, at
            if shown is None:
                raise no_frame(self.path)
            stated = Fraction(shown.duration or 0) * Fraction(shown.time_base or 0)
            # Bounded because containers state nonsense for a lone or last frame now and then.
            self.truncated = float(shown_at) < self.info.duration - max(_MISSING, 5 * float(fallback))
            yield shown, shown_at + (stated if 0 < stated <= 10 * fallback else fallback)

    def _from_start_frame(
        self, container: InputContainer, stream: VideoStream
    ) -> tuple[Fraction, Iterator[VideoFrame]]:
        """Time of the file's first frame, and frames from at or before the one that output `start` shows."""
        frames = decoded(container, stream, self.damage)
        first = next(frames, None)
        if first is None:
            raise no_frame(self.path)
        origin = frame_time(first) or Fraction(0)
        target = self._centre(self.start)
        if target > _SEEK_FROM and stream.time_base is not None:
            try:
                container.seek(math.floor((origin + target) / stream.time_base), stream=stream, backward=True)
            except av.error.FFmpegError:  # no index to seek by: decode up to there
                return origin, _chain(first, frames)
            sought = decoded(container, stream, self.damage)
            first = next(sought, None)
            at = frame_time(first) if first is not None else None
            if first is not None and at is not None and at - origin <= target:
                return origin, _chain(first, sought)
            return origin, self._reopened()  # landed behind the target, or nowhere
        return origin, _chain(first, frames)

    def _reopened(self) -> Iterator[VideoFrame]:
        with opened(self.path) as container:
            yield from decoded(container, require_video(container, self.path), self.damage)


# A source frame is shown until 1 ms before its successor's timestamp: where the centre of an output frame falls exactly
# between two source frames (50 to 25 fps), timestamps rounded to milliseconds would else pick the one or the other at
# random, and the motion would judder.


def _chain(first: VideoFrame, rest: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    yield first
    yield from rest


def _to_rgb(frame: VideoFrame, info: MediaInfo, matrix: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Decode-format frame to upright RGB [info.height, info.width, 3]."""
    width, height = (info.height, info.width) if matrix[0] == 0 else (info.width, info.height)
    # Players take untagged HD for BT.709 and untagged SD for BT.601; the converter alone takes all for BT.601.
    space = None
    if frame.colorspace == _UNSPECIFIED:
        space = Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601
    converted = frame.reformat(width=width, height=height, format="rgb24", src_colorspace=space)
    return upright(np.asarray(converted.to_ndarray(), np.uint8), matrix)
