"""new, add and check."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from emotalker.engine.errors import UserError
from emotalker.projects import Project


def test_new_and_add_make_a_project(run: Callable, project: Path, tmp_path: Path) -> None:
    """The table names every clip with its label and what it is used for; the project holds them."""
    result = run("add", project, *sorted((tmp_path / "clips").iterdir()))
    assert result.exit_code == 0
    for word in ("happy_level1", "sad_level3", "there already", "held out", "training"):
        assert word in result.stdout
    opened = Project.open(project)
    assert [(clip.emotion, clip.level) for clip in opened.clips] == [
        (emotion, level) for emotion in ("happy", "sad") for level in (1.0, 2.0, 3.0)
    ]


def test_new_refuses_to_overwrite(run: Callable, project: Path) -> None:
    """What, why and what to do, exit code 1."""
    result = run("new", project, "--name", "Eve")
    assert result.exit_code == 1
    assert "Error: There is a project" in result.stderr
    assert "Why:" in result.stderr
    assert "What to do:" in result.stderr


def test_bad_files_are_named_and_the_others_added(run: Callable, footage: Path, tmp_path: Path) -> None:
    """An unknown emotion, a file that is no video and a missing one each get their message; the good clip stays."""
    (tmp_path / "bored [x]_level2.mp4").write_bytes((footage / "sad_level1.mp4").read_bytes())
    (tmp_path / "happy_level1.mp4").write_text("no video")
    run("new", "p", "--name", "Ada")
    files = ["bored [x]_level2.mp4", "happy_level1.mp4", "gone.mp4", footage / "sad_level2.mp4"]
    result = run("add", "p", *files)
    assert result.exit_code == 1
    assert "bored [x]_level2.mp4 names no emotion" in result.stderr
    assert "happy_level1.mp4" in result.stderr
    assert "gone.mp4 is not there" in result.stderr
    assert "1 of 4 files are in the project" in result.stderr
    assert [clip.id for clip in Project.open(tmp_path / "p").clips] == ["sad_level2"]


def test_films_of_a_twin_are_passed_over_and_named(run: Callable, footage: Path, tmp_path: Path) -> None:
    """A folder may hold another project; what that one made of its twin is no clip of a person."""
    run("new", "folder/eve", "--name", "Eve")
    (tmp_path / "folder" / "eve" / "runs" / "evaluate").mkdir(parents=True)
    for name in ("happy_level1.mp4", "eve/runs/evaluate/side_by_side_sad_level1.mp4"):
        (tmp_path / "folder" / name).write_bytes((footage / "sad_level2.mp4").read_bytes())
    run("new", "p", "--name", "Ada")
    result = run("add", "p", "folder")
    assert result.exit_code == 0
    assert [clip.id for clip in Project.open(tmp_path / "p").clips] == ["happy_level1"]
    assert "side_by_side_sad_level1.mp4" in " ".join(result.stderr.split())


def test_an_error_stands_alone_while_there_is_nothing_to_show(run: Callable) -> None:
    """No empty table before it."""
    run("new", "p", "--name", "Ada")
    result = run("add", "p", "missing.mp4")
    assert result.exit_code == 1
    assert result.stdout == ""


def test_labels_given_by_option(run: Callable, footage: Path, tmp_path: Path) -> None:
    """--emotion and --level label files whose names say nothing; a wrong emotion adds nothing."""
    (tmp_path / "001.mp4").write_bytes((footage / "sad_level1.mp4").read_bytes())
    run("new", "p", "--name", "Ada")
    assert run("add", "p", "001.mp4", "--emotion", "bored").exit_code == 1
    assert run("add", "p", "001.mp4", "--emotion", "anger", "--level", "1.5").exit_code == 0
    (clip,) = Project.open(tmp_path / "p").clips
    assert (clip.emotion, clip.level) == ("angry", 1.5)


def test_assumed_level_is_said(run: Callable, footage: Path, tmp_path: Path) -> None:
    """Nobody has to find out later that a level was assumed."""
    (tmp_path / "sad.mp4").write_bytes((footage / "sad_level1.mp4").read_bytes())
    run("new", "p", "--name", "Ada")
    assert "2 is assumed" in run("add", "p", "sad.mp4").stderr


def test_corrupt_manifest_is_mended_and_said(run: Callable, project: Path) -> None:
    """A damaged project file costs a sentence, not the project."""
    (project / "project.json").write_bytes(b"{")
    result = run("train", project, "--hold-out", "nothing")
    assert "restored from the backup" in result.stderr
    assert len(Project.open(project).clips) == 6


class Verdict(msgspec.Struct):
    """What the engine's check returns."""

    light: str
    findings: list[str]
    sharpness: float = 0.5


def test_check_shows_lights_and_keeps_them(run: Callable, project: Path, install: Callable, tmp_path: Path) -> None:
    """Every clip gets its light and its advice, in the table, in the JSON and in the project; red is exit code 1."""

    def check_clip(path: Path) -> Verdict:
        if path.stem == "sad_level3":
            raise UserError("There is no face in sad_level3.mp4.", "None was found.", "Film the face from the front.")
        if path.stem == "sad_level2":
            return Verdict("yellow", ["The sound is low: speak louder."])
        return Verdict("green", [])

    install("emotalker.engine.tracking.check", check_clip=check_clip)
    result = run("check", project, "--json", "check.json")
    assert result.exit_code == 1
    assert "speak louder" in result.stdout
    assert "Film the face from the front." in result.stdout
    assert "1 of 6 clips cannot be used" in result.stderr
    figures = json.loads((tmp_path / "check.json").read_text())
    assert figures["sad_level2"] == {
        "light": "yellow",
        "findings": ["The sound is low: speak louder."],
        "sharpness": 0.5,
    }
    lights = {clip.id: clip.check.light for clip in Project.open(project).clips if clip.check}
    assert [lights[name] for name in ("happy_level1", "sad_level2", "sad_level3")] == ["green", "yellow", "red"]


def test_check_without_red_is_fine(run: Callable, project: Path, install: Callable) -> None:
    """Warnings alone do not fail."""
    install("emotalker.engine.tracking.check", check_clip=lambda path: SimpleNamespace(light="yellow", findings=["x"]))
    assert run("check", project).exit_code == 0


@pytest.mark.parametrize("command", ["check", "train", "evaluate"])
def test_no_project_there(run: Callable, command: str) -> None:
    """A mistyped folder is a user error, with the way to make a project."""
    result = run(command, "nowhere")
    assert result.exit_code == 1
    assert "emotalker-cli new" in result.stderr
