"""new --head and head."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emotalker.projects import Project, heads
from emotalker.projects.document import HeadEntry

ENTRY = HeadEntry(file="heads/x/head.safetensors", sha256="12", name="FLAME head", source="model.pkl")


@pytest.fixture
def brings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is taken for a good head."""

    def bring(project: Project, file: Path) -> tuple[str, ...]:
        project.set_head(ENTRY)
        return ("Such files have licences of their own.",)

    monkeypatch.setattr(heads, "bring_head", bring)
    monkeypatch.setattr("emotalker.engine.head.importing.reader.read_raw", lambda _: None)


@pytest.mark.usefixtures("brings")
def test_a_head_is_chosen_and_given_up(run: Callable, tmp_path: Path) -> None:
    """Command new takes a head, head says which is used, and default is the built-in one again."""
    made = run("new", tmp_path / "ada", "--name", "Ada", "--head", tmp_path / "model.pkl")
    assert made.exit_code == 0
    assert "licences" in made.output
    assert Project.open(tmp_path / "ada").manifest.head == ENTRY
    assert "FLAME head (model.pkl)" in run("head", tmp_path / "ada").output
    assert "built-in head" in run("head", tmp_path / "ada", "default").output
    assert Project.open(tmp_path / "ada").manifest.head is None
    assert "FLAME head" in run("head", tmp_path / "ada", tmp_path / "other.pkl").output


def test_a_bad_head_makes_no_project(run: Callable, tmp_path: Path) -> None:
    """A hostile file is refused in words before there is a project, and head leaves the project alone."""
    (tmp_path / "evil.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    result = run("new", tmp_path / "ada", "--name", "Ada", "--head", tmp_path / "evil.pkl")
    assert result.exit_code == 1
    assert "What to do:" in result.stderr
    assert not (tmp_path / "ada").exists()
    assert run("new", tmp_path / "ada", "--name", "Ada").exit_code == 0
    assert run("head", tmp_path / "ada", tmp_path / "gone.npz").exit_code == 1
    assert "built-in head" in run("head", tmp_path / "ada").output
