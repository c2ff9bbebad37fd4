"""The words under a loss curve are borne out by it."""

from __future__ import annotations

import numpy as np
import pytest

from emotalker.widgets.training.trend import Trend, Verdict, trend


def steps_of(count: int) -> np.ndarray:
    return np.arange(1, count + 1) * 20.0


def noise(count: int, share: float, seed: int) -> np.ndarray:
    return 1 + share * np.random.default_rng(seed).normal(size=count)


@pytest.mark.parametrize("seed", range(5))
def test_a_falling_curve_is_improving(seed: int) -> None:
    """A halving over the window shows through noise of ten percent."""
    x = np.linspace(0, 1, 300)
    assert trend(steps_of(300), np.exp(-2 * x) * noise(300, 0.1, seed)).verdict is Verdict.IMPROVING


@pytest.mark.parametrize("seed", range(5))
def test_a_slowly_falling_curve_is_improving_slowly(seed: int) -> None:
    """Three percent over the window is progress, but not much."""
    x = np.linspace(0, 1, 600)
    assert trend(steps_of(600), (1 - 0.075 * x) * noise(600, 0.01, seed)).verdict is Verdict.SLOWLY


def test_a_level_curve_says_since_when() -> None:
    """The knee is found to within a twentieth of the curve."""
    x = np.arange(1000)
    values = (0.01 + 0.05 * np.exp(-x / 60)) * noise(1000, 0.03, 1)
    found = trend(steps_of(1000), values)
    assert found.verdict is Verdict.LEVEL
    assert 20 * 180 < found.since < 20 * 420
    assert "levelled off since step" in found.sentence


@pytest.mark.parametrize("seed", range(5))
def test_a_rising_curve_is_getting_worse(seed: int) -> None:
    """Overfitting or a wrong step size are not hidden."""
    x = np.linspace(0, 1, 200)
    assert trend(steps_of(200), (1 + 0.5 * x) * noise(200, 0.05, seed)).verdict is Verdict.WORSE


def test_few_values_say_nothing() -> None:
    """Neither an empty curve nor the first values are judged."""
    assert trend(np.zeros(0), np.zeros(0)).verdict is Verdict.EARLY
    assert trend(steps_of(20), np.linspace(2, 1, 20)).verdict is Verdict.EARLY


def test_wild_values_say_nothing() -> None:
    """With scatter greater than anything a trend could be, the honest answer is not to know."""
    values = np.exp(np.random.default_rng(3).normal(size=30) * 1.5)
    assert trend(steps_of(30), values).verdict is Verdict.UNCLEAR


def test_pure_noise_is_seldom_called_a_trend() -> None:
    """About one in twenty, as 95 percent promises."""
    wrong = [
        trend(steps_of(400), noise(400, 0.2, seed)).verdict in (Verdict.IMPROVING, Verdict.WORSE, Verdict.SLOWLY)
        for seed in range(200)
    ]
    assert np.mean(wrong) < 0.1


def test_outliers_and_gaps_do_not_turn_the_verdict() -> None:
    """A spike and a value that is no number are not a trend."""
    values = np.linspace(1, 0.5, 300) * noise(300, 0.02, 4)
    values[280] = 40.0
    values[250] = np.nan
    assert trend(steps_of(300), values).verdict is Verdict.IMPROVING


def test_likeness_improves_upwards() -> None:
    """For a value that ought to grow the words are the other way round."""
    values = np.linspace(20, 35, 200)
    assert trend(steps_of(200), values, higher_is_better=True).verdict is Verdict.IMPROVING
    assert trend(steps_of(200), values[::-1], higher_is_better=True).verdict is Verdict.WORSE


def test_a_curve_of_zeros_is_level() -> None:
    """Nothing is divided by nothing."""
    assert trend(steps_of(50), np.zeros(50)).verdict is Verdict.LEVEL


def test_the_evidence_names_the_interval() -> None:
    """An expert can see how sure the sentence is."""
    text = Trend(Verdict.IMPROVING, -0.2, -0.3, -0.1, 400).evidence
    assert "step 400" in text
    assert "-30.0%" in text
