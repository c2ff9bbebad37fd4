"""Cropped frames with their mattes in one file: any of them in any order, and safe against interruption.

The file is a head of 16 bytes and one record a frame: a record head (mark, length of the picture, length of the matte,
CRC-32 of both), the picture as JPEG (quality 95, 4:4:4) and the matte as PNG. The records say where they end, so there
is no separate index that could disagree with them: opening walks the heads (about 20 ms for ten minutes of video).
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.files import explain_os_error

_HEAD = struct.Struct("<8sII")  # magic, height, width
_MAGIC = b"EMOFRM\x00\x01"
_RECORD = struct.Struct("<4sIII")  # mark, bytes of picture, bytes of matte, CRC-32
_MARK = b"FRM:"
_SYNC_EVERY = 128  # frames between the moments from which a power cut loses nothing
_JPEG = [
    cv2.IMWRITE_JPEG_QUALITY,
    95,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
]
# Run lengths: mattes are mostly flat, and this is a quarter smaller than the default at the same speed.
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]

_Entry = tuple[int, int, int, int]  # offset of the picture, its bytes, bytes of the matte, CRC-32


class FrameStoreWriter:
    """Appends frames to a store; opened on an existing file it goes on behind the last whole frame.

    Args:
        path: the file; missing folders are made.

    Attributes:
        n_frames: whole frames in the file.

    Raises:
        UserError: if the file is no frame store, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.n_frames = 0
        self._size: tuple[int, int] | None = None
        self._end = 0
        self._unsynced = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = open(self.path, "r+b" if self.path.exists() else "w+b")  # noqa: SIM115
        except OSError as error:
            raise explain_os_error(error, self.path) from error
        try:
            self._resume()
        except BaseException:
            self._file.close()
            raise

    def _resume(self) -> None:
        self._file.seek(0, os.SEEK_END)
        if self._file.tell() < _HEAD.size:  # new, or interrupted before its first frame
            self._file.seek(0)
            if not _MAGIC.startswith(self._file.read(len(_MAGIC))):
                raise _unreadable(self.path, "it is not a store of frames")
            self._file.truncate(0)
            return
        self._size = _read_head(self._file, self.path)
        self._end = _HEAD.size
        for offset, picture, matte, crc in _walk(self._file):
            # After a power cut the length may be right and the contents not: only a matching sum counts.
            self._file.seek(offset)
            if zlib.crc32(self._file.read(picture + matte)) != crc:
                break
            self.n_frames += 1
            self._end = offset + picture + matte
        self._file.truncate(self._end)

    def append(self, rgb: NDArray[np.uint8], matte: NDArray[np.uint8]) -> None:
        """Add a frame.

        Args:
            rgb: u8 [H,W,3]; all frames of a store have one size.
            matte: u8 [H,W], 255 is the person.

        Raises:
            UserError: if the disk is full; the frames before stay readable and appending may go on later.
            ValueError: for another shape or type.
        """
        size = rgb.shape[0], rgb.shape[1]
        if rgb.shape != (*size, 3) or rgb.dtype != np.uint8 or matte.shape != size or matte.dtype != np.uint8:
            raise ValueError(f"needs u8 [H,W,3] and u8 [H,W], not {rgb.dtype} {rgb.shape}, {matte.dtype} {matte.shape}")
        if self._size is not None and size != self._size:
            raise ValueError(f"{self.path.name} holds frames of {self._size}, not {size}")
        picture_bytes = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), _JPEG)[1].tobytes()
        matte_bytes = cv2.imencode(".png", matte, _PNG)[1].tobytes()
        payload = picture_bytes + matte_bytes
        record = _RECORD.pack(_MARK, len(picture_bytes), len(matte_bytes), zlib.crc32(payload)) + payload
        if self._size is None:
            record = _HEAD.pack(_MAGIC, *size) + record
        try:
            self._file.seek(self._end)
            self._file.write(record)
            self._file.flush()
        except OSError as error:
            raise explain_os_error(error, self.path) from error
        self._size = size
        self._end += len(record)
        self.n_frames += 1
        self._unsynced += 1
        if self._unsynced >= _SYNC_EVERY:
            self.sync()

    def sync(self) -> None:
        """Make sure that what was appended survives a power cut."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise explain_os_error(error, self.path) from error
        self._unsynced = 0

    def close(self) -> None:
        """Sync and close; the file is complete after every `append`, so closing adds nothing to it."""
        if self._file.closed:
            return
        try:
            self.sync()
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FrameStore:
    """Reads frames of a store in any order, from any thread.

    Args:
        path: the file a `FrameStoreWriter` made; a record cut off at its end is not counted.

    Attributes:
        height: pixels of the frames as stored.
        width: pixels of the frames as stored.

    Raises:
        UserError: if the file is missing, empty or no frame store.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        try:
            self._file: BinaryIO = open(self.path, "rb")  # noqa: SIM115
        except OSError as error:
            raise _unreadable(self.path, f"{error.strerror or error}") from error
        try:
            self.height, self.width = _read_head(self._file, self.path)
            self._entries = _walk(self._file)
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        """Whole frames in the store."""
        return len(self._entries)

    def read(self, index: int, size: int | None = None) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """One frame and its matte.

        Args:
            index: 0 <= index < len(self).
            size: side in pixels of the square result, shrunk by area averaging; None is the stored size.

        Returns:
            rgb u8 [S,S,3] (or [H,W,3]) and matte u8 [S,S] (or [H,W]).

        Raises:
            IndexError: if there is no such frame.
            UserError: if the record is damaged.
        """
        if not 0 <= index < len(self._entries):
            raise IndexError(f"frame {index} of {len(self._entries)}")
        offset, picture_bytes, matte_bytes, crc = self._entries[index]
        with self._lock:  # only the read itself; decoding runs beside other threads
            self._file.seek(offset)
            data = self._file.read(picture_bytes + matte_bytes)
        if zlib.crc32(data) != crc:
            raise _unreadable(self.path, f"frame {index} is damaged")
        coded = np.frombuffer(data, np.uint8)
        bgr = cv2.imdecode(coded[:picture_bytes], cv2.IMREAD_COLOR)
        matte = cv2.imdecode(coded[picture_bytes:], cv2.IMREAD_GRAYSCALE)
        if bgr is None or matte is None:
            raise _unreadable(self.path, f"frame {index} is damaged")
        if size is not None and (size, size) != bgr.shape[:2]:
            # Area averaging is for shrinking; enlarged, it would show blocks.
            method = cv2.INTER_AREA if size <= min(bgr.shape[:2]) else cv2.INTER_LINEAR
            bgr = cv2.resize(bgr, (size, size), interpolation=method)
            matte = cv2.resize(matte, (size, size), interpolation=method)
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8), np.asarray(matte, np.uint8)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read_head(file: BinaryIO, path: Path) -> tuple[int, int]:
    """Height and width of the frames."""
    file.seek(0)
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise _unreadable(path, "it holds no frame yet")
    magic, height, width = _HEAD.unpack(head)
    if magic != _MAGIC:
        raise _unreadable(path, "it is not a store of frames")
    return height, width


def _walk(file: BinaryIO) -> list[_Entry]:
    """Entries of all records that lie wholly in the file."""
    file.seek(0, os.SEEK_END)
    end = file.tell()
    entries: list[_Entry] = []
    at = _HEAD.size
    while at + _RECORD.size <= end:
        file.seek(at)
        mark, picture, matte, crc = _RECORD.unpack(file.read(_RECORD.size))
        at += _RECORD.size
        if mark != _MARK or at + picture + matte > end:
            break
        entries.append((at, picture, matte, crc))
        at += picture + matte
    return entries


def _unreadable(path: Path, why: str) -> UserError:
    return UserError(
        f"The tracked frames in {path.name} cannot be read.",
        f"{path}: {why}.",
        "Run the tracking of this clip again; its recording is untouched.",
    )
