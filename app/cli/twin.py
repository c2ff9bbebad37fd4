"""The finished twin of a project, packed on demand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emotalker.app.cli.console import say
from emotalker.engine.errors import UserError

if TYPE_CHECKING:
    from emotalker.app.cli.running import Reporter
    from emotalker.engine.jobs import StopToken
    from emotalker.projects import Project


def twin_of(project: Project, reporter: Reporter, stop: StopToken, *, outdated: bool) -> Path:
    """The twin's folder; packs it first if all stages are done.

    Args:
        project: the project.
        reporter: shows the packing.
        stop: of the command.
        outdated: take a twin that is older than the project too, with a warning.

    Raises:
        UserError: if there is no twin yet, or only an older one where that does not do.
    """
    from emotalker.app.cli.projects import configs_of
    from emotalker.app.cli.training import pack
    from emotalker.projects import statuses

    configs = configs_of(project, project.manifest.preset)
    *before, packed = statuses(project, configs)
    folder = project.stage_folder("avatar")
    behind = [status for status in before if status.must_run]
    if packed.must_run and not behind:
        pack(project, reporter, stop)
    elif behind and outdated and (folder / "avatar.json").is_file():
        say(f"The twin is older than the project: {behind[0].reason} `train` brings it up to date.", "yellow")
    elif behind:
        raise UserError(
            f"There is no twin of '{project.manifest.name}' as the project is now.",
            behind[0].reason,
            f'Run: emotalker-cli train "{project.folder}"',
        )
    return folder
