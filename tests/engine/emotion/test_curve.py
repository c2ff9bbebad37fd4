"""The emotion curve: always a valid emotion, never a jump."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotalker.engine.emotion.curve import EASINGS, HOLD_RAMP, EmotionCurve, Keyframe
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.errors import UserError

NEUTRAL, HAPPY, SAD = (EMOTIONS.index(e) for e in ("neutral", "happy", "sad"))
SHORTEST = 0.05


@st.composite
def curves(draw: st.DrawFn) -> EmotionCurve:
    """Curves of one to five keyframes with any mix, level and easing."""
    count = draw(st.integers(1, 5))
    gaps = draw(st.lists(st.floats(SHORTEST, 10), min_size=count, max_size=count))
    share = st.floats(0, 1).map(lambda w: round(w, 3))
    keys = []
    for time in np.cumsum(gaps):
        weights = draw(st.lists(share, min_size=8, max_size=8).filter(lambda w: sum(w) > 0))
        keys.append(Keyframe(float(time), tuple(weights), draw(st.floats(0, 3)), draw(st.sampled_from(EASINGS))))
    return EmotionCurve(tuple(keys))


@given(curves(), st.lists(st.floats(-5, 80), min_size=1, max_size=20))
def test_every_sample_is_an_emotion(curve: EmotionCurve, times: list[float]) -> None:
    """Weights are shares that sum to 1 and the level lies in [0, 3], at any time and for any keyframes."""
    weights, level = curve.sample(times)
    assert weights.shape == (len(times), 8)
    assert level.shape == (len(times),)
    assert weights.min() >= -1e-6
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)
    assert level.min() >= 0
    assert level.max() <= 3


@given(curves(), st.floats(0, 50))
def test_the_curve_never_jumps(curve: EmotionCurve, time: float) -> None:
    """Within a tenth of a millisecond, level and weights move by no more than the steepest easing allows."""
    step = 1e-4
    around = [k.time for k in curve.keyframes] + [time]
    before, after = (curve.sample([t + shift for t in around]) for shift in (-step, step))
    steepest = 1.5 * 3 / SHORTEST * 2 * step
    assert np.abs(after[1] - before[1]).max() <= steepest + 1e-4
    assert np.abs(after[0] - before[0]).max() <= steepest / 0.25 + 1e-3


@given(curves())
def test_round_trip_through_json(curve: EmotionCurve) -> None:
    """What is written is what is read."""
    again = EmotionCurve.from_json(json.loads(json.dumps(curve.to_json())))
    times = np.linspace(0, 60, 50)
    np.testing.assert_allclose(curve.sample(times)[0], again.sample(times)[0], atol=1e-6)
    np.testing.assert_allclose(curve.sample(times)[1], again.sample(times)[1], atol=1e-6)
    assert [k.easing for k in again.keyframes] == [k.easing for k in curve.keyframes]


def test_constant_is_constant() -> None:
    """A label and a level, as the command line gives them."""
    weights, level = EmotionCurve.constant("happy", 2.5).sample([0, 1, 1000])
    np.testing.assert_array_equal(level, 2.5)
    np.testing.assert_array_equal(weights[:, HAPPY], 1)


def test_level_zero_is_neutral_whatever_the_label() -> None:
    """Neutral has level 0, and level 0 of any emotion is neutral."""
    for curve in (EmotionCurve.constant("neutral", 3), EmotionCurve.constant("angry", 0)):
        weights, level = curve.sample([0.5])
        assert level[0] == 0
        assert weights[0, NEUTRAL] == 1


def test_from_neutral_only_the_level_grows() -> None:
    """Half way from neutral to happy is happy at half the level, not a mix at full level."""
    curve = EmotionCurve((Keyframe.of(0, "neutral", 0, "linear"), Keyframe.of(2, "happy", 3)))
    weights, level = curve.sample([0, 0.5, 1, 2])
    np.testing.assert_allclose(level, [0, 0.75, 1.5, 3], atol=1e-6)
    np.testing.assert_allclose(weights[1:, HAPPY], 1, atol=1e-6)


def test_cross_fade_keeps_the_level() -> None:
    """Half way from happy to sad at one level is half of each at that level."""
    curve = EmotionCurve((Keyframe.of(1, "happy", 2), Keyframe.of(2, "sad", 2)))
    weights, level = curve.sample([0, 1.5, 9])
    np.testing.assert_allclose(level, 2, atol=1e-6)
    np.testing.assert_allclose(weights[1, [HAPPY, SAD]], 0.5, atol=1e-6)
    np.testing.assert_allclose([weights[0, HAPPY], weights[2, SAD]], 1, atol=1e-6)


def test_hold_waits_and_then_goes() -> None:
    """Hold stays at the first emotion until shortly before the next keyframe and is there in time."""
    curve = EmotionCurve((Keyframe.of(0, "happy", 1, "hold"), Keyframe.of(2, "sad", 3)))
    _weights, level = curve.sample([0, 1, 2 - HOLD_RAMP, 2 - HOLD_RAMP / 2, 2])
    np.testing.assert_allclose(level, [1, 1, 1, 2, 3], atol=1e-6)


def test_mixes_by_name() -> None:
    """Shares by name are brought to sum 1 and synonyms are known."""
    weights, _level = EmotionCurve.constant({"joy": 3, "surprise": 1}, 2).sample([0])
    assert weights[0, HAPPY] == pytest.approx(0.75)
    assert weights[0, EMOTIONS.index("surprised")] == pytest.approx(0.25)


@pytest.mark.parametrize(
    "make",
    [
        lambda: EmotionCurve(()),
        lambda: EmotionCurve((Keyframe.of(1, "happy", 1), Keyframe.of(1, "sad", 1))),
        lambda: Keyframe.of(-1, "happy", 1),
        lambda: Keyframe.of(float("nan"), "happy", 1),
        lambda: Keyframe.of(0, "happy", 3.5),
        lambda: Keyframe.of(0, "hungry", 1),
        lambda: Keyframe.of(0, {"happy": -1, "sad": 2}, 1),
        lambda: Keyframe(0, (0.0,) * 8, 1),
        lambda: Keyframe(0, (1.0,), 1),
        lambda: Keyframe.of(0, "happy", 1, "bounce"),
        lambda: EmotionCurve.from_json({"version": 99, "keyframes": []}),
        lambda: EmotionCurve.from_json({"version": 1, "keyframes": [{"time": 0}]}),
        lambda: EmotionCurve.from_json([1, 2]),
    ],
)
def test_nonsense_is_refused_in_words(make: object) -> None:
    """Every bad value gives the error a person can read."""
    assert callable(make)
    with pytest.raises(UserError):
        make()
