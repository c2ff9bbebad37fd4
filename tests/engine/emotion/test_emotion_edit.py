"""Editing the emotion curve: whatever is done, the curve stays valid and does what was meant."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotalker.engine.emotion import edit
from emotalker.engine.emotion.curve import EASINGS, EmotionCurve, Keyframe
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.errors import UserError

LEVELS = st.floats(0, 3)
TIMES = st.floats(0, 30)
SHARES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=8, max_size=8).filter(lambda w: sum(w) > 0)


def pure(name: str) -> tuple[float, ...]:
    return Keyframe.of(0, name, 1).weights


@st.composite
def curves(draw: st.DrawFn) -> EmotionCurve:
    """Curves of one to six keyframes at distances from far below the editing gap to seconds."""
    gaps = draw(st.lists(st.sampled_from([0.002, 0.01, 0.04, 0.5, 3.0]), min_size=1, max_size=6))
    keys = [
        Keyframe(float(t), tuple(draw(SHARES)), draw(LEVELS), draw(st.sampled_from(EASINGS)))
        for t in np.cumsum(gaps) - (gaps[0] if draw(st.booleans()) else 0)
    ]
    return EmotionCurve(tuple(keys))


INDICES = st.sets(st.integers(-1, 7))


@given(curves(), st.floats(-3, 30))
def test_adding_on_the_curve_keeps_it(curve: EmotionCurve, time: float) -> None:
    """A keyframe added without values lies on the curve: what is shown at that moment does not change."""
    added = edit.add_key(curve, time)
    index = edit.key_near(added, max(time, 0), edit.MIN_GAP)
    assert index is not None
    assert len(added.keyframes) - len(curve.keyframes) in (0, 1)
    at = added.keyframes[index].time
    assert abs(at - max(time, 0)) <= edit.MIN_GAP + 1e-9
    (old_weights, old_level), (weights, level) = curve.sample([at]), added.sample([at])
    np.testing.assert_allclose(level, old_level, atol=1e-3)
    if old_level[0] > 0.01:
        np.testing.assert_allclose(weights, old_weights, atol=1e-3)


@given(curves(), TIMES, SHARES, LEVELS)
def test_adding_with_values(curve: EmotionCurve, time: float, weights: list[float], level: float) -> None:
    """The keyframe at that moment has the values, there is one only, and the others are untouched."""
    added = edit.add_key(curve, time, weights, level)
    index = edit.key_near(added, time, edit.MIN_GAP)
    assert index is not None
    key = added.keyframes[index]
    assert key.level == level
    np.testing.assert_allclose(key.weights, np.array(weights) / sum(weights))
    assert all(k in curve.keyframes for i, k in enumerate(added.keyframes) if i != index)
    assert edit.add_key(added, key.time, weights, level) == added


@settings(max_examples=300)
@given(curves(), INDICES, st.floats(-40, 40), st.floats(-4, 4), st.none() | TIMES)
def test_moving(curve: EmotionCurve, indices: set[int], seconds: float, level: float, end: float | None) -> None:
    """Nothing is lost or merged; those chosen move together, the others not at all; borders hold."""
    moved, now = edit.move_keys(curve, indices, seconds, level, end)
    chosen = [i for i in sorted(indices) if 0 <= i < len(curve.keyframes)]
    assert len(moved.keyframes) == len(curve.keyframes)
    assert len(now) == len(chosen)
    standing = [k for i, k in enumerate(curve.keyframes) if i not in chosen]
    assert [k for i, k in enumerate(moved.keyframes) if i not in now] == standing
    shifts = []
    for before, after in zip(chosen, now, strict=True):
        old, new = curve.keyframes[before], moved.keyframes[after]
        assert new.weights == old.weights
        assert new.level == min(max(old.level + level, 0), 3)
        shifts.append(new.time - old.time)
        assert end is None or new.time <= max(end, old.time) + 1e-9
    if shifts:
        np.testing.assert_allclose(shifts, shifts[0], atol=1e-9)
        barred = edit.MIN_GAP * 2 * len(standing) * len(chosen)  # each chosen one is kept off each that stands
        assert abs(shifts[0]) <= abs(seconds) + barred + 1e-6
        if abs(shifts[0]) > 1e-9:
            others = [k.time for k in standing]
            assert all(abs(moved.keyframes[i].time - t) >= edit.MIN_GAP - 1e-6 for i in now for t in others)


def test_keyframes_pass_each_other_but_never_meet() -> None:
    """Dragged over a neighbour it stops beside it; dragged beyond it goes on, and the selection follows."""
    curve = EmotionCurve((Keyframe.of(1, "happy", 1), Keyframe.of(2, "sad", 2), Keyframe.of(4, "angry", 3)))
    beside, now = edit.move_keys(curve, (0,), 1.0)
    assert now in ((0,), (1,))
    assert abs(beside.keyframes[now[0]].time - 2) == pytest.approx(edit.MIN_GAP)
    beyond, now = edit.move_keys(curve, (0,), 2.0)
    assert now == (1,)
    assert [k.time for k in beyond.keyframes] == [2, 3, 4]
    assert edit.move_keys(curve, (0, 2), -9)[0].keyframes[0].time == 0
    assert edit.move_keys(curve, (0, 2), 9, end=6)[0].keyframes[-1].time == 6


@given(curves(), INDICES)
def test_deleting_leaves_one(curve: EmotionCurve, indices: set[int]) -> None:
    """Those chosen are gone, the others stay; of all of them the first stays."""
    left = edit.delete_keys(curve, indices)
    expected = [k for i, k in enumerate(curve.keyframes) if i not in indices] or [curve.keyframes[0]]
    assert list(left.keyframes) == expected


@given(curves(), INDICES, SHARES, LEVELS, st.sampled_from(EASINGS))
def test_setting(curve: EmotionCurve, indices: set[int], weights: list[float], level: float, easing: str) -> None:
    """Emotion, level and easing change where chosen, and nowhere else; times never."""
    new = edit.set_easing(edit.set_emotion(curve, indices, weights, level), indices, easing)
    assert [k.time for k in new.keyframes] == [k.time for k in curve.keyframes]
    for i, (old, key) in enumerate(zip(curve.keyframes, new.keyframes, strict=True)):
        if i in indices:
            assert (key.level, key.easing) == (level, easing)
        else:
            assert key == old
    assert [k.level for k in edit.set_emotion(curve, indices, weights).keyframes] == [k.level for k in curve.keyframes]


def test_an_unknown_easing_is_refused() -> None:
    """Words, not a broken curve."""
    with pytest.raises(UserError):
        edit.set_easing(EmotionCurve.constant("happy", 1), (0,), "bounce")


@given(curves(), TIMES, SHARES, LEVELS)
def test_editing_at_the_playhead(curve: EmotionCurve, time: float, weights: list[float], level: float) -> None:
    """One keyframe: everything changes. Several: the near one changes, else one is added; the scope says which."""
    new = edit.edit_at(curve, time, weights, level)
    scope = edit.scope_of(curve, time)
    assert len(new.keyframes) - len(curve.keyframes) == (scope == "new")
    changed = [k for k in new.keyframes if k not in curve.keyframes]
    if scope == "whole":
        assert new.keyframes[0].time == curve.keyframes[0].time
        np.testing.assert_allclose(new.sample([0, 50])[1], new.sample([time])[1][0])
    else:
        assert all(abs(k.time - time) <= edit.NEAR + 1e-9 for k in changed)
    # Said again, as a slider does many times, it is the same keyframe.
    assert edit.edit_at(new, time, weights, level) == new


def test_near_means_five_hundredths() -> None:
    """The closest keyframe within 0.05 s counts, and none beyond."""
    curve = EmotionCurve((Keyframe.of(1, "happy", 1), Keyframe.of(1.06, "sad", 2)))
    assert edit.key_near(curve, 1.04) == 1
    assert edit.key_near(curve, 1.01) == 0
    assert edit.key_near(curve, 1.2) is None
    assert edit.key_near(curve, 1.2, 0.5) == 1


@given(curves())
def test_stepping_visits_every_keyframe(curve: EmotionCurve) -> None:
    """Going on from before the first visits all in order (those closer than half a gap to it count as one)."""
    times = [k.time for k in curve.keyframes]
    if min((b - a for a, b in itertools.pairwise(times)), default=1) <= edit.MIN_GAP / 2:
        return
    at, seen = -1.0, []
    while (index := edit.key_beside(curve, at, 1)) is not None:
        seen.append(index)
        at = times[index]
    assert seen == list(range(len(times)))
    back = []
    at = 99.0
    while (index := edit.key_beside(curve, at, -1)) is not None:
        back.append(index)
        at = times[index]
    assert back == seen[::-1]


def test_the_emotion_beneath_the_playhead() -> None:
    """Half way from neutral to happy 3 it is happy at 1.5, never a mix with neutral; at level 0 it is neutral."""
    curve = EmotionCurve((Keyframe.of(0, "neutral", 0, "linear"), Keyframe.of(2, "happy", 3)))
    weights, level = edit.emotion_at(curve, 1)
    assert level == pytest.approx(1.5)
    assert weights == pytest.approx(pure("happy"))
    weights, level = edit.emotion_at(curve, 0.02)
    assert level == pytest.approx(0.03)
    assert weights == pytest.approx(pure("happy"))
    assert edit.emotion_at(curve, 0)[0][EMOTIONS.index("neutral")] == 1
    # A keyframe's own emotion is known even at level 0.
    assert edit.emotion_at(EmotionCurve.constant("sad", 0), 7) == (pure("sad"), 0)
