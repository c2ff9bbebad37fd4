"""`remove`: take clips out of a project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emotalker.app.cli.console import say


def remove(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder.")],
    clips: Annotated[
        list[str], typer.Argument(metavar="CLIP...", help="Names of clips, as the table of add shows them.")
    ],
) -> None:
    """Take clips out of the project. The files stay; adding them again brings them back."""
    from emotalker.app.cli.projects import open_project

    project = open_project(folder)
    for clip in project.remove(clips):
        say(f"{clip.id} is no longer in the project; the file stays: {project.path_of(clip)}")
