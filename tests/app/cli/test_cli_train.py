"""train, evaluate and render, with stops in between."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emotalker.app.cli.running import Reporter
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Metric, Progress
from emotalker.projects import Project

ALL = [("track", 0), ("fit", 0), ("express", 0), ("emote", 0), ("avatar", "Ada")]


def test_train_runs_everything_once(run: Callable, project: Path, engine: Any) -> None:
    """All stages in order, with a word on why; a second time there is nothing to do."""
    result = run("train", project)
    assert result.exit_code == 0, result.stderr
    assert engine.log == ALL
    assert "Tracking the face has not been run yet." in result.stderr
    assert "track starts at [0]" in result.stderr
    assert "No card is here." in result.stderr
    again = run("train", project)
    assert again.exit_code == 0
    assert engine.log == ALL
    assert "is up to date" in again.stderr


def test_a_preset_reruns_what_it_changes(run: Callable, project: Path, engine: Any) -> None:
    """Another preset is remembered, and only the stages it changes run again."""
    run("train", project)
    engine.log.clear()
    assert run("train", project, "--preset", "best").exit_code == 0
    assert [stage for stage, _ in engine.log] == ["fit", "express", "emote", "avatar"]
    engine.log.clear()
    assert run("train", project).exit_code == 0
    assert engine.log == []


def test_only_runs_one_stage_and_names_what_is_missing(run: Callable, project: Path, engine: Any) -> None:
    """--only runs that stage alone, or says which must run first."""
    result = run("train", project, "--only", "emote")
    assert result.exit_code == 1
    assert "--only track" in result.stderr
    assert run("train", project, "--only", "track").exit_code == 0
    assert engine.log == [("track", 0)]


def test_hold_out_is_kept(run: Callable, project: Path, engine: Any) -> None:
    """The clip named is the one held out, also next time; an unknown one is a user error that changes nothing."""
    assert run("train", project, "--hold-out", "sad_level1.mp4").exit_code == 0
    assert Project.open(project).held_out() == {"sad_level1"}
    engine.log.clear()
    assert run("train", project).exit_code == 0
    assert engine.log == []
    assert run("train", project, "--hold-out", "bored").exit_code == 1
    assert Project.open(project).held_out() == {"sad_level1"}


def test_ctrl_c_stops_and_the_same_command_goes_on(run: Callable, project: Path, engine: Any) -> None:
    """The first Ctrl-C lets the stage save; the exit code is 130; the same command resumes where it was."""

    def interrupt(stage: str, step: int) -> None:
        if (stage, step) == ("fit", 2):
            os.kill(os.getpid(), signal.SIGINT)

    engine.at_step = interrupt
    result = run("train", project)
    assert result.exit_code == 130
    assert f'To go on: emotalker-cli train "{project}"' in result.stderr
    engine.log.clear()
    engine.at_step = lambda stage, step: None
    assert run("train", project).exit_code == 0
    assert engine.log == [("fit", 2), ("express", 0), ("emote", 0), ("avatar", "Ada")]
    outcomes = [(r.stage, r.outcome) for r in Project.open(project).manifest.runs]
    assert outcomes[:3] == [("track", "finished"), ("fit", "stopped"), ("fit", "finished")]


def test_restart_begins_anew_and_keeps_the_old_run(run: Callable, project: Path, engine: Any) -> None:
    """A checkpoint nobody wants to go on from is set aside, also that of a finished stage named with --only."""
    engine.at_step = lambda stage, step: os.kill(os.getpid(), signal.SIGINT)
    assert run("train", project).exit_code == 130
    engine.at_step = lambda stage, step: None
    assert run("train", project, "--restart").exit_code == 0
    assert run("train", project, "--restart", "--only", "fit").exit_code == 0
    assert [entry for entry in engine.log if entry[0] in ("track", "fit")] == [
        ("track", 0), ("track", 0), ("fit", 0), ("fit", 0),
    ]  # fmt: skip
    assert sorted((path / "count").read_text() for path in (project / "runs" / "old").iterdir()) == ["1", "3"]


def test_clip_added_while_training_is_not_lost(run: Callable, project: Path, engine: Any, tmp_path: Path) -> None:
    """Another command may add clips during a training; the training ends as it began, and the clips stay."""
    late = tmp_path / "late" / "angry_level1.mp4"
    late.parent.mkdir()
    late.write_bytes((tmp_path / "clips" / "sad_level1.mp4").read_bytes() + b"another content")

    def add(stage: str, step: int) -> None:
        if (stage, step) == ("track", 1):
            Project.open(project).add([late])

    engine.at_step = add
    assert run("train", project).exit_code == 0
    assert engine.log == ALL
    opened = Project.open(project)
    assert [clip.id for clip in opened.clips][-1] == "angry_level1"
    assert len(opened.manifest.runs) == 5


def test_second_ctrl_c_aborts_at_once(run: Callable, project: Path, engine: Any) -> None:
    """A stage that does not react is left at the second Ctrl-C; signals and lock are as before."""
    before = signal.getsignal(signal.SIGINT)

    def interrupt(stage: str, step: int) -> None:
        if stage == "fit":
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    engine.at_step = interrupt
    result = run("train", project)
    assert result.exit_code == 130
    assert "Aborted" in result.stderr
    assert signal.getsignal(signal.SIGINT) is before
    assert not (project / "training.lock").exists()
    engine.at_step = lambda stage, step: None
    assert run("train", project).exit_code == 0


def test_errors_of_a_stage_reach_the_user(run: Callable, project: Path, engine: Any) -> None:
    """A user error is printed in three parts with code 1; anything else is a bug, code 2, with the log's path."""

    def fail(stage: str, step: int) -> None:
        raise UserError("No face [1].", "None was found.", "Film one.")

    engine.at_step = fail
    result = run("train", project)
    assert result.exit_code == 1
    assert "Error: No face [1].\n  Why: None was found.\n  What to do: Film one." in result.stderr

    def break_down(stage: str, step: int) -> None:
        raise ZeroDivisionError("by nought")

    engine.at_step = break_down
    result = run("train", project)
    assert result.exit_code == 2
    log = project.parent / "logs" / "emotalker-cli.log"
    assert str(log) in result.stderr.replace("\n", "")
    assert "Traceback" not in result.stderr
    assert "ZeroDivisionError: by nought" in log.read_text()


def test_clips_are_checked_before_long_work(run: Callable, project: Path, engine: Any) -> None:
    """An unusable clip stops a training before it starts, and can be taken out; a doubtful one is a warning."""
    engine.verdicts["sad_level1"] = SimpleNamespace(light="red", findings=["There are two faces."])
    engine.verdicts["sad_level2"] = SimpleNamespace(light="yellow", findings=["The sound is low."])
    result = run("train", project)
    assert result.exit_code == 1
    assert "There are two faces." in result.stderr
    assert f'emotalker-cli remove "{project}" sad_level1' in result.stderr
    assert engine.log == []
    assert run("remove", project, "sad_level1").exit_code == 0
    result = run("train", project)
    assert result.exit_code == 0
    assert "sad_level2: The sound is low." in result.stderr


def test_cuda_that_does_not_run_is_said_before_training(run: Callable, project: Path, engine: Any) -> None:
    """--device cuda without a card is a user error with the reason."""
    result = run("train", project, "--device", "cuda")
    assert result.exit_code == 1
    assert "No card is here." in result.stderr
    assert ("fit", 0) not in engine.log


def test_render_passes_everything_on(run: Callable, project: Path, engine: Any, tmp_path: Path) -> None:
    """Sound, emotion, strength, background, size and camera arrive as given; synonyms become the emotion's name."""
    run("train", project)
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    view = ["--background", "#00fF00", "--size", 256, "--yaw", -20, "--pitch", "5.5"]
    command = ["render", project, "--audio", "a.wav", "--emotion", "Joy", "--level", 2.5, "--out", "f.mp4"]
    result = run(*command, *view)
    assert result.exit_code == 0, result.stderr
    assert json.loads((tmp_path / "f.mp4").read_text()) == ["a.wav", "happy", 2.5, "#00fF00", 256, -20.0, 5.5]
    assert run(*command).exit_code == 0
    assert json.loads((tmp_path / "f.mp4").read_text())[3:] == ["plate", 512, 0.0, 0.0]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--emotion", "bored"], ["--level", "3.5"], ["--level", "much"], ["--background", "green"], ["--size", "31"],
        ["--size", "101"], ["--yaw", "120"], ["--audio", "gone.wav"], ["--out", "film.avi"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_render_refuses_before_any_work(
    run: Callable, project: Path, engine: Any, tmp_path: Path, wrong: list[str]
) -> None:
    """Each impossible wish is a user error, and no film is begun."""
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    good = ["--audio", "a.wav", "--emotion", "happy", "--level", "1", "--out", "f.mp4"]
    result = run("render", project, *good, *wrong)
    assert result.exit_code == 1
    assert "What to do:" in result.stderr
    assert not list(tmp_path.glob("f.*"))


def test_render_without_a_twin_says_so(run: Callable, project: Path, engine: Any, tmp_path: Path) -> None:
    """Before training there is nothing to render; afterwards an outdated twin renders with a warning."""
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    command = ["render", project, "--audio", "a.wav", "--emotion", "happy", "--level", "1", "--out", "f.mp4"]
    result = run(*command)
    assert result.exit_code == 1
    assert "There is no twin" in result.stderr
    run("train", project)
    run("add", project, tmp_path / "clips" / "sad_level3.mp4", "--emotion", "angry")
    result = run(*command)
    assert result.exit_code == 0
    assert "older than the project" in result.stderr
    judged = run("evaluate", project)
    assert judged.exit_code == 1
    assert "emotalker-cli train" in judged.stderr


def test_twin_is_packed_on_demand(run: Callable, project: Path, engine: Any) -> None:
    """Stages run one by one with --only end in a twin as soon as one is asked for."""
    for stage in ("track", "fit", "express", "emote"):
        assert run("train", project, "--only", stage).exit_code == 0
    assert ("avatar", "Ada") not in engine.log
    assert run("evaluate", project).exit_code == 0
    assert ("avatar", "Ada") in engine.log


def test_evaluate_prints_ours_beside_both_baselines(run: Callable, project: Path, engine: Any, tmp_path: Path) -> None:
    """The table has our figures and the trivial ones; the JSON is the whole report."""
    run("train", project, "--hold-out", "happy_level2")
    result = run("evaluate", project, "--json", "r.json")
    assert result.exit_code == 0, result.stderr
    for figure in ("31.25", "27.50", "29.88", "28.50", "21.50", "2.50"):
        assert figure in result.stdout
    report = json.loads((tmp_path / "r.json").read_text())
    assert list(report["clips"]) == ["happy_level2"]
    printed = run("evaluate", project, "--json", "-")
    assert json.loads(printed.stdout) == report


def test_evaluate_writes_a_report_and_says_the_figures_in_words(run: Callable, project: Path, engine: Any) -> None:
    """The page lies beside the figures; what matters is told in sentences."""
    run("train", project)
    result = run("evaluate", project, "--no-films", "--ablations", "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    page = (project / "runs" / "evaluate" / "report.html").read_text(encoding="utf-8")
    for part in ("Ada", "31.25", "SadTalker", "SyncNet"):
        assert part in page
    for sentence in ("It plays 62 pictures a second", "2.5 pixels off", "nearer to the recording"):
        assert sentence in " ".join(result.stderr.split())
    assert not (project / "runs" / "evaluate" / "unfinished").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--voice", "nobody.wav"), "nobody.wav is not there"),
        (("--size", "8"), "cannot be judged"),
        (("--tile", "t.jpg"), "no PNG"),
        (("--voice", "notes.json"), "notes.json is not a video or sound file"),
        (("--json", "notes.json/figures.json"), "figures.json could not be saved"),
        (("--json", "."), "is a folder"),
        (("--device", "banana"), "banana"),
        (("--tile", "t.png", "--json", "f.json"), "do not go together"),
    ],
)
def test_evaluate_refuses_what_cannot_be(
    run: Callable, project: Path, engine: Any, options: tuple[str, ...], said: str
) -> None:
    """Before any work, and in words."""
    run("train", project)
    Path("notes.json").write_text("{}")
    result = run("evaluate", project, *options)
    assert result.exit_code == 1
    assert said in " ".join(result.stderr.split())
    assert not (project / "runs" / "evaluate").exists()


def test_evaluate_needs_a_held_out_clip(run: Callable, engine: Any, footage: Path, tmp_path: Path) -> None:
    """With too few clips to split, evaluate says how to choose one."""
    run("new", "p", "--name", "Ada")
    run("add", "p", footage / "happy_level1.mp4", footage / "sad_level1.mp4")
    result = run("evaluate", "p")
    assert result.exit_code == 1
    assert "--hold-out" in result.stderr


def test_combine_refuses_before_it_says_where_it_trains(run: Callable, project: Path, engine: Any) -> None:
    """One project is not several, and nothing is announced that will not be."""
    result = run("combine", project)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: These projects cannot be combined.")


def test_figures_stand_beside_their_own_stage(capsys: pytest.CaptureFixture[str]) -> None:
    """The next stage's first line does not show the loss of the one before."""
    with Reporter() as reporter:
        for event in (Metric("fit", 1, {"loss": 0.25}), Progress("fit", 6, 6), Progress("express", 6, 6, "clips")):
            reporter.show(event)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith("loss 0.25")
    assert lines[1] == "express: 6 of 6 clips"
