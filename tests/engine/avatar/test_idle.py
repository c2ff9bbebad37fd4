"""Idle motion: the same for the same seed, whatever length is asked for, and of natural rate and reach."""

from __future__ import annotations

import numpy as np
import pytest

from emotalker.engine.avatar.controls import lift_brows
from emotalker.engine.avatar.idle import BODY_SHIFT, NECK_REACH, blinks, brows, glances, idle_motion

FPS = 25.0
MINUTE = (np.arange(1500) + 0.5) / FPS


def test_a_seed_gives_the_same_motion_and_another_seed_another() -> None:
    """Two exports of a film are equal; two films need not be."""
    first, again, other = idle_motion(MINUTE, 3), idle_motion(MINUTE, 3), idle_motion(MINUTE, 4)
    for name in ("au45", "neck", "eyes", "root_rotation", "root_translation", "brows"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        assert not np.array_equal(getattr(first, name), getattr(other, name))


def test_one_moment_is_the_same_alone_and_within_a_film() -> None:
    """A live preview of single frames shows what the film will show."""
    film = idle_motion(MINUTE, 7)
    for frame in (0, 1, 137, 900):
        alone = idle_motion(MINUTE[frame : frame + 1], 7)
        assert alone.au45[0] == pytest.approx(film.au45[frame], abs=1e-6)
        np.testing.assert_allclose(alone.neck[0], film.neck[frame], atol=1e-6)
        np.testing.assert_allclose(alone.eyes[0], film.eyes[frame], atol=1e-6)
        assert alone.brows[0] == pytest.approx(film.brows[frame], abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_people_blink_some_ten_to_thirty_times_a_minute(seed: int) -> None:
    """Blinks shut the eye, last a few frames and leave it open most of the time."""
    au45 = blinks(MINUTE, seed)
    shut = au45 > 0.5
    count = int(np.sum(shut[1:] & ~shut[:-1]))
    assert 8 <= count <= 32
    assert au45.min() == 0
    assert au45.max() > 0.9
    assert 0.02 < shut.mean() < 0.15
    assert not au45[:10].any(), "a film does not begin with a blink"


def test_motion_is_small_and_smooth() -> None:
    """Idle motion is felt rather than seen: within its reach, and without jumps of the head."""
    motion = idle_motion(MINUTE, 1)
    assert np.all(np.abs(motion.neck) <= NECK_REACH)
    assert np.all(np.abs(motion.root_translation) <= BODY_SHIFT)
    assert np.abs(np.diff(motion.neck, axis=0)).max() < 0.005
    assert np.abs(glances(MINUTE, 1)).max() < 0.07


def _count(au45: np.ndarray) -> int:
    return int(np.sum((au45[1:] > 0.3) & (au45[:-1] <= 0.3)))


def test_the_rate_is_that_of_people_and_lower_in_silence() -> None:
    """Over many minutes 17 to 23 blinks a minute while talking, and about a quarter fewer in silence."""
    times = (np.arange(60 * 60 * 25) + 0.5) / FPS
    talking, silent = (_count(blinks(times, 0, voice)) / 60 for voice in (None, np.zeros(1, np.float32)))
    assert 17 <= talking <= 23
    assert 13 <= silent <= 18
    assert silent < 0.85 * talking


def test_speech_brings_only_whole_blinks_back() -> None:
    """Whether a blink happens is settled before it begins: later sound never makes an eye jump."""
    fine = np.arange(0, 60, 0.01)
    voice = (np.arange(3000) // 500 % 2).astype(np.float32)
    for cut in (700, 1250, 2100):
        early, late = blinks(fine, 5, voice[:cut]), blinks(fine, 5, voice)
        heard = fine < cut / 50 + 0.1
        np.testing.assert_array_equal(early[heard], late[heard])


def test_a_lid_falls_in_under_a_tenth_of_a_second_and_rises_in_twice_that() -> None:
    """From a tenth to nine tenths shut and back, at a thousand moments a second."""
    fine = np.arange(0, 40, 0.001)
    au45 = blinks(fine, 2)
    falls = np.flatnonzero((au45[1:] >= 0.1) & (au45[:-1] < 0.1))
    measured = 0
    for start in falls:
        one = au45[start : start + 600]
        if one.max() < 0.99:
            continue
        peak = int(one.argmax())
        closing = peak - int(np.argmax(one >= 0.1))
        opening = int(np.argmax(one[peak:] < 0.1))
        assert 45 <= closing <= 100
        assert 90 <= opening <= 230
        assert opening > 1.5 * closing
        measured += 1
    assert measured >= 5


def test_eyes_jump_quickly_and_mostly_stay_on_the_viewer() -> None:
    """A jump takes some 20 to 40 ms; between jumps the gaze rests; most of the time it is near straight ahead."""
    fine = np.arange(0, 60, 0.001)
    gaze = glances(fine, 3)
    moving = np.linalg.norm(np.diff(gaze, axis=0), axis=1) > 0
    edges = np.flatnonzero(np.diff(moving.astype(int)))
    lengths = (edges[2::2] - edges[1:-1:2]) if moving[0] else (edges[1::2] - edges[::2])
    assert 15 <= np.median(lengths) <= 40
    assert moving.mean() < 0.06
    assert (np.linalg.norm(gaze, axis=1) < 0.02).mean() > 0.6


def test_eyes_hold_their_target_while_the_head_moves() -> None:
    """What the neck turns, the eyes turn back."""
    motion = idle_motion(MINUTE, 4)
    held = motion.eyes[:, 0, :2] + motion.neck[:, :2]
    np.testing.assert_allclose(held, glances(MINUTE, 4), atol=1e-6)


def test_brows_are_raised_now_and_then_without_a_jump() -> None:
    """Small, smooth, and never beyond what the shape allows."""
    curve = brows(MINUTE, 1)
    raised = curve > 0.06
    assert 4 <= np.sum(raised[1:] & ~raised[:-1]) <= 20
    assert curve.min() >= 0
    assert curve.max() < 0.35
    assert np.abs(np.diff(curve)).max() < 0.12
    psi = np.array([[0.95, 0.5]], np.float32)
    lifted = lift_brows(psi, np.array([0.2], np.float32), ("browInnerUp", "jawLeft"))
    np.testing.assert_allclose(lifted, [[1.0, 0.5]])


def test_no_time_is_no_motion() -> None:
    """An empty film is not an error here."""
    assert idle_motion(np.zeros(0), 0).neck.shape == (0, 3)
