"""A feeling chosen while somebody speaks comes at once and without a jump, and a long performance costs no more."""

from __future__ import annotations

import numpy as np
import pytest

from emotalker.engine.avatar.idle import idle_motion
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.live.feeling import Feeling
from emotalker.engine.live.idle import FADE, MINUTE, EndlessIdle

HAPPY = np.eye(8)[EMOTIONS.index("happy")]
SAD = np.eye(8)[EMOTIONS.index("sad")]
VOICED = np.ones(2, np.float32)


def test_what_is_felt_at_the_beginning_is_felt_at_once() -> None:
    """The first frame shows what the panel says, not the way there."""
    feeling = Feeling(40, 25.0)
    feeling.aim(HAPPY, 2.0)
    weights, level = feeling.step(4)
    np.testing.assert_allclose(weights, np.tile(HAPPY, (40, 1)), atol=1e-6)
    np.testing.assert_allclose(level, 2.0)


def test_a_change_glides() -> None:
    """Nine tenths of the way in a quarter of a second, no step above a fifth of it, shares always sum 1."""
    feeling = Feeling(40, 25.0)
    feeling.aim(HAPPY, 3.0)
    feeling.step(4)
    feeling.aim(SAD, 0.5)
    shares, levels = [], []
    for _ in range(25):
        weights, level = feeling.step(4)
        np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
        assert weights.min() >= 0
        shares.append(float(weights[-1] @ SAD))
        levels.append(float(level[-1]))
    assert shares[6] > 0.9
    assert shares[-1] == pytest.approx(1, abs=1e-3)
    assert levels[-1] == pytest.approx(0.5, abs=1e-2)
    assert np.abs(np.diff([0.0, *shares])).max() < 0.3
    assert (np.diff(shares) > -1e-6).all()


def test_the_past_stays_as_it_was_shown() -> None:
    """What A2ET is told about earlier frames is what they felt; frames that follow feel the present."""
    feeling = Feeling(10, 25.0)
    feeling.aim(HAPPY, 1.0)
    feeling.step(3)
    feeling.aim(HAPPY, 3.0)
    _, first = feeling.step(3)
    _, second = feeling.step(3)
    assert second[5] == first[6]
    np.testing.assert_allclose(second[6:], second[6])
    # frames that were left out have passed all the same
    other = Feeling(10, 25.0)
    other.aim(HAPPY, 1.0)
    other.step(3)
    other.aim(HAPPY, 3.0)
    np.testing.assert_allclose(other.step(3, 2)[1], second)


def test_nonsense_is_neutral() -> None:
    """No shares at all, or negative ones, are no feeling; levels stay in range."""
    feeling = Feeling(4, 25.0)
    feeling.aim([0.0] * 7 + [-1.0], 99.0)
    weights, level = feeling.step(0)
    np.testing.assert_allclose(weights[-1], np.eye(8)[0])
    assert level[-1] == 3.0


def test_idling_begins_as_anywhere_else() -> None:
    """In the first minute it is what `idle_motion` gives."""
    idle = EndlessIdle(3)
    voice = np.zeros(60 * 50, np.float32)
    for frame in range(200):
        time = (frame + 0.5) / 25
        motion = idle.at(time, VOICED)
        voice[2 * frame : 2 * frame + 2] = 1
        expected = idle_motion(np.array([time]), 3, voice)
        assert motion.au45 == pytest.approx(expected.au45)
        np.testing.assert_allclose(motion.neck, expected.neck)


def test_idling_goes_on_over_the_minute() -> None:
    """No jump where one minute becomes the next, and the head does something else then."""
    idle = EndlessIdle(0)
    times = np.arange(MINUTE - 2, MINUTE + 3, 0.04)
    neck = np.array([idle.at(t, VOICED).neck[0] for t in times])
    steps = np.linalg.norm(np.diff(neck, axis=0), axis=1)
    usual = np.linalg.norm(np.diff(idle_motion(np.arange(0, 60, 0.04), 0).neck, axis=0), axis=1).max()
    assert steps[int(1.9 * 25) : int((2 + FADE) * 25) + 2].max() < 3 * usual
    other = idle_motion(times[-10:] - MINUTE, 1).neck
    np.testing.assert_allclose(neck[-10:], other, atol=1e-5)


def test_blinks_are_fewer_in_silence() -> None:
    """The voice of this moment decides about the blink of this moment, in later minutes too."""

    def blinked(voice: float) -> float:
        idle = EndlessIdle(5)
        values = np.full(2, voice, np.float32)
        return sum(float(idle.at(t, values).au45[0]) for t in np.arange(40, 100, 0.08))

    assert 0 < blinked(0.0) < blinked(1.0)
