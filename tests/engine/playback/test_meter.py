"""Figures come from what was painted, not from what was made."""

from __future__ import annotations

import pytest

from emotalker.engine.playback.clock import Line
from emotalker.engine.playback.meter import Meter

LINE = Line(0.0, 0.0, 1.0, 100.0)


def play(meter: Meter, moments: list[float], late: float = 0.01) -> None:
    """Frames that were due at some moments and painted a little later."""
    for serial, moment in enumerate(moments, 1):
        meter.sent(serial, moment, moment, True)
        meter.shown(serial, moment + late, LINE)


def test_what_was_painted_counts() -> None:
    """Rate, intervals and offset of fifty even frames."""
    meter = Meter()
    play(meter, [i / 50 for i in range(100)])
    stats = meter.stats(2.0, "cpu", 50.0)
    assert (stats.shown, stats.dropped) == (100, 0)
    assert stats.fps == pytest.approx(50, abs=1)
    assert stats.interval_p99_ms == pytest.approx(20)
    assert stats.av_offset_ms == pytest.approx(10)
    assert stats.av_offset_ms_max == pytest.approx(10)
    assert stats.dropped_share == 0


def test_a_frame_overtaken_was_dropped() -> None:
    """The window painted 3 without ever painting 2; frames never made count too."""
    meter = Meter()
    for serial in (1, 2, 3):
        meter.sent(serial, serial / 50, serial / 50, True)
    meter.shown(1, 0.02, LINE)
    meter.shown(3, 0.06, LINE)
    meter.drop(2)
    stats = meter.stats(0.1, "cpu", 50.0)
    assert (stats.shown, stats.dropped) == (2, 3)
    assert stats.dropped_share == pytest.approx(0.6)


def test_the_worst_offset_keeps_its_side_of_zero_apart() -> None:
    """A picture ahead of its sound is as bad as one behind."""
    meter = Meter()
    meter.sent(1, 1.0, 1.0, True)
    meter.shown(1, 0.97, LINE)
    meter.sent(2, 1.0, 1.0, True)
    meter.shown(2, 1.01, LINE)
    assert abs(meter.stats(1.0, "cpu", 50.0).av_offset_ms_max) == pytest.approx(30)


def test_stills_and_jumps_are_no_playing() -> None:
    """Pictures of a paused twin, and frames from before a jump, say nothing about playing."""
    meter = Meter()
    meter.sent(1, 0.0, 0.0, False)
    meter.shown(1, 0.5, LINE)
    meter.sent(2, 0.5, 0.5, True)
    meter.restart()
    meter.shown(2, 9.0, LINE)
    stats = meter.stats(9.0, "cpu", 50.0)
    assert (stats.shown, stats.dropped, stats.av_offset_ms_max) == (0, 0, 0)


def test_reset() -> None:
    """Counting begins anew."""
    meter = Meter()
    play(meter, [0.0, 0.1, 0.2])
    meter.reset()
    stats = meter.stats(0.3, "gl", 50.0)
    assert (stats.shown, stats.dropped, stats.interval_p99_ms, stats.backend) == (0, 0, 0, "gl")
