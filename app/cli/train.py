"""`train`: run the stages that have work to do."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer


class PresetName(enum.StrEnum):
    """How much time to spend."""

    TINY = "tiny"
    DRAFT = "draft"
    STANDARD = "standard"
    BEST = "best"


class StageName(enum.StrEnum):
    """The stages of training."""

    TRACK = "track"
    FIT = "fit"
    EXPRESS = "express"
    EMOTE = "emote"


class PartName(enum.StrEnum):
    """What can be left out of the emotional deformation, by the paper's names."""

    EGD = "egd"
    A2ET = "a2et"
    NULL = "null"
    NGI = "ngi"


class Device(enum.StrEnum):
    """Where to compute."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def train(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder.")],
    preset: Annotated[
        PresetName | None, typer.Option(help="How much time to spend; the last one used, at first draft.")
    ] = None,
    only: Annotated[StageName | None, typer.Option(help="Run this stage alone.")] = None,
    device: Annotated[Device, typer.Option(help="Where to compute; auto takes a CUDA card that works.")] = Device.AUTO,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLIP", help="Clip to judge by, never learned from (repeat for several; 'auto' chooses again)."
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew instead of going on from a checkpoint, which is set aside.")
    ] = False,
    without: Annotated[
        list[PartName] | None,
        typer.Option(
            help="For a comparison, leave out the emotional deformation (egd), training on what is heard (a2et), the "
            "null token (null) or the fitted neutral head (ngi); repeat for several. Without the option it comes back."
        ),
    ] = None,
) -> None:
    """Train the twin. Runs what is new or stale and says why; Ctrl-C keeps the work done, the same command goes on."""
    from emotalker.app.cli.console import say
    from emotalker.app.cli.projects import open_project
    from emotalker.app.cli.running import Reporter, Stopped, stoppable
    from emotalker.app.cli.training import run_recorded
    from emotalker.engine.jobs import Outcome
    from emotalker.projects.lock import training_lock
    from emotalker.projects.train_job import TrainJob

    project = open_project(folder)
    with training_lock(project.folder):  # nothing is changed under a training of somebody else
        if hold_out:
            project.set_hold_out([] if hold_out == ["auto"] else hold_out)
        if preset is not None:
            project.set_preset(preset.value)
        project.clip_inputs()  # says so at once if there are none or files are missing
        for clip in project.refresh():
            say(f"{clip.file} has changed since it was added.", "yellow")
    stages = (only.value,) if only is not None else None
    left_out = tuple(part.value for part in without or ())
    job = TrainJob(project.folder, project.manifest.preset, device.value, restart, stages, without=left_out)
    with stoppable() as stop, Reporter() as reporter:
        outcome = run_recorded(project, job(stop), reporter)
    if outcome is Outcome.STOPPED:
        again = f" --only {only.value}" if only is not None else ""
        raise Stopped(f'Stopped; the work done is kept. To go on: emotalker-cli train "{folder}"{again}')
    if only is None:
        say(f"The twin is ready: {project.stage_folder('avatar')}")
        say(f'Next: emotalker-cli render "{folder}" --audio F --emotion E --level X --out F.mp4')
