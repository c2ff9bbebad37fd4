"""Films of a project: what is refused before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from emotalker.engine.errors import UserError
from emotalker.projects import Consent, Performance, Project
from emotalker.projects.export_job import film_job, films_of


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a packed twin and a voice, as far as a film asks before it begins."""
    made = Project.create(tmp_path / "ada", "Ada")
    twin = made.stage_folder("avatar")
    twin.mkdir(parents=True)
    (twin / "avatar.json").write_text("{}")
    (made.folder / "voice.mp4").touch()
    made.set_performance(Performance(voice="voice.mp4"))
    return made


def test_no_film_without_consent(project: Project, tmp_path: Path) -> None:
    """And with it there is one."""
    with pytest.raises(UserError, match="consent"):
        film_job(project, tmp_path / "film.mp4")
    project.set_consent(Consent(True, "Ada"))
    assert film_job(project, tmp_path / "film.mp4").voice == project.folder / "voice.mp4"


def test_a_film_never_replaces_what_it_is_made_of(project: Project) -> None:
    """Also under another spelling of the path."""
    project.set_consent(Consent(True, "Ada"))
    with pytest.raises(UserError, match="recording of this project"):
        film_job(project, project.folder / "runs" / ".." / "voice.mp4")


def test_films_are_listed_newest_first(project: Project) -> None:
    """None yet is no error."""
    assert films_of(project) == []
