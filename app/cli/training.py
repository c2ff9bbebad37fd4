"""Running the stages of a project one after the other; shared by `train` and `demo`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from emotalker.app.cli.running import Reporter
from emotalker.engine.jobs import Outcome, StopToken

if TYPE_CHECKING:
    from emotalker.projects import Project

_ON_DEVICE = ("fit", "emote")


def run_stages(
    project: Project,
    configs: Mapping[str, Any],
    stages: Sequence[str],
    device: Callable[[], str],
    reporter: Reporter,
    stop: StopToken,
    *,
    restart: bool = False,
) -> Outcome:
    """Run those of `stages` that have work to do, each from its checkpoint; stops where `stop` was requested.

    Args:
        project: the project.
        configs: per stage its config.
        stages: names, in the order of running.
        device: asked once, before the first stage that can use a card.
        reporter: shows the events.
        stop: ends the running stage early, with its checkpoint kept.
        restart: begin stages that were stopped anew; alone, a stage that is up to date as well.
    """
    from emotalker.projects import bind, statuses

    chosen: str | None = None
    for name in stages:
        status = next(s for s in statuses(project, configs) if s.stage == name)
        if not status.must_run and not (restart and len(stages) == 1):
            reporter.say(status.reason)
            continue
        if name in _ON_DEVICE and chosen is None:
            chosen = device()
        reporter.say(status.reason, "bold")
        used = chosen if name in _ON_DEVICE and chosen is not None else "cpu"
        job = bind(project, name, configs, used, restart=restart)
        if _timed(project, name, used, lambda job=job: reporter.run(job(stop))) is Outcome.STOPPED:  # type: ignore[misc]
            return Outcome.STOPPED
        if stop.requested:
            return Outcome.STOPPED
    return Outcome.FINISHED


def _timed(project: Project, stage: str, device: str, run: Callable[[], Outcome]) -> Outcome:
    """Run a stage and note it in the project's history, however it ends."""
    from emotalker.projects import RunRecord

    started, clock, ended = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic(), "failed"
    try:
        outcome = run()
        ended = outcome.value
        return outcome
    finally:
        seconds = round(time.monotonic() - clock, 1)
        project.note_run(RunRecord(stage, project.manifest.preset, device, started, seconds, ended))
