"""Microphones of this computer, and the one that is listened to."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.windows import SAMPLE_RATE
from emotalker.engine.errors import UserError
from emotalker.engine.live.resample import Resampler
from emotalker.engine.live.sound import Push
from emotalker.engine.playback.clock import Now
from emotalker.engine.playback.sound import sound_library

F32 = NDArray[np.float32]
BLOCK = 0.02
"""Seconds of sound a microphone hands over at once."""
LOST = 1.0
"""Seconds without any sound after which a microphone counts as gone."""
LATEST = 0.5
"""Seconds; a device that says its sound is older than this does not know."""


@dataclass(frozen=True)
class InputDevice:
    """A way in for sound.

    Attributes:
        name: as the system calls it; `Microphone` takes it.
        default: the system would take this one.
    """

    name: str
    default: bool


def microphones() -> list[InputDevice]:
    """What can be listened to; none where there is no microphone or no sound library."""
    library = sound_library()
    if library is None:
        return []
    try:
        found, default = library.query_devices(), library.default.device[0]
    except library.PortAudioError:
        return []
    names: dict[str, bool] = {}
    for index, device in enumerate(found):
        if device.get("max_input_channels", 0) > 0:
            name = str(device["name"])
            names[name] = names.get(name, False) or index == default
    return [InputDevice(name, chosen) for name, chosen in names.items()]


def _index_of(name: str, library: Any) -> int | None:
    """Number of the input device of a name; None without one.

    Windows lists a microphone once for each of its sound systems under one name, which PortAudio then finds ambiguous:
    the system's default is taken if it is among them, else one of the sound system it is in, else the first.
    """
    found = library.query_devices()
    numbers = [i for i, d in enumerate(found) if d.get("max_input_channels", 0) > 0 and str(d["name"]) == name]
    default = library.default.device[0]
    usual = found[default].get("hostapi") if 0 <= default < len(found) else None
    return min(numbers, key=lambda i: (i != default, found[i].get("hostapi") != usual, i), default=None)


class Microphone:
    """Listens; a `Source`.

    Args:
        name: of the device; None takes the system's.
        library: the module sounddevice, or one that behaves like it.
        now: monotonic seconds.
    """

    def __init__(self, name: str | None = None, library: Any | None = None, now: Now = time.perf_counter) -> None:
        self._name, self._now = name, now
        self._library = library if library is not None else sound_library()
        self._stream: Any | None = None
        self._device: int | None = None
        self._push: Push | None = None
        self._resampler = Resampler(SAMPLE_RATE)
        self._called = 0.0
        self._failure: Exception | None = None

    def start(self, push: Push) -> None:
        """See `Source`.

        Raises:
            UserError: if there is no microphone, it may not be listened to, or PortAudio is missing.
        """
        library = self._library
        if library is None:
            raise UserError(
                "No microphone can be used.",
                "The sound library PortAudio is not installed on this computer.",
                "Install it (on Debian and Ubuntu: sudo apt install libportaudio2) and start the program again.",
            )
        facts = self._facts(library)
        rate = self._rate(library, float(facts.get("default_samplerate") or SAMPLE_RATE))
        self._push, self._resampler, self._called = push, Resampler(rate), self._now()
        try:
            stream = library.InputStream(
                samplerate=rate, channels=1, dtype="float32", device=self._device, latency="low",
                blocksize=round(BLOCK * rate), callback=self._take,
            )  # fmt: skip
            self._stream = stream
            stream.start()
        except (library.PortAudioError, ValueError) as error:
            self.stop()
            raise UserError(
                "The microphone does not open.",
                f"The system says: {error}",
                "Close other programs that use it, allow this program to use the microphone in the privacy settings "
                "of the system, or choose another microphone.",
            ) from error

    def stop(self) -> None:
        """See `Source`."""
        stream, self._stream = self._stream, None
        if stream is not None:
            assert self._library is not None  # a stream came out of it
            with contextlib.suppress(self._library.PortAudioError):
                stream.abort()
                stream.close()
        self._push = None

    def failure(self) -> Exception | None:
        """See `Source`."""
        if self._failure is None and self._stream is not None and self._now() - self._called > LOST:
            return UserError(
                "The microphone is gone.",
                "No sound has come from it for a second.",
                "Connect it again or choose another one, then switch Live on again.",
            )
        return self._failure

    def _facts(self, library: Any) -> dict[str, Any]:
        try:
            self._device = None if self._name is None else _index_of(self._name, library)
            if self._name is not None and self._device is None:
                raise ValueError(f"no input device is called {self._name}")
            facts: dict[str, Any] = library.query_devices(self._device, "input")
        except (library.PortAudioError, ValueError) as error:
            if self._name is not None:
                raise UserError(
                    f"The microphone {self._name} is not there.",
                    "It was unplugged, or the system calls it something else now.",
                    "Choose another microphone, or connect it and start the program again.",
                ) from error
            raise UserError(
                "No microphone was found.",
                "This computer has none that is connected and switched on.",
                "Connect a microphone and start the program again, or follow a sound file that is being written.",
            ) from error
        return facts

    def _rate(self, library: Any, own: float) -> float:
        """16 kHz where the device gives it, else the rate it has."""
        try:
            library.check_input_settings(device=self._device, channels=1, dtype="float32", samplerate=SAMPLE_RATE)
        except (library.PortAudioError, ValueError):
            return own
        return SAMPLE_RATE

    def _take(self, sound: F32, frames: int, when: Any, status: Any) -> None:
        """The device hands over sound: nothing here waits for long, and nothing gets out."""
        try:
            now, push = self._now(), self._push
            self._called = now
            if push is None:
                return
            # the device says when the first of these samples was at the microphone
            age = when.currentTime - when.inputBufferAdcTime
            age = age - frames / self._resampler.rate if 0 < age < LATEST else 0.0
            # the buffer is the device's own: what is kept must be a copy
            mono = np.array(sound[:, 0], np.float32)
            given = self._resampler.feed(mono)
            push(given, now - max(age, 0.0) - self._resampler.lag)
        except Exception as error:
            # an exception in here would end the stream with a text on a console nobody sees
            self._failure = error
