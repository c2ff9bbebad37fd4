"""Sound that comes at its own pace from files: one that somebody is writing, and a recording played in real time."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.windows import SAMPLE_RATE
from emotalker.engine.errors import UserError
from emotalker.engine.live.resample import Resampler
from emotalker.engine.live.sound import Push
from emotalker.engine.live.wav import WavLayout, wav_layout
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


class GrowingFile(Ticking):
    """A WAV file that another program is writing: what is added from now on, as it is added.

    It is read at the pace of speech. When nothing has been added there is silence; what was written faster than it is
    spoken waits in the file, and counts as there when its turn comes.

    Args:
        path: of the file.
        from_start: begin with what is in the file already.
        now: monotonic seconds.
    """

    HEAD = 65536

    def __init__(self, path: Path, from_start: bool = False, now: Now = time.perf_counter) -> None:
        super().__init__(now)
        self._path, self._from_start = path, from_start
        self._file: BinaryIO | None = None
        self._layout: WavLayout | None = None
        self._resampler: Resampler | None = None
        self._place = 0
        self._waiting = np.zeros(0, np.float32)

    def start(self, push: Push) -> None:
        """See `Source`.

        Raises:
            UserError: if the file cannot be read.
        """
        try:
            self._file = self._path.open("rb", buffering=0)
            self._look(begin=True)
        except (OSError, ValueError) as error:
            self._close()
            raise self._refusal(error) from error
        super().start(push)

    def stop(self) -> None:
        """See `Source`."""
        super().stop()
        self._close()

    def chunk(self) -> F32:
        """The next 20 ms [320]: what is in the file, and silence where that is not enough.

        Raises:
            UserError: if the file became unreadable.
        """
        try:
            while len(self._waiting) < CHUNK:
                fresh = self._read()
                if not len(fresh):
                    break
                self._waiting = np.concatenate([self._waiting, fresh])
        except (OSError, ValueError) as error:
            raise self._refusal(error) from error
        piece, self._waiting = self._waiting[:CHUNK], self._waiting[CHUNK:]
        return np.pad(piece, (0, CHUNK - len(piece)))

    def _look(self, begin: bool = False) -> None:
        """Read how the sound lies, as soon as that is written."""
        assert self._file is not None
        self._file.seek(0)
        layout = wav_layout(self._file.read(self.HEAD))
        if layout is None:
            return
        self._layout, self._resampler, self._place = layout, Resampler(layout.rate), layout.start
        if begin and not self._from_start:
            size = self._file.seek(0, 2)
            self._place += max(size - layout.start, 0) // layout.stride * layout.stride

    def _read(self) -> F32:
        """At most 20 ms more of the file at 16 kHz; nothing if nothing was added."""
        if self._layout is None or self._resampler is None:
            self._look()
        layout, file = self._layout, self._file
        if layout is None or file is None or self._resampler is None:
            return np.zeros(0, np.float32)
        size = file.seek(0, 2)
        if size < self._place:
            raise ValueError("it became shorter")
        wanted = max(layout.rate // 50, 1) * layout.stride
        count = min(wanted, (size - self._place) // layout.stride * layout.stride)
        if not count:
            return np.zeros(0, np.float32)
        file.seek(self._place)
        data = file.read(count)
        data = data[: len(data) // layout.stride * layout.stride]
        self._place += len(data)
        return self._resampler.feed(layout.mono(data))

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _refusal(self, error: Exception) -> UserError:
        why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        return UserError(
            f"{self._path.name} cannot be followed.",
            f"{why[:1].upper()}{why[1:]}.",
            "Choose a WAV file with uncompressed sound that another program is recording into.",
        )
