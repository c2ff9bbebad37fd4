"""A twin on disk and in memory: it survives the trip, loads fast, and obeys emotion, level and blinks."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.avatar import Avatar, Heard
from emotalker.engine.avatar.controls import audio_window
from emotalker.engine.avatar.folder import ARRAYS, JSON
from emotalker.engine.bench.twin import sample_twin
from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.engine.errors import UserError

WIDTH = 12
SECONDS = 1.6


@pytest.fixture(scope="module")
def avatar() -> Avatar:
    """A small untrained twin."""
    return sample_twin(1200, 64, WIDTH)


@pytest.fixture
def saved(avatar: Avatar, tmp_path: Path) -> Path:
    """The twin on disk, in a folder whose name is not plain."""
    folder = tmp_path / "Zwilling für Björn"
    avatar.save(folder)
    return folder


@pytest.fixture(scope="module")
def heard() -> Heard:
    """Features of somebody speaking."""
    count = int(SECONDS * 50)
    features = np.random.default_rng(0).standard_normal((count, WIDTH)).astype(np.float32)
    return Heard(features, np.ones(count, np.float32), SECONDS)


def test_round_trip(avatar: Avatar, saved: Path, heard: Heard) -> None:
    """What is loaded plays exactly what was saved."""
    loaded = Avatar.load(saved)
    assert (loaded.name, loaded.fps, loaded.speech, loaded.recorded) == (
        "Sample",
        25.0,
        "whisper_tiny_en",
        avatar.recorded,
    )
    curve = EmotionCurve.constant("happy", 2.0)
    ours, theirs = (a.controls_from_speech(heard, curve) for a in (avatar, loaded))
    assert len(ours) == 40
    for a, b in zip(avatar.arrays(ours.frame(20)), loaded.arrays(theirs.frame(20))):
        assert np.array_equal(a, b)
    assert np.array_equal(loaded.plate, avatar.plate)


@pytest.mark.parametrize("compact", [False, True])
def test_what_clips_showed_is_kept(avatar: Avatar, tmp_path: Path, compact: bool) -> None:
    """The bounds of what was learned travel with the twin; a twin without them plays as before."""
    seen = np.linspace(0.05, 0.9, len(avatar.expressions), dtype=np.float32)
    replace(avatar, seen=seen).save(tmp_path / "new", compact=compact)
    loaded = Avatar.load(tmp_path / "new").seen
    assert loaded is not None
    np.testing.assert_allclose(loaded, seen, atol=0.01)
    replace(avatar, seen=None).save(tmp_path / "old", compact=compact)
    assert Avatar.load(tmp_path / "old").seen is None


def test_loads_within_a_second(saved: Path) -> None:
    """A gallery of twins opens without waiting."""
    Avatar.load(saved)
    start = time.perf_counter()
    Avatar.load(saved)
    assert time.perf_counter() - start < 1.0


def test_nothing_there_is_said(tmp_path: Path) -> None:
    """An empty folder is no twin."""
    with pytest.raises(UserError, match="no twin"):
        Avatar.load(tmp_path)


@pytest.mark.parametrize("harm", ["flip", "cut", "json", "field", "list", "swap"])
def test_a_damaged_twin_is_refused(saved: Path, harm: str) -> None:
    """Whatever happened to the files, a person reads what is wrong and what to do."""
    facts, arrays = saved / JSON, saved / ARRAYS
    data = bytearray(arrays.read_bytes())
    if harm == "flip":
        data[len(data) // 2] ^= 255
        arrays.write_bytes(data)
    elif harm == "cut":
        arrays.write_bytes(data[: len(data) // 2])
    elif harm == "json":
        facts.write_text(facts.read_text()[:40])
    elif harm == "field":
        facts.write_text(json.dumps({k: v for k, v in json.loads(facts.read_text()).items() if k != "a2et"}))
    elif harm == "list":
        facts.write_text("[]")
    else:
        facts.write_text(json.dumps({**json.loads(facts.read_text()), "head": "another"}))
    with pytest.raises(UserError) as raised:
        Avatar.load(saved)
    assert "cannot be read" in raised.value.what
    assert "Pack it again" in raised.value.what_to_do


def test_a_newer_twin_is_refused(saved: Path) -> None:
    """A file of a later program is not misread."""
    facts = json.loads((saved / JSON).read_text())
    (saved / JSON).write_text(json.dumps({**facts, "version": 99}))
    with pytest.raises(UserError, match="newer version"):
        Avatar.load(saved)


def test_loading_leaves_chance_alone(saved: Path) -> None:
    """A training that loads a twin draws the same random numbers afterwards."""
    import torch

    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    Avatar.load(saved)
    assert torch.equal(torch.rand(3), wanted)


def test_level_zero_is_neutral_and_levels_grow(avatar: Avatar, heard: Heard) -> None:
    """No strength is no emotion, to the last bit; more strength moves the Gaussians further."""

    def means(emotion: str, level: float) -> np.ndarray:
        controls = avatar.controls_from_speech(heard, EmotionCurve.constant(emotion, level))
        return np.stack([avatar.arrays(controls.frame(i)).means for i in (5, 20, 35)])

    neutral = means("neutral", 0.0)
    assert np.array_equal(means("happy", 0.0), neutral)
    moved = [np.linalg.norm(means("happy", level) - neutral, axis=-1).mean() for level in (0.5, 1.0, 2.0, 3.0)]
    assert all(a < b for a, b in itertools.pairwise(moved))
    assert np.linalg.norm(means("sad", 3.0) - means("happy", 3.0), axis=-1).max() > 1e-3


def test_emotions_change_over_time(avatar: Avatar, heard: Heard) -> None:
    """A curve is followed: neutral at its start, happy at its end."""
    curve = EmotionCurve((Keyframe.of(0.0, "neutral", 0), Keyframe.of(1.5, "happy", 3)))
    controls = avatar.controls_from_speech(heard, curve)
    smile = controls.psi_emo[:, avatar.expressions.index("mouthSmileLeft")]
    assert smile[0] < 0.05
    assert smile[-1] > 0.5


def test_lids_follow_au45_alone(avatar: Avatar) -> None:
    """A blink shuts both eyes whatever A2ET thinks of lids."""
    quiet = Heard(np.zeros((500, WIDTH), np.float32), np.zeros(500, np.float32), 10.0)
    controls = avatar.controls_from_speech(quiet, EmotionCurve.constant("sad", 2.0), seed=2)
    assert controls.au45.max() > 0.9
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        lid = controls.psi_emo[:, avatar.expressions.index(name)]
        np.testing.assert_allclose(lid, 0.97 * controls.au45, atol=1e-6)


def test_length_and_seed(avatar: Avatar, heard: Heard) -> None:
    """Frames cover the sound at any rate; the seed decides about idle motion and nothing else."""
    curve = EmotionCurve.constant("neutral", 0)
    assert len(avatar.controls_from_speech(heard, curve, fps=30.0)) == 48
    assert len(avatar.controls_from_speech(heard, curve, n_frames=7)) == 7
    first, again, other = (avatar.controls_from_speech(heard, curve, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first.neck, again.neck)
    assert not np.array_equal(first.neck, other.neck)
    assert np.array_equal(first.jaw_emo, other.jaw_emo)


@pytest.mark.parametrize("fps", [25.0, 30.0])
def test_pose_at_a_moment_is_the_films_frame(
    avatar: Avatar, heard: Heard, monkeypatch: pytest.MonkeyPatch, fps: float
) -> None:
    """Scrubbing shows the frame that the film will have, at the twin's own rate, whatever A2ET's is."""
    monkeypatch.setattr(avatar, "fps", fps)
    curve = EmotionCurve.constant("happy", 2.0)
    controls = avatar.controls_from_speech(heard, curve)
    wanted = avatar.arrays(controls.frame(17)).means
    np.testing.assert_allclose(avatar.pose(17.5 / fps, curve, heard).means.numpy(), wanted, atol=1e-5)
    assert len(avatar.pose(2.0, curve)) == len(avatar.shapes)


def test_orbit_looks_at_the_head(avatar: Avatar) -> None:
    """However the camera moves, the head stays where it is in the picture."""
    centre = np.zeros(3)
    start = avatar.orbit(128).project(centre)
    for yaw, pitch in ((0.5, 0.0), (-0.8, 0.2)):
        camera = avatar.orbit(128, yaw, pitch)
        np.testing.assert_allclose(camera.project(centre), start, atol=1.0)
        assert not np.allclose(camera.viewmat, avatar.camera.viewmat)


def test_camera_code_is_zero_at_rest_and_bounded(avatar: Avatar) -> None:
    """Networks never see a code from far outside their training."""
    neck = np.array([[0, 0, 0], [0, 1.2, 0]], np.float32)
    code = avatar._codes(np.repeat(np.eye(3, 4, dtype=np.float32)[None], 2, 0), neck)
    np.testing.assert_allclose(code[0], 0, atol=1e-5)
    assert 0.01 < np.abs(code[1]).max() <= 1.25 * avatar.rest.code_reach.max() + 1e-6


def test_audio_windows_are_padded_with_silence() -> None:
    """Frames at the ends of a recording have windows of full width around their middle."""
    speech = np.arange(1, 11, dtype=np.float32)[:, None]
    assert audio_window(speech, 25.0, 0, 4)[:, 0].tolist() == [0, 1, 2, 3]
    assert audio_window(speech, 25.0, 2, 4)[:, 0].tolist() == [4, 5, 6, 7]
    assert audio_window(speech, 25.0, 4, 4)[:, 0].tolist() == [8, 9, 10, 0]
    assert audio_window(speech, 25.0, 40, 4)[:, 0].tolist() == [0, 0, 0, 0]


def test_a_frame_that_is_not_there(avatar: Avatar, heard: Heard) -> None:
    """Frames are not counted from the end."""
    controls = avatar.controls_from_speech(heard, EmotionCurve.constant("neutral", 0))
    with pytest.raises(IndexError):
        controls.frame(len(controls))
    with pytest.raises(IndexError):
        controls.frame(-1)
