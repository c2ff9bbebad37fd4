"""Rate, time left and share of a job, on a clock of the test's own."""

from __future__ import annotations

import pytest

from emotalker.app.worker.pace import Pace
from emotalker.engine.jobs import Progress


def steps(pace: Pace, stage: str, start: float, total: int, per_step: float, first: int = 1) -> float:
    """Let a stage do all its steps; returns the time then."""
    now = start
    for done in range(first, total + 1):
        now += per_step
        pace.progress(Progress(stage, done, total), now)
    return now


def test_a_job_without_stages_knows_rate_and_time_left() -> None:
    """Ten steps a second, half done: as long again."""
    pace = Pace(0.0)
    for done in range(1, 51):
        pace.progress(Progress("film", done, 100, "frames"), done * 0.1)
    assert pace.rate == pytest.approx(10)
    assert pace.eta(5.0) == pytest.approx(5.0)
    assert pace.eta(6.0) == pytest.approx(4.0), "time passes between events"
    assert pace.share() == pytest.approx(0.5)


def test_later_stages_are_estimated_by_how_the_first_went() -> None:
    """A machine twice as slow as estimated needs twice as long for what comes as well."""
    pace = Pace(0.0)
    pace.plan({"fit": 10.0, "emote": 30.0})
    assert pace.eta(0.0) == pytest.approx(40.0)
    pace.start_stage("fit", 0.0)
    now = steps(pace, "fit", 0.0, 100, 0.2)
    pace.end_stage(now)
    assert pace.share() == pytest.approx(0.25)
    pace.start_stage("emote", now)
    assert pace.eta(now) == pytest.approx(60.0)
    steps(pace, "emote", now, 50, 0.2)
    pace.end_stage(now + 10.0)
    assert pace.share() == pytest.approx(1.0)


def test_pauses_do_not_count() -> None:
    """Neither as work nor as slowness."""
    pace = Pace(0.0)
    pace.progress(Progress("fit", 1, 100), 1.0)
    pace.progress(Progress("fit", 2, 100), 2.0)
    pace.hold(2.0)
    assert pace.elapsed(500.0) == pytest.approx(2.0)
    pace.go_on(1000.0)
    pace.progress(Progress("fit", 3, 100), 1001.0)
    assert pace.rate == pytest.approx(1.0)
    assert pace.elapsed(1001.0) == pytest.approx(3.0)


def test_a_stage_resumed_from_a_checkpoint_is_not_taken_for_fast() -> None:
    """What an earlier run did is share, but no speed."""
    pace = Pace(0.0)
    pace.plan({"fit": 100.0, "emote": 100.0})
    pace.start_stage("fit", 0.0)
    now = steps(pace, "fit", 0.0, 100, 1.0, first=80)
    assert pace.rate == pytest.approx(1.0)
    pace.end_stage(now)
    pace.start_stage("emote", now)
    assert pace.eta(now) == pytest.approx(100.0, rel=0.1)


def test_the_share_never_falls_in_a_stage_with_several_counts() -> None:
    """Tracking counts frames within clips, then clips again; that reads as one way from 0 to 1."""
    pace = Pace(0.0)
    pace.plan({"track": 60.0, "fit": 100.0})
    pace.start_stage("track", 0.0)
    shares, now = [], 0.0
    for clip in range(3):
        pace.progress(Progress("track", clip, 3, "clips seen"), now)
        for frame in range(0, 101, 25):
            now += 1.0
            pace.progress(Progress("track", frame, 100, f"frames of clip {clip}"), now)
            shares.append(pace.share())
    for clip in range(4):
        now += 0.5
        pace.progress(Progress("track", clip, 3, "clips fitted"), now)
        shares.append(pace.share())
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(60 / 160)
    assert shares[len(shares) // 2] > 0.1
    assert pace.eta_stage(now) == pytest.approx(0.0, abs=0.1)


def test_nothing_is_claimed_before_anything_is_known() -> None:
    """No plan and no progress: no time left and no share."""
    pace = Pace(0.0)
    assert pace.eta(1.0) is None
    assert pace.eta_stage(1.0) is None
    assert pace.share() == 0.0
