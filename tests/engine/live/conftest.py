"""A clock in the hand, a twin with its parts, and ears that need no downloaded model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from emotalker.engine.avatar import Avatar
from emotalker.engine.bench.twin import sample_twin, with_emotion
from emotalker.engine.emotion.deformation import DeformationConfig
from emotalker.engine.torch_threads import one_torch_thread

WIDTH = 12


@dataclass
class Clock:
    """Time that goes on when told."""

    time: float = 100.0

    def __call__(self) -> float:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += seconds


class LocalEars:
    """Features that depend on their own 20 ms alone: loudness of a few bands."""

    name, width = "local", WIDTH

    def features(self, audio_16k: np.ndarray) -> np.ndarray:
        spectrum = np.abs(np.fft.rfft(audio_16k[: len(audio_16k) // 320 * 320].reshape(-1, 320)))[:, 1:]
        bands = np.stack([band.mean(1) for band in np.array_split(spectrum, WIDTH, 1)], 1)
        return np.log10(bands + 1e-3).astype(np.float32)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Torch as it runs in the threads of a live performance."""
    with one_torch_thread():
        yield


@pytest.fixture
def clock() -> Clock:
    """Time in the hand."""
    return Clock()


@pytest.fixture
def ears() -> LocalEars:
    """Hears without a network."""
    return LocalEars()


@pytest.fixture(scope="session")
def twin() -> Avatar:
    """A small twin with all its parts."""
    return with_emotion(sample_twin(1200, 64, WIDTH), DeformationConfig(n_anchors=200))


@pytest.fixture(scope="session")
def babble() -> np.ndarray:
    """Three seconds that are loud and soft like syllables, 16 kHz."""
    time = np.arange(3 * 16000) / 16000
    noise = np.random.default_rng(0).normal(0, 0.2, len(time))
    return (noise * (0.1 + np.maximum(np.sin(2 * np.pi * 3 * time), 0))).astype(np.float32)
