"""The benchmark: a fair opponent and the keys the command line promises."""

from __future__ import annotations

import pytest
import torch

from emotalker.engine import assets
from emotalker.engine.bench import tracking
from emotalker.engine.bench.run import bench, nested
from emotalker.engine.bench.scene import head_blob
from emotalker.engine.bench.torch_tiles import rasterize_torch_tiles
from emotalker.engine.errors import UserError
from emotalker.engine.gaussians.cpu import rasterize_cpu
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.jobs import Metric, Notice, Progress
from emotalker.engine.synthetic.sample import SampleConfig


def drain(parts: tuple[str, ...]) -> tuple[list, dict]:
    """Events and result of a benchmark."""
    job, events = bench(parts), []
    while True:
        try:
            events.append(next(job))
        except StopIteration as end:
            return events, end.value


def test_the_torch_opponent_does_the_same_work() -> None:
    """The tiled torch rasterizer renders our picture and gradients, so the ratio compares like with like."""
    gaussians, camera = head_blob(400, 70)
    results = []
    for rasterizer in (rasterize_cpu, rasterize_torch_tiles):
        leaves = [getattr(gaussians, name).clone().requires_grad_() for name in FIELDS]
        render = rasterizer(Gaussians(*leaves), camera)
        gradients = torch.autograd.grad(render.rgb.square().sum() + render.alpha.sum(), leaves)
        results.append([render.rgb.detach(), render.alpha.detach(), *gradients])
    for ours, theirs in zip(*results):
        assert float((ours - theirs).norm() / theirs.norm()) < 1e-3


def test_the_scene_fills_the_middle_of_the_frame() -> None:
    """The blob covers about 60 % of the height, mostly opaque, as promised beside the figures."""
    gaussians, camera = head_blob(5000, 128)
    alpha = rasterize_cpu(gaussians, camera).alpha
    rows = (alpha > 0.5).any(1).nonzero()
    assert 0.55 < float(rows.max() - rows.min()) / 128 < 0.7
    assert float(alpha[64, 64]) > 0.9


def test_figures_come_nested_and_as_metrics() -> None:
    """A part yields progress and its figures, and the result is nested by the dots of their names."""
    events, figures = drain(("playback",))
    assert figures["playback"]["n20000_s512"]["fps"] > 0
    assert any(isinstance(e, Metric) and "playback.n20000_s512.fps" in e.values for e in events)
    assert events[-1] == Progress("bench", 1, 1, "parts")


def test_a_part_that_is_not_there_is_said() -> None:
    """An unknown part makes a notice, not a crash."""
    events, figures = drain(("no_such_part",))
    assert figures == {}
    assert any(isinstance(e, Notice) and "no_such_part" in e.text for e in events)


def test_nested_keys() -> None:
    """Dots become levels."""
    assert nested({"a.b.c": 1.0, "a.b.d": 2.0, "e": 3.0}) == {"a": {"b": {"c": 1.0, "d": 2.0}}, "e": 3.0}


@pytest.mark.slow
def test_our_kernels_beat_torch() -> None:
    """Same run, same machine: the rasterizer at least 10 times and SSIM at least 8 times faster than torch."""
    _, figures = drain(("raster", "dssim"))
    assert figures["raster"]["cpu"]["n20000_s512"]["torch_ratio"] >= 10
    assert figures["dssim"]["s512"]["torch_ratio"] >= 8


def test_a_part_whose_models_are_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """One part that cannot run takes no other part's figures with it."""

    def measure() -> dict[str, float]:
        raise UserError("The landmark model is missing.", "It was never fetched.", "Fetch it.")

    monkeypatch.setattr(tracking, "measure", measure)
    events, figures = drain(("tracking",))
    assert figures == {}
    assert any(isinstance(e, Notice) and "landmark model" in e.text for e in events)


@pytest.mark.slow
@pytest.mark.assets
def test_tracking_speed_has_its_key() -> None:
    """A short, small film is tracked whole and its speed told."""
    if any(
        assets.path(name) is None for name in ("face_landmarker", "face_detector_full_range", "selfie_segmentation")
    ):
        pytest.skip("the tracking models are not fetched")
    figures = tracking.measure(SampleConfig(size=192, seconds=1.6, emotions=("neutral",)))
    assert figures["tracking.frames_per_s"] > 1
    assert 0 < figures["tracking.reprojection_percent"] < 5
