"""Sound keeps its place to the millisecond, and MP4 files are whole or not there."""

from __future__ import annotations

import errno
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.media import FrameSource, Mp4Writer, probe, read_audio

RATE = 48_000


def clicks(n: int, at: list[int], channels: int = 1) -> NDArray[np.float32]:
    """Faint noise with clicks of one sample."""
    sound = np.random.default_rng(0).normal(0, 1e-3, (n, channels)).astype(np.float32)
    sound[at] = 0.9
    return sound


def film(path: Path, audio: NDArray[np.float32] | None, rate: int | None = RATE, n: int = 30, **settings: str) -> Path:
    """`n` grey frames of 48x32 at 25 fps with `audio`."""
    with Mp4Writer(path, 48, 32, 25, audio, rate, metadata=settings) as writer:
        for index in range(n):
            writer.write(np.full((32, 48, 3), 5 * index, np.uint8))
    return path


@pytest.mark.parametrize("n", [RATE, RATE * 2 + 123, RATE - 1, 700, 3 * 1024])
def test_sound_is_sample_accurate(tmp_path: Path, n: int) -> None:
    """Length and place survive AAC: its priming and its padding are in the edit list, in samples, and are honoured."""
    at = [n // 4, n // 2] if n > 1000 else [n // 2]
    track = read_audio(film(tmp_path / "a.mp4", clicks(n, at)))
    assert track is not None
    assert track.rate == RATE
    assert track.original.shape == (n, 1)
    for place in at:
        window = np.abs(track.original[place - 200 : place + 200, 0])
        assert int(window.argmax()) == 200  # 0 samples away; 1 ms would be 48
    assert track.mono16k.shape == (round(n / 3),)


def test_click_at_half_a_second_in_16k(tmp_path: Path) -> None:
    """The ear of the networks hears a click of 0.5 s at 0.5 s, within 1 ms, from stereo at 44.1 kHz."""
    track = read_audio(film(tmp_path / "a.mp4", clicks(44_100, [22_050], 2), 44_100))
    assert track is not None
    assert track.original.shape == (RATE, 2)
    assert abs(int(np.abs(track.mono16k).argmax()) / 16_000 - 0.5) < 1e-3
    assert track.mono16k.dtype == track.original.dtype == np.float32
    assert track.duration == 1.0


@pytest.mark.parametrize(
    ("suffix", "codec"), [("m4a", "aac"), ("mp3", "libmp3lame"), ("flac", "flac"), ("opus", "libopus")]
)
def test_sound_files(tmp_path: Path, suffix: str, codec: str) -> None:
    """Sound files of the usual kinds are read with their click in place."""
    path = tmp_path / f"grüße an alle.{suffix}"
    sound = clicks(RATE, [RATE // 2])
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        for start in range(0, RATE, 1000):
            block = np.ascontiguousarray(sound[start : start + 1000].T)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    track = read_audio(path)
    assert track is not None
    assert abs(int(np.abs(track.original[:, 0]).argmax()) - RATE // 2) < RATE // 1000
    assert abs(len(track.original) - RATE) < 1200


def test_wav_is_exact(tmp_path: Path) -> None:
    """WAV comes bit for bit, and its 16 kHz version has the right length."""
    sound = np.random.default_rng(1).integers(-30_000, 30_000, (22_050, 2)).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", sound, 22_050)
    track = read_audio(tmp_path / "a.wav")
    assert track is not None
    assert np.array_equal(track.original, sound.astype(np.float32) / 32768)
    assert len(track.mono16k) == 16_000


def _with_offset(path: Path, sound_at: float, picture_at: float) -> Path:
    """MKV with one second of sound (click at 0.5 s after its start) and of picture, each at its own time."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for i in range(25):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            picture = picture.reformat(format="yuv420p")
            picture.pts, picture.time_base = round(picture_at * 25) + i, Fraction(1, 25)
            container.mux(video.encode(picture))
        sound = (clicks(16_000, [8_000]).T * 32767).astype(np.int16)
        for start in range(0, 16_000, 1600):
            block = np.ascontiguousarray(sound[:, start : start + 1600])
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.time_base = 16_000, Fraction(1, 16_000)
            frame.pts = round(sound_at * 16_000) + start
            container.mux(audio.encode(frame))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


@pytest.mark.parametrize(("sound_at", "picture_at"), [(0.2, 0.0), (0.0, 0.2), (1.0, 1.0)])
def test_offset_between_sound_and_picture(tmp_path: Path, sound_at: float, picture_at: float) -> None:
    """Time zero of the sound is the first frame: later sound is preceded by silence, earlier sound is cut."""
    track = read_audio(_with_offset(tmp_path / "a.mkv", sound_at, picture_at))
    assert track is not None
    offset = sound_at - picture_at
    assert abs(int(np.abs(track.mono16k).argmax()) / 16_000 - (0.5 + offset)) < 2e-3
    assert track.duration == pytest.approx(1 + offset, abs=2e-3)
    if offset > 0:
        assert not track.original[: int(offset * 16_000) - 32].any()


def test_no_sound_and_silence(tmp_path: Path) -> None:
    """No sound is None; a muted microphone is a track that says it is silent."""
    assert read_audio(film(tmp_path / "a.mp4", None, None)) is None
    assert not probe(tmp_path / "a.mp4").has_audio
    silent = read_audio(film(tmp_path / "b.mp4", np.zeros(RATE, np.float32)))
    assert silent is not None
    assert silent.silent
    loud = read_audio(film(tmp_path / "c.mp4", clicks(RATE, [100])))
    assert loud is not None
    assert not loud.silent


def test_bad_sound_file(tmp_path: Path) -> None:
    """A text called .wav is refused in plain words."""
    (tmp_path / "a.wav").write_text("not sound at all " * 30)
    with pytest.raises(UserError, match="not a video or sound file"):
        read_audio(tmp_path / "a.wav")


def test_picture_survives(tmp_path: Path, picture: Callable) -> None:
    """Colours go out and in as BT.709 within a few grey levels, timing is even, tags and the comment are there."""
    colours = np.zeros((64, 96, 3), np.uint8)
    colours[:, :32], colours[:, 32:64], colours[:, 64:] = (200, 40, 30), (30, 180, 60), (40, 60, 210)
    with Mp4Writer(tmp_path / "a.mp4", 96, 64, 29.97, metadata={"comment": "AI-generated"}, quality=10) as writer:
        for _ in range(30):
            writer.write(colours)
    source = FrameSource(tmp_path / "a.mp4", 29.97)
    frames = [rgb for _, rgb in source]
    assert len(frames) == 30
    for x in (16, 48, 80):
        assert np.abs(frames[7][32, x].astype(int) - colours[32, x]).max() <= 4
    assert not source.info.variable_frame_rate
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == Fraction(30000, 1001)
        assert (stream.colorspace, stream.color_primaries, stream.color_trc, stream.color_range) == (1, 1, 1, 1)
        assert stream.pix_fmt == "yuv420p"
        assert container.metadata["comment"] == "AI-generated"


def test_odd_size_is_padded(tmp_path: Path) -> None:
    """33x65 becomes 34x66 by repeating the edge; the rest stays in place."""
    frame = np.full((33, 65, 3), 90, np.uint8)
    with Mp4Writer(tmp_path / "a.mp4", 65, 33, 25) as writer:
        writer.write(frame)
    ((_, rgb),) = FrameSource(tmp_path / "a.mp4")
    assert rgb.shape == (34, 66, 3)
    assert np.abs(rgb.astype(int) - 90).max() < 5


def test_nothing_is_left_after_an_exception(tmp_path: Path) -> None:
    """An error in the block passes through as it is, the older film stays, no temporary file remains."""
    path = tmp_path / "neu" / "a.mp4"
    older = film(path, None, None).read_bytes()

    def break_off() -> None:
        with Mp4Writer(path, 48, 32, 25) as writer:
            writer.write(np.zeros((32, 48, 3), np.uint8))
            assert len(list(path.parent.iterdir())) == 2
            raise FileNotFoundError("mine")

    with pytest.raises(FileNotFoundError, match="mine"):
        break_off()
    assert [entry.name for entry in path.parent.iterdir()] == ["a.mp4"]
    assert path.read_bytes() == older


def test_stop_leaves_nothing(tmp_path: Path) -> None:
    """Abort removes the unfinished film, may be called twice, and leaving the block afterwards is fine."""
    with Mp4Writer(tmp_path / "a.mp4", 48, 32, 25, clicks(RATE, [5]), RATE) as writer:
        writer.write(np.zeros((32, 48, 3), np.uint8))
        writer.abort()
        writer.abort()
        with pytest.raises(ValueError, match="closed"):
            writer.write(np.zeros((32, 48, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


class _FullDisk:
    """A file on a disk that takes `room` bytes more and is full then."""

    def __init__(self, path: Path, room: int) -> None:
        self._file = open(path, "wb")  # noqa: SIM115
        self._room = room

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


@pytest.mark.parametrize("room", [0, 20_000, 200_000])
def test_disk_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """When the muxer cannot write, the user reads that the disk is full, and nothing is left behind."""
    monkeypatch.setattr(
        "emotalker.engine.media.mp4.open", lambda path, mode: _FullDisk(Path(path), room), raising=False
    )
    noise = np.random.default_rng(0)

    def make() -> None:
        with Mp4Writer(tmp_path / "a.mp4", 320, 240, 25, clicks(RATE, [9]), RATE, speed="ultrafast") as writer:
            for _ in range(100):
                writer.write(noise.integers(0, 255, (240, 320, 3), np.uint8))

    with pytest.raises(UserError, match="disk is full"):
        make()
    assert list(tmp_path.iterdir()) == []


def test_misuse_is_told(tmp_path: Path) -> None:
    """Wrong shapes, a missing rate and a film without frames are refused, with nothing left behind."""
    with pytest.raises(ValueError, match="audio_rate"):
        Mp4Writer(tmp_path / "a.mp4", 48, 32, 25, np.zeros(10, np.float32))
    with pytest.raises(ValueError, match="no film"):
        Mp4Writer(tmp_path / "a.mp4", 0, 32, 25)
    with pytest.raises(ValueError, match="u8"), Mp4Writer(tmp_path / "a.mp4", 48, 32, 25) as writer:
        writer.write(np.zeros((48, 32, 3), np.uint8))
    with pytest.raises(UserError, match="not made"), Mp4Writer(tmp_path / "a.mp4", 48, 32, 25):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.data
def test_real_mp3_in_mp4() -> None:
    """The real clips carry MP3 in MP4; the sound lasts as long as the picture, within a codec frame."""
    clip = Path(__file__).parents[3] / ".." / "shared" / "data" / "subject_a" / "happy_level2.mp4"
    if not clip.exists():
        pytest.skip(f"needs {clip}")
    track = read_audio(clip)
    assert track is not None
    assert track.duration == pytest.approx(probe(clip).duration, abs=0.03)
    assert not track.silent
