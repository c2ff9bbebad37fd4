"""The quality check over a whole project, as a job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Job, Outcome, Progress, StopToken

if TYPE_CHECKING:
    from emotalker.app.cli.running import Reporter
    from emotalker.projects import ClipEntry, Project

STAGE = "check"


def check_clips(project: Project, clips: Sequence[ClipEntry], found: dict[str, object], stop: StopToken) -> Job:
    """Check clips; keeps the verdicts in the project and puts all figures into `found`, by clip id."""
    import msgspec

    from emotalker.engine.tracking.check import check_clip
    from emotalker.projects import CheckSummary

    total = len(clips)
    for number, clip in enumerate(clips):
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


def unusable(project: Project) -> UserError | None:
    """What to tell the user if clips of the project were found unusable; None if none was."""
    bad = [clip for clip in project.clips if clip.check is not None and clip.check.light == "red"]
    if not bad:
        return None
    names = " ".join(clip.id for clip in bad)
    return UserError(
        f"{len(bad)} of {len(project.clips)} clips cannot be used as they are.",
        " ".join(f"{clip.id}: {' '.join(clip.check.findings)}" for clip in bad if clip.check is not None),
        f'Record them again, or take them out of the project: emotalker-cli remove "{project.folder}" {names}',
    )


def check_before_training(project: Project, reporter: Reporter, stop: StopToken) -> Outcome:
    """Check the clips that were never checked, and say what is less than good about any, before hours are spent.

    Raises:
        UserError: if clips cannot be used.
    """
    unchecked = [clip for clip in project.clips if clip.check is None]
    if unchecked and reporter.run(check_clips(project, unchecked, {}, stop)) is Outcome.STOPPED:
        return Outcome.STOPPED
    for clip in project.clips:
        if clip.check is not None and clip.check.light == "yellow":
            reporter.say(f"{clip.id}: {' '.join(clip.check.findings)}", "yellow")
    error = unusable(project)
    if error is not None:
        raise error
    return Outcome.FINISHED
