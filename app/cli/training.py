"""Running the training job in the foreground; shared by `train`, `demo` and whatever needs a packed twin."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from emotalker.app.cli.running import Reporter
from emotalker.engine.jobs import Outcome, StopToken

if TYPE_CHECKING:
    from emotalker.projects import Project
    from emotalker.projects.train_job import Training


def run_recorded(project: Project, job: Training, reporter: Reporter) -> Outcome:
    """Iterate a job to its end, show what it says, and keep in the project what it found.

    Args:
        project: the document the job works for.
        job: a running `TrainJob`, `CheckJob` or quality check.
        reporter: shows the events.
    """
    from emotalker.projects.jobstate import ClipChecked, StageEnded, StagesPlanned, StageStarted
    from emotalker.projects.recording import record

    # closed at once, whatever ends it: the job holds the lock of the project
    with closing(job):
        while True:
            try:
                event = next(job)
            except StopIteration as end:
                return end.value if isinstance(end.value, Outcome) else Outcome.FINISHED
            if isinstance(event, StageStarted):
                title = event.title[:1].upper() + event.title[1:]
                reporter.say(f"{title} ({event.index + 1} of {event.count})", "bold")
            elif isinstance(event, StageEnded | ClipChecked):
                record(project, event)
            elif not isinstance(event, StagesPlanned):
                reporter.show(event)


def pack(project: Project, reporter: Reporter, stop: StopToken) -> Outcome:
    """Pack the twin of a project whose other stages are done."""
    from emotalker.projects.train_job import TrainJob

    job = TrainJob(project.folder, project.manifest.preset, "cpu", stages=("avatar",), check=False)
    return run_recorded(project, job(stop), reporter)
