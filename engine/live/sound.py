"""Sound that arrives bit by bit: what sources hand over, and the last seconds of it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.windows import SAMPLE_RATE

F32 = NDArray[np.float32]
Push = Callable[[F32, float], None]
"""Takes mono sound [n] at 16 kHz and the moment its last sample was there, on the clock of `time.perf_counter`."""
QUIET_DB = -90.0


class Source(Protocol):
    """Anything sound comes from; for one performance."""

    def start(self, push: Push) -> None:
        """Begin to hand over sound, from a thread of its own, until `stop`.

        Raises:
            UserError: if there is none to be had.
        """

    def stop(self) -> None:
        """End; nothing is handed over any more when this returns. May be called twice, or without a start."""

    def failure(self) -> Exception | None:
        """Why no sound comes any more; None while all is well."""


class Ring:
    """The newest sound, and when it came; thread-safe, of fixed size.

    Args:
        seconds: how much is kept.
    """

    def __init__(self, seconds: float) -> None:
        self._sound = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
        self._changed = threading.Condition()
        self._came: deque[tuple[int, float]] = deque(maxlen=512)
        self._peak = 0.0
        self._sounded = 0
        self.count = 0
        """Samples that have come so far."""

    def push(self, chunk: F32, at: float) -> None:
        """Take the next sound [n]; see `Push`."""
        chunk = np.asarray(chunk, np.float32)
        if not len(chunk):
            return
        with self._changed:
            size = len(self._sound)
            kept = chunk[-size:]
            place = (self.count + len(chunk) - len(kept)) % size
            first = min(len(kept), size - place)
            self._sound[place : place + first] = kept[:first]
            self._sound[: len(kept) - first] = kept[first:]
            self.count += len(chunk)
            self._came.append((self.count, at))
            peak = float(np.abs(kept).max())
            self._peak = max(peak, self._peak)
            if peak > 0:
                self._sounded = self.count
            self._changed.notify_all()

    def wait(self, count: int, seconds: float) -> bool:
        """Wait until `count` samples have come, at most some seconds; whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, seconds)

    def read(self, stop: int, out: F32) -> bool:
        """Copy the sound before sample `stop` into `out` [n], silence before the beginning; whether it is still there.

        Raises:
            ValueError: if that much is never kept, or has not come yet.
        """
        with self._changed:
            size, n = len(self._sound), len(out)
            if n > size or stop > self.count:
                raise ValueError(f"{n} samples before {stop} of {self.count}")
            if stop - n < self.count - size:
                return False
            place = (stop - n) % size
            first = min(n, size - place)
            out[:first] = self._sound[place : place + first]
            out[first:] = self._sound[: n - first]
            return True

    def came(self, sample: int) -> float:
        """When a sample was there; the nearest moment known for one that is too old or has not come yet."""
        with self._changed:
            for count, at in self._came:
                if sample < count:
                    return at - (count - 1 - sample) / SAMPLE_RATE
            return self._came[-1][1] if self._came else 0.0

    def level(self) -> float:
        """Loudest sample since the last call, decibels below full scale, not less than -90."""
        with self._changed:
            peak, self._peak = self._peak, 0.0
        return max(20 * float(np.log10(peak)), QUIET_DB) if peak > 0 else QUIET_DB

    @property
    def dead(self) -> float:
        """Seconds for which every sample has been exactly zero, as a muted microphone gives them."""
        return (self.count - self._sounded) / SAMPLE_RATE
