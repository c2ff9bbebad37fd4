"""The output that is always there: a sound device while it works, and the silent clock whenever it does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from emotalker.engine.playback.clock import F32, Line, Loop, Now, SilentOutput
from emotalker.engine.playback.sound import DeviceOutput, sound_library

NO_DEVICE = "There is no sound device: the twin plays silently."
GONE = "The sound device is gone: the twin plays on silently. Choose a device in the sound menu."
_CHECK = 0.1

OpenDevice = Callable[[str | None], DeviceOutput | None]


def system_device(name: str | None) -> DeviceOutput | None:
    """The device of that name, or None where sound cannot be played at all."""
    library = sound_library()
    return None if library is None else DeviceOutput(name, library)


class Speaker:
    """One clock over a device and silence; thread-safe.

    Args:
        on_notice: told in a sentence when sound is not to be had.
        device: makes the way out for sound.
        now: monotonic seconds.
    """

    def __init__(
        self,
        on_notice: Callable[[str], None] = lambda text: None,
        device: OpenDevice = system_device,
        now: Now = time.perf_counter,
    ) -> None:
        self._on_notice, self._open_device, self._now = on_notice, device, now
        self._lock = threading.RLock()
        self._silent = SilentOutput(now)
        self._device: DeviceOutput | None = None
        self._samples: F32 | None = None
        self._sample_rate, self._rate, self._volume = 1, 1.0, 1.0
        self._loop: Loop | None = None
        self._name: str | None = None
        self._playing = False
        self._last = 0.0
        self._checked = 0.0

    @property
    def playing(self) -> bool:
        """Whether the clock runs; it stops by itself at an end."""
        with self._lock:
            if self._playing and self.line().ended(self._now()):
                self.pause()
            return self._playing

    @property
    def audible(self) -> bool:
        """Whether a sound device is in use."""
        return self._device is not None

    def open(self, samples: F32 | None, rate: int) -> None:
        """See `Output`."""
        with self._lock:
            self._samples, self._sample_rate = samples, rate
            self._playing, self._last = False, 0.0
            self._silent.open(samples, rate)
            self._silent.set_loop(self._loop)
            self._connect()

    def choose(self, name: str | None) -> None:
        """Play through another device (None: the system's) from where it is."""
        with self._lock:
            self._name = name
            self._hand_over()
            self._connect()
            if self._playing:
                self.play()

    def play(self) -> None:
        """See `Output`; at an end it begins at the other one."""
        with self._lock:
            line = self._silent.line()
            place = self.position()
            if self._rate > 0 and place >= line.duration:
                place = 0.0 if self._loop is None else line.loop[0] if line.loop is not None else 0.0
                self.seek(place)
            elif self._rate < 0 and place <= 0 and line.duration < float("inf"):
                self.seek(line.duration)
            self._playing = True
            if self._sounding():
                assert self._device is not None
                self._device.play()
            else:
                self._silent.play()

    def pause(self) -> None:
        """See `Output`."""
        with self._lock:
            self._hand_over()
            self._playing = False

    def seek(self, position: float) -> None:
        """See `Output`."""
        with self._lock:
            self._silent.seek(position)
            if self._device is not None:
                self._device.seek(position)
            self._last = self._silent.line().at(self._now())

    def set_rate(self, rate: float) -> None:
        """See `Output`."""
        with self._lock:
            if rate == self._rate:
                return
            playing = self._playing
            self._hand_over()
            self._rate = rate
            self._silent.set_rate(rate)
            if playing:
                self.play()

    def set_loop(self, loop: Loop | None) -> None:
        """See `Output`."""
        with self._lock:
            self._loop = loop
            self._silent.set_loop(loop)
            if self._device is not None:
                self._device.set_loop(loop)

    def set_volume(self, volume: float) -> None:
        """See `Output`."""
        with self._lock:
            self._volume = volume
            if self._device is not None:
                self._device.set_volume(volume)

    def grain(self, position: float) -> None:
        """See `Output`."""
        with self._lock:
            if self._device is not None and not self._playing:
                self._device.grain(position)

    def line(self) -> Line:
        """See `Output`; a device that went away is left without a jump."""
        with self._lock:
            now = self._now()
            if self._playing and self._sounding() and now - self._checked > _CHECK:
                self._checked = now
                assert self._device is not None
                if self._device.lost():
                    self._drop_device()
            return self._device.line() if self._playing and self._sounding() and self._device else self._silent.line()

    def position(self) -> float:
        """Seconds on the audio clock; while it plays forwards it never goes back, but for a loop."""
        with self._lock:
            line = self.line()
            place = line.at(self._now())
            # the device's line trembles by less than this
            if self._playing and self._rate > 0 and 0 < self._last - place < _CHECK:
                return self._last
            self._last = place
            return place

    def close(self) -> None:
        """See `Output`."""
        with self._lock:
            self._playing = False
            self._disconnect()

    def _sounding(self) -> bool:
        return self._device is not None and self._rate == 1

    def _hand_over(self) -> None:
        """Everything stands at the place where the clock is now."""
        place = self.line().at(self._now())
        self._silent.pause()
        self._silent.seek(place)
        if self._device is not None:
            if self._playing and self._sounding():
                self._device.pause()
            self._device.seek(place)

    def _drop_device(self) -> None:
        assert self._device is not None
        place = self._device.line().at(self._now())
        self._disconnect()
        self._silent.seek(place)
        self._silent.play()
        self._on_notice(GONE)

    def _connect(self) -> None:
        self._disconnect()
        if self._samples is None:
            return
        device = self._open_device(self._name)
        if device is None:
            self._on_notice(NO_DEVICE)
            return
        try:
            device.open(self._samples, self._sample_rate)
        except OSError:
            self._on_notice(NO_DEVICE)
            return
        device.set_loop(self._loop)
        device.set_volume(self._volume)
        device.seek(self._silent.line().at(self._now()))
        self._device = device

    def _disconnect(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            device.close()
