"""Sound beside its picture: how late it comes is found from the lips, and put right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from emotalker.engine.a2et.articulation import CHANNELS, Articulator, ArticulatorSpec
from emotalker.engine.a2et.measure import EYE_CORNERS, LOWER_LIP, UPPER_LIP
from emotalker.engine.a2et.sync import moved, sound_delay
from emotalker.engine.tracking.track import Track


class _Known(Articulator):
    """Hears the channels that stand in the features themselves."""

    def hear(self, features: np.ndarray, voice: np.ndarray, count: int, first: float = 0.0) -> np.ndarray:
        at = np.clip(2 * (np.arange(count) + first) + 0.5, 0, len(features) - 1)
        low = at.astype(int)
        high = np.minimum(low + 1, len(features) - 1)
        share = (at - low)[:, None]
        return np.asarray((1 - share) * features[low] + share * features[high], np.float32)


@pytest.fixture
def articulator() -> Articulator:
    """A stand-in that knows the truth."""
    torch.manual_seed(0)
    return _Known(ArticulatorSpec(speech="none", speech_width=len(CHANNELS), width=8, heads=2, ffn=8, layers=1))


def _spoken(seconds: float, late: float) -> tuple[Track, np.ndarray]:
    """A track at 25 frames a second whose jaw moves, and features at 50 Hz whose sound comes `late`."""
    random = np.random.default_rng(3)
    knots = random.random(int(seconds * 6) + 20)

    def jaw(t: np.ndarray) -> np.ndarray:
        return np.interp(t, np.arange(len(knots)) / 6 - 1, knots)

    count = int(seconds * 25)
    opening = jaw((np.arange(count) + 0.5) / 25)
    landmarks = np.zeros((count, 478, 2), np.float32)
    landmarks[:, EYE_CORNERS[1], 0] = 100
    landmarks[:, LOWER_LIP, 1] = 20 * opening
    landmarks[:, UPPER_LIP, 1] = random.normal(0, 0.5, count)
    zeros = np.zeros((count, 3), np.float32)
    track = Track(
        psi=np.zeros((count, 62), np.float32), jaw=np.stack([0.2 * opening, *zeros.T[:2]], 1).astype(np.float32),
        neck=zeros, eyes=np.zeros((count, 2, 3), np.float32), root_rotation=zeros, root_translation=zeros,
        au45=np.zeros(count, np.float32), confidence=np.ones(count, np.float32), landmarks=landmarks,
        blendshapes=np.zeros((count, 52), np.float32), reprojection=np.zeros(count, np.float32),
        crop=np.zeros((count, 3), np.float32), fps=25.0, size=512, weight=np.ones(count, np.float32),
        shots=np.zeros(count, np.int32),
    )  # fmt: skip
    features = np.zeros((count * 2, len(CHANNELS)), np.float32)
    features[:, 0] = jaw((np.arange(count * 2) + 0.5) / 50 - late)
    return track, features


@pytest.mark.parametrize("late", [0.2, 0.07, -0.12])
def test_the_delay_is_found_and_put_right(articulator: Articulator, late: float) -> None:
    """To a hundredth of a second, early or late; moved by it, nothing is left."""
    track, features = _spoken(8.0, late)
    voice = np.ones(len(features), np.float32)
    found = sound_delay(articulator, features, voice, track)
    assert found.seconds == pytest.approx(late, abs=0.012)
    assert found.match > found.before + 0.02
    again = moved(features, found.seconds)
    assert abs(sound_delay(articulator, again, voice, track).seconds) < 0.016


def test_what_says_nothing_moves_nothing(articulator: Articulator) -> None:
    """Sound in step, sound of something else, a clip of two seconds and a face that is not there are left alone."""
    track, features = _spoken(8.0, 0.0)
    voice = np.ones(len(features), np.float32)
    assert sound_delay(articulator, features, voice, track).seconds == 0
    other = np.random.default_rng(9).random(features.shape).astype(np.float32)
    assert sound_delay(articulator, other, voice, track).seconds == 0
    short, heard = _spoken(2.0, 0.2)
    assert sound_delay(articulator, heard, voice[: len(heard)], short).seconds == 0
    late = _spoken(8.0, 0.2)[1]
    hidden = replace(track, confidence=np.zeros(len(track), np.float32))
    assert sound_delay(articulator, late, voice, hidden).seconds == 0
    assert moved(features, 0.0) is features


def test_moving_holds_the_ends() -> None:
    """A tenth of a second earlier is five rows; what came before the beginning is the first row, and so at the end."""
    values = np.arange(20, dtype=np.float32)[:, None]
    np.testing.assert_allclose(moved(values, 0.1)[:, 0], np.minimum(np.arange(20) + 5, 19))
    np.testing.assert_allclose(moved(values, -0.03)[:, 0], np.maximum(np.arange(20) - 1.5, 0))
