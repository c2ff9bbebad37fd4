"""The quality check over a whole project, as a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Job, Outcome, Progress, StopToken

if TYPE_CHECKING:
    from emotalker.projects import Project

STAGE = "check"


def check_clips(project: Project, found: dict[str, object], stop: StopToken) -> Job:
    """Check every clip; keeps the verdicts in the project and puts all figures into `found`, by clip id."""
    import msgspec

    from emotalker.engine.tracking.check import check_clip
    from emotalker.projects import CheckSummary

    total = len(project.clips)
    for number, clip in enumerate(project.clips):
        if stop.requested:
            return Outcome.STOPPED
        yield Progress(STAGE, number, total, "clips")
        try:
            result = check_clip(project.path_of(clip))
        except UserError as error:
            summary = CheckSummary("red", [f"{error.what} {error.why} {error.what_to_do}"])
            found[clip.id] = {"light": "red", "findings": summary.findings}
        else:
            summary = CheckSummary(result.light, list(result.findings))
            found[clip.id] = msgspec.to_builtins(result, enc_hook=str)
        project.set_checks({clip.id: summary})
    yield Progress(STAGE, total, total, "clips")
    return Outcome.FINISHED
