"""What a media file holds, found without decoding more than its first frame."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer

from emotalker.engine.errors import UserError
from emotalker.engine.media.container import (
    decoded,
    display_matrix,
    opened,
    require_video,
    square_pixel_size,
    stream_duration,
)

_PACKETS_LOOKED_AT = 400
_REORDERED = 16  # packets at the end of the look whose neighbours may not have come yet (B-frames)


@dataclass(frozen=True)
class MediaInfo:
    """What `probe` found in a video.

    Attributes:
        width: pixels, as shown: after rotation, with square pixels.
        height: pixels, as shown.
        fps: mean frame rate of the file, frames per second.
        duration: seconds of video.
        n_frames: frames in the file, as its header says or estimated from duration and rate.
        has_audio: whether there is a sound stream.
        audio_rate: sample rate in Hz, 0 without sound.
        rotation: degrees counter-clockwise by which the stored picture is turned for display: 0, 90, 180 or 270.
        variable_frame_rate: True if the frames are not evenly spaced.
        codec: name of the video codec ("h264", "hevc").
    """

    width: int
    height: int
    fps: float
    duration: float
    n_frames: int
    has_audio: bool
    audio_rate: int
    rotation: int
    variable_frame_rate: bool
    codec: str


def probe(path: Path) -> MediaInfo:
    """Look into a video file.

    Raises:
        UserError: no such file, empty, not a media file, cut off, without a picture, or without one whole frame.
    """
    return look(path)[0]


def look(path: Path) -> tuple[MediaInfo, tuple[int, int, int, int]]:
    """`probe`, and the `display_matrix` of the file; raises as `probe`."""
    path = Path(path)
    with opened(path) as container:
        stream = require_video(container, path)
        stored_width, stored_height = square_pixel_size(stream)
        codec = stream.codec_context.name
        duration = stream_duration(container, stream)
        variable = _variable_frame_rate(container, stream)
        rate = stream.average_rate or stream.guessed_rate
        n_stated = stream.frames
        audio = container.streams.audio[0] if container.streams.audio else None
        has_audio, audio_rate = audio is not None, int(audio.rate or 0) if audio is not None else 0
    # Opened again instead of sought back: a damaged file may not seek, and the look above has read on.
    with opened(path) as container:
        frame = next(decoded(container, require_video(container, path), []), None)
        if frame is None:
            raise no_frame(path)
        matrix = display_matrix(frame)
        turned, rotation = matrix[0] == 0, int(frame.rotation) % 360
    fps = float(rate) if rate else 0.0
    n_frames = n_stated or round(duration * fps)
    if fps <= 0 and duration > 0:
        fps = n_frames / duration
    width, height = (stored_height, stored_width) if turned else (stored_width, stored_height)
    info = MediaInfo(width, height, fps, duration, n_frames, has_audio, audio_rate, rotation, variable, codec)
    return info, matrix


def no_frame(path: Path) -> UserError:
    """The error for a video stream of which nothing can be decoded."""
    return UserError(
        f"{path.name} has no frame that can be shown.",
        "The file says it holds a video, but not one whole picture can be read from it: it is cut off or damaged.",
        "Copy it again from the camera, or export it again as MP4 (H.264).",
    )


def _variable_frame_rate(container: InputContainer, stream: Any) -> bool:
    """Whether timestamps are uneven, by the index where it lists every frame (MP4), else by the first packets."""
    entries = stream.index_entries
    if stream.frames and len(entries) == stream.frames:
        times = np.fromiter((entry.timestamp for entry in entries), np.float64, len(entries))
    else:
        packets = itertools.islice(container.demux(stream), _PACKETS_LOOKED_AT)
        try:
            stamps = sorted(packet.pts for packet in packets if packet.pts is not None)
        except av.error.FFmpegError:  # a damaged file: decoding tells more, and what it cannot read is reported there
            return False
        times = np.array(stamps[:-_REORDERED] if len(stamps) > 4 * _REORDERED else stamps, np.float64)
    if len(times) < 3:
        return False
    gaps = np.diff(times) * float(stream.time_base or Fraction(1))
    usual = float(np.median(gaps))
    # 2 ms: containers that count in milliseconds round every gap.
    return bool(np.any(np.abs(gaps - usual) > max(0.2 * usual, 0.002)))
