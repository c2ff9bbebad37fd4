"""`new`: make a project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emotalker.app.cli.console import say


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder; it may exist.")],
    name: Annotated[str, typer.Option(help="What you call the person.")],
    fps: Annotated[float, typer.Option(help="Frame rate of the twin: 25 or 30.")] = 25.0,
) -> None:
    """Make a project: one folder for one person."""
    from emotalker.projects import Project

    project = Project.create(folder, name, fps)
    say(f"The project '{project.manifest.name}' lies in {project.folder}.")
    say(f'Next: emotalker-cli add "{folder}" FILE...')
