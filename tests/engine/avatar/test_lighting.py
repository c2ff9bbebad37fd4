"""The light of the recordings, per emotion and level."""

from __future__ import annotations

import numpy as np

from emotalker.engine.avatar.lighting import LightTable
from emotalker.engine.emotion.labels import EMOTIONS

NEUTRAL, HAPPY, SAD = (np.eye(8, dtype=np.float32)[EMOTIONS.index(e)] for e in ("neutral", "happy", "sad"))


def gains(values: list[float]) -> np.ndarray:
    """Transforms that scale the colours."""
    return np.stack([np.eye(3, 4, dtype=np.float32) * v for v in values])


def at(table: LightTable, weights: np.ndarray, level: float) -> float:
    """The gain of one frame."""
    return float(table.mixed(weights[None], np.array([level]))[0, 0, 0])


def test_levels_are_interpolated_and_clips_of_a_level_averaged() -> None:
    """Level 2 lies between 1 and 3; two clips of level 3 count half each; beyond the last level it stays."""
    table = LightTable(gains([1.0, 1.1, 1.2, 1.4]), ("neutral", "happy", "happy", "happy"), (0.0, 1.0, 3.0, 3.0))
    assert np.isclose(at(table, HAPPY, 1.0), 1.1)
    assert np.isclose(at(table, HAPPY, 3.0), 1.3)
    assert np.isclose(at(table, HAPPY, 2.0), 1.2)
    assert np.isclose(at(table, HAPPY, 0.5), 1.05)


def test_level_zero_and_unrecorded_emotions_are_lit_as_neutral() -> None:
    """No jump of the light when an emotion fades, or was never filmed."""
    table = LightTable(gains([1.0, 1.3]), ("neutral", "happy"), (0.0, 2.0))
    assert at(table, HAPPY, 0.0) == at(table, NEUTRAL, 0.0) == 1.0
    assert at(table, SAD, 3.0) == 1.0


def test_without_neutral_clips_the_mean_of_all_stands_in() -> None:
    """A person filmed only happy and sad still has a calm light; mixes mix it."""
    table = LightTable(gains([0.8, 1.2]), ("happy", "sad"), (2.0, 2.0))
    assert np.isclose(at(table, NEUTRAL, 0.0), 1.0)
    assert np.isclose(at(table, 0.5 * HAPPY + 0.5 * SAD, 2.0), 1.0)
    assert np.isclose(at(LightTable(np.zeros((0, 3, 4), np.float32), (), ()), HAPPY, 2.0), 1.0)
