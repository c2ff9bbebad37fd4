"""From what is heard to what drives one frame of a twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.speech import SpeechFeatures
from emotalker.engine.avatar import Avatar, FrameControl, Heard
from emotalker.engine.avatar.controls import audio_window_at
from emotalker.engine.live.ears import LOOK_AHEAD, WINDOW, Ears, Moment
from emotalker.engine.live.feeling import Feeling
from emotalker.engine.live.idle import EndlessIdle
from emotalker.engine.live.sound import Ring

F32 = NDArray[np.float32]


class Drive:
    """Drives one twin by the sound in a ring; for one thread, but for `feel`.

    Args:
        avatar: the twin.
        encoder: the speech encoder it was trained with.
        ring: where the sound comes in.
        seed: picks blinks and head motion.
    """

    def __init__(self, avatar: Avatar, encoder: SpeechFeatures, ring: Ring, seed: int = 0) -> None:
        self._avatar, self._seed = avatar, seed
        self.ears = Ears(avatar.a2et, encoder, ring)
        self._ahead = int(LOOK_AHEAD / 50 * self.fps) - 1
        self._feeling = Feeling(int(WINDOW / 50 * self.fps), self.fps)
        self._idle = EndlessIdle(seed)
        self._last = -1

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self._avatar.a2et.spec.fps

    def feel(self, weights: Sequence[float] | F32, level: float) -> None:
        """Feel this from now on; from any thread."""
        self._feeling.aim(weights, level)

    def frame(self, number: int) -> tuple[FrameControl, Moment] | None:
        """The drive of a frame whose sound has come, and what was heard; None if its sound is gone already."""
        weights, level = self._feeling.step(self._ahead, max(number - self._last, 1))
        self._last = number
        moment = self.ears.hear(number, weights, level)
        if moment is None:
            return None
        now = -1 - self._ahead
        idle = self._idle.at(moment.time, moment.voice)
        heard = Heard(moment.speech, moment.voice, moment.time)
        at, share, strength = np.array([moment.time]), weights[now:][:1], level[now:][:1]
        controls = self._avatar.driven(moment.face, at, share, strength, heard, self._seed, idle)
        audio = audio_window_at(moment.speech, moment.place, self._avatar.window)
        return replace(controls.frame(0), audio=audio), moment
