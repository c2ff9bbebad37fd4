"""Editing an emotion curve: every function takes a curve and gives a new, valid one."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL

NEAR = 0.05  # s; closer than this to a keyframe, an edit means that keyframe
MIN_GAP = 0.01  # s between keyframes that editing makes; well below one video frame
_NEUTRAL = EMOTIONS.index("neutral")
_HAIR = 1e-9  # s; sums of times are rounded

Selection = tuple[int, ...]


def key_near(curve: EmotionCurve, time: float, tolerance: float = NEAR) -> int | None:
    """Index of the keyframe closest to `time` within `tolerance` seconds, or None."""
    distances = [abs(k.time - time) for k in curve.keyframes]
    closest = int(np.argmin(distances))
    return closest if distances[closest] <= tolerance + _HAIR else None


def key_beside(curve: EmotionCurve, time: float, step: int) -> int | None:
    """Index of the next keyframe after `time` (step 1) or before it (step -1), or None at the end."""
    times = [k.time for k in curve.keyframes]
    if step > 0:
        after = bisect.bisect_right(times, time + MIN_GAP / 2)
        return after if after < len(times) else None
    before = bisect.bisect_left(times, time - MIN_GAP / 2) - 1
    return before if before >= 0 else None


def emotion_at(curve: EmotionCurve, time: float) -> tuple[tuple[float, ...], float]:
    """Shares and level that a keyframe at `time` must have to leave the curve as it is there.

    Unlike `EmotionCurve.sample`, the shares do not fade to neutral at low levels; a keyframe's own are given unchanged.
    """
    near = 0 if len(curve.keyframes) == 1 else key_near(curve, time, MIN_GAP / 2)
    if near is not None:
        return curve.keyframes[near].weights, curve.keyframes[near].level
    weights, level = curve.sample([time])
    shares = weights[0].astype(np.float64)
    shares[_NEUTRAL] = 0
    if level[0] <= 1e-4 or shares.sum() <= 1e-6:
        return tuple(float(e == _NEUTRAL) for e in range(len(EMOTIONS))), 0.0
    return tuple(float(w) for w in shares / shares.sum()), float(min(level[0], MAX_LEVEL))


def add_key(
    curve: EmotionCurve, time: float, weights: Sequence[float] | None = None, level: float | None = None
) -> EmotionCurve:
    """A keyframe at `time`; where none is given, with the emotion the curve has there.

    If there is a keyframe at this moment already, that one takes the values. A new one goes on as the stretch of the
    curve it divides. `key_near` finds it again.
    """
    time = max(0.0, float(time))
    near = key_near(curve, time, MIN_GAP)
    # a keyframe beside that moment keeps its own emotion, not the one the curve has a little later
    now_weights, now_level = emotion_at(curve, time if near is None else curve.keyframes[near].time)
    weights = now_weights if weights is None else tuple(float(w) for w in weights)
    level = now_level if level is None else _clamped(level)
    keys = list(curve.keyframes)
    if near is not None:
        keys[near] = replace(keys[near], weights=weights, level=level)
        return EmotionCurve(tuple(keys))
    index = bisect.bisect([k.time for k in keys], time)
    easing = keys[max(index - 1, 0)].easing
    keys.insert(index, Keyframe(time, weights, level, easing))
    return EmotionCurve(tuple(keys))


def move_keys(
    curve: EmotionCurve, indices: Collection[int], seconds: float, level: float = 0.0, end: float | None = None
) -> tuple[EmotionCurve, Selection]:
    """Move keyframes together by some seconds and a level; they may pass others but not land on them.

    Args:
        curve: the curve before the move.
        indices: which keyframes.
        seconds: how far in time; less is done where a border or another keyframe is in the way.
        level: how much stronger; each stays in [0, 3].
        end: latest time of a moved keyframe, seconds; one that is later already is not pulled back.

    Returns:
        the curve and the new indices of the moved keyframes.
    """
    chosen = _valid(curve, indices)
    if not chosen:
        return curve, ()
    keys = curve.keyframes
    moving = [keys[i].time for i in chosen]
    standing = [k.time for i, k in enumerate(keys) if i not in chosen]
    shift = _possible_shift(moving, standing, seconds, end)
    moved = [
        replace(k, time=max(0.0, k.time + shift), level=_clamped(k.level + level)) if i in chosen else k
        for i, k in enumerate(keys)
    ]
    order = sorted(range(len(moved)), key=lambda i: moved[i].time)
    return EmotionCurve(tuple(moved)), tuple(n for n, i in enumerate(order) if i in chosen)


def delete_keys(curve: EmotionCurve, indices: Collection[int]) -> EmotionCurve:
    """Remove keyframes; of all, the first stays, because a performance always has an emotion."""
    chosen = set(_valid(curve, indices))
    if len(chosen) == len(curve.keyframes):
        chosen.remove(0)
    return EmotionCurve(tuple(k for i, k in enumerate(curve.keyframes) if i not in chosen))


def set_easing(curve: EmotionCurve, indices: Collection[int], easing: str) -> EmotionCurve:
    """How the curve goes on after these keyframes: "smooth", "linear" or "hold".

    Raises:
        UserError: if there is no such easing.
    """
    chosen = _valid(curve, indices)
    return EmotionCurve(tuple(replace(k, easing=easing) if i in chosen else k for i, k in enumerate(curve.keyframes)))


def set_emotion(
    curve: EmotionCurve, indices: Collection[int], weights: Sequence[float], level: float | None = None
) -> EmotionCurve:
    """Give keyframes an emotion, and a level if one is given.

    Raises:
        UserError: if the shares are not valid.
    """
    chosen, shares = _valid(curve, indices), tuple(float(w) for w in weights)
    return EmotionCurve(
        tuple(
            replace(k, weights=shares, level=k.level if level is None else _clamped(level)) if i in chosen else k
            for i, k in enumerate(curve.keyframes)
        )
    )


def edit_at(curve: EmotionCurve, time: float, weights: Sequence[float], level: float) -> EmotionCurve:
    """What a change of emotion in the panel means while the playhead is at `time`.

    A curve of one keyframe is a setting of the whole performance and is changed as a whole. With several, the keyframe
    within `NEAR` seconds is changed, or one is added.
    """
    if len(curve.keyframes) == 1:
        return set_emotion(curve, (0,), weights, level)
    near = key_near(curve, time)
    if near is not None:
        return set_emotion(curve, (near,), weights, level)
    return add_key(curve, time, weights, level)


def scope_of(curve: EmotionCurve, time: float) -> str:
    """What `edit_at` would change: "whole", "key" or "new"."""
    if len(curve.keyframes) == 1:
        return "whole"
    return "new" if key_near(curve, time) is None else "key"


def _possible_shift(moving: Sequence[float], standing: Sequence[float], wanted: float, end: float | None) -> float:
    """The shift nearest to the wanted one that keeps all keyframes apart and inside."""
    least = -moving[0]
    most = np.inf if end is None else max(0.0, end - moving[-1])
    wanted = min(max(wanted, least), most)
    beside = [s - m + gap for m in moving for s in standing for gap in (-MIN_GAP, MIN_GAP)]
    for shift in sorted((wanted, *beside), key=lambda s: abs(s - wanted)):
        if least <= shift <= most and _apart(moving, standing, shift):
            return shift
    return 0.0


def _apart(moving: Sequence[float], standing: Sequence[float], shift: float) -> bool:
    """True when the moved keyframes keep their distance."""
    moved = [max(0.0, m + shift) for m in moving]
    if any(b <= a for a, b in itertools.pairwise(moved)):
        return False
    return all(abs(m - s) >= MIN_GAP - _HAIR for m in moved for s in standing)


def _valid(curve: EmotionCurve, indices: Collection[int]) -> Selection:
    """Indices that exist, in order, each once."""
    return tuple(sorted({i for i in indices if 0 <= i < len(curve.keyframes)}))


def _clamped(level: float) -> float:
    return min(max(float(level), 0.0), MAX_LEVEL)
