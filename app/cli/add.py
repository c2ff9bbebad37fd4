"""`add`: bring clips into a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emotalker.app.cli.console import print_error, print_table, say

if TYPE_CHECKING:
    from emotalker.projects import AddResult, ClipEntry, Project

_SAID = {
    "added": "added",
    "duplicate": "there already",
    "relabelled": "label changed",
    "relinked": "found again",
}


def add(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Videos, or folders of videos.")],
    emotion: Annotated[
        str | None, typer.Option(help="Emotion shown; guessed from each file's name if left out.")
    ] = None,
    level: Annotated[float | None, typer.Option(help="Intensity from 0 to 3; guessed if left out.")] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Copy the files into the project.")] = False,
) -> None:
    """Add clips. A clip that is in the project already is relabelled, or found again after it was moved."""
    from emotalker.app.cli.projects import open_project
    from emotalker.engine.errors import UserError

    project = open_project(folder)
    results = project.add(files, emotion, level, copy=copy)
    if project.clips:
        _print_clips(project, results)
    _say_passed_over(files)
    for result in results:
        if not result.level_stated and result.clip is not None:
            say(f"{result.file.name}: no level in its name, so {result.clip.level:g} is assumed (--level L).", "yellow")
    failed = [result.error for result in results if result.error is not None]
    for error in failed[:-1]:
        print_error(error)
    if failed:
        last = failed[-1]
        others = len(results) - len(failed)
        kept = f" {others} of {len(results)} files are in the project." if len(results) > 1 else ""
        raise UserError(last.what, last.why, last.what_to_do + kept)


def _say_passed_over(files: list[Path]) -> None:
    """Name what in the folders is no recording of a person."""
    from emotalker.projects.content import made_in

    made = [film for file in files if file.expanduser().is_dir() for film in made_in(file.expanduser().absolute())]
    if made:
        names = ", ".join(film.name for film in made[:3]) + (f" and {len(made) - 3} more" if len(made) > 3 else "")
        films = "a film" if len(made) == 1 else f"{len(made)} films"
        say(f"Passed over {films} that this program made itself, in the runs and films of projects: {names}.", "yellow")


def _print_clips(project: Project, results: list[AddResult]) -> None:
    change = {r.clip.id: _SAID[r.change] for r in results if r.clip is not None}
    out = project.held_out()

    def row(clip: ClipEntry) -> list[str]:
        size = f"{clip.width}x{clip.height}"
        use = "held out" if clip.id in out else "training"
        sound = "yes" if clip.has_audio else "no"
        label = [clip.emotion, f"{clip.level:g}", use]
        return [clip.id, *label, f"{clip.duration:.1f} s", size, f"{clip.fps:.4g}", sound, change.get(clip.id, "")]

    columns = ("clip", "emotion", "#level", "use", "#length", "#size", "#fps", "sound", "")
    print_table(project.manifest.name, columns, [row(clip) for clip in project.clips])
