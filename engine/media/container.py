"""Opening media files, with errors a person understands, and reading frames past damage."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from emotalker.engine.errors import UserError

_TIMESTAMPS_PER_SECOND = 1_000_000  # of container-wide times (AV_TIME_BASE)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a media file for reading; closed at the end.

    Raises:
        UserError: no such file, an empty file, not a media file, or a file cut off before its index.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(
            f"{path.name} is not there.", f"There is no file at {path}.", "Check the name, or choose the file again."
        )
    if path.is_dir():
        raise UserError(
            f"{path.name} is a folder.", "A video or sound file is needed here.", "Choose a file inside it."
        )
    try:
        if path.stat().st_size == 0:
            raise UserError(
                f"{path.name} is empty.", "The file has no bytes in it.", "Copy it again from the camera or the sender."
            )
        container = av.open(str(path), "r", metadata_errors="replace")
    except (av.error.FFmpegError, OSError) as error:
        raise _explain_open(path, error) from error
    with container:
        yield container


def _explain_open(path: Path, error: Exception) -> UserError:
    if isinstance(error, PermissionError):
        return UserError(
            f"{path.name} cannot be opened.",
            "The system does not allow reading it.",
            "Change its permissions, or copy it.",
        )
    if isinstance(error, (av.error.InvalidDataError, av.error.EOFError)) and _looks_like_mp4(path):
        return cut_off(path)
    return UserError(
        f"{path.name} is not a video or sound file that can be read.",
        "Its contents are of no known kind, whatever its name says.",
        "Choose a video (MP4, MOV, MKV, WebM, AVI) or a sound file (WAV, MP3, M4A, FLAC).",
    )


def cut_off(path: Path) -> UserError:
    """The error for an MP4 whose index is not whole."""
    return UserError(
        f"{Path(path).name} is cut off or damaged.",
        "It begins like an MP4 file but its index is missing, as when a recording or a copy is interrupted.",
        "Copy it again from the camera, or repair it with a video tool, and add it again.",
    )


def _looks_like_mp4(path: Path) -> bool:
    with open(path, "rb") as source:
        return source.read(12)[4:8] in (b"ftyp", b"mdat", b"moov", b"free", b"wide")


def video_stream(container: InputContainer) -> VideoStream | None:
    """The first moving-picture stream, cover pictures of sound files passed over; None when there is none."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def require_video(container: InputContainer, path: Path) -> VideoStream:
    """`video_stream`, or the error that says there is none."""
    stream = video_stream(container)
    if stream is None and not container.streams.audio and _looks_like_mp4(path):
        raise cut_off(path)  # the index breaks off inside the description of the first stream
    if stream is None:
        raise UserError(
            f"{Path(path).name} has no picture.",
            "The file holds no video, only sound or data.",
            "Choose a video of the person; sound files belong where the program asks for speech.",
        )
    return stream


def decoded(container: InputContainer, stream: Any, damage: list[str]) -> Iterator[Any]:
    """Frames of one stream in order, past damaged stretches; each fault is noted in `damage` (at most 100)."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError as error:  # the file ends or breaks in the middle: what came before is good
            _note(damage, error)
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError as error:
            _note(damage, error)
            continue
        yield from frames


def _note(damage: list[str], error: Exception) -> None:
    if len(damage) < 100:
        damage.append(str(error))


def frame_time(frame: Any) -> Fraction | None:
    """Presentation time of a decoded frame in seconds, exact; None if the file does not say."""
    if frame.pts is None or frame.time_base is None:
        return None
    return Fraction(frame.pts) * Fraction(frame.time_base)


def stream_duration(container: InputContainer, stream: Any) -> float:
    """Length of a stream in seconds as the file states it, 0 when it does not."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / _TIMESTAMPS_PER_SECOND if container.duration else 0.0


def display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Signs (a, b, c, d) of the display matrix: x' = a x + c y, y' = b x + d y, x right and y down.

    Read from the side data and not from `frame.rotation`, which loses the mirroring of front cameras. Ask once a file:
    in PyAV a frame whose side data was looked at is part of a reference cycle, and its pixels stay in memory until the
    garbage collector happens to run.
    """
    side_data = cast(Any, frame.side_data).get(SideDataType.DISPLAYMATRIX)
    if side_data is None:
        return 1, 0, 0, 1
    matrix = np.frombuffer(bytes(side_data), np.int32).astype(np.float64)
    a, b, c, d = matrix[[0, 1, 3, 4]]
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return (-1 if a < 0 else 1), 0, 0, (-1 if d < 0 else 1)
    return 0, (-1 if b < 0 else 1), (-1 if c < 0 else 1), 0


def upright(rgb: NDArray[np.uint8], matrix: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Apply a `display_matrix` to a picture [H,W,3], so that it stands as it was filmed."""
    a, b, c, d = matrix
    if a == 0:
        rgb = rgb.transpose(1, 0, 2)
    if a + c < 0:
        rgb = rgb[:, ::-1]
    if b + d < 0:
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)


def square_pixel_size(stream: VideoStream) -> tuple[int, int]:
    """Stored width and height with non-square pixels widened to square ones, before any rotation."""
    aspect = stream.sample_aspect_ratio
    if not aspect or aspect == 1:
        return stream.width, stream.height
    return max(1, round(stream.width * aspect)), stream.height
