"""The training job: what it says in which order, and that it leaves the document alone."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Job, Notice, Outcome, Progress, StopToken
from emotalker.projects import STAGES, Project
from emotalker.projects.jobstate import ClipChecked, StageEnded, StagesPlanned, StageStarted
from emotalker.projects.lock import is_training
from emotalker.projects.recording import record
from emotalker.projects.train_job import CheckJob, TrainJob


@dataclass(frozen=True)
class Settings:
    """A stage's config."""

    steps: int = 2
    size: int = 64
    count: int = 100
    most: int = 100
    batch: int = 1
    frames: int = 8
    vgg_crop: int = 8
    vgg_every: int = 1
    deformation: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(n_anchors=10))
    refine: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(iterations=0, size=64))


@pytest.fixture
def lights(install: Callable[..., None]) -> dict[str, str]:
    """Small stages in the place of the real ones; colours of the check by file name."""
    colours: dict[str, str] = {}

    def stage(name: str, out: Path, config: Settings, stop: StopToken) -> Job:
        for step in range(config.steps):
            yield Progress(name, step + 1, config.steps)
            if colours.get("fails at") == name:
                raise UserError("It broke.", "It was old.", "Buy a new one.")
            if stop.requested:
                return Outcome.STOPPED
        return Outcome.FINISHED

    def build(*folders: Any) -> None:
        folders[4].mkdir(parents=True, exist_ok=True)

    def check(path: Path) -> SimpleNamespace:
        light = colours.get(path.stem, "green")
        return SimpleNamespace(light=light, findings=[] if light == "green" else [f"It is {light}."])

    same = SimpleNamespace(track=Settings(), fit=Settings(), express=Settings(), emote=Settings())
    install("emotalker.engine.presets", preset=lambda name: same)
    install("emotalker.engine.tracking.check", check_clip=check)
    install("emotalker.engine.tracking.stage", track=lambda c, o, g, s: stage("track", o, g, s))
    install("emotalker.engine.training.stage1", fit=lambda c, t, o, g, s, d: stage("fit", o, g, s))
    install("emotalker.engine.a2et.stage", express=lambda c, t, o, g, s, _f: stage("express", o, g, s))
    install("emotalker.engine.training.stage2", emote=lambda c, t, f, x, o, g, s, d: stage("emote", o, g, s))
    install("emotalker.engine.avatar.build", build=build)
    card = SimpleNamespace(ok=False, reason="No card is here.")
    install("emotalker.engine.gaussians.cuda", probe_cuda=lambda: card)
    return colours


@pytest.fixture
def filled(project: Project, clip: Callable[[str, int], Path]) -> Project:
    """A project with two clips."""
    project.add([clip("happy_level1.mp4", 0), clip("sad_level2.mp4", 1)])
    return project


def drain(job: Any, project: Project | None = None) -> tuple[list[Any], Outcome]:
    """All events of a job and how it ended; kept in `project` if one is given."""
    events = []
    while True:
        try:
            events.append(next(job))
        except StopIteration as end:
            return events, end.value
        if project is not None:
            record(project, events[-1])


def of(events: list[Any], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_a_training_tells_everything_and_writes_no_document(filled: Project, lights: dict) -> None:
    """Plan, checks, then each stage with start and end; project.json is untouched, and the lock is held meanwhile."""
    before = (filled.folder / "project.json").read_bytes()
    job = TrainJob(filled.folder, "draft")(StopToken())
    next(job)
    assert is_training(filled.folder)
    events, outcome = drain(job)
    assert outcome is Outcome.FINISHED
    assert not is_training(filled.folder)
    assert (filled.folder / "project.json").read_bytes() == before
    assert list(of(events, StagesPlanned)[0].seconds) == ["check", *STAGES]
    assert [e.clip for e in of(events, ClipChecked)] == ["happy_level1", "sad_level2"]
    assert [(e.stage, e.index, e.count) for e in of(events, StageStarted)] == [(s, i, 5) for i, s in enumerate(STAGES)]
    assert [(e.record.stage, e.record.outcome) for e in of(events, StageEnded)] == [(s, "finished") for s in STAGES]
    assert {e.record.preset for e in of(events, StageEnded)} == {"draft"}


def test_what_it_tells_is_kept_by_the_owner(filled: Project, lights: dict) -> None:
    """Recorded, a second training has nothing to do and says so."""
    events, _ = drain(TrainJob(filled.folder, "draft")(StopToken()), filled)
    assert any("No card is here." in e.text for e in of(events, Notice))
    opened = Project.open(filled.folder)
    assert [r.stage for r in opened.manifest.runs] == list(STAGES)
    assert {c.check.light for c in opened.clips if c.check is not None} == {"green"}
    events, outcome = drain(TrainJob(filled.folder, "draft")(StopToken()))
    assert outcome is Outcome.FINISHED
    assert of(events, StageStarted) == []
    assert all("up to date" in e.text for e in of(events, Notice))


def test_red_clips_end_it_before_any_stage_with_words_for_window_and_command_line(
    filled: Project, lights: dict
) -> None:
    """The verdicts are told first, so that they can be kept; then the error."""
    lights["sad_level2"] = "red"
    events = []
    job = TrainJob(filled.folder, "draft")(StopToken())
    with pytest.raises(UserError) as caught:
        events.extend(job)
    assert "It is red." in caught.value.why
    assert "page Prepare" in caught.value.what_to_do
    assert "emotalker-cli remove" in caught.value.what_to_do
    assert not is_training(filled.folder)
    assert of(events, StageStarted) == []


def test_yellow_clips_are_one_warning(filled: Project, lights: dict) -> None:
    """However many there are, the window shows one message."""
    lights["sad_level2"] = lights["happy_level1"] = "yellow"
    events, _ = drain(TrainJob(filled.folder, "draft")(StopToken()))
    (warning,) = [e for e in of(events, Notice) if e.level == "warning"]
    assert warning.text == "happy_level1: It is yellow.\nsad_level2: It is yellow."


def test_a_stop_ends_the_running_stage_and_the_rest(filled: Project, lights: dict) -> None:
    """The stopped stage is told as stopped, and no other starts."""
    stop = StopToken()
    events: list[Any] = []
    job = TrainJob(filled.folder, "draft")(stop)
    while not (events and isinstance(events[-1], Progress) and events[-1].stage == "fit"):
        events.append(next(job))
    stop.request()
    rest, outcome = drain(job)
    assert outcome is Outcome.STOPPED
    assert [(e.record.stage, e.record.outcome) for e in of(rest, StageEnded)] == [("fit", "stopped")]


def test_a_failing_stage_is_told_before_the_error(filled: Project, lights: dict) -> None:
    """The history shows the failure too."""
    lights["fails at"] = "express"
    events: list[Any] = []
    with pytest.raises(UserError, match="It broke"):
        events.extend(TrainJob(filled.folder, "draft")(StopToken()))
    assert events[-1].record.outcome == "failed"
    assert not is_training(filled.folder)


def test_a_card_that_is_wanted_but_missing_ends_it_at_once(filled: Project, lights: dict) -> None:
    """Before anything was computed."""
    with pytest.raises(UserError, match="CUDA"):
        next(TrainJob(filled.folder, "draft", "cuda")(StopToken()))


def test_only_one_training_at_a_time(filled: Project, lights: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock of another living process is respected."""
    monkeypatch.setattr("emotalker.projects.lock._holder", lambda path, own=False: 1)
    with pytest.raises(UserError, match="being trained already"):
        next(TrainJob(filled.folder, "draft")(StopToken()))


def test_a_single_stage_can_be_run_again(filled: Project, lights: dict) -> None:
    """`restart` with one stage runs it though it is up to date."""
    drain(TrainJob(filled.folder, "draft")(StopToken()))
    again = TrainJob(filled.folder, "draft", "cpu", restart=True, stages=("fit",))
    events, _ = drain(again(StopToken()))
    assert [e.stage for e in of(events, StageStarted)] == ["fit"]


def test_check_job_looks_at_some_clips_or_all(filled: Project, lights: dict) -> None:
    """It tells verdicts and stops between clips."""
    events, _ = drain(CheckJob(filled.folder, ("sad_level2",))(StopToken()))
    assert [e.clip for e in of(events, ClipChecked)] == ["sad_level2"]
    events, _ = drain(CheckJob(filled.folder)(StopToken()))
    assert len(of(events, ClipChecked)) == 2
    stopped = StopToken()
    stopped.request()
    events, outcome = drain(CheckJob(filled.folder)(stopped))
    assert (of(events, ClipChecked), outcome) == ([], Outcome.STOPPED)


def test_jobs_can_go_to_another_process(filled: Project) -> None:
    """Plain data, and describing them imports nothing heavy beyond what is there."""
    for job in (TrainJob(filled.folder, "draft"), CheckJob(filled.folder, ("a",))):
        assert pickle.loads(pickle.dumps(job)) == job
    assert "emotalker.projects.train_job" in sys.modules
