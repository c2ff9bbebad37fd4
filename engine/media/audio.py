"""Sound of a clip or of a sound file: as it was recorded, and as the networks hear it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr
from av.container import InputContainer
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.media.container import decoded, frame_time, opened, video_stream

SPEECH_RATE = 16_000  # Hz
_SILENCE = 1e-4  # peak, -80 dB below full scale: below the noise of any microphone
_GAP = 0.05  # s; smaller jumps of the timestamps are rounding, and following them would click
_LONGEST_GAP = 3600.0  # s; a jump beyond this is a broken timestamp
_CODEC_FRAMES = 4096  # samples at the end of an MP4 which may be the encoder's padding


@dataclass(frozen=True)
class AudioTrack:
    """Sound on the clip's clock: sample 0 sounds when the first frame of the video appears.

    Attributes:
        mono16k: float32 [n], mean of the channels at 16 000 Hz.
        original: float32 [m, channels], full scale is 1.
        rate: samples per second of `original`, Hz.
    """

    mono16k: NDArray[np.float32]
    original: NDArray[np.float32]
    rate: int

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.original) / self.rate

    @property
    def silent(self) -> bool:
        """True when nothing rises above -80 dB of full scale: a muted microphone."""
        return not bool(np.any(np.abs(self.mono16k) > _SILENCE))


def read_audio(path: Path) -> AudioTrack | None:
    """Sound of a video or sound file (anything FFmpeg reads: WAV, MP3, M4A, MP4, ...).

    In a video, sound that begins later than the picture is preceded by silence, and what precedes the picture is cut
    off, so that time zero is the first video frame, as for `FrameSource`. The silence encoders put in front of AAC and
    MP3 (priming) is removed, as the file's own edit list says. What cannot be decoded in a damaged file is silence.

    Returns:
        The sound, or None for a video without any.

    Raises:
        UserError: no such file, empty, not a media file, cut off, or sound that cannot be decoded.
    """
    path = Path(path)
    origin = _picture_start(path)
    with opened(path) as container:
        if not container.streams.audio:
            if origin is None:
                raise UserError(
                    f"{path.name} has neither sound nor picture.",
                    "The file opens, but holds no stream that can be played.",
                    "Choose a video or a sound file.",
                )
            return None
        stream = container.streams.audio[0]
        original, rate = _collect(container, stream, origin, path)
        original = original[: _stated_samples(container, stream, origin, rate, len(original))]
    mono = np.ascontiguousarray(original.mean(axis=1, dtype=np.float32))
    return AudioTrack(resample(mono, rate, SPEECH_RATE), original, rate)


def resample(samples: NDArray[np.float32], rate: int, new_rate: int) -> NDArray[np.float32]:
    """Resample float32 [n] or [n, channels] without delay; the result has round(n * new_rate / rate) samples."""
    n = round(len(samples) * new_rate / rate)
    if rate == new_rate:
        return samples
    new = np.asarray(soxr.resample(samples, rate, new_rate, quality="HQ"), np.float32)[:n]
    return np.pad(new, [(0, n - len(new))] + [(0, 0)] * (new.ndim - 1))


def _picture_start(path: Path) -> Fraction | None:
    """Time of the first video frame in seconds, None for a file without a picture."""
    with opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            return None
        first = next(decoded(container, stream, []), None)
        return (frame_time(first) if first is not None else None) or Fraction(0)


def _collect(
    container: InputContainer, stream: Any, origin: Fraction | None, path: Path
) -> tuple[NDArray[np.float32], int]:
    """Samples [n, channels] placed by their timestamps, and their rate."""
    parts: list[NDArray[np.float32]] = []
    rate, channels, n = 0, 0, 0
    for time, samples, at_rate in _planar_frames(container, stream):
        if not rate:
            rate, channels = at_rate, len(samples)
            origin = origin if origin is not None else time
        samples = samples.T
        # Without a timestamp the samples follow those before.
        gap = round((time - origin) * rate) - n if time is not None and origin is not None else 0
        if n and abs(gap) < _GAP * rate:
            gap = 0
        if 0 < gap < _LONGEST_GAP * rate:
            parts.append(np.zeros((gap, channels), np.float32))
            n += gap
        elif -_LONGEST_GAP * rate < gap < 0:
            samples = samples[-gap:]
        parts.append(np.ascontiguousarray(samples))
        n += len(samples)
    if not rate:
        raise UserError(
            f"The sound of {path.name} cannot be read.",
            "The file says it holds sound, but none of it can be decoded: it is cut off or damaged.",
            "Copy the file again, or export it with AAC or WAV sound.",
        )
    return np.concatenate(parts), rate


def _planar_frames(
    container: InputContainer, stream: Any
) -> Iterator[tuple[Fraction | None, NDArray[np.float32], int]]:
    """(time in s, float32 [channels, n], rate) of every decoded frame, with the rate and channels of the first."""
    resampler: av.AudioResampler | None = None
    target: dict[str, Any] = {}
    setup: tuple[str, str, int] | None = None
    for frame in decoded(container, stream, []):
        target = target or {"format": "fltp", "layout": frame.layout, "rate": frame.sample_rate}
        arriving = frame.format.name, frame.layout.name, frame.sample_rate
        if resampler is None or arriving != setup:  # broadcasts and joined files change in the middle
            resampler, setup = av.AudioResampler(**target), arriving
        time = frame_time(frame)
        for converted in resampler.resample(frame):
            yield time, np.asarray(converted.to_ndarray(), np.float32), target["rate"]


def _stated_samples(container: InputContainer, stream: Any, origin: Fraction | None, rate: int, n: int) -> int:
    """Length without the padding of the last AAC frame, which only MP4 files state; else `n`."""
    if "mp4" not in container.format.name or not stream.duration or stream.time_base is None:
        return n
    end = Fraction(stream.start_time or 0) + stream.duration
    stated = round((end * stream.time_base - (origin or 0)) * rate)
    return stated if 0 < n - stated < _CODEC_FRAMES else n
