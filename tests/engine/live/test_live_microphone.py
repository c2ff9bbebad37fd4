"""Microphones: what they give arrives with its true moment, and every way of not having one is said in plain words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from emotalker.engine.errors import UserError
from emotalker.engine.live import microphone as module
from emotalker.engine.live.microphone import Microphone, microphones


class FakeInput:
    """An input stream whose callback the test calls."""

    def __init__(self, library: FakeLibrary, **options: Any) -> None:
        self.library, self.callback, self.options = library, options["callback"], options
        self.active = self.closed = False

    def start(self) -> None:
        if self.library.denied:
            raise self.library.PortAudioError("Permission denied")
        self.active = True

    def abort(self) -> None:
        self.active = False

    def close(self) -> None:
        self.closed = True

    def give(self, sound: np.ndarray, age: float) -> None:
        """Hand over sound [n] whose first sample was at the microphone `age` seconds ago."""
        when = SimpleNamespace(currentTime=7.0, inputBufferAdcTime=7.0 - age)
        self.callback(sound[:, None], len(sound), when, None)


class FakeLibrary:
    """Enough of sounddevice for a microphone that can be missing, refused or of another rate."""

    class PortAudioError(Exception):
        """As the real one."""

    def __init__(self) -> None:
        self.streams: list[FakeInput] = []
        self.denied = self.only_48 = False
        self.names = ["Desk", "Headset"]
        self.default = SimpleNamespace(device=(1, 0))

    def query_devices(self, device: int | None = None, kind: str | None = None) -> Any:
        facts = [
            {"name": n, "max_input_channels": 2, "default_samplerate": 48000.0, "hostapi": i // 2}
            for i, n in enumerate(self.names)
        ]
        if kind is None:
            return [*facts, {"name": "Loud", "max_input_channels": 0, "hostapi": 0}]
        if not facts:
            raise ValueError("no input device matching")
        return facts[device or 0]

    def check_input_settings(self, *, samplerate: float, **_: Any) -> None:
        if self.only_48 and samplerate != 48000:
            raise self.PortAudioError("Invalid sample rate")

    def InputStream(self, **options: Any) -> FakeInput:
        self.streams.append(FakeInput(self, **options))
        return self.streams[-1]


@pytest.fixture
def library() -> FakeLibrary:
    """A sound library without sound."""
    return FakeLibrary()


def test_sound_comes_with_its_moment(library: FakeLibrary, clock: Any) -> None:
    """20 ms that began 35 ms ago ended 15 ms ago; the device's buffer is not kept."""
    came: list[tuple[np.ndarray, float]] = []
    microphone = Microphone(None, library, clock)
    microphone.start(lambda sound, at: came.append((sound, at)))
    sound = np.random.default_rng(0).uniform(-1, 1, 320).astype(np.float32)
    given = sound.copy()
    library.streams[0].give(given, age=0.035)
    given[:] = 0
    np.testing.assert_array_equal(came[0][0], sound)
    assert came[0][1] == pytest.approx(clock() - 0.015)
    # some systems do not know: then it came just now
    library.streams[0].give(sound, age=-3.0)
    assert came[1][1] == pytest.approx(clock())
    assert library.streams[0].options["samplerate"] == 16000


def test_another_rate_is_brought_to_16_khz(library: FakeLibrary, clock: Any) -> None:
    """A device that has 48 kHz alone is heard as well, and what the conversion holds back is in the moment."""
    library.only_48 = True
    came: list[tuple[np.ndarray, float]] = []
    microphone = Microphone("Headset", library, clock)
    microphone.start(lambda sound, at: came.append((sound, at)))
    stream = library.streams[0]
    assert (stream.options["samplerate"], stream.options["device"]) == (48000, 1)
    tone = (0.5 * np.sin(2 * np.pi * 300 * np.arange(48000) / 48000)).astype(np.float32)
    for i in range(50):
        stream.give(tone[960 * i : 960 * (i + 1)], age=0.02)
    sound = np.concatenate([piece for piece, _ in came])
    held = 1.0 - len(sound) / 16000
    assert 0 <= held < 0.05
    assert came[-1][1] == pytest.approx(clock() - held, abs=1e-6)
    assert np.argmax(np.abs(np.fft.rfft(sound))) / (len(sound) / 16000) == pytest.approx(300, abs=2)


def test_stopping_closes_the_device(library: FakeLibrary, clock: Any) -> None:
    """Nothing listens any more, and a call that is on its way finds nobody."""
    came: list[float] = []
    microphone = Microphone(None, library, clock)
    microphone.start(lambda sound, at: came.append(at))
    microphone.stop()
    microphone.stop()
    assert library.streams[0].closed
    library.streams[0].give(np.ones(320, np.float32), age=0.02)
    assert not came
    assert microphone.failure() is None


def test_no_microphone(library: FakeLibrary) -> None:
    """None at all, and one that was chosen and is gone, are two different sentences."""
    with pytest.raises(UserError, match="The microphone Broken is not there"):
        Microphone("Broken", library).start(lambda *_: None)
    library.names = []
    with pytest.raises(UserError, match="No microphone was found") as caught:
        Microphone(None, library).start(lambda *_: None)
    assert "Connect a microphone" in caught.value.what_to_do


def test_a_microphone_that_may_not_be_used(library: FakeLibrary) -> None:
    """Refused by the system: the words name the privacy settings, and nothing stays open."""
    library.denied = True
    with pytest.raises(UserError, match="does not open") as caught:
        Microphone(None, library).start(lambda *_: None)
    assert "Permission denied" in caught.value.why
    assert "privacy" in caught.value.what_to_do
    assert library.streams[0].closed


def test_no_sound_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PortAudio there is nothing to choose from, and the words say what to install."""
    monkeypatch.setattr(module, "sound_library", lambda: None)
    assert microphones() == []
    with pytest.raises(UserError, match="No microphone can be used") as caught:
        Microphone().start(lambda *_: None)
    assert "libportaudio2" in caught.value.what_to_do


def test_what_can_be_listened_to(library: FakeLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loudspeakers are no microphones; the system's own choice is marked."""
    monkeypatch.setattr(module, "sound_library", lambda: library)
    assert [(d.name, d.default) for d in microphones()] == [("Desk", False), ("Headset", True)]


@pytest.mark.parametrize(("default", "taken"), [(2, 2), (3, 2), (1, 0), (-1, 0)])
def test_a_name_that_several_sound_systems_give(
    library: FakeLibrary, clock: Any, monkeypatch: pytest.MonkeyPatch, default: int, taken: int
) -> None:
    """Windows lists a microphone once for each sound system: it is shown once, and one of them opens."""
    monkeypatch.setattr(module, "sound_library", lambda: library)
    library.names = ["Desk", "Headset", "Desk", "Headset"]
    library.default = SimpleNamespace(device=(default, 0))
    assert sorted(d.name for d in microphones()) == ["Desk", "Headset"]
    microphone = Microphone("Desk", library, clock)
    microphone.start(lambda *_: None)
    assert library.streams[0].options["device"] == taken


def test_a_microphone_that_is_pulled_out(library: FakeLibrary, clock: Any) -> None:
    """A second without a call for sound, and it counts as gone."""
    microphone = Microphone(None, library, clock)
    microphone.start(lambda *_: None)
    clock.forward(0.9)
    assert microphone.failure() is None
    library.streams[0].give(np.ones(320, np.float32), age=0.02)
    clock.forward(0.9)
    assert microphone.failure() is None
    clock.forward(0.2)
    failure = microphone.failure()
    assert isinstance(failure, UserError)
    assert failure.what == "The microphone is gone."


def test_what_fails_in_the_callback_is_told(library: FakeLibrary, clock: Any) -> None:
    """An error in the sound thread ends up where it is asked for."""
    microphone = Microphone(None, library, clock)

    def broken(sound: np.ndarray, at: float) -> None:
        raise RuntimeError("broken")

    microphone.start(broken)
    library.streams[0].give(np.ones(320, np.float32), age=0.02)
    assert str(microphone.failure()) == "broken"
