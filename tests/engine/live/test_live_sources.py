"""Files as sources: what another program adds is heard as it was written, and only what can be read is accepted."""

from __future__ import annotations

import struct
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.errors import UserError
from emotalker.engine.live.sources import CHUNK, GrowingFile, PacedSound

TONE = (0.5 * np.sin(2 * np.pi * 200 * np.arange(4800) / 16000)).astype(np.float32)


def head(rate: int = 16000, channels: int = 1, bits: int = 16, kind: int = 1, extra: bytes = b"") -> bytes:
    """The beginning of a WAV file that is still being written: its sizes are zero."""
    stride = channels * bits // 8
    sound = struct.pack("<HHIIHH", kind, channels, rate, rate * stride, stride, bits) + extra
    return b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", len(sound)) + sound + b"data\0\0\0\0"


def written(sound: np.ndarray, bits: int, kind: int) -> bytes:
    """Sound [n, channels] as bytes of a WAV file."""
    if kind == 3:
        return sound.astype(f"<f{bits // 8}").tobytes()
    if bits == 8:
        return np.round(sound * 127 + 128).astype(np.uint8).tobytes()
    whole = np.round(sound.astype(np.float64) * (2 ** (bits - 1) - 1)).astype("<i4")
    return whole.reshape(-1, 1).view(np.uint8)[:, : bits // 8].tobytes()


def heard(source: GrowingFile, chunks: int) -> np.ndarray:
    """The next pieces as one sound."""
    return np.concatenate([source.chunk() for _ in range(chunks)])


@pytest.fixture
def follow() -> object:
    """Opens a file for following without its thread: the test asks for the pieces."""
    opened: list[GrowingFile] = []

    def begin(path: Path, from_start: bool = True) -> GrowingFile:
        source = GrowingFile(path, from_start)
        source._file = path.open("rb", buffering=0)
        source._look(begin=True)
        opened.append(source)
        return source

    yield begin
    for source in opened:
        source.stop()


@pytest.mark.parametrize(("bits", "kind"), [(8, 1), (16, 1), (24, 1), (32, 1), (32, 3), (64, 3)])
def test_what_is_written_is_heard(tmp_path: Path, follow, bits: int, kind: int) -> None:
    """Every usual way of writing samples, two channels, in pieces that end in the middle of a sample."""
    file = tmp_path / "a.wav"
    data = written(np.stack([TONE, TONE], 1), bits, kind)
    file.write_bytes(head(channels=2, bits=bits, kind=kind))
    source = follow(file)
    assert not heard(source, 1).any()
    with file.open("ab") as out:
        out.write(data[: len(data) // 2 + 1])
        out.flush()
        first = heard(source, 6)
        out.write(data[len(data) // 2 + 1 :])
    both = np.concatenate([first, heard(source, 9)])
    np.testing.assert_allclose(both, TONE, atol=0.01 if bits == 8 else 1e-4)
    assert not heard(source, 1).any()


def test_only_what_is_new(tmp_path: Path, follow) -> None:
    """Live begins now: what was said before stays in the file."""
    file = tmp_path / "a.wav"
    file.write_bytes(head() + written(TONE[:, None], 16, 1))
    source = follow(file, from_start=False)
    assert not heard(source, 2).any()
    with file.open("ab") as out:
        out.write(written(TONE[:CHUNK, None], 16, 1))
    np.testing.assert_allclose(heard(source, 1), TONE[:CHUNK], atol=1e-4)


def test_another_rate_keeps_the_pitch(tmp_path: Path, follow) -> None:
    """44.1 kHz arrives as 16 kHz: the tone has as many beats in a second."""
    file = tmp_path / "a.wav"
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(44100) / 44100)
    file.write_bytes(head(rate=44100) + written(tone[:, None], 16, 1))
    sound = heard(follow(file), 40)
    strongest = np.argmax(np.abs(np.fft.rfft(sound))) / (len(sound) / 16000)
    assert strongest == pytest.approx(200, abs=2)


def test_the_head_may_come_later(tmp_path: Path, follow) -> None:
    """A file that has just been made holds nothing yet; that is no fault."""
    file = tmp_path / "a.wav"
    file.write_bytes(head()[:20])
    source = follow(file)
    assert not heard(source, 1).any()
    file.write_bytes(head() + written(TONE[:CHUNK, None], 16, 1))
    np.testing.assert_allclose(heard(source, 1), TONE[:CHUNK], atol=1e-4)


@pytest.mark.parametrize(
    "content", [b"ID3\4" + bytes(60), b"RIFF\0\0\0\0AVI " + bytes(60), head(kind=85), head(bits=12)]
)
def test_what_cannot_be_followed_is_refused(tmp_path: Path, content: bytes) -> None:
    """No noise is made of a file in another format; the words name the file and what to choose instead."""
    file = tmp_path / "a.wav"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.wav cannot be followed") as caught:
        GrowingFile(file).start(lambda *_: None)
    assert "WAV file" in caught.value.what_to_do
    with pytest.raises(UserError):
        GrowingFile(tmp_path / "none.wav").start(lambda *_: None)


def test_a_file_that_shrinks_is_told(tmp_path: Path, follow) -> None:
    """Somebody began anew in the same file: what would be read is no sound any more."""
    file = tmp_path / "a.wav"
    file.write_bytes(head() + written(TONE[:, None], 16, 1))
    source = follow(file)
    heard(source, 3)
    file.write_bytes(head())
    with pytest.raises(UserError, match="cannot be followed"):
        heard(source, 3)


def test_a_failing_thread_says_why(tmp_path: Path) -> None:
    """What goes wrong later does not vanish in a thread."""
    file = tmp_path / "a.wav"
    file.write_bytes(head() + written(TONE[:, None], 16, 1))
    source = GrowingFile(file)
    source.start(lambda *_: None)
    file.write_bytes(b"")
    until = time.monotonic() + 5
    while source.failure() is None and time.monotonic() < until:
        time.sleep(0.01)
    source.stop()
    assert isinstance(source.failure(), UserError)


def test_a_recording_comes_at_the_pace_of_speech() -> None:
    """Pieces are stamped 20 ms apart and none comes before its time; after the end there is silence; stop joins."""
    came: list[tuple[np.ndarray, float, float]] = []
    source = PacedSound(TONE[:CHUNK])
    source.start(lambda sound, at: came.append((sound, at, time.perf_counter())))
    until = time.monotonic() + 5
    while len(came) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    source.stop()
    count = len(came)
    assert not [t for t in threading.enumerate() if t.name == "live-source"]
    np.testing.assert_array_equal(came[0][0], TONE[:CHUNK])
    assert not came[1][0].any()
    np.testing.assert_allclose(np.diff([at for _, at, _ in came]), 0.02, atol=1e-6)
    assert all(now >= at for _, at, now in came)
    time.sleep(0.05)
    assert len(came) == count
