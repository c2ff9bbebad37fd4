"""Stage 2 learns, stops and goes on, and can be left out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.a2et.config import ExpressConfig
from emotalker.engine.a2et.stage import express
from emotalker.engine.assets import path as asset_path
from emotalker.engine.avatar.build import build
from emotalker.engine.avatar.clips import ClipRenderer
from emotalker.engine.emotion.deformation import DeformationConfig
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays
from emotalker.engine.jobs import Event, Metric, Outcome, StopToken, run
from emotalker.engine.training.config import Stage1Config, Stage2Config
from emotalker.engine.training.stage1 import fit
from emotalker.engine.training.stage2 import emote

pytestmark = [
    pytest.mark.assets,
    pytest.mark.skipif(asset_path("whisper_tiny_en") is None, reason="the speech encoder is not on this computer"),
]
CONFIG = Stage2Config(
    steps=12, size=96, weight_vgg=0.0, preview_every=6, lr=3e-3, deformation=DeformationConfig(n_anchors=200)
)


@dataclass(frozen=True)
class Stages:
    """Folders of the stages before."""

    clips: list
    track: Path
    fit: Path
    express: Path


@pytest.fixture(scope="module")
def stages(person, tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """A small stage 1 and A2ET of the sample person."""
    folder = tmp_path_factory.mktemp("stages")
    small = Stage1Config(steps=30, count=900, most=900, size=96)
    run(fit(person.clips, person.track_dir, folder / "fit", small, StopToken()))
    tiny = ExpressConfig(steps=6, batch=2, frames=16, neutral_layers=1, emotion_layers=1)
    run(express(person.clips, person.track_dir, folder / "express", tiny, StopToken()))
    return Stages(person.clips, person.track_dir, folder / "fit", folder / "express")


def train(s: Stages, out: Path, config: Stage2Config, stop_at: int | None = None) -> tuple[Outcome, list[Metric]]:
    """Run stage 2, asking it to stop at a step."""
    stop, metrics = StopToken(), []

    def listen(event: Event) -> None:
        if isinstance(event, Metric):
            metrics.append(event)
            if stop_at is not None and event.step >= stop_at:
                stop.request()

    return run(emote(s.clips, s.track, s.fit, s.express, out, config, stop), listen), metrics


def test_stopped_and_resumed_equals_uninterrupted(stages: Stages, tmp_path: Path) -> None:
    """A run stopped in the middle ends bit-equal, and its losses are finite."""
    outcome, metrics = train(stages, tmp_path / "whole", CONFIG)
    assert outcome is Outcome.FINISHED
    assert all(np.isfinite(v) for m in metrics for v in m.values.values())
    assert train(stages, tmp_path / "parts", CONFIG, stop_at=10)[0] is Outcome.STOPPED
    assert train(stages, tmp_path / "parts", CONFIG)[0] is Outcome.FINISHED
    whole, parts = (read_arrays(tmp_path / name / "model.safetensors")[0] for name in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    for name in whole:
        np.testing.assert_array_equal(whole[name], parts[name], err_msg=name)


def test_the_twin_differs_with_and_without_it(stages: Stages, tmp_path: Path) -> None:
    """The packed twin renders the clip; leaving stage 2 out gives another picture, not an error."""
    pictures = []
    for name, config in (("with", CONFIG), ("without", Stage2Config(without_egd=True))):
        train(stages, tmp_path / name, config)
        twin = build(
            stages.track, stages.fit, stages.express, tmp_path / name, tmp_path / f"{name}-twin", stages.clips, "T"
        )
        pictures.append(ClipRenderer(twin, stages.track, stages.clips).tracked("happy_level2", 5, 96).astype(int))
    difference = np.abs(pictures[0] - pictures[1])
    assert difference.max() > 2
    assert difference.mean() < 20


def test_a_missing_stage_is_named(stages: Stages, tmp_path: Path) -> None:
    """Without stage 1 the error says what to run."""
    with pytest.raises(UserError, match="cannot start"):
        run(emote(stages.clips, stages.track, tmp_path, stages.express, tmp_path / "out", CONFIG, StopToken()))
