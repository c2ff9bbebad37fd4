"""Frames come evenly, upright and complete, whatever the file is like."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from emotalker.engine.errors import UserError
from emotalker.engine.media import FrameSource, probe
from emotalker.engine.media.video import exact_rate

UNIT = 65536


@pytest.mark.parametrize("fps", [Fraction(8), Fraction(25), Fraction(30000, 1001), Fraction(50), Fraction(60)])
def test_any_rate_becomes_25(tmp_path: Path, make_clip: Callable, number: Callable, fps: Fraction) -> None:
    """Every output frame shows the source frame that is on screen at its centre; none is missing at the end."""
    n = int(3 * fps)
    clip = make_clip(tmp_path / "clip.mp4", range(n), 1 / fps, rate=fps)
    source = FrameSource(clip, 25.0)
    shown = [(index, number(rgb)) for index, rgb in source]
    # 1 ms of grace: at a tie (50 to 25) the later one is shown.
    expected = [int(((i + Fraction(1, 2)) / 25 + Fraction(1, 1000)) * fps) for i in range(len(shown))]
    assert [index for index, _ in shown] == list(range(len(shown)))
    assert [value for _, value in shown] == [min(value, n - 1) for value in expected]
    assert len(shown) == len(source)
    assert abs(len(shown) - float(n / fps * 25)) <= 0.5
    assert source.info.fps == pytest.approx(float(fps), rel=1e-3)
    assert not source.info.variable_frame_rate
    assert source.info.n_frames == n


def test_millisecond_timestamps_do_not_judder(tmp_path: Path, make_clip: Callable, number: Callable) -> None:
    """50 fps with timestamps rounded to milliseconds, some of them off by one, still gives every second frame."""
    ticks = [20 * i + (i % 3 == 0) for i in range(100)]
    clip = make_clip(tmp_path / "clip.mkv", ticks, Fraction(1, 1000))
    values = [number(rgb) for _, rgb in FrameSource(clip)]
    assert len(set(np.diff(values))) == 1


def test_variable_rate(tmp_path: Path, make_clip: Callable, number: Callable) -> None:
    """A phone clip that drops to 10 fps and freezes for a second keeps its timing."""
    ticks = [*range(0, 1000, 33), *range(1000, 2000, 100), *range(3000, 3500, 40)]
    clip = make_clip(tmp_path / "clip.mp4", ticks, Fraction(1, 1000))
    assert probe(clip).variable_frame_rate
    values = [number(rgb) for _, rgb in FrameSource(clip)]
    expected = [sum(tick <= 1000 * (i + 0.5) / 25 + 1 for tick in ticks) - 1 for i in range(len(values))]
    assert values == expected
    assert len(values) in (88, 89)


def test_later_start_of_the_picture_is_time_zero(tmp_path: Path, make_clip: Callable, number: Callable) -> None:
    """Files whose first timestamp is not zero begin with their first frame."""
    clip = make_clip(tmp_path / "clip.mkv", range(1400, 2400, 40), Fraction(1, 1000))
    assert [number(rgb) for _, rgb in FrameSource(clip)] == list(range(25))


MATRICES = {
    "quarter": ([0, -UNIT, 0, UNIT, 0, 0, 0, 0, 1 << 30], lambda rgb: np.rot90(rgb, 1)),
    "half": ([-UNIT, 0, 0, 0, -UNIT, 0, 0, 0, 1 << 30], lambda rgb: np.rot90(rgb, 2)),
    "three quarters": ([0, UNIT, 0, -UNIT, 0, 0, 0, 0, 1 << 30], lambda rgb: np.rot90(rgb, 3)),
    "mirrored": ([-UNIT, 0, 0, 0, UNIT, 0, 0, 0, 1 << 30], lambda rgb: rgb[:, ::-1]),
}


@pytest.mark.parametrize("name", MATRICES)
def test_rotation_flag(tmp_path: Path, make_clip: Callable, picture: Callable, name: str) -> None:
    """Clips of a phone held upright, on its head, or mirrored by its front camera, stand as they were filmed."""
    matrix, turn = MATRICES[name]
    clip = make_clip(tmp_path / "clip.mp4", range(25), Fraction(1, 25), matrix=matrix)
    source = FrameSource(clip)
    frames = [rgb for _, rgb in source]
    expected = turn(picture(5))
    assert (source.info.height, source.info.width) == expected.shape[:2]
    assert source.info.rotation == {"quarter": 90, "half": 180, "three quarters": 270}.get(name, source.info.rotation)
    assert frames[5].shape == expected.shape
    assert frames[5].flags.c_contiguous
    assert np.abs(frames[5].astype(int) - expected).mean() < 8


def test_start_and_stop(tmp_path: Path, make_clip: Callable, number: Callable) -> None:
    """A stretch of a clip has the frames and numbers it has in the whole, with and without seeking."""
    clip = make_clip(
        tmp_path / "clip.mp4",
        range(300),
        Fraction(1, 30),
        rate=Fraction(30),
        options={"g": "40", "bf": "3", "preset": "fast", "crf": "20"},
    )
    whole = [(index, number(rgb)) for index, rgb in FrameSource(clip)]
    assert len(whole) == 250
    for start, stop in ((0, 5), (10, 20), (110, 140), (200, None), (249, 400), (300, None)):
        part = FrameSource(clip, start=start, stop=stop)
        assert [(index, number(rgb)) for index, rgb in part] == whole[start:stop]
        assert len(part) == len(whole[start:stop])


def test_one_frame_of_4k(tmp_path: Path, make_clip: Callable, number: Callable) -> None:
    """A lone frame of 3840x2160 is read, for one output frame and not for none."""
    clip = make_clip(tmp_path / "clip.mp4", [0], Fraction(1, 25), size=(2160, 3840))
    frames = list(FrameSource(clip))
    assert len(frames) == 1
    assert frames[0][1].shape == (2160, 3840, 3)


def test_repeats_are_separate_arrays(tmp_path: Path, make_clip: Callable) -> None:
    """Writing into a frame does not change the next one where the source is slower than the output."""
    clip = make_clip(tmp_path / "clip.mp4", range(8), Fraction(1, 8), rate=Fraction(8))
    frames = iter(FrameSource(clip))
    first = next(frames)[1]
    first[:] = 0
    assert next(frames)[1].max() > 0


def test_odd_names(tmp_path: Path, make_clip: Callable) -> None:
    """Spaces and umlauts in folder and file names are no trouble."""
    clip = make_clip(tmp_path / "Müllers Aufnahmen" / "fröhlich 2 (neu) 你好.mp4", range(10), Fraction(1, 25))
    assert len(list(FrameSource(clip))) == 10


def test_truncated_in_the_middle(tmp_path: Path, make_clip: Callable, number: Callable) -> None:
    """A copy that broke off gives what is there, in order, and says that it is damaged."""
    clip = make_clip(tmp_path / "clip.mp4", range(200), Fraction(1, 25), muxer={"movflags": "faststart"})
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 6 // 10])
    source = FrameSource(clip)
    values = [number(rgb) for _, rgb in source]
    assert 50 < len(values) < 160
    assert values[:50] == list(range(50))
    assert source.truncated


def test_whole_clip_is_not_called_truncated(tmp_path: Path, make_clip: Callable) -> None:
    """The warning about truncated clips does not cry wolf."""
    source = FrameSource(make_clip(tmp_path / "clip.mp4", range(50), Fraction(1, 25)))
    assert sum(1 for _ in source) == 50
    assert not source.truncated
    assert not source.damage


def _cut_before_index(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes()[:-700])


BAD = {
    "index missing": (_cut_before_index, "cut off or damaged"),
    "text": (lambda clip: clip.write_text("this is no film\n" * 50), "not a video"),
    "empty": (lambda clip: clip.write_bytes(b""), "empty"),
    "missing": (lambda clip: clip.unlink(), "not there"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(tmp_path: Path, make_clip: Callable, name: str) -> None:
    """What is no readable video is refused before any work, in words that name the file and the reason."""
    spoil, words = BAD[name]
    clip = make_clip(tmp_path / "clip.mp4", range(5), Fraction(1, 25))
    spoil(clip)
    for attempt in (probe, FrameSource):
        with pytest.raises(UserError, match=words) as error:
            attempt(clip)
        assert "clip.mp4" in error.value.what
        assert error.value.what_to_do


def test_folder_is_refused(tmp_path: Path) -> None:
    """Choosing a folder by mistake is explained."""
    with pytest.raises(UserError, match="folder"):
        probe(tmp_path)


def test_sound_file_has_no_picture(tmp_path: Path) -> None:
    """A sound file where a video is needed is told as such."""
    with av.open(str(tmp_path / "voice.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.int16), format="s16", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
    with pytest.raises(UserError, match="no picture"):
        probe(tmp_path / "voice.wav")


def test_exact_rates() -> None:
    """NTSC rates are recognised however they are rounded, whole ones stay whole."""
    assert exact_rate(29.97) == exact_rate(30000 / 1001) == Fraction(30000, 1001)
    assert exact_rate(59.94) == Fraction(60000, 1001)
    assert exact_rate(23.976) == Fraction(24000, 1001)
    assert [exact_rate(value) for value in (8, 25.0, 30, 12.5)] == [8, 25, 30, Fraction(25, 2)]


@pytest.mark.data
@pytest.mark.parametrize("name", ["subject_a/happy_level2.mp4", "neutral_talk/talk_450p_20s.mp4"])
def test_real_clips(name: str) -> None:
    """Real clips at 25 fps come through frame for frame, as many as their header says."""
    clip = Path(__file__).parents[3] / ".." / "shared" / "data" / name
    if not clip.exists():
        pytest.skip(f"needs {clip}")
    source = FrameSource(clip)
    assert sum(1 for _ in source) == len(source) == source.info.n_frames
