"""Films of a performance: range, sound to the sample, camera moves, see-through sequences, stop."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from emotalker.engine.avatar import known_voice
from emotalker.engine.bench.twin import sample_twin
from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.engine.errors import UserError
from emotalker.engine.export import FilmJob
from emotalker.engine.jobs import Event, Outcome, Progress, StopToken, run
from emotalker.engine.media import FrameSource, probe, read_audio
from emotalker.engine.render.view import View

WIDTH, SIZE, RATE = 12, 64, 22050


class Ear:
    """A speech encoder that hears loudness."""

    name, width = "ear", WIDTH

    def features(self, audio_16k: NDArray[np.float32]) -> NDArray[np.float32]:
        """Loudness of every 20 ms in all features."""
        padded = np.pad(audio_16k, (0, -len(audio_16k) % 320)).reshape(-1, 320)
        return np.repeat(np.sqrt((padded**2).mean(1))[:, None], WIDTH, 1).astype(np.float32)


@pytest.fixture(autouse=True)
def ear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twins hear with `Ear`; no voice here is the sample's."""
    monkeypatch.setattr("emotalker.engine.avatar.avatar.open_encoder", lambda *_: Ear())
    monkeypatch.setattr(known_voice, "_of_sample", lambda _: None)


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small untrained twin on disk."""
    folder = tmp_path_factory.mktemp("twin")
    sample_twin(1200, SIZE, WIDTH).save(folder)
    return folder


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of noise, every sample of it known."""
    path = tmp_path_factory.mktemp("sound") / "noise.wav"
    tone = 0.2 * np.random.default_rng(0).standard_normal(RATE * 2)
    soundfile.write(path, np.convolve(tone, np.ones(8) / 8, "same"), RATE)
    return path


@pytest.fixture
def job(twin: Path, voice: Path, tmp_path: Path) -> FilmJob:
    """A small film."""
    curve = EmotionCurve((Keyframe.of(0.0, "neutral", 0.0), Keyframe.of(1.0, "happy", 3.0)))
    return FilmJob(twin, tmp_path / "films" / "film.mp4", voice, curve.to_json(), width=SIZE, height=SIZE)


def pictures(path: Path) -> NDArray[np.uint8]:
    """All frames [T, H, W, 3]."""
    return np.stack([frame for _, frame in FrameSource(path, fps=probe(path).fps)])


def made(job: FilmJob) -> Path:
    """Run it to the end, as another process would get it."""
    assert run(pickle.loads(pickle.dumps(job))(StopToken())) is Outcome.FINISHED
    return job.out


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
def test_a_range_carries_just_its_sound(job: FilmJob, voice: Path, fps: float) -> None:
    """Frame 0 and sample 0 of the film are the same moment of the voice, at any rate, to the sample."""
    start, end = 0.5, 1.25
    path = made(replace(job, start=start, end=end, fps=fps))
    info, recorded, heard = probe(path), read_audio(voice), read_audio(path)
    assert recorded is not None
    assert heard is not None
    assert info.fps == pytest.approx(fps)
    assert info.n_frames == math.ceil(end * fps - 1e-6) - round(start * fps)
    assert heard.duration == pytest.approx(end - start, abs=1 / fps)
    first = round(round(start * fps) / fps * 16000)
    part = recorded.mono16k[first : first + 8000]
    lags = [np.corrcoef(part[200 + lag : 7800 + lag], heard.mono16k[200:7800])[0, 1] for lag in range(-40, 41)]
    assert abs(int(np.argmax(lags)) - 40) <= 1


def test_the_film_says_that_it_is_ai(job: FilmJob) -> None:
    """In the metadata always; in the picture when asked."""
    plain = pictures(made(job))
    with av.open(str(job.out)) as container:
        assert "AI-generated" in container.metadata["comment"]
    marked = pictures(made(replace(job, out=job.out.with_name("marked.mp4"), badge=True)))
    change = np.abs(marked.astype(int) - plain).max(-1).mean(0)
    assert change[-24:, -48:].mean() > 4 * change[:32].mean() + 1


def test_formats_views_and_moves_change_the_picture(job: FilmJob) -> None:
    """A wide film is wide, a push in makes the person larger in the end than at the start."""
    wide = pictures(made(replace(job, width=128, height=72, end=0.4)))
    assert wide.shape[1:3] == (72, 128)
    still = pictures(made(replace(job, out=job.out.with_name("a.mp4"), background="#00b140", end=0.6)))
    push = replace(job, out=job.out.with_name("b.mp4"), background="#00b140", end=0.6, move="push")
    pushed = pictures(made(push))

    def person(picture: NDArray[np.uint8]) -> int:
        return int((np.abs(picture.astype(int) - (0, 177, 64)).max(-1) > 60).sum())

    assert person(pushed[0]) == pytest.approx(person(still[0]), rel=0.02)
    assert person(pushed[-1]) > 1.08 * person(still[-1])
    turned = pictures(made(replace(job, out=job.out.with_name("c.mp4"), view=View(yaw=15.0), end=0.2)))
    assert np.abs(turned[0].astype(int) - pictures(made(job))[0]).mean() > 2


def test_a_see_through_sequence_has_alpha(job: FilmJob) -> None:
    """One PNG a frame: the wall is gone, the person is there; the folder appears when it is whole."""
    out = job.out.with_suffix("")
    made(replace(job, out=out, alpha=True, end=0.2))
    files = sorted(out.glob("*.png"))
    assert [f.name for f in files] == [f"{i:06d}.png" for i in range(5)]
    picture = cv2.imread(str(files[0]), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (SIZE, SIZE, 4)
    assert picture[2, 2, 3] == 0
    assert picture[SIZE // 2, SIZE // 2, 3] > 240
    with pytest.raises(UserError, match="already"):
        made(replace(job, out=out, alpha=True, end=0.2))


def test_without_a_voice_the_twin_is_silent_but_alive(job: FilmJob) -> None:
    """A film without sound of the length asked for, in which it blinks and moves."""
    path = made(replace(job, voice=None, end=3.0, fps=24.0))
    assert read_audio(path) is None
    shots = pictures(path)
    assert len(shots) == 72
    assert np.abs(shots[0].astype(int) - shots[40]).mean() > 0.1


@pytest.mark.parametrize("alpha", [False, True])
def test_a_stopped_film_leaves_nothing(job: FilmJob, alpha: bool) -> None:
    """Neither the film nor half of it."""
    stop = StopToken()

    def halt(event: Event) -> None:
        if isinstance(event, Progress) and event.done > 0:
            stop.request()

    cut = replace(job, alpha=alpha, out=job.out.with_suffix("") if alpha else job.out)
    assert run(cut(stop), halt) is Outcome.STOPPED
    assert not job.out.parent.exists() or not list(job.out.parent.iterdir())


def test_missing_parts_are_told(job: FilmJob, tmp_path: Path) -> None:
    """No twin, no voice, marks behind the end: each has its sentence and leaves no file."""
    changes: list[dict[str, Any]] = [
        {"avatar_dir": tmp_path / "none"}, {"voice": tmp_path / "none.wav"}, {"start": 5.0, "end": 6.0},
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(UserError):
            made(replace(job, **change))
    assert not job.out.exists()
