"""`head`: which head model a project is tracked with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emotalker.app.cli.console import say
from emotalker.app.cli.projects import open_project

DEFAULT = "default"


def head(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder.")],
    file: Annotated[
        str,
        typer.Argument(
            metavar="[FILE|default]",
            help="FLAME 2020/2023 (.pkl), GNM Head (.npz) or an ICT-FaceKit folder; 'default' for the built-in head. "
            "Without it the head in use is said.",
        ),
    ] = "",
) -> None:
    """Say or choose the head model a person is tracked with."""
    from emotalker.projects.heads import head_title, use_default_head

    project = open_project(folder)
    if file == DEFAULT:
        use_default_head(project)
    elif file:
        bring(folder, Path(file))
        project = open_project(folder)
    say(f"'{project.manifest.name}' is tracked with the {head_title(project)}.")


def bring(folder: Path, file: Path) -> None:
    """Read a head model into a project, saying what there is to say about it."""
    from emotalker.projects.heads import bring_head

    say(f"Reading the head model {file.name}; this may take a minute.")
    for notice in bring_head(open_project(folder), file):
        say(notice, "yellow")
