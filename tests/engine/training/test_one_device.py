"""Everything a step of training touches lies on its device.

PyTorch's "meta" device has shapes and no numbers, and refuses to be mixed with the CPU as a card does; so what would
fail on a card fails here, on every computer. What numbers come out is for the tests that need a card.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from emotalker.engine.emotion.deformation import DeformationConfig
from emotalker.engine.gaussians.gaussians import Gaussians
from emotalker.engine.head.folder import head_of
from emotalker.engine.metrics import perceptual
from emotalker.engine.metrics.perceptual import BLOCKS, LAYERS, Vgg16
from emotalker.engine.training import late, stage1, stage2
from emotalker.engine.training.config import Stage1Config, Stage2Config
from emotalker.engine.training.frames import TrainingFrames

SIZE = 96
DEVICE = "meta"


@pytest.fixture(autouse=True)
def numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a step reads a number back, any will do; pictures come from all attributes of the Gaussians at once."""
    on_cpu, to = Tensor.cpu, Tensor.to

    def fetched(self: Tensor) -> Tensor:
        return torch.rand(self.shape).to(self.dtype) if self.device.type == DEVICE else on_cpu(self)

    def moved(self: Tensor, *args: Any, **named: Any) -> Tensor:
        return fetched(self) if args[:1] == ("cpu",) else to(self, *args, **named)

    def rasterize(gaussians: Gaussians, *_: object, **__: object) -> SimpleNamespace:
        parts = [getattr(gaussians, f.name) for f in fields(gaussians)]
        assert {p.device.type for p in parts} == {DEVICE}
        light = sum(p.sum() for p in parts)
        rgb, alpha = (light * torch.ones(SIZE, SIZE, *rest, device=DEVICE) for rest in ((3,), ()))
        seen = torch.ones(len(gaussians), device=DEVICE)
        return SimpleNamespace(rgb=rgb, alpha=alpha, means2d=gaussians.means[:, :2] * 1, radii=seen, visible=seen > 0)

    event = SimpleNamespace(record=lambda: None, synchronize=lambda: None)
    monkeypatch.setattr(late.torch.cuda, "Event", lambda: event)
    monkeypatch.setattr(Tensor, "cpu", fetched)
    monkeypatch.setattr(Tensor, "to", moved)
    monkeypatch.setattr(Tensor, "__float__", lambda self: float(fetched(self).numpy()))
    for stage in (stage1, stage2):
        monkeypatch.setattr(stage, "rasterize", rasterize)


def untrained_vgg() -> Vgg16:
    """The network of the perceptual loss without its weights, which are not on every computer."""
    weights, before = {}, 3
    for layer, after in zip(LAYERS, (c for block in BLOCKS for c in block)):
        weights |= {f"features.{layer}.weight": torch.zeros(after, before, 3, 3)}
        weights |= {f"features.{layer}.bias": torch.zeros(after)}
        before = after
    return Vgg16(weights)


def test_stage_one(person: Any) -> None:
    """Ten steps, with densifying among them."""
    config = Stage1Config(steps=100, count=900, most=1000, size=SIZE, densify_every=8, densify_from=0.0)
    with closing(TrainingFrames(head_of(person.track_dir), person.clips, person.track_dir, SIZE, 2.0)) as frames:
        trainer = stage1.Stage1Trainer(frames, config, DEVICE)
        for number in range(10):
            terms = trainer.train_step(frames.read(number))
    assert all(term.device.type == DEVICE for term in terms.values())


@pytest.mark.parametrize("left_out", [{}, {"without_ngi": True, "grey_count": 800}])
def test_stage_two(
    fitted: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_out: dict[str, Any]
) -> None:
    """Tracked and heard frames, with the perceptual loss and the term of steadiness."""
    monkeypatch.setattr(perceptual, "_loaded", lambda: (untrained_vgg(), ()))
    adam = torch.optim.Adam
    monkeypatch.setattr(torch.optim, "Adam", lambda parameters, lr, fused=False: adam(parameters, lr=lr))
    ada = fitted(tmp_path, "ada", 900)
    config = Stage2Config(
        steps=10, size=SIZE, vgg_every=1, weight_vgg=0.1, deformation=DeformationConfig(n_anchors=120), **left_out
    )
    frames = TrainingFrames(head_of(ada.track_dir), ada.clips, ada.track_dir, SIZE, 2.0, ada.fit_dir)
    with closing(frames):
        trainer = stage2.Stage2Trainer(frames, ada.fit_dir / stage2.MODEL, ada.express_dir, config, DEVICE)
        for driven in trainer.driven:
            driven.has_sound = True
        terms = [trainer.train_step([frames.read(n) for n in range(4)]) for _ in range(2)]
    assert {"vgg", "steady", "flame"} <= terms[0].keys()
