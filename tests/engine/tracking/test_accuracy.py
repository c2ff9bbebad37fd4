"""The figures that judge a track: nothing for the truth itself, and the known amount for a known error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.head.default import load_default_head
from emotalker.engine.jobs import StopToken, run
from emotalker.engine.synthetic.sample import SampleClip, SampleConfig
from emotalker.engine.synthetic.trial import frozen, noisy, resting, trial_film
from emotalker.engine.tracking.accuracy import at_rest, compare, mesh_landmarks, shake
from emotalker.engine.tracking.fitting.reproject import tracked_landmarks
from emotalker.engine.tracking.observing.observe import OBSERVED, Observed
from emotalker.engine.tracking.stage import TrackConfig, clip_folder, track
from emotalker.engine.tracking.track import Subject, Track


@pytest.fixture(scope="module")
def truth(film: list[SampleClip]) -> tuple[Subject, Track]:
    """The sample person and what was true in a clip."""
    return Subject.load(film[0].subject), Track.load(film[0].truth)


def test_the_truth_has_no_error(truth: tuple[Subject, Track]) -> None:
    """Compared with itself every error is nothing and the jaw opens as far as it does."""
    errors = compare(load_default_head(), *truth, *truth)
    assert errors.pop("jaw_peak") == 1.0
    assert errors.pop("scale") == pytest.approx(1.0, abs=1e-5)
    assert max(abs(v) for v in errors.values()) < 1e-3


def test_known_errors_are_measured(truth: tuple[Subject, Track]) -> None:
    """Half the jaw, a turned head and a larger person show in their own figures and in no others."""
    head, (subject, track_) = load_default_head(), truth
    half = compare(head, subject, track_, subject, replace(track_, jaw=0.5 * track_.jaw))
    assert half["jaw_peak"] == pytest.approx(0.5, abs=0.02)
    assert half["jaw_degrees"] == pytest.approx(np.degrees(0.5 * track_.jaw[:, 0].mean()), rel=1e-3)
    assert half["head_degrees"] < 1e-3
    turned = track_.root_rotation + np.array([0, np.radians(3), 0], np.float32)
    off = compare(head, subject, track_, subject, replace(track_, root_rotation=turned))
    assert off["head_degrees"] == pytest.approx(3, abs=0.1)
    assert off["nod_degrees"] < 0.1
    assert off["face_mm"] < 0.01


def test_shaking_is_what_is_quick() -> None:
    """A slow nod is no shaking; noise is, by its variance and less what a smooth curve can follow."""
    t = np.arange(200)
    slow = np.stack([20 * np.sin(2 * np.pi * t / 60), 0 * t], 1)[:, None]
    assert shake(slow) < 0.01
    noise = np.random.default_rng(0).normal(0, 0.5, (200, 50, 2))
    assert 0.2 < shake(slow + noise) < 0.5
    moving = slow.copy()
    moving[:80] = 20 * np.sin(80)
    assert at_rest(moving)[10:70].any()
    assert not at_rest(moving)[90:].any()


def test_landmarks_fall_where_the_head_is(truth: tuple[Subject, Track]) -> None:
    """The landmarks of the true head lie where they were filmed, but for the inner lips, which are drawn together."""
    subject, track_ = truth
    gaps = np.linalg.norm(tracked_landmarks(load_default_head(), subject, track_) - track_.landmarks, axis=-1)
    assert np.median(gaps) < 0.01
    assert gaps.max() < 2.0
    some = tracked_landmarks(load_default_head(), subject, track_, slice(3, 5))
    np.testing.assert_allclose(some, tracked_landmarks(load_default_head(), subject, track_)[3:5], atol=1e-3)


@pytest.mark.slow
@pytest.mark.assets
@pytest.mark.usefixtures("models")
def test_nothing_shakes(tmp_path: Path) -> None:
    """A person at rest shakes no more, tracked, than a picture that stands still does, tracked too, plus a fifth."""
    config = SampleConfig(size=512, seconds=2.4)
    rest = resting(config)
    films = [
        trial_film(tmp_path, "rest", rest, config, noisy),
        trial_film(tmp_path, "still", frozen(rest, 10, 60), config, noisy),
    ]
    out = tmp_path / "out"
    run(track([f.clip for f in films], out, TrackConfig(size=512, identity_frames=8), StopToken()))
    head, subject = load_default_head(), Subject.load(out / "subject.safetensors")
    calm = np.convolve(rest.au45 > 0.02, np.ones(9), "same") == 0
    calm &= np.convolve(np.abs(np.gradient(rest.eyes[:, 0], axis=0)).sum(1) > 1e-4, np.ones(9), "same") == 0
    calm[:4] = calm[-4:] = False
    assert calm.sum() >= 10
    seen, filtered, mesh = [], [], []
    for film, frames in zip(films, (calm, None)):
        folder, true = clip_folder(out, film.clip.id), Track.load(film.truth).landmarks
        found = Track.load(folder / "track.safetensors")
        seen.append(shake(Observed.load(folder / OBSERVED).landmarks - true, frames))
        filtered.append(shake(found.landmarks - true, frames))
        mesh.append(shake(mesh_landmarks(head, subject, found) - true, frames))
    assert filtered[0] <= 1.2 * filtered[1]
    assert mesh[0] <= 1.2 * mesh[1]
    # and both far less than what the landmark network gives for a picture that stands still
    assert max(*filtered, *mesh) < 0.2 * seen[1]
