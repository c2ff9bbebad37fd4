"""The outline of a recording: what is drawn is what was recorded, at every zoom, quickly."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.media.peaks import Peaks, cached_peaks

RATE = 16_000


def noise(seconds: float, channels: int = 1, seed: int = 0) -> NDArray[np.float32]:
    shape = (round(seconds * RATE), channels) if channels > 1 else round(seconds * RATE)
    return (np.random.default_rng(seed).uniform(-0.5, 0.5, shape)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(st.floats(-1, 8), st.floats(0.01, 9), st.integers(1, 300))
def test_a_column_holds_every_sample_of_its_time(start: float, length: float, columns: int) -> None:
    """No peak is lost at any zoom, and none is shown more than the promised quarter column (or a block) away."""
    sound = noise(7.3)
    peaks = Peaks.of(sound, RATE)
    low, high, rms = peaks.view(start, start + length, columns)
    assert low.shape == high.shape == rms.shape == (columns,)
    width = length / columns
    slack = max(width / 4, peaks.block) + 1 / RATE
    for column in range(0, columns, max(1, columns // 20)):
        begin, end = start + column * width, start + (column + 1) * width
        inner = sound[max(0, int(np.ceil(begin * RATE))) : max(0, int(np.floor(end * RATE)))]
        outer = sound[max(0, int((begin - slack) * RATE)) : max(0, int((end + slack) * RATE) + 1)]
        if len(inner):
            assert low[column] <= inner.min() + 1e-6
            assert high[column] >= inner.max() - 1e-6
        assert low[column] >= min(outer.min(), 0) - 1e-6 if len(outer) else low[column] == 0
        assert high[column] <= max(outer.max(), 0) + 1e-6 if len(outer) else high[column] == 0


def test_loudness_is_the_root_mean_square() -> None:
    """A sine of amplitude 0.5 is 0.354 loud at every zoom, and silence around it is 0."""
    t = np.arange(4 * RATE) / RATE
    peaks = Peaks.of((0.5 * np.sin(2 * np.pi * 200 * t)).astype(np.float32), RATE)
    for columns in (4, 40, 400):
        np.testing.assert_allclose(peaks.view(0, 4, columns)[2], 0.5 / np.sqrt(2), atol=0.02)
    before, after = peaks.view(-2, -0.1, 10)[2], peaks.view(4.2, 9, 10)[2]
    assert not before.any()
    assert not after.any()


def test_channels_lie_over_each_other() -> None:
    """A click in one channel of two is seen."""
    sound = np.zeros((RATE, 2), np.float32)
    sound[RATE // 2, 1] = 0.9
    low, high, _rms = Peaks.of(sound, RATE).view(0, 1, 10)
    assert high.max() == pytest.approx(0.9)
    assert low.min() == 0
    assert Peaks.of(sound, RATE).duration == pytest.approx(1)


@pytest.mark.parametrize("samples", [0, 1, 7, 16, 17])
def test_tiny_recordings(samples: int) -> None:
    """A recording of no or a few samples is drawn without complaint."""
    peaks = Peaks.of(np.full(samples, 0.25, np.float32), RATE)
    _low, high, _rms = peaks.view(0, 0.01, 50)
    assert high[0] == pytest.approx(0.25 if samples else 0)


def test_ten_minutes_in_a_second() -> None:
    """Ten minutes of stereo at 48 kHz take less than a second to build and a millisecond or so to view."""
    sound = np.tile(noise(10, 2), (180, 1))
    started = time.perf_counter()
    peaks = Peaks.of(sound, 48_000)
    assert time.perf_counter() - started < 1
    started = time.perf_counter()
    peaks.view(0, 600, 1920)
    assert time.perf_counter() - started < 0.05


def test_cache_by_content(tmp_path: Path) -> None:
    """The second look at a file, even renamed, reads no sound; a changed one is read again."""
    reads: list[int] = []

    def read() -> tuple[NDArray[np.float32], int]:
        reads.append(1)
        return noise(2), RATE

    source, cache = tmp_path / "voice.wav", tmp_path / "cache"
    source.write_bytes(b"one")
    first = cached_peaks(source, read, cache)
    source.rename(tmp_path / "other.wav")
    again = cached_peaks(tmp_path / "other.wav", read, cache)
    assert len(reads) == 1
    assert again.duration == first.duration
    for a, b in zip(first.view(0, 2, 77), again.view(0, 2, 77), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    source.write_bytes(b"two")
    cached_peaks(source, read, cache)
    assert len(reads) == 2


def test_a_damaged_cache_is_made_again(tmp_path: Path) -> None:
    """Garbage in the cache costs time, never an error; a missing source is told."""
    source, cache = tmp_path / "voice.wav", tmp_path / "cache"
    source.write_bytes(b"one")
    cached_peaks(source, lambda: (noise(1), RATE), cache)
    (file,) = cache.glob("*.safetensors")
    file.write_bytes(b"garbage")
    with pytest.raises(UserError):
        Peaks.load(file)
    assert cached_peaks(source, lambda: (noise(1), RATE), cache).duration == pytest.approx(1)
    assert Peaks.load(file).duration == pytest.approx(1)
    with pytest.raises(UserError):
        cached_peaks(tmp_path / "none.wav", lambda: (noise(1), RATE), cache)


def test_nonsense_is_refused() -> None:
    """Views of nothing are an error of the program, found at once."""
    peaks = Peaks.of(noise(1), RATE)
    for start, end, columns in ((0, 1, 0), (1, 1, 5), (0, float("nan"), 5)):
        with pytest.raises(ValueError, match="cannot show"):
            peaks.view(start, end, columns)
    with pytest.raises(ValueError, match="rate"):
        Peaks.of(noise(1), 0)
