"""Counting how far the picture is behind the sound, and where the time goes."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

import numpy as np

HISTORY = 4096
RECENT = 1.0
"""Seconds over which the latency shown to a person is taken."""


@dataclass(frozen=True)
class LiveStats:
    """How a live performance goes.

    Attributes:
        latency_ms: from a sound at the microphone to the picture with its mouth, median of the last second; None before
            the first picture.
        p50_ms: the same since the beginning, median.
        p95_ms: 95 of 100 pictures came within this time.
        fps: pictures in the last second.
        frames: pictures since the beginning.
        dropped: pictures left out because something was late.
        parts: median milliseconds of each part: "waiting" for what follows the sound, "voice", "features",
            "expression", "queue" between the threads, "pose", "draw".
    """

    latency_ms: float | None = None
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    fps: float = 0.0
    frames: int = 0
    dropped: int = 0
    parts: dict[str, float] = field(default_factory=dict)


class LiveMeter:
    """Figures of a live performance; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latency: deque[float] = deque(maxlen=HISTORY)
        self._moments: deque[float] = deque(maxlen=128)
        self._parts: dict[str, deque[float]] = {}
        self._frames = self._dropped = 0

    def drop(self, count: int = 1) -> None:
        """Pictures were due that nobody will see."""
        with self._lock:
            self._dropped += count

    def shown(self, came: float, moment: float, parts: dict[str, float]) -> None:
        """A picture was handed over at `moment` whose sound was there at `came`; parts in seconds."""
        with self._lock:
            self._frames += 1
            self._latency.append(moment - came)
            self._moments.append(moment)
            for name, seconds in parts.items():
                self._parts.setdefault(name, deque(maxlen=512)).append(seconds)

    def stats(self, now: float) -> LiveStats:
        """The figures now."""
        with self._lock:
            recent = sum(now - moment <= RECENT for moment in self._moments)
            values = 1000 * np.array(self._latency)
            if not len(values):
                return LiveStats(dropped=self._dropped)
            p50, p95 = (float(p) for p in np.percentile(values, (50, 95)))
            latest = float(np.median(values[-max(recent, 1) :]))
            parts = {name: 1000 * float(np.median(seconds)) for name, seconds in self._parts.items()}
            return LiveStats(latest, p50, p95, float(recent), self._frames, self._dropped, parts)
