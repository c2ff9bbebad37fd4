"""Sound devices: the clock is what is heard, and without a device everything goes on silently."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from emotalker.engine.playback import sound as module
from emotalker.engine.playback.sound import DeviceOutput, devices
from emotalker.engine.playback.speaker import GONE, NO_DEVICE, Speaker

RATE = 16000


@pytest.fixture
def sound() -> np.ndarray:
    """Four seconds of noise, mono."""
    return np.random.default_rng(0).uniform(-1, 1, (4 * RATE, 1)).astype(np.float32)


@pytest.fixture
def output(library: Any, clock: Any, sound: np.ndarray) -> DeviceOutput:
    """A device with the sound in it."""
    device = DeviceOutput(None, library, clock)
    device.open(sound, RATE)
    return device


def place(output: Any, clock: Any) -> float:
    """Where it is now."""
    return output.line().at(clock())


def test_the_clock_waits_for_the_sound(output: DeviceOutput, library: Any, clock: Any) -> None:
    """Pressing play is no beginning: the first sample at the loudspeaker is."""
    output.play()
    clock.forward(0.2)
    assert place(output, clock) == 0
    library.streams[0].ask(0.01, delay=0.05)
    assert place(output, clock) == 0
    clock.forward(0.04)
    assert place(output, clock) == pytest.approx(0, abs=1e-6)
    clock.forward(0.01)
    assert place(output, clock) == pytest.approx(0.01, abs=1e-6)


def test_between_calls_the_clock_runs_evenly(output: DeviceOutput, library: Any, clock: Any) -> None:
    """Calls that come early or late by some milliseconds do not shake it."""
    random = np.random.default_rng(1)
    output.play()
    began = clock() + 0.05
    for _ in range(100):
        trembling = random.uniform(-0.004, 0.004)
        library.streams[0].ask(0.01, delay=0.05 + trembling)
        assert place(output, clock) == pytest.approx(max(clock() - began, 0), abs=0.005)


def test_what_is_heard_is_the_recording(output: DeviceOutput, library: Any, sound: np.ndarray) -> None:
    """Both channels, sample for sample after the soft start."""
    output.play()
    heard = np.concatenate([library.streams[0].ask(0.01) for _ in range(5)])
    soft = int(0.005 * RATE)
    assert np.array_equal(heard[soft:], np.repeat(sound[soft : len(heard)], 2, 1))


def test_a_seek_holds_until_it_is_heard(output: DeviceOutput, library: Any, clock: Any) -> None:
    """The picture jumps at once and waits there for its sound."""
    output.play()
    library.streams[0].ask(0.01)
    clock.forward(0.5)
    output.seek(2.0)
    clock.forward(0.3)
    assert place(output, clock) == 2.0
    library.streams[0].ask(0.01, delay=0.0)
    clock.forward(0.5)
    assert 2.3 < place(output, clock) < 2.6


def test_a_rate_the_device_does_not_know(library: Any, clock: Any, sound: np.ndarray) -> None:
    """The recording is brought to the device's own rate, and keeps its length."""
    library.refuses = {RATE}
    device = DeviceOutput(None, library, clock)
    device.open(sound, RATE)
    assert library.streams[0].rate == 48000
    assert device.line().duration == pytest.approx(4.0, abs=1e-3)


def test_a_broken_callback_says_nothing(output: DeviceOutput, library: Any) -> None:
    """Whatever happens there, the device gets silence and the clock learns of it."""
    output.play()
    library.streams[0].callback(out := np.ones((10, 2), np.float32), 10, None, None)
    assert not out.any()
    assert output.lost()


def test_a_device_that_goes_away_leaves_no_jump(library: Any, clock: Any, sound: np.ndarray) -> None:
    """The silent clock takes over where the sound was, and the user reads a sentence."""
    notices: list[str] = []
    speaker = Speaker(notices.append, lambda name: DeviceOutput(name, library, clock), clock)
    speaker.open(sound, RATE)
    speaker.play()
    places = []
    for step in range(300):
        if step < 100:
            library.streams[0].ask(0.01, delay=0.02)
        else:
            clock.forward(0.01)
        places.append(speaker.position())
    steps = np.diff(places[3:])
    assert np.all(steps >= 0)
    assert np.abs(steps - 0.01).max() < 0.002
    assert notices == [GONE]
    assert speaker.playing
    assert not speaker.audible
    assert library.streams[0].closed
    speaker.close()


def test_no_device_is_said_and_played_silently(library: Any, clock: Any, sound: np.ndarray) -> None:
    """A computer without sound plays all the same."""
    library.broken = True
    notices: list[str] = []
    speaker = Speaker(notices.append, lambda name: DeviceOutput(name, library, clock), clock)
    speaker.open(sound, RATE)
    assert notices == [NO_DEVICE]
    speaker.play()
    clock.forward(1.5)
    assert speaker.position() == pytest.approx(1.5)
    clock.forward(10)
    assert not speaker.playing
    assert speaker.position() == pytest.approx(4.0)
    speaker.play()
    clock.forward(0.5)
    assert speaker.position() == pytest.approx(0.5)


def test_other_speeds_are_mute_and_come_back(library: Any, clock: Any, sound: np.ndarray) -> None:
    """L plays twice as fast without sound; at 1 the sound is back where the picture is."""
    speaker = Speaker(lambda text: None, lambda name: DeviceOutput(name, library, clock), clock)
    speaker.open(sound, RATE)
    speaker.set_rate(2.0)
    speaker.play()
    clock.forward(1.0)
    assert speaker.position() == pytest.approx(2.0)
    assert not library.streams[0].ask(0.0625).any()
    speaker.set_rate(1.0)
    here = speaker.position()
    heard = library.streams[0].ask(0.02)
    first = round(here * RATE)
    assert np.array_equal(heard[100:, 0], sound[first + 100 : first + len(heard), 0])
    speaker.close()


def test_devices_are_those_that_play(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A microphone is no way out for sound; without a library there is none."""
    monkeypatch.setattr(module, "sound_library", lambda: library)
    assert [(d.name, d.default) for d in devices()] == [("Loud", True)]
    monkeypatch.setattr(module, "sound_library", lambda: None)
    assert devices() == []
