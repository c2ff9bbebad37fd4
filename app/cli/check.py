"""`check`: how good the clips are and how to make them better."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emotalker.app.cli.console import print_table, write_figures

_LIGHTS = {"green": "good", "yellow": "usable", "red": "cannot be used"}


def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder.")],
    json: Annotated[
        Path | None, typer.Option("--json", metavar="F", help='Also write it as JSON; "-" prints it.')
    ] = None,
) -> None:
    """Look at every clip: one face, its size, light, sharpness, sound, length. Says what to do about what is wrong."""
    from emotalker.app.cli.projects import open_project
    from emotalker.app.cli.running import Reporter, Stopped, stoppable
    from emotalker.app.cli.training import run_recorded
    from emotalker.engine.jobs import Outcome
    from emotalker.projects.checking import check_clips, unusable, verdicts

    project = open_project(folder)
    project.clip_inputs()  # says so at once if there are none or files are missing
    project.refresh()
    found: dict[str, object] = {}
    with stoppable() as stop, Reporter() as reporter:
        outcome = run_recorded(project, check_clips(project, project.clips, stop, found), reporter)
    if outcome is Outcome.STOPPED:
        raise Stopped("Stopped; run the same command again to check the other clips.")
    rows = []
    for clip in project.clips:
        findings = clip.check.findings if clip.check is not None else []
        light = clip.check.light if clip.check is not None else "red"
        rows.append([clip.id, f"{light}: {_LIGHTS[light]}", "\n".join(findings) or "nothing to complain about"])
    if json is not None:
        write_figures(found, json)
    if json is None or str(json) != "-":
        print_table(project.manifest.name, ("clip", "light", "what to know"), rows)
    error = unusable(project.folder, verdicts(project.clips))
    if error is not None:
        raise error
