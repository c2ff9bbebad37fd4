"""MP4 files, whole or not there at all."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.files import replacing
from emotalker.engine.media.audio import resample
from emotalker.engine.media.video import exact_rate

AUDIO_RATE = 48_000  # Hz in the file
_AAC_FRAME = 1024  # samples
_LARGEST = 16_384  # pixels a side, the limit of x264


class _Abandoned(Exception):
    """Tells `replacing` to remove the unfinished file."""


class Mp4Writer:
    """Writes frames and sound to an MP4 (H.264, yuv420p, BT.709; AAC at 48 kHz) under a temporary name.

    The file takes its name when the `with` block ends well; after an exception, or `abort`, nothing is left of it and
    an older file of that name is untouched. Sound keeps its length to the sample, and is neither cut nor padded to the
    picture. H.264 in 4:2:0 needs even sizes: odd ones get their last column or row repeated once.

    Args:
        path: where the file goes; missing folders are made.
        width: pixels.
        height: pixels.
        fps: frames per second; 29.97 and the like become the exact NTSC rate.
        audio: float32 [n] or [n, 1 or 2 channels], full scale 1; sample 0 sounds with frame 0. None for a silent file.
        audio_rate: Hz of `audio`; needed with it.
        quality: x264's CRF: 0 lossless, 18 hard to tell from the original, 23 smaller.
        metadata: standard MP4 tags, as {"comment": "AI-generated", "title": ...}.
        speed: x264's preset; the slower, the smaller the file.

    Raises:
        UserError: if the folder cannot be written or the disk is full.
        ValueError: for sizes, rates or sound that make no film.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: float,
        audio: NDArray[np.float32] | None = None,
        audio_rate: int | None = None,
        *,
        quality: int = 18,
        metadata: dict[str, str] | None = None,
        speed: str = "medium",
    ) -> None:
        if not (2 <= width <= _LARGEST and 2 <= height <= _LARGEST) or fps <= 0:
            raise ValueError(f"no film of {width}x{height} at {fps} frames per second can be made")
        self.path = Path(path)
        self.width, self.height = width, height
        self.n_frames = 0
        self._rate = exact_rate(fps)
        self._sound = _prepare(audio, audio_rate)
        self._sound_written = 0
        self._padding = ((0, height % 2), (0, width % 2), (0, 0))
        self._guard: Any = replacing(self.path)
        temporary = self._guard.__enter__()
        try:
            # Our own file object, not a name for FFmpeg to open: write errors then arrive as the OSError they are.
            self._file = open(temporary, "wb")  # noqa: SIM115
            self._open_container(quality, speed, metadata or {})
        except BaseException as error:
            self._fail(error)
            raise

    def _open_container(self, quality: int, speed: str, metadata: dict[str, str]) -> None:
        # The movie clock in samples: with its usual milliseconds the edit list could not tell the length of the sound.
        self._container = av.open(self._file, "w", format="mp4", options={"movie_timescale": str(AUDIO_RATE)})
        self._container.metadata.update(metadata)
        video = self._container.add_stream("libx264", rate=self._rate, options={"crf": str(quality), "preset": speed})
        video.width, video.height = self.width + self.width % 2, self.height + self.height % 2
        video.pix_fmt = "yuv420p"
        video.color_range = int(ColorRange.MPEG)
        video.colorspace = int(Colorspace.ITU709)
        video.color_primaries = int(ColorPrimaries.BT709)
        video.color_trc = int(ColorTrc.BT709)
        self._video = video
        self._audio: Any = None
        if self._sound is not None:
            layout = "mono" if self._sound.shape[1] == 1 else "stereo"
            self._audio = self._container.add_stream("aac", rate=AUDIO_RATE, layout=layout)
            self._audio.bit_rate = 128_000 if layout == "mono" else 192_000

    def write(self, rgb: NDArray[np.uint8]) -> None:
        """Append one frame, u8 [height, width, 3].

        Raises:
            UserError: if the disk is full; the unfinished file is then removed.
            ValueError: for another shape or type, or after the end.
        """
        if self._guard is None:
            raise ValueError(f"{self.path.name} is closed")
        if rgb.shape != (self.height, self.width, 3) or rgb.dtype != np.uint8:
            raise ValueError(f"a frame must be u8 [{self.height}, {self.width}, 3], not {rgb.dtype} {rgb.shape}")
        if self.width % 2 or self.height % 2:
            rgb = np.pad(rgb, self._padding, mode="edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        frame.pts, frame.time_base = self.n_frames, 1 / self._rate
        frame.color_primaries, frame.color_trc = int(ColorPrimaries.BT709), int(ColorTrc.BT709)
        try:
            self._container.mux(self._video.encode(frame))
            self.n_frames += 1
            # Sound goes along with the picture, as players want it interleaved.
            self._write_sound(math.ceil(self.n_frames / self._rate * AUDIO_RATE))
        except BaseException as error:
            self._fail(error)
            raise

    def _write_sound(self, until: int) -> None:
        if self._sound is None:
            return
        while self._sound_written < min(until, len(self._sound)):
            block = self._sound[self._sound_written : self._sound_written + _AAC_FRAME]
            layout = "mono" if block.shape[1] == 1 else "stereo"
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T), format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE, self._sound_written, Fraction(1, AUDIO_RATE)
            self._container.mux(self._audio.encode(frame))
            self._sound_written += len(block)

    def close(self) -> None:
        """Finish the file and give it its name; nothing happens when it is finished or aborted already.

        Raises:
            UserError: if no frame was written, or the disk is full; nothing is left of the file.
        """
        if self._guard is None:
            return
        if self.n_frames == 0:
            self.abort()
            raise UserError(
                f"{self.path.name} was not made.",
                "There is not one frame to put in it.",
                "Choose a longer stretch of time.",
            )
        try:
            if self._sound is not None:
                self._write_sound(len(self._sound))
            self._container.mux(self._video.encode(None))
            if self._audio is not None:
                self._container.mux(self._audio.encode(None))
            self._container.close()
            self._file.close()
        except BaseException as error:
            self._fail(error)
            raise
        guard, self._guard = self._guard, None
        guard.__exit__(None, None, None)

    def abort(self) -> None:
        """Remove the unfinished file; for a stop asked by the user."""
        if self._guard is not None:
            self._fail(_Abandoned())

    def _fail(self, error: BaseException) -> None:
        """Close everything, remove the file; raises UserError in place of an `OSError`."""
        guard, self._guard = self._guard, None
        for part in (getattr(self, "_container", None), getattr(self, "_file", None)):
            try:
                if part is not None:
                    part.close()
            except (OSError, av.error.FFmpegError):
                # The first error is the one to tell; closing writes the rest of a file that is thrown away.
                continue
        guard.__exit__(type(error), error, error.__traceback__)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close on success; else abort, and let the exception of the block go on."""
        if error is None:
            self.close()
        else:
            self.abort()


def _prepare(audio: NDArray[np.float32] | None, rate: int | None) -> NDArray[np.float32] | None:
    """Sound as float32 [n, 1 or 2] at 48 kHz, None for none."""
    if audio is None or len(audio) == 0:
        return None
    if not rate or rate <= 0:
        raise ValueError("audio needs its audio_rate")
    samples = np.asarray(audio, np.float32)
    samples = samples[:, None] if samples.ndim == 1 else samples
    if samples.ndim != 2:
        raise ValueError(f"audio must be [n] or [n, channels], not {samples.shape}")
    if samples.shape[1] > 2:
        samples = samples.mean(axis=1, keepdims=True)
    samples = resample(np.ascontiguousarray(samples), rate, AUDIO_RATE)
    return np.clip(np.nan_to_num(samples), -1.0, 1.0)
