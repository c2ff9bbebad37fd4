"""The CUDA backend; most of it needs a card."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from emotalker.engine.errors import UserError
from emotalker.engine.gaussians.cpu import rasterize_cpu
from emotalker.engine.gaussians.cuda import probe_cuda, rasterize_cuda
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.render.rasterizer import RasterProbe


@pytest.fixture
def card() -> None:
    """Skip where the backend does not run, with its own reason."""
    state = probe_cuda()
    if not state.ok:
        pytest.skip(state.reason)


def test_the_probe_speaks_plainly(scene: Callable) -> None:
    """The probe always answers in one sentence, and asking for a render without a card is a user error with it."""
    state = probe_cuda()
    assert "\n" not in state.reason
    if state.ok:
        return
    assert state.reason.endswith(".")
    gaussians, camera = scene(count=2)
    with pytest.raises(UserError) as caught:
        rasterize_cuda(gaussians, camera)
    assert caught.value.why == state.reason


@pytest.mark.cuda
@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("degree", [0, 3])
def test_same_picture_and_gradients_as_on_the_cpu(scene: Callable, degree: int) -> None:
    """Our kernels and gsplat agree: 50 dB, gradients within a percent, depth, probe."""
    gaussians, camera = scene(degree=degree)
    results = []
    for rasterizer, device in ((rasterize_cpu, "cpu"), (rasterize_cuda, "cuda")):
        leaves = [getattr(gaussians, name).to(device).clone().requires_grad_() for name in FIELDS]
        probe = RasterProbe()
        render = rasterizer(Gaussians(*leaves), camera, with_depth=True, probe=probe)
        gradients = torch.autograd.grad(render.rgb.square().sum() + render.alpha.sum(), leaves)
        tensors = [render.rgb, render.alpha, render.depth, *gradients, probe.means2d_grad]
        results.append([t.detach().cpu() for t in tensors])
    ours, theirs = results
    assert float((ours[0] - theirs[0]).square().mean()) < 1e-5
    for a, b in zip(ours, theirs):
        assert float((a - b).norm() / b.norm()) < 0.01


@pytest.mark.cuda
@pytest.mark.usefixtures("card")
def test_no_gaussians_on_the_card(scene: Callable) -> None:
    """Nothing renders as nothing."""
    gaussians, camera = scene(count=0)
    assert not rasterize_cuda(gaussians, camera).alpha.any()
