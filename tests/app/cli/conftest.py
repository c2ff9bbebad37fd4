"""The command line with small stages in the place of the real ones."""

from __future__ import annotations

import dataclasses
import importlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from emotalker.app.cli import app
from emotalker.engine.jobs import Job, Metric, Notice, Outcome, Preview, Progress, StopToken
from emotalker.engine.media import Mp4Writer

Run = Callable[..., Result]


@dataclasses.dataclass(frozen=True)
class Settings:
    """A stage's config."""

    steps: int = 3
    size: int = 64
    count: int = 100
    most: int = 100
    batch: int = 1
    frames: int = 8
    vgg_crop: int = 8
    vgg_every: int = 1
    deformation: SimpleNamespace = dataclasses.field(default_factory=lambda: SimpleNamespace(n_anchors=10))
    refine: SimpleNamespace = dataclasses.field(default_factory=lambda: SimpleNamespace(iterations=0, size=64))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line, in a folder of its own, with the log there too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMOTALKER_LOGS", str(tmp_path / "logs"))

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with six labelled clips of 8 frames."""
    folder = tmp_path_factory.mktemp("footage")
    for number, name in enumerate(f"{emotion}_level{level}" for emotion in ("happy", "sad") for level in (1, 2, 3)):
        picture = np.random.default_rng(number).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        with Mp4Writer(folder / f"{name}.mp4", 64, 64, 25.0) as writer:
            for _ in range(8):
                writer.write(picture)
    return folder


@pytest.fixture
def project(run: Run, footage: Path, tmp_path: Path) -> Path:
    """A project with the six clips."""
    folder = tmp_path / "Größe Ä"
    assert run("new", folder, "--name", "Ada").exit_code == 0
    shutil.copytree(footage, tmp_path / "clips")
    assert run("add", folder, *sorted((tmp_path / "clips").iterdir())).exit_code == 0
    return folder


class Engine:
    """Small stages that count their steps in a file; tests look at `log` and may set `at_step`."""

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.verdicts: dict[str, SimpleNamespace] = {}
        self.at_step: Callable[[str, int], None] = lambda stage, step: None

    def stage(self, name: str, out: Path, config: Settings, stop: StopToken) -> Job:
        """Steps, a metric, a preview and a notice; a checkpoint after every step."""
        count = out / "count"
        done = int(count.read_text()) if count.exists() else 0
        self.log.append((name, done))
        yield Notice(name, f"{name} starts at [{done}]")
        while done < config.steps:
            if stop.requested:
                return Outcome.STOPPED
            done += 1
            count.write_text(str(done))
            self.at_step(name, done)
            yield Progress(name, done, config.steps)
            yield Metric(name, done, {"loss": 1 / done})
            yield Preview(name, done, out / "preview.png")
        return Outcome.FINISHED

    def preset(self, name: str) -> SimpleNamespace:
        """Presets differ in the steps of fitting alone."""
        fit = Settings({"tiny": 1, "draft": 3, "standard": 4, "best": 5}[name])
        return SimpleNamespace(track=Settings(), fit=fit, express=Settings(), emote=Settings())

    def build(self, track: Path, fit: Path, express: Path, emote: Path, out: Path, clips: Any, name: str) -> Path:
        """Packs nothing."""
        self.log.append(("avatar", name))
        out.mkdir(parents=True, exist_ok=True)
        (out / "avatar.json").write_text("{}")
        return out

    def render_video(self, twin: Path, audio: Path, out: Path, *rest: Any) -> Job:
        """Writes the arguments in the place of a film."""
        *view, stop = rest
        assert isinstance(stop, StopToken)
        assert (twin / "avatar.json").is_file()
        yield Progress("render", 1, 1, "frames")
        out.write_text(json.dumps([audio.name, *view]))
        return Outcome.FINISHED

    def evaluate(
        self, clips: Any, tracks: Path, twin: Path, out: Path, stop: StopToken, size: int, **tools: Any
    ) -> Job:
        """Figures that are easy to find again in a table."""
        assert tools["renderer"](twin) == (twin, tracks, clips, tracks.parent / "fit")
        assert tools["drives"] == ("tracked", "audio")  # nothing here was refined
        assert tools["detect"](None).points == "points"
        yield Progress("evaluate", 1, 1, "clips")
        ours = {"psnr": 31.25, "ssim": 0.9, "lpips": 0.1, "psnr_face": 28.5, "psnr_mouth": 26.5}
        trivial = {"psnr": 27.5, "psnr_face": 22.5, "psnr_mouth": 21.5}
        figures = {"tracked": ours, "audio": {**ours, "m_ld": 2.5, "f_ld": 3.5}}
        figures |= {"baseline_mean": trivial, "baseline_nearest": {**trivial, "psnr": 29.875}}
        held = [clip.id for clip in clips if clip.held_out]
        out.mkdir(parents=True, exist_ok=True)
        settings = {"held_out": held, "training": [clip.id for clip in clips if not clip.held_out]}
        report = {**figures, "clips": dict.fromkeys(held, figures), "settings": settings}
        (out / "report.json").write_text(json.dumps(report))
        return Outcome.FINISHED

    def judge_twin(self, project: Any, out: Path, voices: Any, films: bool, kept: Any, stop: StopToken) -> Any:
        """A speed, and which voices were heard."""
        yield Progress("emotions", 1, 1, "levels")
        if stop.requested:
            return None
        self.log.append(("voices", *(Path(voice).name for voice in voices)))
        return {"speed": {"fps": 61.5, "size": 512, "gaussians": 20_000, "cores": 2}}


@pytest.fixture
def engine(install: Callable[..., None]) -> Engine:
    """The small stages, in place; there is no CUDA card."""
    fake = Engine()
    install("emotalker.engine.presets", preset=fake.preset)
    good = SimpleNamespace(light="green", findings=[])
    install("emotalker.engine.tracking.check", check_clip=lambda path: fake.verdicts.get(path.stem, good))
    install("emotalker.engine.tracking.stage", track=lambda c, out, config, s: fake.stage("track", out, config, s))
    install("emotalker.engine.training.stage1", fit=lambda c, t, out, config, s, d: fake.stage("fit", out, config, s))
    install(
        "emotalker.engine.a2et.stage", express=lambda c, t, out, config, s, _f: fake.stage("express", out, config, s)
    )
    emote = {"emote": lambda c, t, f, x, out, config, s, d: fake.stage("emote", out, config, s)}
    install("emotalker.engine.training.stage2", **emote)
    importlib.import_module("emotalker.engine.avatar.hearing")  # this part of the package below is the real one
    install("emotalker.engine.avatar", ClipRenderer=lambda *arguments, fit_dir: (*arguments, fit_dir))
    install("emotalker.engine.avatar.build", build=fake.build)
    face = SimpleNamespace(detect=lambda picture: SimpleNamespace(points="points"))
    install("emotalker.engine.tracking.observing.landmarker", FaceLandmarker=lambda: face)
    install("emotalker.engine.render.video", render_video=fake.render_video)
    install("emotalker.engine.metrics.evaluate", evaluate=fake.evaluate)
    install("emotalker.projects.twin_judge", judge_twin=fake.judge_twin)
    install("emotalker.engine.gaussians.cuda", probe_cuda=lambda: SimpleNamespace(ok=False, reason="No card is here."))
    return fake
