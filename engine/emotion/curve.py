"""Emotion as a curve over time: keyframes with easing, sampled at any rate."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.emotion.labels import EMOTIONS, check_level, emotion_index
from emotalker.engine.errors import UserError

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

EASINGS = ("linear", "smooth", "hold")
# "hold" waits until this long before the next keyframe: a jump within one frame would look like a cut.
HOLD_RAMP = 0.12
# Below this level the weights fade to neutral, so that they are continuous where one emotion ends and another begins.
FADE_LEVEL = 0.25
SCHEMA_VERSION = 1
_NEUTRAL = EMOTIONS.index("neutral")


@dataclass(frozen=True)
class Keyframe:
    """An emotion at a moment.

    Attributes:
        time: seconds on the audio clock, >= 0.
        weights: shares of the eight emotions in the order of `EMOTIONS`, >= 0; brought to sum 1.
        level: intensity in [0, 3]; what neutral takes of the weights counts as level 0.
        easing: how the curve goes on to the next keyframe: "linear", "smooth" (slow at both ends) or "hold".

    Raises:
        UserError: if a value is out of range.
    """

    time: float
    weights: tuple[float, ...]
    level: float
    easing: str = "smooth"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.time) and self.time >= 0):
            raise _bad("The time of a keyframe is not valid.", f"It is {self.time}; times start at 0 seconds.")
        if len(self.weights) != len(EMOTIONS):
            raise _bad(
                "A keyframe needs a share for every emotion.", f"It has {len(self.weights)} instead of {len(EMOTIONS)}."
            )
        total = math.fsum(self.weights)
        if not (math.isfinite(total) and total > 0 and min(self.weights) >= 0):
            raise _bad("The emotion shares of a keyframe are not valid.", "They must be 0 or more, and not all 0.")
        check_level(self.level)
        if self.easing not in EASINGS:
            raise _bad(f"'{self.easing}' is not an easing.", f"Known are: {', '.join(EASINGS)}.")
        object.__setattr__(self, "weights", tuple(w / total for w in self.weights))

    @staticmethod
    def of(time: float, emotion: str | Mapping[str, float], level: float, easing: str = "smooth") -> Keyframe:
        """A keyframe of one emotion, or of a mix by name ({"happy": 0.7, "surprised": 0.3}).

        Raises:
            UserError: if an emotion is unknown or a value is out of range.
        """
        shares = {emotion: 1.0} if isinstance(emotion, str) else emotion
        weights = [0.0] * len(EMOTIONS)
        for name, share in shares.items():
            weights[emotion_index(name)] += float(share)
        return Keyframe(float(time), tuple(weights), float(level), easing)


@dataclass(frozen=True)
class EmotionCurve:
    """Emotion and level for every moment; constant before the first and after the last keyframe.

    What is interpolated is the strength of each emotion (share times level), so that a way from neutral to happy is
    happiness growing, and a way from happy to sad keeps its level while the shares change.

    Attributes:
        keyframes: at least one, by increasing time; kept sorted.

    Raises:
        UserError: if there is none, or two at the same time.
    """

    keyframes: tuple[Keyframe, ...]

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.keyframes, key=lambda k: k.time))
        if not ordered:
            raise _bad("The emotion curve is empty.", "It needs at least one keyframe.")
        if any(b.time <= a.time for a, b in itertools.pairwise(ordered)):
            raise _bad("Two emotion keyframes are at the same time.", "Only one emotion can hold at a moment.")
        object.__setattr__(self, "keyframes", ordered)

    @staticmethod
    def constant(emotion: str | Mapping[str, float] | Sequence[float], level: float) -> EmotionCurve:
        """The same emotion (name, mix by name, or eight shares) at the same level all the time.

        Raises:
            UserError: if the emotion is unknown or the level out of range.
        """
        if isinstance(emotion, str | Mapping):
            return EmotionCurve((Keyframe.of(0.0, emotion, level),))
        return EmotionCurve((Keyframe(0.0, tuple(float(w) for w in emotion), float(level)),))

    def sample(self, times: NDArray[np.floating] | Sequence[float]) -> tuple[F32, F32]:
        """The curve at some times; continuous in time.

        Args:
            times: seconds [T].

        Returns:
            weights [T, 8], each row summing to 1, and level [T] in [0, 3]. At level 0 the weights are neutral.
        """
        at = np.asarray(times, np.float64)
        strengths = np.array([self._strength(k) for k in self.keyframes])
        key_times = np.array([k.time for k in self.keyframes])
        if len(key_times) == 1:
            return _split(np.broadcast_to(strengths, (len(at), len(EMOTIONS))))
        segment = np.clip(np.searchsorted(key_times, at, side="right") - 1, 0, len(key_times) - 2)
        start, length = key_times[segment], np.diff(key_times)[segment]
        x = np.clip((at - start) / length, 0, 1)
        easing = np.array([k.easing for k in self.keyframes])[segment]
        share = np.where(easing == "smooth", x * x * (3 - 2 * x), np.where(easing == "hold", _hold(x, length), x))
        return _split((1 - share[:, None]) * strengths[segment] + share[:, None] * strengths[segment + 1])

    def to_json(self) -> dict[str, Any]:
        """A value for a JSON file; `from_json` reads it."""
        keys = [
            {
                "time": k.time,
                "emotion": {EMOTIONS[e]: w for e, w in enumerate(k.weights) if w > 0},
                "level": k.level,
                "easing": k.easing,
            }
            for k in self.keyframes
        ]
        return {"version": SCHEMA_VERSION, "keyframes": keys}

    @staticmethod
    def from_json(value: Any) -> EmotionCurve:
        """The curve that `to_json` described.

        Raises:
            UserError: if the value is not such a description, or is of a newer program.
        """
        try:
            if value["version"] != SCHEMA_VERSION:
                raise _bad("The emotion curve is of another version of this program.", f"It says {value['version']!r}.")
            keys = [
                Keyframe.of(float(k["time"]), dict(k["emotion"]), float(k["level"]), str(k["easing"]))
                for k in value["keyframes"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise _bad(
                "The emotion curve cannot be read.", f"A part is missing or of the wrong kind ({error})."
            ) from error
        return EmotionCurve(tuple(keys))

    @staticmethod
    def _strength(key: Keyframe) -> F64:
        """Share times level of each emotion [8]; neutral has none."""
        strength = np.array(key.weights) * key.level
        strength[_NEUTRAL] = 0
        return strength


def _hold(x: F64, length: F64) -> F64:
    """0 until the ramp before the next keyframe, then smoothly up to 1; `x` is the place in segments of `length` s."""
    ramp = np.minimum(HOLD_RAMP / length, 1.0)
    y = np.clip((x - (1 - ramp)) / ramp, 0, 1)
    return y * y * (3 - 2 * y)


def _split(strength: F64) -> tuple[F32, F32]:
    """Weights [T, 8] and level [T] of strengths [T, 8] whose neutral entry is 0."""
    level = strength.sum(1)
    shown = np.minimum(level / FADE_LEVEL, 1.0)
    weights = strength / np.maximum(level, 1e-9)[:, None] * shown[:, None]
    weights[:, _NEUTRAL] = 1 - weights.sum(1)
    return weights.astype(np.float32), np.clip(level, 0, 3).astype(np.float32)


def _bad(what: str, why: str) -> UserError:
    return UserError(what, why, "Correct the emotion curve and try again.")
