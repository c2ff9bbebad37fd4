"""Sound that comes at its own pace from files: one that somebody is writing, and a recording played in real time."""

from __future__ import annotations

import threading
import time

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.windows import SAMPLE_RATE
from emotalker.engine.live.sound import Push
from emotalker.engine.playback.clock import Now

F32 = NDArray[np.float32]
CHUNK = 320
"""Samples handed over at once: 20 ms, as microphones do."""


class Ticking:
    """A thread that hands over 20 ms of sound every 20 ms; subclasses say which.

    Args:
        now: monotonic seconds.
    """

    def __init__(self, now: Now = time.perf_counter) -> None:
        self._now = now
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    def start(self, push: Push) -> None:
        """See `Source`."""
        self._thread = threading.Thread(target=self._run, args=(push,), name="live-source", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """See `Source`."""
        self._ended.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._thread = None

    def failure(self) -> Exception | None:
        """See `Source`."""
        return self._failure

    def chunk(self) -> F32:
        """The next 20 ms [320]."""
        raise NotImplementedError

    def _run(self, push: Push) -> None:
        begin, number = self._now(), 0
        try:
            while not self._ended.is_set():
                number += 1
                due = begin + number * CHUNK / SAMPLE_RATE
                if self._ended.wait(max(due - self._now(), 0.0)):
                    return
                push(self.chunk(), due)
        except Exception as error:
            self._failure = error


class PacedSound(Ticking):
    """A recording that comes as if somebody were saying it now, and silence after its end.

    Args:
        audio_16k: mono sound [n] at 16 kHz.
        now: monotonic seconds.
    """

    def __init__(self, audio_16k: F32, now: Now = time.perf_counter) -> None:
        super().__init__(now)
        self._audio, self._place = np.asarray(audio_16k, np.float32), 0

    def chunk(self) -> F32:
        """The next 20 ms [320]."""
        piece = self._audio[self._place : self._place + CHUNK]
        self._place += CHUNK
        return np.pad(piece, (0, CHUNK - len(piece)))
