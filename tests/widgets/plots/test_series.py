"""Curves stay small and lose nothing that matters."""

from __future__ import annotations

import numpy as np
import pytest

from emotalker.widgets.plots.series import Series, smoothed


def filled(values: np.ndarray, most: int = 64) -> Series:
    series = Series(most)
    for step, value in enumerate(values):
        series.append(step, float(value))
    return series


@pytest.mark.parametrize("count", [1, 63, 64, 65, 128, 129, 1000, 5000])
def test_extremes_survive_any_length(count: int) -> None:
    """Least and greatest value, their steps, the count and the mean are exact, in 64 buckets."""
    values = np.random.default_rng(count).normal(size=count)
    series = filled(values)
    curve = series.curve()
    assert len(series) == count
    assert series.least() == (int(values.argmin()), values.min())
    assert series.greatest() == (int(values.argmax()), values.max())
    assert len(curve.means) <= 64
    assert len(curve.values) <= 128
    assert (curve.means * curve.counts).sum() == pytest.approx(values.sum())
    assert np.all(np.diff(curve.steps) > 0)


def test_every_spike_is_drawn() -> None:
    """A spike of one step among thousands is on the raw line, at its step."""
    values = np.zeros(4000)
    values[[123, 1777, 3990]] = 5
    curve = filled(values).curve()
    for step in (123, 1777, 3990):
        assert curve.values[curve.steps == step].max() == 5


def test_a_short_series_is_exact() -> None:
    """Below the bound, what is drawn is what was measured."""
    values = np.random.default_rng(0).normal(size=64)
    series = filled(values)
    assert series.exact
    np.testing.assert_array_equal(series.curve().values, values)
    series.append(64, 0.0)
    assert not series.exact


def test_going_back_drops_what_followed() -> None:
    """A run resumed from a checkpoint replaces the steps it repeats; a restart replaces all."""
    series = filled(np.arange(50.0))
    series.append(30, 100.0)
    assert len(series) == 31
    assert series.greatest() == (30, 100.0)
    series.append(0, 7.0)
    assert series.least() == series.greatest() == (0, 7.0)


def test_values_that_are_no_numbers_are_counted_not_drawn() -> None:
    """A loss that explodes does not break the plot, but is known."""
    series = filled(np.array([1.0, np.nan, 2.0, np.inf]))
    assert series.not_finite == 2
    assert len(series) == 2
    assert Series().least() is None


def test_smoothing_follows_without_bias() -> None:
    """A constant stays itself from the first value on; zero strength changes nothing; noise shrinks."""
    flat = filled(np.full(500, 3.0)).curve()
    np.testing.assert_allclose(smoothed(flat, 0.95), 3.0)
    noisy = filled(np.random.default_rng(1).normal(size=60)).curve()
    np.testing.assert_allclose(smoothed(noisy, 0.0), noisy.means)
    assert smoothed(noisy, 0.9).std() < 0.5 * noisy.means.std()


def test_a_series_refuses_silly_bounds() -> None:
    """Pairs can only be joined in an even table."""
    with pytest.raises(ValueError, match="even"):
        Series(7)
