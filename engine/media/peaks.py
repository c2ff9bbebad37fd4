"""The outline of a recording at every zoom: minimum, maximum and loudness, for drawing waveforms."""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotalker.engine import files
from emotalker.engine.assets.cache import data_folder
from emotalker.engine.errors import UserError

F32 = NDArray[np.float32]

BLOCKS_PER_SECOND = 1000  # one millisecond: as fine as the timeline's closest zoom shows
_STEP = 4  # blocks of one layer in a block of the next
_FINE = 4  # blocks a column should have: its borders are then at most a quarter of its width off
_CHUNK = 4096  # blocks summed up at a time, so that they stay in the processor's cache
_FULL = 32767  # full scale in the cached file
_KEPT = 200  # cached files
_VERSION = "1"


@dataclass(frozen=True)
class _Layer:
    """Minimum, maximum and mean square of blocks, each float32 [blocks + 1]; the last entry is silence."""

    low: F32
    high: F32
    square: F32


@dataclass(frozen=True)
class Peaks:
    """A pyramid of minima, maxima and mean squares of a recording.

    Attributes:
        duration: seconds.
        block: seconds of one block of the finest layer.
        layers: the pyramid, finest first.
    """

    duration: float
    block: float
    layers: tuple[_Layer, ...]

    @staticmethod
    def of(samples: F32, rate: int) -> Peaks:
        """The outline of samples float32 [n] or [n, channels] (full scale is 1) at `rate` Hz, in one pass.

        Channels are laid over each other: the lowest and highest of all are kept.
        """
        if rate <= 0:
            raise ValueError(f"rate must be positive, not {rate}")
        channels = 1 if samples.ndim == 1 else samples.shape[1]
        flat = np.ascontiguousarray(samples, np.float32).reshape(-1)
        per_block = max(1, rate // BLOCKS_PER_SECOND)
        width = per_block * channels
        whole, rest = len(flat) // width, len(flat) % width
        blocks = whole + (rest > 0)
        low, high, square = (np.zeros(blocks + 1, np.float32) for _ in range(3))
        for first in range(0, whole, _CHUNK):
            last = min(first + _CHUNK, whole)
            part = flat[first * width : last * width].reshape(-1, width)
            low[first:last], high[first:last] = part.min(1), part.max(1)
            square[first:last] = np.einsum("ij,ij->i", part, part) / width
        if rest:
            tail = flat[whole * width :]
            low[whole], high[whole], square[whole] = tail.min(), tail.max(), float(tail @ tail) / rest
        n = len(flat) // channels
        return Peaks(n / rate, per_block / rate, _pyramid(low, high, square))

    def view(self, start_s: float, end_s: float, columns: int) -> tuple[F32, F32, F32]:
        """What columns of a picture show between two times: (minimum, maximum, root mean square), each [columns].

        Times outside of the recording are silence (0).
        """
        if columns <= 0 or not (math.isfinite(start_s) and math.isfinite(end_s) and end_s > start_s):
            raise ValueError(f"cannot show {columns} columns from {start_s} to {end_s} s")
        per_column = (end_s - start_s) / columns / self.block
        depth = 0 if per_column <= _FINE else int(math.log(per_column / _FINE, _STEP))
        depth = min(depth, len(self.layers) - 1)
        layer = self.layers[depth]
        blocks = len(layer.low) - 1
        edges = np.linspace(start_s, end_s, columns + 1) / (self.block * _STEP**depth)
        # The added hair keeps a border that falls on a block's border from taking in the block beside it.
        first = np.floor(edges[:-1] + 1e-6).astype(np.int64)
        last = np.maximum(np.ceil(edges[1:] - 1e-6).astype(np.int64), first + 1)
        inside = (last > 0) & (first < blocks)
        first, last = np.clip(first, 0, blocks), np.clip(last, 0, blocks)
        last = np.where(inside, last, first)
        runs = np.stack([first, last], 1).reshape(-1)
        low = np.where(inside, np.minimum.reduceat(layer.low, runs)[::2], 0).astype(np.float32)
        high = np.where(inside, np.maximum.reduceat(layer.high, runs)[::2], 0).astype(np.float32)
        square = np.where(inside, np.add.reduceat(layer.square, runs)[::2] / np.maximum(last - first, 1), 0)
        return low, high, np.sqrt(square).astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the finest layer to a file; `load` makes the others again.

        Raises:
            UserError: if the file cannot be written.
        """
        finest = self.layers[0]
        loudness = np.sqrt(finest.square)
        arrays = {
            name: np.round(np.clip(values[:-1], -1, 1) * _FULL).astype(np.int16)
            for name, values in (("low", finest.low), ("high", finest.high), ("rms", loudness))
        }
        told = {"version": _VERSION, "duration": repr(self.duration), "block": repr(self.block)}
        files.write_arrays(path, arrays, told)

    @staticmethod
    def load(path: Path) -> Peaks:
        """The outline that `save` wrote.

        Raises:
            UserError: if the file is missing, damaged, or of another version.
        """
        arrays, told = files.read_arrays(path)
        try:
            if told["version"] != _VERSION:
                raise ValueError(f"version {told['version']}")
            low, high, rms = (
                np.append(arrays[name], np.int16(0)).astype(np.float32) / np.float32(_FULL)
                for name in ("low", "high", "rms")
            )
            if not len(low) == len(high) == len(rms):
                raise ValueError("layers differ in length")
            return Peaks(float(told["duration"]), float(told["block"]), _pyramid(low, high, rms * rms))
        except (KeyError, ValueError) as error:
            raise UserError(
                f"{path.name} cannot be read.",
                f"The file does not hold the outline of a recording ({error}).",
                "Delete it; it is made again from the recording.",
            ) from error


def cached_peaks(source: Path, read: Callable[[], tuple[F32, int]], folder: Path | None = None) -> Peaks:
    """The outline of a sound or video file, from the cache if the same content was drawn before.

    Args:
        source: the media file; its content names the cached file, so that a renamed or copied file is known again.
        read: gives samples [n] or [n, channels] and their rate; called only when nothing is cached.
        folder: where outlines are kept, by default a folder in the program's data folder.

    Raises:
        UserError: if the source cannot be read, or what `read` raises. A cache that cannot be written is not an error.
    """
    folder = data_folder() / "peaks" if folder is None else folder
    path = folder / f"{_content_name(source)}.safetensors"
    if path.exists():
        # A damaged cache is no loss: it is made again below.
        with contextlib.suppress(UserError):
            return Peaks.load(path)
    samples, rate = read()
    peaks = Peaks.of(samples, rate)
    # A full disk must not keep a voice from being shown.
    with contextlib.suppress(UserError):
        peaks.save(path)
        _drop_oldest(folder)
    return peaks


def _content_name(source: Path) -> str:
    """A name made of the file's content."""
    try:
        with open(source, "rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=20)).hexdigest()
    except OSError as error:
        raise UserError(
            f"{source.name} cannot be read.",
            f"The system said: {error.strerror or error}.",
            "Check that the file is still there and choose it again.",
        ) from error


def _drop_oldest(folder: Path) -> None:
    """Keep the newest files only."""
    with contextlib.suppress(OSError):
        kept = sorted(folder.glob("*.safetensors"), key=lambda p: p.stat().st_mtime, reverse=True)
        for path in kept[_KEPT:]:
            path.unlink(missing_ok=True)


def _pyramid(low: F32, high: F32, square: F32) -> tuple[_Layer, ...]:
    """All layers above the finest, whose arrays [blocks + 1] end with silence."""
    layers = [_Layer(low, high, square)]
    while len(layers[-1].low) > 2 * _STEP:
        below = layers[-1]
        starts = np.arange(0, len(below.low) - 1, _STEP)
        counts = np.diff(np.append(starts, len(below.low) - 1))
        silence = np.float32(0)
        layers.append(
            _Layer(
                np.append(np.minimum.reduceat(below.low[:-1], starts), silence),
                np.append(np.maximum.reduceat(below.high[:-1], starts), silence),
                np.append(np.add.reduceat(below.square[:-1], starts) / counts, silence).astype(np.float32),
            )
        )
    return tuple(layers)
