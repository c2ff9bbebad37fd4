"""Idle motion: the same for the same seed, whatever length is asked for, and of natural rate and reach."""

from __future__ import annotations

import numpy as np
import pytest

from emotalker.engine.avatar.idle import BODY_SHIFT, NECK_REACH, blinks, glances, idle_motion

FPS = 25.0
MINUTE = (np.arange(1500) + 0.5) / FPS


def test_a_seed_gives_the_same_motion_and_another_seed_another() -> None:
    """Two exports of a film are equal; two films need not be."""
    first, again, other = idle_motion(MINUTE, 3), idle_motion(MINUTE, 3), idle_motion(MINUTE, 4)
    for name in ("au45", "neck", "eyes", "root_rotation", "root_translation"):
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
    assert np.abs(glances(MINUTE, 1)).max() < 0.05


def test_no_time_is_no_motion() -> None:
    """An empty film is not an error here."""
    assert idle_motion(np.zeros(0), 0).neck.shape == (0, 3)
