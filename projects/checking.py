"""The quality check over clips of a project, as a job that tells its verdicts and writes nothing."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Event, Outcome, Progress, StopToken
from emotalker.projects.document import CheckSummary, ClipEntry
from emotalker.projects.jobstate import ClipChecked
from emotalker.projects.project import Project

STAGE = "check"

Checks = Generator[Event | ClipChecked, None, Outcome]


def check_clips(
    project: Project, clips: Sequence[ClipEntry], stop: StopToken, found: dict[str, Any] | None = None
) -> Checks:
    """Check clips one after the other; a clip that cannot even be looked at is red.

    Args:
        project: the project.
        clips: clips of it.
        stop: ends the check after the clip it is at.
        found: filled with all figures, by clip id.
    """
    from emotalker.engine.tracking.check import check_clip

    found = {} if found is None else found
    for number, clip in enumerate(clips):
        if stop.requested:
            return Outcome.STOPPED
        yield Progress(STAGE, number, len(clips), "clips")
        try:
            result = check_clip(project.path_of(clip))
        except UserError as error:
            summary = CheckSummary("red", [f"{error.what} {error.why} {error.what_to_do}"])
            found[clip.id] = {"light": "red", "findings": summary.findings}
        else:
            summary = CheckSummary(result.light, list(result.findings))
            found[clip.id] = msgspec.to_builtins(result, enc_hook=str)
        yield ClipChecked(clip.id, summary)
    yield Progress(STAGE, len(clips), len(clips), "clips")
    return Outcome.FINISHED


def verdicts(clips: Sequence[ClipEntry]) -> dict[str, CheckSummary]:
    """What is known about clips, by id; those never checked are left out."""
    return {clip.id: clip.check for clip in clips if clip.check is not None}


def unusable(folder: Path, checks: Mapping[str, CheckSummary]) -> UserError | None:
    """What to tell the user if clips of the project in `folder` were found unusable; None if none was."""
    bad = {clip: check for clip, check in checks.items() if check.light == "red"}
    if not bad:
        return None
    return UserError(
        f"{len(bad)} of {len(checks)} clips cannot be used as they are.",
        " ".join(f"{clip}: {' '.join(check.findings)}" for clip, check in bad.items()),
        "Record them again, or take them out of the project on the page Prepare "
        f'(on the command line: emotalker-cli remove "{folder}" {" ".join(bad)})',
    )


def doubtful(checks: Mapping[str, CheckSummary]) -> str:
    """One text on all clips that are less than good; empty if there are none."""
    words = [f"{clip}: {' '.join(check.findings)}" for clip, check in checks.items() if check.light == "yellow"]
    return "\n".join(words)
