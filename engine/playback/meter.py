"""Counting what was really shown, and how far picture and sound were apart."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass

import numpy as np

from emotalker.engine.playback.clock import Line
from emotalker.engine.playback.frames import PlaybackStats

_HISTORY = 4096
_WAITING = 64
_BREAK = 1.0
"""Seconds; a longer interval is a pause."""


@dataclass(frozen=True)
class _Sent:
    time: float
    moment: float
    moving: bool


class Meter:
    """Figures of playing; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: OrderedDict[int, _Sent] = OrderedDict()
        self._last: float | None = None
        self.lead = 0.004
        """Seconds from handing a frame over to its being on the screen."""
        self.reset()

    def reset(self) -> None:
        """Count from now."""
        with self._lock:
            self._shown = self._dropped = 0
            self._offset = self._worst = 0.0
            self._intervals: deque[float] = deque(maxlen=_HISTORY)
            self._moments: deque[float] = deque(maxlen=256)
            self._last = None

    def restart(self) -> None:
        """The clock jumped or stopped: what is on its way no longer belongs to it, and a gap is no slow frame."""
        with self._lock:
            self._sent.clear()
            self._last = None

    def drop(self, count: int = 1) -> None:
        """Frames were due that nobody will see."""
        with self._lock:
            self._dropped += count

    def sent(self, serial: int, time: float, moment: float, moving: bool) -> None:
        """A frame was handed over."""
        with self._lock:
            self._sent[serial] = _Sent(time, moment, moving)
            while len(self._sent) > _WAITING:
                _, frame = self._sent.popitem(last=False)
                self._dropped += frame.moving

    def shown(self, serial: int, moment: float, line: Line) -> None:
        """A frame is on the screen since `moment`; `line` is the clock."""
        with self._lock:
            if serial not in self._sent:
                return
            while True:
                first, frame = self._sent.popitem(last=False)
                if first == serial:
                    break
                self._dropped += frame.moving
            self.lead += 0.1 * (min(max(moment - frame.moment, 0.0), 0.03) - self.lead)
            if not frame.moving:
                return
            self._shown += 1
            if line.rate:
                self._offset = 1000 * line.apart(line.at(moment), frame.time)
                self._worst = max(self._worst, self._offset, -self._offset, key=abs)
            if self._last is not None and moment - self._last < _BREAK:
                self._intervals.append(moment - self._last)
            self._last = moment
            self._moments.append(moment)

    @property
    def counts(self) -> tuple[int, int]:
        """Shown and dropped so far."""
        with self._lock:
            return self._shown, self._dropped

    def stats(self, now: float, backend: str, rate: float) -> PlaybackStats:
        """The figures now."""
        with self._lock:
            fps = float(sum(now - m <= 1.0 for m in self._moments))
            intervals = 1000 * np.array(self._intervals or [0.0])
            p99, median = float(np.percentile(intervals, 99)), float(np.median(intervals))
            return PlaybackStats(
                fps, self._shown, self._dropped, self._offset, self._worst, p99, backend, median, rate
            )  # fmt: skip
