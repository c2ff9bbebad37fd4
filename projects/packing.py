"""Packing the twin again from what was learned, when the packed one is damaged or was deleted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import StopToken
from emotalker.projects.jobstate import StageStarted
from emotalker.projects.lock import training_lock
from emotalker.projects.outputs import broken_outputs
from emotalker.projects.pipeline import STAGES
from emotalker.projects.project import Project
from emotalker.projects.record import Parts, StageRecord, read_record
from emotalker.projects.stage_job import StageJob
from emotalker.projects.train_job import Training

STAGE = "avatar"


@dataclass(frozen=True)
class PackJob:
    """Call it with a stop token to get the job; picklable.

    It takes what was learned as it lies there, also where clips or settings have changed since.

    Attributes:
        folder: the project's folder.
    """

    folder: Path

    def __call__(self, stop: StopToken) -> Training:
        """Pack the twin; the damaged one is kept in runs/old.

        Raises:
            UserError: if what it is packed from is not there, or the project is being trained.
        """
        project = Project.open(self.folder)
        with training_lock(project.folder):
            parts = packable(project)
            yield StageStarted(STAGE, STAGES[STAGE].title, 0, 1)
            job = StageJob(
                stage=STAGE,
                clips=_clips(project, parts),
                out=project.stage_folder(STAGE),
                inputs={name: project.stage_folder(name) for name in STAGES[STAGE].needs},
                config=None,
                device="cpu",
                parts=parts,
                name=project.manifest.name,
                restart=True,
            )
            return (yield from job(stop))


def packable(project: Project) -> Parts:
    """What the twin would be packed from.

    Raises:
        UserError: if a stage it needs is not finished, or its result is gone.
    """
    records: dict[str, StageRecord] = {}
    for name in STAGES[STAGE].needs:
        folder = project.stage_folder(name)
        record = read_record(folder)
        if record is None or not record.finished or broken_outputs(folder, record):
            raise UserError(
                "The twin cannot be packed again.",
                f"What it is packed from is not there: {STAGES[name].title} is not finished, or its files are gone.",
                "Train the twin; what is finished is not done again.",
            )
        records[name] = record
    learned = records["emote"].parts
    kept = {key: learned[key] for key in ("clips", "labels", "held_out", "fps") if key in learned}
    upstream = {name: record.fingerprint for name, record in records.items()}
    made: Parts = {"version": STAGES[STAGE].version, "config": {}, "upstream": upstream, "name": project.manifest.name}
    return made | kept


def can_pack(project: Project) -> bool:
    """Whether everything the twin is packed from is there."""
    try:
        packable(project)
    except UserError:
        return False
    return True


def _clips(project: Project, parts: Parts) -> tuple[ClipInput, ...]:
    """The clips the twin was learned from; their files are not read again."""
    files = {clip.id: project.path_of(clip) for clip in project.clips}
    out, labels, nowhere = set(parts["held_out"]), parts["labels"], project.folder
    names = [name for name in files if name in labels] + [name for name in labels if name not in files]
    return tuple(ClipInput(n, files.get(n, nowhere / n), labels[n][0], labels[n][1], n in out) for n in names)
