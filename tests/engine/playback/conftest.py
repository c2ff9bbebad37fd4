"""A clock in the hand, a sound library without sound, and a small twin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from emotalker.engine.avatar import Avatar, Heard
from emotalker.engine.bench.twin import sample_twin, with_emotion
from emotalker.engine.emotion.deformation import DeformationConfig

WIDTH = 12


@dataclass
class Clock:
    """Time that goes on when told."""

    time: float = 100.0

    def __call__(self) -> float:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += seconds


class FakeStream:
    """An output stream whose callback the test calls."""

    def __init__(self, library: FakeLibrary, **options: Any) -> None:
        self.library, self.callback = library, options["callback"]
        self.rate, self.channels = int(options["samplerate"]), int(options["channels"])
        self.active = self.closed = False

    def start(self) -> None:
        self.active = True

    def abort(self) -> None:
        self.active = False

    def close(self) -> None:
        self.closed = True

    def ask(self, seconds: float, delay: float = 0.03) -> np.ndarray:
        """What the device plays next, heard `delay` seconds from now; time goes on by its length."""
        out = np.full((round(seconds * self.rate), self.channels), 9.0, np.float32)
        when = SimpleNamespace(currentTime=5.0, outputBufferDacTime=5.0 + delay)
        self.callback(out, len(out), when, None)
        self.library.clock.forward(seconds)
        return out


class FakeLibrary:
    """Enough of sounddevice for a device that can vanish."""

    class PortAudioError(Exception):
        """As the real one."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.streams: list[FakeStream] = []
        self.refuses: set[int] = set()
        self.broken = False
        self.default = SimpleNamespace(device=(-1, 0))

    def query_devices(self, device: str | None = None, kind: str | None = None) -> Any:
        facts = {"name": "Loud", "max_output_channels": 2, "default_samplerate": 48000.0}
        return [facts, {**facts, "name": "Microphone", "max_output_channels": 0}] if kind is None else facts

    def check_output_settings(self, *, samplerate: int, **_: Any) -> None:
        if samplerate in self.refuses:
            raise self.PortAudioError("no such rate")

    def OutputStream(self, **options: Any) -> FakeStream:
        if self.broken:
            raise self.PortAudioError("device unavailable")
        self.streams.append(FakeStream(self, **options))
        return self.streams[-1]


@pytest.fixture
def clock() -> Clock:
    """Time in the hand."""
    return Clock()


@pytest.fixture
def library(clock: Clock) -> FakeLibrary:
    """A sound library without sound."""
    return FakeLibrary(clock)


@pytest.fixture(scope="session")
def twin() -> Avatar:
    """A small twin with all its parts."""
    return with_emotion(sample_twin(1200, 64, WIDTH), DeformationConfig(n_anchors=200))


@pytest.fixture(scope="session")
def heard_for() -> Callable[[float], Heard]:
    """Makes features of somebody speaking now and then."""

    def make(seconds: float) -> Heard:
        count, random = int(seconds * 50), np.random.default_rng(0)
        voice = (np.sin(np.arange(count) / 9) > -0.5).astype(np.float32)
        return Heard(random.standard_normal((count, WIDTH)).astype(np.float32), voice, seconds)

    return make
