"""Amounts read the way people say them."""

from __future__ import annotations

import math

import pytest

from emotalker.widgets.training import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (-3, "0 s"), (45.4, "45 s"), (59.6, "1 min"), (130, "2 min 10 s"), (3600, "1 h"), (3900, "1 h 5 min"),
     (3599.9, "1 h"), (7140, "1 h 59 min"), (86400, "1 day"), (2 * 86400 + 3 * 3600, "2 days 3 h")],
)  # fmt: skip
def test_measured_time_is_exact(seconds: float, text: str) -> None:
    """Two units at most, and never "60 s" or "1 h 60 min"."""
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "not known yet"), (math.inf, "not known yet"), (4, "a few seconds"), (33, "about 30 s"),
     (80, "about 1 min 30 s"),
     (130, "about 2 min"), (715, "about 12 min"), (3500, "about 1 h"), (5500, "about 1 h 30 min"),
     (40000, "about 11 h")],
)  # fmt: skip
def test_guessed_time_is_no_finer_than_a_guess(seconds: float | None, text: str) -> None:
    """Nobody believes "about 11 min 43 s"."""
    assert words.about(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(800, "800 bytes"), (35_200_000, "35 MB"), (400_000_000, "0.4 GB"), (1_100_000_000, "1.1 GB"), (2e9, "2 GB"),
     (25e9, "25 GB"), (999.6e6, "1 GB"), (9_960, "10 KB"), (3e12, "3 TB")],
)  # fmt: skip
def test_sizes(count: float, text: str) -> None:
    """Decimal units as disks are sold, with the digits that matter."""
    assert words.size(count) == text


def test_rates_turn_over_when_slow() -> None:
    """Twelve a second, or four seconds each: never 0.25 steps per second."""
    assert words.rate(12.3, "steps") == "12 steps per second"
    assert words.rate(0.25, "steps") == "4.0 s per step"
    assert words.rate(0.005, "clips fitted") == "3 min 20 s per clip"
    assert words.rate(0, "steps") == ""
    assert words.short_rate(30, "frames of happy_level2") == "30 frames/s"


def test_figures_keep_digits_that_say_something() -> None:
    """No scientific notation for ordinary losses."""
    assert [words.number(v) for v in (0.01075, 37.446, 12000.0, 0.0, 3e-9)] == [
        "0.0107",
        "37.4",
        "12,000",
        "0",
        "3.00e-09",
    ]
    assert words.number(math.nan) == "not a number"
    assert words.amount(1200, 6000, "steps") == "1,200 of 6,000 steps"
    assert words.amount(5, 0, "") == "5 steps"


def test_a_percentage_never_claims_to_be_finished_early() -> None:
    """99.9 percent is not done; 0.1 percent is begun."""
    assert [words.percent(s) for s in (0, 0.001, 0.42, 0.999, 1)] == ["0 %", "1 %", "42 %", "99 %", "100 %"]
