"""Blinks, glances and small head motion without an end, at the same cost after an hour as in the first minute.

`idle_motion` works out every blink since time 0. Here time begins anew every minute with another seed, and the old
minute fades into the new one within a second.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.avatar.idle import VOICE_RATE, IdleMotion, idle_motion

F32 = NDArray[np.float32]
MINUTE, FADE = 60.0, 1.0


class EndlessIdle:
    """Idle motion of one performance; for one thread, times must not go back.

    Args:
        seed: picks one of many performances.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._minute = 0
        length = round((MINUTE + FADE) * VOICE_RATE) + 2
        self._voice, self._before = np.zeros(length, np.float32), np.zeros(length, np.float32)

    def at(self, time: float, voice: F32) -> IdleMotion:
        """The motion at one moment.

        Args:
            time: seconds.
            voice: probability of speech at 50 Hz up to this moment; as many values as passed since the last call.
        """
        minute = int(time // MINUTE)
        if minute != self._minute:
            self._voice, self._before = self._before, self._voice
            self._voice[:] = 0
            self._minute = minute
        local = time - minute * MINUTE
        self._note(self._voice, local, voice)
        fresh = idle_motion(np.array([local]), self._seed + minute, self._voice)
        if local >= FADE or minute == 0:
            return fresh
        self._note(self._before, local + MINUTE, voice)
        old = idle_motion(np.array([local + MINUTE]), self._seed + minute - 1, self._before)
        share = np.float32(local / FADE)
        mixed = {f.name: (1 - share) * getattr(old, f.name) + share * getattr(fresh, f.name) for f in fields(fresh)}
        return IdleMotion(**mixed)

    @staticmethod
    def _note(kept: F32, time: float, voice: F32) -> None:
        stop = min(round(time * VOICE_RATE) + 1, len(kept))
        start = max(stop - len(voice), 0)
        kept[start:stop] = voice[len(voice) - (stop - start) :]
