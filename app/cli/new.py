"""`new`: make a project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emotalker.app.cli.console import say
from emotalker.app.cli.head import bring


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder; it may exist.")],
    name: Annotated[str, typer.Option(help="What you call the person.")],
    fps: Annotated[float, typer.Option(help="Frame rate of the twin: 25 or 30.")] = 25.0,
    head: Annotated[
        Path | None, typer.Option(help="A head model of yours: FLAME (.pkl), GNM Head (.npz) or an ICT-FaceKit folder.")
    ] = None,
) -> None:
    """Make a project: one folder for one person."""
    from emotalker.projects import Project

    if head is not None:
        from emotalker.engine.head.importing.reader import read_raw

        read_raw(head.expanduser())  # a file that is none is refused before anything is made
    project = Project.create(folder, name, fps)
    say(f"The project '{project.manifest.name}' lies in {project.folder}.")
    if head is not None:
        bring(project.folder, head)
    say(f'Next: emotalker-cli add "{folder}" FILE...')
