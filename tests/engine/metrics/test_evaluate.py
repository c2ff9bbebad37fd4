"""The evaluation: right figures from known renders, baselines from training clips only, stop and bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from emotalker.engine import assets
from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Event, Notice, Outcome, Preview, StopToken, run
from emotalker.engine.media import FrameStore, FrameStoreWriter
from emotalker.engine.metrics import passage, perceptual
from emotalker.engine.metrics.baselines import frames_of, mean_frame, nearest_frames
from emotalker.engine.metrics.evaluate import evaluate
from emotalker.engine.metrics.image import psnr
from emotalker.engine.metrics.kept import Kept
from emotalker.engine.metrics.landmarks import FACE_OVAL, OUTER_LIPS
from emotalker.engine.metrics.listening import LOUDNESS
from emotalker.engine.tracking.observing.landmarker import FaceObservation
from emotalker.engine.tracking.track import Track

U8 = NDArray[np.uint8]
SIDE = 96
SIZE = 48


def frame(value: int, seed: int) -> U8:
    """A smooth picture around a brightness, different for each seed."""
    coarse = np.random.default_rng(seed).integers(-20, 20, (6, 6, 3)).astype(np.float32)
    return np.clip(cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) + value, 0, 255).astype(np.uint8)


def write_clip(track_dir: Path, clip: ClipInput, frames: list[U8]) -> None:
    """A tracked clip: its frames, and landmarks of a face in the middle."""
    folder = track_dir / "clips" / clip.id
    with FrameStoreWriter(folder / "frames.store") as store:
        for picture in frames:
            store.append(picture, np.full((SIDE, SIDE), 255, np.uint8))
    count = len(frames)
    landmarks = np.full((count, 478, 2), SIDE / 2, np.float32)
    for ring, radius in ((FACE_OVAL, 0.35), (OUTER_LIPS, 0.1)):
        angle = np.linspace(0, 2 * np.pi, len(ring), endpoint=False)
        landmarks[:, list(ring)] = SIDE * (0.5 + radius * np.stack([np.cos(angle), np.sin(angle)], 1))
    zeros = {name: np.zeros((count, *shape), np.float32) for name, shape in (
        ("psi", (4,)), ("jaw", (3,)), ("neck", (3,)), ("eyes", (2, 3)), ("root_rotation", (3,)),
        ("root_translation", (3,)), ("au45", ()), ("confidence", ()), ("blendshapes", (52,)), ("reprojection", ()),
    )}  # fmt: skip
    zeros["confidence"] += 1
    crop = np.array([0, 0, SIDE], np.float32)
    Track(**zeros, landmarks=landmarks, crop=crop, fps=25.0, size=SIDE).save(folder / "track.safetensors")


class Repainting:
    """Renders the recorded frame itself, off by a constant: 4 when tracked, 10 when driven by sound."""

    def __init__(self, track_dir: Path) -> None:
        self._track_dir = track_dir

    def _read(self, clip_id: str, index: int, size: int, error: int) -> U8:
        with FrameStore(self._track_dir / "clips" / clip_id / "frames.store") as store:
            return (store.read(index, size)[0].astype(np.int16) + error).clip(0, 255).astype(np.uint8)

    def tracked(self, clip_id: str, index: int, size: int) -> U8:
        return self._read(clip_id, index, size, 4)

    def audio(self, clip_id: str, index: int, size: int) -> U8:
        return self._read(clip_id, index, size, 10)


def detect(picture: U8) -> FaceObservation:
    """Landmarks that all lie as far right as the picture is bright; the brighter, the stronger every activation."""
    points = np.zeros((478, 3), np.float32)
    points[:, 0] = picture.mean()
    return FaceObservation(points, 1.0, np.full(52, picture.mean() / 255, np.float32))


@pytest.fixture
def project(tmp_path: Path) -> tuple[Path, list[ClipInput]]:
    """Two training clips, happy and sad, and a held-out happy one of twelve frames."""
    clips = [
        ClipInput("happy_a", Path("a.mp4"), "happy", 1.0),
        ClipInput("sad_a", Path("b.mp4"), "sad", 1.0),
        ClipInput("happy_b", Path("c.mp4"), "happy", 2.0, held_out=True),
    ]
    for clip, value in zip(clips, (100, 150, 120)):
        write_clip(tmp_path / "track", clip, [frame(value, seed=t) for t in range(12)])
    return tmp_path / "track", clips


@pytest.fixture(autouse=True)
def _without_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clips' files do not exist, and nothing is heard in them."""
    monkeypatch.setattr("emotalker.engine.metrics.evaluate.best_listener", lambda: LOUDNESS)
    monkeypatch.setattr(passage, "read_audio", lambda _path: None)


@pytest.fixture(autouse=True)
def _without_lpips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "available", lambda: False)


def judge(
    track_dir: Path, clips: list[ClipInput], out: Path, on_event: Callable[[Event], None] | None = None
) -> tuple[Outcome, dict[str, dict[str, float]]]:
    """Run the job to its end; how it ended and the report."""
    job = evaluate(
        clips,
        track_dir,
        out / "avatar",
        out,
        StopToken(),
        SIZE,
        renderer=lambda _a: Repainting(track_dir),
        detect=detect,
    )
    outcome = run(job, on_event)
    return outcome, json.loads((out / "report.json").read_text())


def test_figures_of_known_errors(project: tuple[Path, list[ClipInput]], tmp_path: Path) -> None:
    """Renders off by 4 and 10 of 255 give the PSNR of that in every region, and landmarks as far off."""
    track_dir, clips = project
    events: list[Event] = []
    outcome, report = judge(track_dir, clips, tmp_path / "out", events.append)
    assert outcome is Outcome.FINISHED
    for group, error in (("tracked", 4), ("audio", 10)):
        wanted = -20 * np.log10(error / 255)
        for metric in ("psnr", "psnr_face", "psnr_mouth", "psnr_head"):
            assert report[group][metric] == pytest.approx(wanted, abs=0.05)
        assert report[group]["m_ld"] == pytest.approx(error, abs=0.05)
        assert report[group]["f_ld"] == pytest.approx(error, abs=0.05)
        assert report[group]["f_lvd"] == pytest.approx(0, abs=0.05)
        for half in ("au_upper", "au_lower"):
            assert report[group][half] == pytest.approx(100 * error / 255, abs=0.02)
        assert 0.9 < report[group]["ssim"] <= 1
        assert "lpips" not in report[group]
    assert report["clips"]["happy_b"]["tracked"] == report["tracked"]
    assert any(isinstance(e, Notice) and "LPIPS" in e.text for e in events)
    pictures = [e.path for e in events if isinstance(e, Preview)]
    assert [p.name for p in pictures] == ["tiles_happy_b.png"]
    assert cv2.imread(str(pictures[0])).shape == (3 * SIZE, 8 * SIZE, 3)


def test_baselines_come_from_training_clips_of_the_emotion(
    project: tuple[Path, list[ClipInput]], tmp_path: Path
) -> None:
    """The mean is that of the happy training clip; the oracle finds the same picture 20 levels darker."""
    track_dir, clips = project
    _outcome, report = judge(track_dir, clips, tmp_path / "out")
    stores = {c.id: track_dir / "clips" / c.id / "frames.store" for c in clips}
    mean = np.mean([f.astype(float) for _k, f in frames_of([stores["happy_a"]], SIZE)], axis=0).round().astype(np.uint8)
    held = [f for _k, f in frames_of([stores["happy_b"]], SIZE)]
    assert report["baseline_mean"]["psnr"] == pytest.approx(np.mean([psnr(mean, f) for f in held]), abs=1e-6)
    train = [f for _k, f in frames_of([stores["happy_a"], stores["sad_a"]], SIZE)]
    oracle = np.mean([max(psnr(t, f) for t in train) for f in held])
    assert report["baseline_nearest"]["psnr"] == pytest.approx(oracle, abs=1e-6)
    assert oracle > report["baseline_mean"]["psnr"]
    assert set(report["baseline_nearest"]) == {"psnr", "psnr_face", "psnr_mouth", "psnr_head"}
    assert report["baseline_expression"]["psnr"] <= oracle
    assert "baseline_mesh" not in report, "these tracks come without a head"


@pytest.mark.assets
@pytest.mark.skipif(assets.path(perceptual.ASSET) is None, reason="the asset vgg16_lpips is not on this computer")
def test_lpips_is_reported_where_its_model_is(
    project: tuple[Path, list[ClipInput]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The render that is further off is further off for LPIPS too."""
    monkeypatch.setattr(perceptual, "available", lambda: True)
    track_dir, clips = project
    _outcome, report = judge(track_dir, clips, tmp_path / "out")
    assert 0 < report["tracked"]["lpips"] < report["audio"]["lpips"] < 0.5


def test_rerun_gives_the_same_report(project: tuple[Path, list[ClipInput]], tmp_path: Path) -> None:
    """Nothing in it depends on chance or on the time."""
    track_dir, clips = project
    assert judge(track_dir, clips, tmp_path / "one")[1] == judge(track_dir, clips, tmp_path / "two")[1]


def test_without_held_out_clips_it_says_so(project: tuple[Path, list[ClipInput]], tmp_path: Path) -> None:
    """A twin is never judged on what it learned from."""
    track_dir, clips = project
    with pytest.raises(UserError, match="nothing to evaluate"):
        judge(track_dir, clips[:2], tmp_path / "out")


def test_with_held_out_clips_only_there_are_no_baselines(project: tuple[Path, list[ClipInput]], tmp_path: Path) -> None:
    """The twin's own figures are still there."""
    track_dir, clips = project
    _outcome, report = judge(track_dir, clips[2:], tmp_path / "out")
    assert "tracked" in report
    assert "baseline_mean" not in report


def test_a_face_lost_on_a_render_is_counted(project: tuple[Path, list[ClipInput]], tmp_path: Path) -> None:
    """Landmark figures are then missing rather than wrong, and the report says how often."""
    track_dir, clips = project
    job = evaluate(
        clips, track_dir, tmp_path, tmp_path / "out", StopToken(), SIZE,
        renderer=lambda _a: Repainting(track_dir), detect=lambda _p: None,
    )  # fmt: skip
    run(job)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "m_ld" not in report["audio"]
    assert report["settings"]["frames_without_face"] == 3 * 12


def test_goes_on_with_the_clips_judged_before_a_stop(project: tuple[Path, list[ClipInput]], tmp_path: Path) -> None:
    """What is kept is not judged again and gives the same report; what was made from something else is."""
    track_dir, clips = project
    out, drawn = tmp_path / "out", []

    class Counting(Repainting):
        def audio(self, clip_id: str, index: int, size: int) -> U8:
            drawn.append(index)
            return super().audio(clip_id, index, size)

    def once(made_from: str) -> str:
        kept = Kept(tmp_path / "parts", made_from)
        job = evaluate(
            clips, track_dir, tmp_path, out, StopToken(), SIZE,
            renderer=lambda _a: Counting(track_dir), detect=detect, kept=kept,
        )  # fmt: skip
        assert run(job) is Outcome.FINISHED
        return (out / "report.json").read_text()

    first = once("twin 1")
    count = len(drawn)
    assert count == 24, "each of twelve frames as a single picture and in motion"
    assert once("twin 1") == first
    assert len(drawn) == count
    once("twin 2")
    assert len(drawn) == 2 * count


@pytest.mark.parametrize("after", [0, 3, 15])
def test_stops_when_asked(project: tuple[Path, list[ClipInput]], tmp_path: Path, after: int) -> None:
    """At any point it ends early and leaves no half report."""
    track_dir, clips = project
    stop, seen = StopToken(), []

    def on_event(event: Event) -> None:
        seen.append(event)
        if len(seen) > after:
            stop.request()

    job = evaluate(
        clips, track_dir, tmp_path, tmp_path / "out", stop, SIZE,
        renderer=lambda _a: Repainting(track_dir), detect=detect,
    )  # fmt: skip
    assert run(job, on_event) is Outcome.STOPPED
    assert not (tmp_path / "out" / "report.json").exists()


def test_nearest_search_equals_trying_all(project: tuple[Path, list[ClipInput]]) -> None:
    """The search at reduced size finds what a plain search in full finds."""
    track_dir, clips = project
    stores = [track_dir / "clips" / c.id / "frames.store" for c in clips]
    held = np.stack([f for _k, f in frames_of(stores[2:], SIZE)])
    train = list(frames_of(stores[:2], SIZE))
    wanted = [max(train, key=lambda item: psnr(item[1], f))[0] for f in held]
    assert nearest_frames(held, stores[:2]) == wanted
    assert nearest_frames(held, stores[:2], stopping=lambda: True) == [None] * len(held)


def test_mean_of_nothing_is_refused() -> None:
    """There is no mean frame without frames."""
    with pytest.raises(ValueError, match="no frames"):
        mean_frame([], SIZE)
