"""Ways out for sound on this computer, and the one that plays through them."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from dataclasses import replace
from typing import Any

import numpy as np

from emotalker.engine.playback.clock import F32, Line, Loop, Now, usable_loop
from emotalker.engine.playback.frames import AudioDevice
from emotalker.engine.playback.mixer import Mixer, Program, loop_samples

LATENCY = 0.06
"""Seconds asked of the device: what it plays is timed, so more of it costs no synchrony and keeps it from stuttering.
"""
LOST = 0.6
"""Seconds without a call for sound after which the device counts as gone."""
STEADY = 0.1
"""Share of a jump of the device's clock that is believed at once: the moments of its calls tremble."""
JUMP = 0.03
"""Seconds; a larger jump is real."""


def sound_library() -> Any | None:
    """The module sounddevice, or None where it or PortAudio is missing."""
    try:
        import sounddevice
    except (ImportError, OSError):
        return None
    return sounddevice


def devices() -> list[AudioDevice]:
    """What sound can be played on; none where there is no device or no sound library."""
    library = sound_library()
    if library is None:
        return []
    try:
        found, default = library.query_devices(), library.default.device[1]
    except library.PortAudioError:
        return []
    return [
        AudioDevice(str(d["name"]), index == default, int(d["max_output_channels"]))
        for index, d in enumerate(found)
        if d["max_output_channels"] > 0
    ]


class DeviceOutput:
    """A sound device and the clock of what it really plays.

    The position is that of the sample at the loudspeaker: the device's calls for sound say when each buffer will be
    heard, and a line is drawn through these moments.

    Args:
        name: of the device; None takes the system's.
        library: the module sounddevice, or one that behaves like it.
        now: monotonic seconds.
    """

    def __init__(self, name: str | None = None, library: Any | None = None, now: Now = time.perf_counter) -> None:
        self._library = library if library is not None else sound_library()
        self._name, self._now = name, now
        self._lock = threading.Lock()
        self._program = Program(np.zeros((0, 1), np.float32), 48000)
        self._mixer = Mixer()
        self._stream: Any | None = None
        self._duration = math.inf
        self._loop: Loop | None = None
        # moment at which the program's start was or will be heard, and its serial: written by the sound thread alone
        self._heard = (0.0, -1)
        self._held = 0.0
        self._called = 0.0
        self.failed = self._library is None

    def open(self, samples: F32 | None, rate: int) -> None:
        """See `Output`.

        Raises:
            OSError: if the device does not open; whoever asked plays silently then.
        """
        self.close()
        if samples is None or self._library is None:
            return
        samples = np.asarray(samples, np.float32)
        samples = samples[:, None] if samples.ndim == 1 else samples
        try:
            facts = self._library.query_devices(self._name, "output")
            channels = min(2, int(facts["max_output_channels"]))
            samples, rate = self._fitting(samples, rate, channels, int(facts["default_samplerate"]))
            stream = self._library.OutputStream(
                samplerate=rate, channels=channels, dtype="float32", device=self._name, latency=LATENCY,
                callback=self._fill,
            )  # fmt: skip
        except (self._library.PortAudioError, ValueError) as error:
            self.failed = True
            raise OSError(str(error)) from error
        with self._lock:
            self._duration, self._loop, self._held = len(samples) / rate, None, 0.0
            volume, serial = self._program.volume, self._program.serial + 1
            self._program = Program(samples, rate, serial, volume=volume)
            self._stream = stream

    def play(self) -> None:
        """See `Output`."""
        self._change(self._place(), playing=True)
        self._run()

    def pause(self) -> None:
        """See `Output`."""
        self._change(self._place(), playing=False)

    def seek(self, position: float) -> None:
        """See `Output`."""
        self._change(min(max(position, 0.0), self._duration))

    def set_rate(self, rate: float) -> None:
        """A device plays at its own speed only; whoever wants another one leaves it paused."""

    def set_loop(self, loop: Loop | None) -> None:
        """See `Output`."""
        with self._lock:
            place, p = self.line().at(self._now()), self._program
            self._loop = usable_loop(loop, self._duration)
            self._program = replace(p, loop=loop_samples(self._loop, p.rate, len(p.samples)))
        if p.playing:
            self._change(place)

    def set_volume(self, volume: float) -> None:
        """See `Output`."""
        with self._lock:
            self._program = replace(self._program, volume=min(max(volume, 0.0), 1.0))

    def grain(self, position: float) -> None:
        """See `Output`."""
        with self._lock:
            p = self._program
            self._program = replace(p, grain=(round(position * p.rate), p.grain[1] + 1))
        self._run()

    def line(self) -> Line:
        """See `Output`."""
        program, (moment, serial) = self._program, self._heard
        if not program.playing:
            return Line(self._held, self._now(), 0.0, self._duration, self._loop)
        if serial != program.serial:
            # the device has not asked for this yet: the place waits for its sound
            return Line(self._held, self._now(), 0.0, self._duration, self._loop)
        return Line(program.start / program.rate, moment, 1.0, self._duration, self._loop)

    def lost(self) -> bool:
        """Whether the device went away while it was playing."""
        if self.failed:
            return True
        return self._program.playing and self._called > 0 and self._now() - self._called > LOST

    def close(self) -> None:
        """See `Output`."""
        with self._lock:
            stream, self._stream = self._stream, None
            self._program = replace(self._program, playing=False)
        if stream is not None:
            assert self._library is not None
            with contextlib.suppress(self._library.PortAudioError):
                stream.abort()
                stream.close()

    def _fitting(self, samples: F32, rate: int, channels: int, own_rate: int) -> tuple[F32, int]:
        """The recording in channels, and where it must be at the rate, of the device."""
        assert self._library is not None
        if samples.shape[1] != channels:
            samples = np.repeat(samples.mean(1, keepdims=True), channels, 1)
        try:
            self._library.check_output_settings(device=self._name, channels=channels, dtype="float32", samplerate=rate)
        except self._library.PortAudioError:
            import soxr

            samples, rate = np.asarray(soxr.resample(samples, rate, own_rate), np.float32), own_rate
        return np.ascontiguousarray(samples, np.float32), rate

    def _place(self) -> float:
        return self.line().at(self._now())

    def _change(self, position: float, playing: bool | None = None) -> None:
        with self._lock:
            p = self._program
            self._held = position
            self._program = replace(
                p, serial=p.serial + 1, start=min(round(position * p.rate), len(p.samples)),
                playing=p.playing if playing is None else playing,
            )  # fmt: skip

    def _run(self) -> None:
        stream = self._stream
        if stream is None or stream.active:
            return
        assert self._library is not None
        try:
            self._called = self._now()
            stream.start()
        except self._library.PortAudioError:
            self.failed = True

    def _fill(self, out: F32, frames: int, when: Any, status: Any) -> None:
        """The device asks for sound: nothing here waits for anybody, and nothing gets out."""
        try:
            now, program = self._now(), self._program
            played = self._mixer.fill(program, out)
            delay = when.outputBufferDacTime - when.currentTime
            start = now + (delay if 0 < delay < 2 else LATENCY) - played / program.rate
            before, serial = self._heard
            if serial == program.serial and abs(start - before) < JUMP:
                start = before + STEADY * (start - before)
            self._heard, self._called = (start, program.serial), now
        except Exception:
            # an exception in here would end the stream with a text on a console nobody sees
            self.failed = True
            out.fill(0)
