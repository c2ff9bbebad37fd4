"""The clock: where the performance is, at any speed, in a loop, and at its ends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from emotalker.engine.playback.clock import Line, SilentOutput, usable_loop

TEN_SECONDS = np.zeros((1000, 1), np.float32)


@pytest.fixture
def silent(clock: Any) -> SilentOutput:
    """Ten seconds without sound."""
    output = SilentOutput(clock)
    output.open(TEN_SECONDS, 100)
    return output


def place(output: SilentOutput, clock: Any) -> float:
    """Where it is now."""
    return output.line().at(clock())


def test_it_runs_only_while_playing(silent: SilentOutput, clock: Any) -> None:
    """Play, pause and play again lose nothing."""
    clock.forward(1)
    assert place(silent, clock) == 0
    silent.play()
    clock.forward(2.5)
    assert place(silent, clock) == pytest.approx(2.5)
    silent.pause()
    clock.forward(4)
    assert place(silent, clock) == pytest.approx(2.5)
    silent.play()
    clock.forward(1)
    assert place(silent, clock) == pytest.approx(3.5)


@pytest.mark.parametrize(("rate", "wanted"), [(2, 8), (1, 6), (-1, 2), (-2, 0)])
def test_speeds_and_ends(silent: SilentOutput, clock: Any, rate: float, wanted: float) -> None:
    """J and L go their way and stop at the ends."""
    silent.seek(4)
    silent.set_rate(rate)
    silent.play()
    clock.forward(2)
    assert place(silent, clock) == pytest.approx(wanted)
    clock.forward(100)
    assert place(silent, clock) == (10 if rate > 0 else 0)
    assert silent.line().ended(clock())


def test_a_loop_is_entered_and_never_left(silent: SilentOutput, clock: Any) -> None:
    """From before the range into it and round and round; from behind it, to the end."""
    silent.set_loop((2, 3))
    silent.play()
    clock.forward(2.75)
    assert place(silent, clock) == pytest.approx(2.75)
    clock.forward(1.5)
    assert place(silent, clock) == pytest.approx(2.25)
    silent.seek(5)
    clock.forward(1)
    assert place(silent, clock) == pytest.approx(6)


def test_the_short_way_round_a_loop() -> None:
    """A picture of the loop's end is late by little when the sound is at its beginning."""
    line = Line(2.0, 0.0, 1.0, 10.0, (2.0, 3.0))
    assert line.apart(2.01, 2.99) == pytest.approx(0.02)
    assert line.apart(2.99, 2.01) == pytest.approx(-0.02)
    assert Line().apart(5, 1) == 4


def test_moments_to_come_can_be_asked(silent: SilentOutput, clock: Any) -> None:
    """Frames are made for the time they will be shown at."""
    silent.play()
    assert silent.line().at(clock() + 0.25) == pytest.approx(0.25)


def test_without_a_recording_there_is_no_end(clock: Any) -> None:
    """A silent twin lives on."""
    output = SilentOutput(clock)
    output.open(None, 1)
    output.play()
    clock.forward(1e5)
    assert place(output, clock) == pytest.approx(1e5)
    assert math.isinf(output.line().duration)


def test_loops_are_put_right() -> None:
    """Backwards, beyond the end, or too short to be heard as one."""
    assert usable_loop((3, 1), 10) == (1, 3)
    assert usable_loop((8, 12), 10) == (8, 10)
    assert usable_loop((4, 4.01), 10) is None
    assert usable_loop(None, 10) is None
