"""Training the emotions of several projects together, and packing each one's twin from that."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Job, Notice, Outcome, StopToken
from emotalker.projects.lock import training_lock
from emotalker.projects.pipeline import stage_configs, statuses
from emotalker.projects.project import Project

FOLDER = "combined"
"""Folder below runs/ of what was trained together; a project's own training stays as it is beside it."""
BEFORE = ("track", "fit", "express")


def combined_twin(project: Project) -> Path:
    """Where the twin of a project lies that was trained together with others."""
    return project.stage_folder(FOLDER) / "avatar"


@dataclass(frozen=True)
class CombineJob:
    """Call it with a stop token to get the job; picklable.

    Attributes:
        folders: of the projects, two or more.
        preset: how much time to spend.
        device: "cpu" or "cuda".
    """

    folders: tuple[Path, ...]
    preset: str
    device: str = "cpu"

    def __call__(self, stop: StopToken) -> Job:
        """Train stage 2 on all projects and pack each one's twin into runs/combined/avatar.

        Raises:
            UserError: if a project is named twice, one of them has stages to run first, or another training goes on.
        """
        from emotalker.engine.avatar.build import build
        from emotalker.engine.presets import preset
        from emotalker.engine.training.combine import Person, combine

        projects = [Project.open(folder) for folder in self.folders]
        check_ready(projects, self.preset)
        people = [
            Person(
                name=p.manifest.name,
                clips=p.clip_inputs(),
                track_dir=p.stage_folder("track"),
                fit_dir=p.stage_folder("fit"),
                express_dir=p.stage_folder("express"),
                out=p.stage_folder(FOLDER) / "emote",
            )
            for p in projects
        ]
        with ExitStack() as locks:
            for project in projects:
                locks.enter_context(training_lock(project.folder))
            config = preset(self.preset).emote
            if (yield from combine(people, config, stop, self.device)) is Outcome.STOPPED:
                return Outcome.STOPPED
            for project, p in zip(projects, people):
                twin = combined_twin(project)
                build(p.track_dir, p.fit_dir, p.express_dir, p.out, twin, p.clips, p.name)
                yield Notice(FOLDER, f"The twin of '{p.name}' lies in {twin}.")
        return Outcome.FINISHED


def check_ready(projects: Sequence[Project], preset_name: str) -> None:
    """Refuse what cannot be combined, before any work.

    Raises:
        UserError: if a project is named twice or alone, or one of them has stages to run first.
    """
    from emotalker.engine.presets import preset

    if len({project.folder.resolve() for project in projects}) < max(len(projects), 2):
        raise UserError(
            "These projects cannot be combined.",
            "It takes two or more, each named once.",
            "Name other projects.",
        )
    for project in projects:
        configs = stage_configs(preset(preset_name), project.manifest.fps)
        behind = [s for s in statuses(project, configs) if s.stage in BEFORE and s.must_run]
        if behind:
            raise UserError(
                f"'{project.manifest.name}' is not ready to be combined.",
                behind[0].reason,
                f'Run: emotalker-cli train "{project.folder}" --preset {preset_name} --only {behind[0].stage}',
            )
