"""Frames on disk: any order, any thread, and nothing whole is lost by an interruption."""

from __future__ import annotations

import errno
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.media import FrameStore, FrameStoreWriter, Prefetcher


def crop(index: int, size: int = 64) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A smooth coloured picture and a soft matte, different for each index."""
    x, y = np.meshgrid(np.linspace(0, 1, size), np.linspace(0, 1, size))
    rgb = np.stack([255 * x, 255 * y, np.full_like(x, 10 * index % 256)], -1).astype(np.uint8)
    matte = (255 / (1 + np.exp(20 * (np.hypot(x - 0.5, y - 0.5) - 0.02 * (index % 20))))).astype(np.uint8)
    return rgb, matte


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """A store of 20 frames."""
    with FrameStoreWriter(tmp_path / "clip ä" / "frames.store") as writer:
        for index in range(20):
            writer.append(*crop(index))
    return tmp_path / "clip ä" / "frames.store"


def test_round_trip_in_any_order(store_path: Path) -> None:
    """Pictures come back as good as JPEG 95 keeps them and in RGB, mattes exactly."""
    with FrameStore(store_path) as store:
        assert (len(store), store.height, store.width) == (20, 64, 64)
        for index in (19, 0, 7, 7, 3):
            rgb, matte = store.read(index)
            expected_rgb, expected_matte = crop(index)
            assert np.abs(rgb.astype(int) - expected_rgb).mean() < 1.5
            assert np.array_equal(matte, expected_matte)
        with pytest.raises(IndexError):
            store.read(20)


def test_colour_is_not_halved(tmp_path: Path) -> None:
    """4:4:4: a red line one pixel wide keeps its colour, which 4:2:0 would smear."""
    rgb = np.full((32, 32, 3), 60, np.uint8)
    rgb[:, 15] = (220, 20, 20)
    with FrameStoreWriter(tmp_path / "f") as writer:
        writer.append(rgb, np.zeros((32, 32), np.uint8))
    with FrameStore(tmp_path / "f") as store:
        assert np.abs(store.read(0)[0][16, 15].astype(int) - (220, 20, 20)).max() < 16


def test_resized_by_area(store_path: Path) -> None:
    """Half the size is the mean of 2x2 pixels; enlarging works too."""
    with FrameStore(store_path) as store:
        rgb, matte = store.read(4)
        small, small_matte = store.read(4, 32)
        assert np.abs(small - rgb.reshape(32, 2, 32, 2, 3).mean((1, 3))).max() <= 1
        assert np.abs(small_matte - matte.reshape(32, 2, 32, 2).mean((1, 3))).max() <= 1
        assert store.read(4, 100)[0].shape == (100, 100, 3)


@pytest.mark.parametrize("cut", [1, 5, 400, 2000])
def test_interrupted_writer_goes_on(store_path: Path, cut: int) -> None:
    """A record cut off by a crash is dropped; the frames before it are there, and appending goes on behind them."""
    data = store_path.read_bytes()
    store_path.write_bytes(data[:-cut])
    with FrameStore(store_path) as store:
        whole = len(store)
        assert 17 <= whole < 20
    with FrameStoreWriter(store_path) as writer:
        assert writer.n_frames == whole
        for index in range(whole, 20):
            writer.append(*crop(index))
    assert store_path.read_bytes() == data


def test_zeros_after_a_power_cut(store_path: Path) -> None:
    """Right length, wrong contents: the writer keeps only what its sums confirm; the reader names the damage."""
    data = bytearray(store_path.read_bytes())
    data[-3000:] = bytes(3000)
    store_path.write_bytes(data)
    with FrameStore(store_path) as store:
        assert len(store) >= 17
    with FrameStoreWriter(store_path) as writer:
        assert 15 <= writer.n_frames < 20
        kept = writer.n_frames
    with FrameStore(store_path) as store:
        assert len(store) == kept
        for index in range(kept):
            store.read(index)


def test_damage_in_the_middle(store_path: Path) -> None:
    """A flipped byte is found by its frame alone; all others still read."""
    with FrameStore(store_path) as store:
        offset = store._entries[5][0]
    data = bytearray(store_path.read_bytes())
    data[offset + 50] ^= 255
    store_path.write_bytes(data)
    with FrameStore(store_path) as store:
        with pytest.raises(UserError, match="cannot be read"):
            store.read(5)
        assert store.read(6)[0].shape == (64, 64, 3)


@pytest.mark.parametrize("data", [None, b"", b"a short note", b"something else entirely, not frames"])
def test_not_a_store(tmp_path: Path, data: bytes | None) -> None:
    """Missing, empty and foreign files are told, and a foreign file is not overwritten."""
    path = tmp_path / "frames.store"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UserError, match="cannot be read"):
        FrameStore(path)
    if data:
        with pytest.raises(UserError, match="cannot be read"):
            FrameStoreWriter(path)
        assert path.read_bytes() == data


def test_sizes_must_agree(store_path: Path) -> None:
    """One store, one size; also after reopening."""
    with FrameStoreWriter(store_path) as writer:
        with pytest.raises(ValueError, match="holds frames"):
            writer.append(*crop(0, 32))
        with pytest.raises(ValueError, match="needs u8"):
            writer.append(crop(0)[0], crop(0, 32)[1])


def test_disk_full(store_path: Path) -> None:
    """A full disk is told, costs no whole frame, and appending works again once there is room."""

    class Full:
        def __init__(self, file: Any) -> None:
            self.file = file

        def write(self, data: bytes) -> int:
            self.file.write(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

    with FrameStoreWriter(store_path) as writer:
        real = writer._file
        writer._file = Full(real)  # type: ignore[assignment]
        with pytest.raises(UserError, match="disk is full"):
            writer.append(*crop(20))
        writer._file = real
        with FrameStore(store_path) as store:
            assert len(store) == 20
        writer.append(*crop(21))
    with FrameStore(store_path) as store:
        assert len(store) == 21
        assert np.array_equal(store.read(20)[1], crop(21)[1])


def test_threads_read_at_once(store_path: Path) -> None:
    """Four threads reading mixed frames get each the right one."""
    with FrameStore(store_path) as store, ThreadPoolExecutor(4) as pool:
        order = np.random.default_rng(0).integers(0, 20, 200).tolist()
        for index, (_, matte) in zip(order, pool.map(store.read, order), strict=True):
            assert np.array_equal(matte, crop(index)[1])


def test_store_as_cv2_sees_it(store_path: Path) -> None:
    """Each picture in the file is a plain JPEG and each matte a plain PNG: other tools can rescue them."""
    with FrameStore(store_path) as store:
        offset, picture, matte, _ = store._entries[2]
    data = store_path.read_bytes()[offset : offset + picture + matte]
    assert data[:2] == b"\xff\xd8"
    assert data[picture : picture + 4] == b"\x89PNG"
    assert cv2.imdecode(np.frombuffer(data[picture:], np.uint8), cv2.IMREAD_GRAYSCALE).shape == (64, 64)


def _prefetch_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


@pytest.mark.parametrize("workers", [1, 3])
def test_prefetch_keeps_the_order(workers: int) -> None:
    """Results come in the order asked for even if later ones are ready first; no thread outlives the iteration."""

    def slow(index: int) -> int:
        time.sleep(0.002 * (index % 3))
        return index * index

    order = np.random.default_rng(3).integers(0, 50, 60).tolist()
    assert list(Prefetcher(slow, order, depth=5, workers=workers)) == [(i, i * i) for i in order]
    assert not _prefetch_threads()


def test_prefetch_is_bounded_and_closes() -> None:
    """At most `depth` of an endless sequence are drawn ahead, by the thread that iterates; closing ends all threads."""
    drawn: list[int] = []
    drawn_by: set[int] = set()

    def endless() -> Any:
        for index in itertools.count():
            drawn.append(index)
            drawn_by.add(threading.get_ident())
            yield index

    with Prefetcher(lambda index: index, endless(), depth=4) as ahead:
        assert [next(ahead)[0] for _ in range(10)] == list(range(10))
        assert len(drawn) == 14
        assert drawn_by == {threading.get_ident()}
    assert not _prefetch_threads()
    assert list(ahead) == []


def test_prefetch_passes_errors_on() -> None:
    """An error rises at its place in the order, after the good results before it, and ends the threads."""

    def read(index: int) -> int:
        if index == 3:
            raise UserError("a", "b", "c")
        return index

    ahead = Prefetcher(read, range(10), workers=2)
    assert [next(ahead)[1] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(UserError):
        next(ahead)
    assert not _prefetch_threads()
