"""`combine`: learn the emotions of several people together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emotalker.app.cli.train import Device, PresetName


def combine(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR DIR...", help="Folders of two or more projects.")],
    preset: Annotated[
        PresetName | None, typer.Option(help="How much time to spend; that of the first project, when left out.")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where to compute; auto takes a CUDA card that works.")] = Device.AUTO,
) -> None:
    """Train the emotions of several people together; each gets a twin of their own in runs/combined/avatar."""
    from emotalker.app.cli.console import say
    from emotalker.app.cli.projects import open_project
    from emotalker.app.cli.running import Reporter, Stopped, stoppable
    from emotalker.engine.device import choose_device
    from emotalker.engine.jobs import Outcome, run
    from emotalker.projects.combining import CombineJob, check_ready, combined_twin

    projects = [open_project(folder) for folder in folders]
    name = preset.value if preset is not None else projects[0].manifest.preset
    check_ready(projects, name)
    chosen, sentence = choose_device(device.value)
    if device is not Device.CPU:
        say(sentence)
    job = CombineJob(tuple(folders), name, chosen)
    with stoppable() as stop, Reporter() as reporter:
        outcome = run(job(stop), reporter.show)
    if outcome is Outcome.STOPPED:
        raise Stopped("Stopped; the work done is kept. The same command goes on.")
    for project in projects:
        say(f"The twin of '{project.manifest.name}' is ready: {combined_twin(project)}")
