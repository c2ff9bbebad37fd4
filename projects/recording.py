"""What a job found, kept in the document by the process that owns it."""

from __future__ import annotations

from emotalker.projects.jobstate import ClipChecked, StageEnded
from emotalker.projects.project import Project


def record(project: Project, event: object) -> bool:
    """Keep what an event says about runs and clips; returns whether there was anything to keep.

    Jobs never write project.json: whoever runs them passes every event on to here.

    Raises:
        UserError: if the project could not be saved.
    """
    if isinstance(event, StageEnded):
        project.note_run(event.record)
    elif isinstance(event, ClipChecked):
        project.set_checks({event.clip: event.summary})
    else:
        return False
    return True
