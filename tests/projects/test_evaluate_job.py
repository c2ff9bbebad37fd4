"""Judging a project as a job: what it refuses, how it stops and goes on, variants trained once, the old report kept."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Notice, Outcome, Progress, StopToken
from emotalker.engine.metrics.kept import Kept
from emotalker.projects import evaluate_job, twin_judge
from emotalker.projects.ablations import VARIANTS, variant_config
from emotalker.projects.evaluate_job import EvaluateJob, is_outdated, read_report
from emotalker.projects.record import StageRecord, write_record


@dataclasses.dataclass(frozen=True)
class Network:
    mask_null: bool = False


@dataclasses.dataclass(frozen=True)
class Stage2:
    without_egd: bool = False
    without_a2et: bool = False
    deformation: Network = dataclasses.field(default_factory=Network)


def test_a_variant_is_the_same_settings_with_one_part_taken_out() -> None:
    """Switches of the stage and of its network; a switch that is not there is not made up."""
    whole = Stage2()
    found = {name: variant_config(name, whole) for name in VARIANTS}
    assert found["without_egd"] == Stage2(without_egd=True)
    assert found["without_a2et"] == Stage2(without_a2et=True)
    assert found["mask_null"] == Stage2(deformation=Network(mask_null=True))
    assert found["without_ngi"] is None


class Fake:
    """A project, its twin and small measurements that count how often they are made."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, []
        self.held: tuple[str, ...] = ("happy",)
        self.manifest = SimpleNamespace(name="Ada", preset="tiny", fps=25.0)
        self.pack("one")

    def stage_folder(self, stage: str) -> Path:
        return self.folder / "runs" / stage

    def held_out(self) -> tuple[str, ...]:
        return self.held

    def clip_inputs(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(id="happy", held_out=True), SimpleNamespace(id="sad", held_out=False)]

    def pack(self, fingerprint: str) -> None:
        """A twin made from something."""
        write_record(self.stage_folder("avatar"), StageRecord("avatar", fingerprint, {}, True, "cpu", "now"))

    def evaluate(
        self, clips: Any, tracks: Path, twin: Path, out: Path, stop: StopToken, size: int, **tools: Any
    ) -> Any:
        kept = tools["kept"]
        if kept is None or kept.get("happy") is None:
            self.log.append(f"judged {twin.parent.name}/{twin.name}")
            yield Progress("evaluate", 1, 2, "frames")
            if stop.requested:
                return Outcome.STOPPED
            if kept is not None:
                kept.put("happy", 1)
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.json").write_text(json.dumps({"audio": {"psnr": 30.0}, "settings": {"held_out": ["happy"]}}))
        return Outcome.FINISHED

    def judge_twin(self, project: Any, out: Path, voices: Any, films: bool, kept: Any, stop: StopToken) -> Any:
        self.log.append("twin")
        yield Progress("emotions", 1, 1, "levels")
        return None if stop.requested else {"speed": {"fps": 50.0, "size": 512, "gaussians": 9, "cores": 1}}

    def bind(self, project: Any, stage: str, configs: Any, device: str = "cpu") -> Any:
        config = configs["emote"]
        return StageStandIn({"config": repr(config)}, self.folder, self)


@dataclasses.dataclass(frozen=True)
class StageStandIn:
    parts: dict[str, str]
    out: Path
    fake: Fake
    inputs: dict[str, Path] = dataclasses.field(
        default_factory=lambda: dict.fromkeys(("track", "fit", "express"), Path())
    )
    clips: tuple[str, ...] = ()
    name: str = "Ada"

    def __call__(self, stop: StopToken) -> Iterator[Any]:
        self.fake.log.append(f"trained {self.out.parent.name}")
        yield Progress("emote", 1, 1, "steps")
        return Outcome.STOPPED if stop.requested else Outcome.FINISHED


@pytest.fixture
def fake(tmp_path: Path, install: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Fake:
    """The project, with stand-ins for all that computes."""
    fake = Fake(tmp_path / "Größe")
    monkeypatch.setattr(evaluate_job.Project, "open", lambda folder: fake)
    monkeypatch.setattr(evaluate_job, "statuses", lambda *_: [SimpleNamespace(must_run=False)] * 5)
    monkeypatch.setattr(evaluate_job, "stage_configs", lambda *_: {"emote": Stage2()})
    install("emotalker.engine.presets", preset=lambda name: name)
    install("emotalker.engine.metrics.evaluate", evaluate=fake.evaluate)
    install("emotalker.projects.twin_judge", judge_twin=fake.judge_twin)
    install("emotalker.engine.avatar", ClipRenderer=lambda *_a, **_k: None)
    install("emotalker.engine.avatar.build", build=lambda *_: fake.log.append("packed"))
    install("emotalker.engine.tracking.observing.landmarker", FaceLandmarker=lambda: SimpleNamespace(detect=None))
    monkeypatch.setattr("emotalker.projects.ablations.bind", fake.bind)
    return fake


def run(job: EvaluateJob, stop_after: int | None = None) -> tuple[Outcome, list[Any]]:
    """Iterate; stop after some events."""
    stop, events = StopToken(), []
    running = job(stop)
    try:
        while True:
            events.append(next(running))
            if isinstance(events[-1], Progress) and stop_after is not None:
                stop_after -= 1
                if stop_after <= 0:
                    stop.request()
    except StopIteration as end:
        return end.value, events


def test_a_report_is_written_and_knows_its_twin(fake: Fake) -> None:
    """Figures and page lie in runs/evaluate; a twin packed anew makes it outdated."""
    assert read_report(fake) is None
    outcome, _ = run(EvaluateJob(fake.folder))
    assert outcome is Outcome.FINISHED
    report = read_report(fake)
    assert report is not None
    assert report["audio"] == {"psnr": 30.0}
    assert report["twin"]["speed"]["fps"] == 50.0
    assert report["about"]["project"] == "Ada"
    assert all("reason" in entry for entry in report["ablations"].values())
    assert sorted(p.name for p in fake.stage_folder("evaluate").iterdir()) == ["report.html", "report.json"]
    assert not is_outdated(fake, report)
    fake.pack("two")
    assert is_outdated(fake, report)


def test_stopped_it_goes_on_and_the_old_report_stays_meanwhile(fake: Fake) -> None:
    """Clips that were judged are not judged again; of another twin they are."""
    run(EvaluateJob(fake.folder))
    first = (fake.stage_folder("evaluate") / "report.json").read_text()
    fake.pack("two")
    fake.log.clear()
    assert run(EvaluateJob(fake.folder), stop_after=2)[0] is Outcome.STOPPED
    assert fake.log == ["judged runs/avatar", "twin"]
    assert (fake.stage_folder("evaluate") / "report.json").read_text() == first
    outcome, events = run(EvaluateJob(fake.folder))
    assert outcome is Outcome.FINISHED
    assert fake.log == ["judged runs/avatar", "twin", "twin"]
    assert any(isinstance(e, Notice) and "Going on" in e.text for e in events)
    run(EvaluateJob(fake.folder), stop_after=2)
    fake.pack("three")
    fake.log.clear()
    run(EvaluateJob(fake.folder))
    assert fake.log[0] == "judged runs/avatar"


def test_clips_that_were_judged_are_kept_when_only_the_voices_differ(
    fake: Fake, install: Callable[..., None], tmp_path: Path
) -> None:
    """What came of the clips does not hang on whose voice is tried after them."""
    voice = tmp_path / "voice.wav"
    voice.touch()
    install("emotalker.engine.avatar.hearing", read_speech=lambda path: path)
    assert run(EvaluateJob(fake.folder, voices=(voice,)), stop_after=2)[0] is Outcome.STOPPED
    fake.log.clear()
    assert run(EvaluateJob(fake.folder))[0] is Outcome.FINISHED
    assert fake.log == ["twin"]


def test_what_was_measured_of_a_voice_belongs_to_that_voice(install: Callable[..., None], tmp_path: Path) -> None:
    """Another voice in its place is measured anew, the same one is not; films of voices no longer asked for go."""
    asked: list[str] = []

    def judge_voice(avatar: Any, voice: Path, label: Any, detect: Any, listener: Any, film: Path, stop: Any) -> Any:
        asked.append(voice.name)
        film.touch()
        yield Progress("other voices", 1, 1, "frames")
        return {"voice": voice.name, "film": film.name}

    install("emotalker.engine.metrics.listening", best_listener=lambda: None)
    labels = [("neutral", 0.0)]
    install("emotalker.engine.metrics.twin.cross", judge_voice=judge_voice, labels_for=lambda _: labels)
    install("emotalker.engine.tracking.observing.landmarker", FaceLandmarker=lambda: SimpleNamespace(detect=None))
    voices = [tmp_path / f"{name}.wav" for name in "abc"]
    for voice in voices:
        voice.touch()
    kept = Kept(tmp_path / "parts", "a twin")

    def measured(*chosen: Path) -> list[str]:
        asked.clear()
        rows, twin = [], SimpleNamespace(recorded=())

        def judging() -> Iterator[Any]:
            rows.extend((yield from twin_judge._cross(twin, tmp_path, chosen, True, kept, StopToken())))

        list(judging())
        return [row["voice"] for row in rows]

    a, b, c = voices
    assert measured(a, b) == ["a.wav", "b.wav"] == asked
    assert measured(a, b) == ["a.wav", "b.wav"]
    assert asked == []
    assert measured(c) == ["c.wav"] == asked
    assert [film.name for film in tmp_path.glob("*.mp4")] == ["voice_1_neutral.mp4"]


def test_variants_are_trained_once_and_told_ever_after(fake: Fake) -> None:
    """A second evaluation, also one without the option, takes the variants' figures from the disk."""
    run(EvaluateJob(fake.folder, ablations=True, device="cpu"))
    assert [line for line in fake.log if line.startswith("trained")] == [
        "trained without_egd", "trained without_a2et", "trained mask_null"
    ]  # fmt: skip
    fake.log.clear()
    run(EvaluateJob(fake.folder))
    assert not [line for line in fake.log if line.startswith("trained")]
    report = read_report(fake)
    assert report is not None
    assert report["ablations"]["mask_null"]["figures"]["audio"] == {"psnr": 30.0}
    assert "no switch" in report["ablations"]["without_ngi"]["reason"]
    assert "30.00" in (fake.stage_folder("evaluate") / "report.html").read_text(encoding="utf-8")


def test_what_cannot_be_judged_is_refused_before_any_work(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """No held-out clip, a voice that is gone, a size nobody means, a twin older than the project."""
    for job, said in (
        (EvaluateJob(fake.folder, size=4000), "cannot be judged"),
        (EvaluateJob(fake.folder, voices=(fake.folder / "no.wav",)), "is not there"),
    ):
        with pytest.raises(UserError, match=said):
            run(job)
    behind = SimpleNamespace(must_run=True, reason="Tracking must run again.")
    monkeypatch.setattr(evaluate_job, "statuses", lambda *_: [behind] * 5)
    with pytest.raises(UserError, match="no twin"):
        run(EvaluateJob(fake.folder))
    fake.held = ()
    with pytest.raises(UserError, match="held-out"):
        run(EvaluateJob(fake.folder))
    assert fake.log == []
