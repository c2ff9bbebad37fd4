"""Where in the performance we are: a line through the latest moment whose place in the sound is known."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Now = Callable[[], float]
Loop = tuple[float, float]
SHORTEST_LOOP = 0.05
"""Seconds; a shorter loop is a buzz."""


@dataclass(frozen=True)
class Line:
    """A position that runs with time.

    Attributes:
        position: seconds on the audio clock at `since`.
        since: moment on the clock of `time.perf_counter`.
        rate: seconds of performance per second; 0 stands still.
        duration: where it ends; infinity where there is no end.
        loop: range that is played again and again; only for a position that reaches its end going forwards.
    """

    position: float = 0.0
    since: float = 0.0
    rate: float = 0.0
    duration: float = math.inf
    loop: Loop | None = None

    def at(self, now: float) -> float:
        """Seconds on the audio clock at a moment, also one to come."""
        # sound that is still on its way to the loudspeaker stands at its beginning
        return self.wrapped(self.position + self.rate * max(now - self.since, 0.0))

    def wrapped(self, position: float) -> float:
        """The place a position really is at, with the loop and both ends."""
        if self.loop is not None and self.rate > 0 and self.position < self.loop[1] <= position:
            start, end = self.loop
            position = start + (position - start) % (end - start)
        return min(max(position, 0.0), self.duration)

    def apart(self, a: float, b: float) -> float:
        """Seconds from position `b` to `a`, the short way round a loop."""
        difference = a - b
        if self.loop is not None:
            length = self.loop[1] - self.loop[0]
            if abs(difference) > length / 2:
                difference -= math.copysign(length, difference)
        return difference

    def ended(self, now: float) -> bool:
        """Whether it has run into an end."""
        place = self.at(now)
        return (self.rate > 0 and place >= self.duration) or (self.rate < 0 and place <= 0)


def usable_loop(loop: Loop | None, duration: float) -> Loop | None:
    """A loop within the recording and long enough, or None."""
    if loop is None:
        return None
    start, end = max(min(loop), 0.0), min(max(loop), duration)
    return (start, end) if end - start >= SHORTEST_LOOP else None


class Output(Protocol):
    """Sound and the clock it gives; thread-safe."""

    def open(self, samples: F32 | None, rate: int) -> None:
        """Take a recording [n, channels] at `rate` Hz, at its beginning and paused; None for endless silence."""

    def play(self) -> None:
        """Go on from where it is."""

    def pause(self) -> None:
        """Stop where it is."""

    def seek(self, position: float) -> None:
        """Go somewhere, playing or not."""

    def set_rate(self, rate: float) -> None:
        """Speed and direction; other than 1 there is no sound."""

    def set_loop(self, loop: Loop | None) -> None:
        """Range to play again and again."""

    def set_volume(self, volume: float) -> None:
        """0 is mute, 1 as recorded."""

    def grain(self, position: float) -> None:
        """A short sound of a place, for finding one's way while paused."""

    def line(self) -> Line:
        """The clock now."""

    def close(self) -> None:
        """Give back whatever makes sound."""


class SilentOutput:
    """The clock of a recording without the sound.

    Args:
        now: monotonic seconds.
    """

    def __init__(self, now: Now = time.perf_counter) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._line = Line()
        self._rate = 1.0

    def open(self, samples: F32 | None, rate: int) -> None:
        """See `Output`."""
        with self._lock:
            self._line = Line(0.0, self._now(), 0.0, math.inf if samples is None else len(samples) / rate)

    def play(self) -> None:
        """See `Output`."""
        self._restart(rate=self._rate)

    def pause(self) -> None:
        """See `Output`."""
        self._restart(rate=0.0)

    def seek(self, position: float) -> None:
        """See `Output`."""
        self._restart(position=min(max(position, 0.0), self._line.duration))

    def set_rate(self, rate: float) -> None:
        """See `Output`."""
        self._rate = rate
        if self._line.rate:
            self._restart(rate=rate)

    def set_loop(self, loop: Loop | None) -> None:
        """See `Output`."""
        self._restart(loop=usable_loop(loop, self._line.duration))

    def set_volume(self, volume: float) -> None:
        """Nothing can be heard anyway."""

    def grain(self, position: float) -> None:
        """Nothing can be heard anyway."""

    def line(self) -> Line:
        """See `Output`."""
        return self._line

    def close(self) -> None:
        """Nothing is held."""

    def _restart(self, **changes: object) -> None:
        with self._lock:
            now = self._now()
            # mypy cannot see which field each change belongs to
            self._line = replace(self._line, **{"position": self._line.at(now), "since": now, **changes})  # type: ignore[arg-type]
