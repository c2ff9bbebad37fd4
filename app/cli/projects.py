"""Opening a project, its presets and the device, the same way for every command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotalker.app.cli.console import say

if TYPE_CHECKING:
    from emotalker.projects import Project


def open_project(folder: Path) -> Project:
    """Open a project and say what its opening mended."""
    from emotalker.projects import Project

    project = Project.open(folder)
    for notice in project.notices:
        say(notice.text, "yellow")
    return project


def configs_of(project: Project, preset: str) -> dict[str, Any]:
    """Per stage the config of a preset, at the project's frame rate."""
    from emotalker.engine.presets import preset as find_preset
    from emotalker.projects.pipeline import stage_configs

    return stage_configs(find_preset(preset), project.manifest.fps)
