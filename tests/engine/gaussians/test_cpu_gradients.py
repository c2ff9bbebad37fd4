"""The CPU rasterizer against the float64 dense reference."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu import rasterize_cpu
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.gaussians.reference import rasterize_reference
from emotalker.engine.render.rasterizer import RasterProbe


def leaves_of(gaussians: Gaussians, dtype: torch.dtype) -> Gaussians:
    """Fresh leaves of the same values."""
    return Gaussians(*(getattr(gaussians, name).to(dtype).clone().requires_grad_() for name in FIELDS))


def relative(ours: Tensor, truth: Tensor) -> float:
    """Norm of the difference over the norm."""
    return float((ours.detach().double() - truth.detach()).norm() / truth.detach().norm())


def pull(gaussians: Gaussians, camera: Camera, rasterizer: Callable, dtype: torch.dtype) -> tuple:
    """Render, take the gradient of random weights on colour and alpha; the render and the leaves."""
    generator = torch.Generator().manual_seed(7)
    on_rgb = torch.randn(camera.height, camera.width, 3, generator=generator).to(dtype)
    on_alpha = torch.randn(camera.height, camera.width, generator=generator).to(dtype)
    leaves = leaves_of(gaussians, dtype)
    render = rasterizer(leaves, camera, with_depth=True)
    ((render.rgb * on_rgb).sum() + (render.alpha * on_alpha).sum()).backward()
    return render, leaves


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_picture_and_gradients_match_float64(scene: Callable, degree: int) -> None:
    """Colour, alpha, depth and every gradient agree within 1e-4 relative for each degree of colour."""
    gaussians, camera = scene(degree=degree, seed=degree)
    ours, our_leaves = pull(gaussians, camera, rasterize_cpu, torch.float32)
    truth, true_leaves = pull(gaussians, camera, rasterize_reference, torch.float64)
    for name in ("rgb", "alpha", "depth"):
        assert relative(getattr(ours, name), getattr(truth, name)) < 1e-5, name
    for name in FIELDS:
        a, b = getattr(our_leaves, name).grad, getattr(true_leaves, name).grad
        assert relative(a, b) < 1e-4, name
        assert float((a - b).abs().max() / b.abs().max()) < 1e-4, name


def test_gradients_where_tiles_saturate(scene: Callable) -> None:
    """Gradients stay right where many opaque Gaussians stop the blending before their lists end."""
    gaussians, camera = scene(count=1500, seed=3, width=33, height=32)
    gaussians.logit_opacities += 3
    ours, our_leaves = pull(gaussians, camera, rasterize_cpu, torch.float32)
    truth, true_leaves = pull(gaussians, camera, rasterize_reference, torch.float64)
    assert float((truth.alpha > 0.9999).double().mean()) > 0.2
    assert relative(ours.rgb, truth.rgb) < 1e-4
    for name in FIELDS:
        assert relative(getattr(our_leaves, name).grad, getattr(true_leaves, name).grad) < 3e-4, name


def test_reference_gradient_is_the_slope(scene: Callable) -> None:
    """The reference itself agrees with finite differences, so that it may judge."""
    gaussians, camera = scene(count=6, degree=2, seed=2, width=12, height=9)
    gaussians.log_scales += 1.0
    leaves = leaves_of(gaussians, torch.float64)

    def loss() -> Tensor:
        render = rasterize_reference(leaves, camera)
        return (render.rgb.sum(-1) * render.alpha).sum()

    slopes = torch.autograd.grad(loss(), [getattr(leaves, name) for name in FIELDS])
    generator = torch.Generator().manual_seed(0)
    for name, slope in zip(FIELDS, slopes):
        field = getattr(leaves, name)
        step = 1e-7 * torch.randn(field.shape, generator=generator, dtype=torch.float64)
        with torch.no_grad():
            field += step
            up = loss()
            field -= 2 * step
            down = loss()
            field += step
        assert float(up - down) == pytest.approx(float(2 * (slope * step).sum()), rel=1e-3), name


def test_probe_reports_screen_gradient(scene: Callable) -> None:
    """The probe's gradient is that of the loss to the screen-space mean, which the principal point moves too."""
    gaussians, camera = scene(count=1, seed=5)
    gaussians.means[:] = torch.tensor([[0.1, 0.05, 0.0]])
    gaussians.logit_opacities[:] = 4.0
    leaves, probe = leaves_of(gaussians, torch.float32), RasterProbe()
    weight = torch.linspace(0, 1, camera.width)[None].expand(camera.height, -1)
    (rasterize_cpu(leaves, camera, probe=probe).alpha * weight).sum().backward()
    assert probe.visible.tolist() == [True]
    assert 1 < float(probe.radii) < 61

    def loss(pixels: int) -> float:
        # Whole pixels, so that the picture shifts without change and the alpha threshold adds no noise.
        moved = Camera(camera.viewmat, camera.K.copy(), camera.width, camera.height)
        moved.K[0, 2] += pixels
        return (rasterize_cpu(gaussians, moved).alpha * weight).sum().item()

    assert float(probe.means2d_grad) == pytest.approx((loss(1) - loss(-1)) / 2, rel=0.05)


def test_probe_of_invisible_gaussians(scene: Callable) -> None:
    """What is off screen reports radius 0, not visible and no gradient."""
    gaussians, camera = scene(count=20)
    gaussians.means[:10, 0] += 100
    probe = RasterProbe()
    rasterize_cpu(leaves_of(gaussians, torch.float32), camera, probe=probe).rgb.sum().backward()
    assert not probe.visible[:10].any()
    assert probe.radii[:10].sum() == 0
    assert probe.means2d_grad[:10].sum() == 0
    assert probe.means2d_grad[probe.visible].sum() > 0
