"""Both stages on a card: the same losses and steps as on the CPU, and no waiting but gsplat's own."""

from __future__ import annotations

import warnings
from contextlib import closing
from pathlib import Path

import pytest
import torch

from emotalker.engine.emotion.deformation import DeformationConfig
from emotalker.engine.gaussians.cuda import probe_cuda
from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.folder import head_of
from emotalker.engine.metrics.perceptual import available
from emotalker.engine.training.adam import FusedAdam
from emotalker.engine.training.config import Stage1Config, Stage2Config
from emotalker.engine.training.frames import TrainingFrames
from emotalker.engine.training.stage1 import Stage1Trainer
from emotalker.engine.training.stage2 import MODEL, Stage2Trainer

pytestmark = [pytest.mark.cuda, pytest.mark.usefixtures("card")]


@pytest.fixture
def card() -> None:
    """Skip where the backend does not run, with its own reason."""
    state = probe_cuda()
    if not state.ok:
        pytest.skip(state.reason)


def test_adam_moves_alike() -> None:
    """Five steps with factors for columns end where the CPU's end."""
    ends = []
    for device in ("cpu", "cuda"):
        parameter = torch.zeros(100, 14, device=device, requires_grad=True)
        optimizer = FusedAdam([{"params": [parameter], "lr": 0.1, "columns": torch.linspace(0.1, 1, 14).to(device)}])
        for step in range(5):
            parameter.grad = torch.linspace(-1, 1, 1400).reshape(100, 14).to(device) * (step + 1)
            optimizer.step()
        ends.append(parameter.detach().cpu())
    torch.testing.assert_close(*ends, rtol=1e-4, atol=1e-5)


def test_steps_on_the_card_follow_those_on_the_cpu(person) -> None:
    """Ten steps with the same frames lose the same within a few percent; densifying works; one wait a step."""
    config = Stage1Config(steps=100, count=900, most=1000, size=96, densify_every=8, densify_from=0.0)
    losses = []
    for device in ("cpu", "cuda"):
        frames = TrainingFrames(load_default_head(), person.clips, person.track_dir, 96, config.weight_mouth)
        with closing(frames):
            trainer = Stage1Trainer(frames, config, device)
            for number in range(10):
                terms = trainer.train_step(frames.read(number))
            losses.append(trainer.metrics(terms)["loss"])
            if device == "cuda":
                torch.cuda.set_sync_debug_mode("warn")
                with warnings.catch_warnings(record=True) as waits:
                    warnings.simplefilter("always")
                    trainer.train_step(frames.read(10))
                torch.cuda.set_sync_debug_mode("default")
                assert len(waits) <= 1, [f"{w.filename}:{w.lineno}" for w in waits]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


def test_stage_two_follows_the_cpu(fitted, tmp_path: Path) -> None:
    """Two steps, the second behind the optimiser, with the perceptual loss where its network is at hand."""
    ada = fitted(tmp_path, "ada", 900)
    config = Stage2Config(
        steps=20, size=96, vgg_every=1, weight_vgg=0.1 if available() else 0.0,
        deformation=DeformationConfig(n_anchors=120),
    )  # fmt: skip
    losses = []
    for device in ("cpu", "cuda"):
        frames = TrainingFrames(head_of(ada.track_dir), ada.clips, ada.track_dir, 96, config.weight_mouth, ada.fit_dir)
        with closing(frames):
            trainer = Stage2Trainer(frames, ada.fit_dir / MODEL, ada.express_dir, config, device)
            batch = [frames.read(number) for number in range(3)]
            losses.append([trainer.train_step(batch)["loss"] for _ in range(2)])
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
