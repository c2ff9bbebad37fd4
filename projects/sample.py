"""The sample twin as a project like any other: played, changed and exported without any training."""

from __future__ import annotations

import shutil
from pathlib import Path

from emotalker.engine.errors import UserError
from emotalker.engine.files import explain_os_error
from emotalker.projects.document import Consent, Performance
from emotalker.projects.outputs import is_whole
from emotalker.projects.project import Project

NAME = "Sample twin"
FOLDER = "sample twin"
MARK = "sample.json"
"""File in the project's folder that says which sample it was made from."""
STATEMENT = "This person is synthetic: a computer made the face and the voice. No one has to agree."


def sample_project(root: Path) -> Project:
    """The sample's project below `root`, made the first time, when it is damaged, or when the program brings another.

    What the user did with it (voice, emotions, films) is kept.

    Raises:
        UserError: if it cannot be written, or this installation has no sample.
    """
    from emotalker.engine.avatar.sample import load_sample

    sample = load_sample()
    folder = root / FOLDER
    twin = folder / "runs" / "avatar"
    description = (sample.avatar_dir / "avatar.json").read_bytes()
    try:
        if not (folder / "project.json").is_file():
            project = Project.create(folder, NAME)
        else:
            project = Project.open(folder)
        mark = folder / MARK
        whole = all(is_whole(twin / name) for name in ("avatar.json", "avatar.safetensors"))
        if not whole or not mark.is_file() or mark.read_bytes() != description:
            shutil.rmtree(twin, ignore_errors=True)
            shutil.copytree(sample.avatar_dir, twin)
            shutil.copyfile(sample.voice_path, folder / sample.voice_path.name)
            if sample.cover_path.is_file():
                shutil.copyfile(sample.cover_path, folder / "cover.png")
            mark.write_bytes(description)
    except OSError as error:
        raise explain_os_error(error, folder) from error
    if project.manifest.performance == Performance():  # new: nobody did anything with it
        project.set_consent(Consent(True, "nobody: a synthetic person", STATEMENT, "2026-11-22"))
        project.set_performance(Performance(voice=sample.voice_path.name, curve=sample.curve.to_json()))
    return project


def has_sample() -> bool:
    """Whether this installation brings the sample."""
    from emotalker.engine.avatar.sample import sample_folder

    try:
        sample_folder()
    except UserError:
        return False
    return True
