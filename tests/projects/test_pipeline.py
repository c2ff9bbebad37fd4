"""What is stale, why, and stages as jobs."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Job, Notice, Outcome, Progress, StopToken, run
from emotalker.projects import Project, StageState, bind, pipeline, statuses
from emotalker.projects.record import read_record

Clip = Callable[[str, int], Path]
Configs = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Settings:
    """A stage's config."""

    steps: int = 3
    sizes: tuple[int, ...] = (64, 128)
    fps: float = 25.0


CONFIGS: Configs = {name: Settings() for name in ("track", "fit", "express", "emote")}


def work(out: Path, steps: int, stop: StopToken) -> Job:
    """A stage in small: one step at a time, a checkpoint after each."""
    count = out / "count"
    done = int(count.read_text()) if count.exists() else 0
    while done < steps:
        if stop.requested:
            return Outcome.STOPPED
        done += 1
        count.write_text(str(done))
        yield Progress("work", done, steps)
    return Outcome.FINISHED


@pytest.fixture
def calls(install: Callable[..., None]) -> list[tuple[str, tuple[Any, ...]]]:
    """Puts small stages in the place of the real ones; lists how each was called."""
    log: list[tuple[str, tuple[Any, ...]]] = []

    def track(clips: Sequence[ClipInput], out: Path, config: Settings, stop: StopToken) -> Job:
        log.append(("track", (clips,)))
        return work(out, config.steps, stop)

    def fit(clips: Any, tracks: Path, out: Path, config: Settings, stop: StopToken, device: str) -> Job:
        log.append(("fit", (tracks, device)))
        return work(out, config.steps, stop)

    def express(clips: Any, tracks: Path, out: Path, config: Settings, stop: StopToken, fit: Path) -> Job:
        log.append(("express", (tracks, fit)))
        return work(out, config.steps, stop)

    def emote(clips: Any, t: Path, f: Path, x: Path, out: Path, config: Settings, stop: StopToken, device: str) -> Job:
        log.append(("emote", (t, f, x, device)))
        return work(out, config.steps, stop)

    def build(t: Path, f: Path, x: Path, e: Path, out: Path, clips: Any, name: str) -> Path:
        log.append(("avatar", (t, f, x, e, name)))
        out.mkdir(parents=True, exist_ok=True)
        (out / "avatar.json").write_text("{}")
        return out

    install("emotalker.engine.tracking.stage", track=track)
    install("emotalker.engine.training.stage1", fit=fit)
    install("emotalker.engine.a2et.stage", express=express)
    install("emotalker.engine.training.stage2", emote=emote)
    install("emotalker.engine.avatar.build", build=build)
    return log


@pytest.fixture
def filmed(project: Project, clip: Clip) -> Project:
    """A project with four clips, one of them held out."""
    project.add([clip(f"{name}.mp4", n) for n, name in enumerate(("happy_level1", "happy_level2", "sad3", "neutral"))])
    return project


def train(project: Project, configs: Configs = CONFIGS) -> list[str]:
    """Run all that must run; returns the stages that did."""
    ran = []
    for stage in pipeline.STAGES:
        if next(s for s in statuses(project, configs) if s.stage == stage).must_run:
            assert run(bind(project, stage, configs)(StopToken())) is Outcome.FINISHED
            ran.append(stage)
    return ran


def stale(project: Project, configs: Configs = CONFIGS) -> dict[str, str]:
    """Stages that must run, with the reasons."""
    return {s.stage: s.reason for s in statuses(project, configs) if s.must_run}


@pytest.mark.usefixtures("calls")
def test_everything_runs_once(filmed: Project) -> None:
    """A new project runs all stages in their order; afterwards nothing is left to do, also after opening again."""
    assert {s.state for s in statuses(filmed, CONFIGS)} == {StageState.MISSING}
    assert train(filmed) == ["track", "fit", "express", "emote", "avatar"]
    assert stale(filmed) == {}
    assert stale(Project.open(filmed.folder)) == {}
    assert train(filmed) == []


def test_stages_get_their_folders_and_device(filmed: Project, calls: list[tuple[str, tuple[Any, ...]]]) -> None:
    """Every stage is called with the folders of the stages it needs, and held-out clips are marked."""
    for stage in pipeline.STAGES:
        run(bind(filmed, stage, CONFIGS, "cuda")(StopToken()))
    t, f, x, e = (filmed.folder / "runs" / name for name in ("track", "fit", "express", "emote"))
    (_, (clips,)), *rest = calls
    assert [c.held_out for c in clips] == [c.id in filmed.held_out() for c in filmed.clips]
    assert sum(c.held_out for c in clips) == 1
    assert rest == [
        ("fit", (t, "cuda")), ("express", (t, f)), ("emote", (t, f, x, "cuda")), ("avatar", (t, f, x, e, "Ada")),
    ]  # fmt: skip


@pytest.mark.usefixtures("calls")
def test_relabelling_leaves_the_tracks(filmed: Project) -> None:
    """Labels do not move a face: tracking stays, what learns from labels is stale, and the sentence names the clip."""
    filmed.set_hold_out(["neutral"])
    train(filmed)
    filmed.add([filmed.path_of(filmed.clips[1])], "happy", 3.0)
    why = stale(filmed)
    assert list(why) == ["fit", "express", "emote", "avatar"]
    assert "the label of happy_level2 was changed" in why["express"]


@pytest.mark.usefixtures("calls")
def test_another_clip_makes_everything_stale(filmed: Project, clip: Clip) -> None:
    """The reason is the clip."""
    train(filmed)
    filmed.add([clip("angry_level1.mp4", 5)])
    why = stale(filmed)
    assert list(why) == list(pipeline.STAGES)
    assert why["track"] == "Tracking the face must run again: the clip angry_level1 was added."


@pytest.mark.usefixtures("calls")
def test_holding_out_another_clip_makes_everything_stale(filmed: Project) -> None:
    """What a stage may learn from is part of what it made."""
    train(filmed)
    other = next(c.id for c in filmed.clips if c.id not in filmed.held_out())
    filmed.set_hold_out([other])
    assert f"held-out clips are now {other}" in stale(filmed)["track"]


@pytest.mark.usefixtures("calls")
def test_settings_make_stale_what_builds_on_them(filmed: Project) -> None:
    """Other settings of one stage spare the stages that do not read it; all read the fit's tracks."""
    train(filmed)
    changed = {**CONFIGS, "fit": Settings(steps=5)}
    why = stale(filmed, changed)
    assert list(why) == ["fit", "express", "emote", "avatar"]
    assert "settings were changed (steps)" in why["fit"]
    assert "builds on fitting the neutral twin" in why["emote"]
    assert train(filmed, changed) == ["fit", "express", "emote", "avatar"]


@pytest.mark.usefixtures("calls")
def test_moving_the_project_or_a_clip_makes_nothing_stale(filmed: Project, tmp_path: Path) -> None:
    """Content counts, not where it lies."""
    train(filmed)
    moved = filmed.folder.rename(tmp_path / "moved")
    footage = (tmp_path / "footage").rename(tmp_path / "archive")
    project = Project.open(moved)
    project.relink(footage)
    assert stale(project) == {}


@pytest.mark.usefixtures("calls")
def test_an_older_run_is_kept_aside(filmed: Project) -> None:
    """A stage that must start afresh never resumes a checkpoint made from something else, and deletes nothing."""
    train(filmed)
    changed = {**CONFIGS, "express": Settings(steps=5)}
    events: list[Any] = []
    run(bind(filmed, "express", changed)(StopToken()), events.append)
    (old,) = (filmed.folder / "runs" / "old").iterdir()
    assert (old / "count").read_text() == "3"
    assert [e.done for e in events if isinstance(e, Progress)] == [1, 2, 3, 4, 5]
    assert any(isinstance(e, Notice) and str(old) in e.text for e in events)


@pytest.mark.usefixtures("calls")
def test_a_stopped_stage_goes_on_from_its_checkpoint(filmed: Project) -> None:
    """Stopping leaves the stage unfinished, with its folder; the next run resumes there."""
    stop = StopToken()
    assert run(bind(filmed, "track", CONFIGS)(stop), lambda event: stop.request()) is Outcome.STOPPED
    status = statuses(filmed, CONFIGS)[0]
    assert status.state is StageState.PARTIAL
    assert "go on" in status.reason
    events: list[Any] = []
    assert run(bind(filmed, "track", CONFIGS)(StopToken()), events.append) is Outcome.FINISHED
    assert [event.done for event in events] == [2, 3]
    assert not (filmed.folder / "runs" / "old").exists()


@pytest.mark.usefixtures("calls")
def test_a_damaged_record_counts_as_none(filmed: Project) -> None:
    """Without a readable record nobody knows what a folder was made from: it is set aside, not resumed, not deleted."""
    train(filmed)
    (filmed.stage_folder("track") / "stage.json").write_text("{")
    assert statuses(filmed, CONFIGS)[0].state is StageState.MISSING
    run(bind(filmed, "track", CONFIGS)(StopToken()))
    (old,) = (filmed.folder / "runs" / "old").iterdir()
    assert (old / "count").read_text() == "3"


@pytest.mark.usefixtures("calls")
def test_a_stage_refuses_to_run_on_stale_ground(filmed: Project) -> None:
    """--only of a later stage names the stage to run first, and how."""
    with pytest.raises(UserError, match="'emote' cannot run yet") as caught:
        bind(filmed, "emote", CONFIGS)
    assert "track" in caught.value.why
    assert "--only track" in caught.value.what_to_do
    assert not (filmed.folder / "runs").exists()


def test_jobs_can_be_pickled(filmed: Project) -> None:
    """A job goes to a child process whole."""
    job = bind(filmed, "track", CONFIGS)
    assert pickle.loads(pickle.dumps(job)) == job


@pytest.mark.usefixtures("calls")
def test_failing_stage_stays_unfinished(filmed: Project, install: Callable[..., None]) -> None:
    """A stage that raises keeps its folder and is not taken for done."""

    def track(clips: Any, out: Path, config: Settings, stop: StopToken) -> Job:
        yield Progress("track", 1, 3)
        raise UserError("No face.", "None was found.", "Film one.")

    install("emotalker.engine.tracking.stage", track=track)
    with pytest.raises(UserError, match="No face"):
        run(bind(filmed, "track", CONFIGS)(StopToken()))
    record = read_record(filmed.stage_folder("track"))
    assert record is not None
    assert not record.finished
    assert statuses(filmed, CONFIGS)[0].state is StageState.PARTIAL


def test_presets_run_at_the_project_rate() -> None:
    """A project at 30 frames per second trains at 30, but A2ET, which hears 25 a second whatever the clips have."""
    plain = SimpleNamespace(track=Settings(), fit=Settings(), express=Settings(), emote=Settings())
    configs = pipeline.stage_configs(plain, 30.0)
    assert {name: config.fps for name, config in configs.items()} == {
        **dict.fromkeys(CONFIGS, 30.0),
        "express": Settings().fps,
    }
