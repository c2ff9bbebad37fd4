"""The frame rate: as high as the machine allows, and calm."""

from __future__ import annotations

import itertools

import pytest

from emotalker.engine.playback.cadence import RATES, Cadence


def seen(pose: float, draw: float) -> Cadence:
    """A cadence that saw frames take so long, in seconds."""
    cadence = Cadence()
    for _ in range(25):
        cadence.note("pose", pose)
        cadence.note("draw", draw)
    return cadence


@pytest.mark.parametrize(
    ("pose", "draw", "wanted"), [(0.002, 0.003, 60), (0.007, 0.012, 60), (0.013, 0.014, 50), (0.02, 0.1, 15)]
)
def test_it_starts_at_what_the_machine_does(pose: float, draw: float, wanted: float) -> None:
    """The slower of the two threads decides."""
    cadence = seen(pose, draw)
    cadence.start(0.0)
    assert cadence.rate == wanted


def test_dropped_frames_lower_it_and_it_stays_there() -> None:
    """After falling back it does not try again every second."""
    cadence, shown, dropped, rates = seen(0.005, 0.006), 0, 0, []
    cadence.start(0.0)
    for second in range(1, 30):
        at_once = cadence.rate > 40
        shown, dropped = shown + (50 if at_once else 40), dropped + (10 if at_once else 0)
        rates.append(cadence.look(second * 1.01, (shown, dropped)))
    assert rates[0] == 60
    assert 40 in rates
    assert sum(a != b for a, b in itertools.pairwise(rates)) <= 6


def test_it_rises_when_there_is_room() -> None:
    """A training ended: the rate comes back."""
    cadence = seen(0.02, 0.028)
    cadence.start(0.0)
    assert cadence.rate == 25
    for _ in range(25):
        cadence.note("pose", 0.004)
        cadence.note("draw", 0.005)
    rates = [cadence.look(float(s), (s * 25, 0)) for s in range(1, 40)]
    assert rates[-1] == RATES[0]
    assert rates == sorted(rates)


def test_heavier_frames_lower_it_before_any_is_dropped() -> None:
    """A larger picture is seen in the work."""
    cadence = seen(0.005, 0.006)
    cadence.start(0.0)
    for _ in range(25):
        cadence.note("draw", 0.024)
    cadence.look(1.1, (60, 0))
    assert cadence.look(2.2, (120, 0)) == 50
    assert cadence.look(3.3, (170, 0)) == 45
