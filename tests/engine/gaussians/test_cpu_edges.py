"""Unkind input to the CPU rasterizer."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from emotalker.engine.gaussians.cpu import morton_order, rasterize_cpu
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.gaussians.reference import rasterize_reference


def render_all(gaussians: Gaussians, camera) -> tuple[Tensor, dict[str, Tensor]]:
    """RGBA + depth stacked, and gradients by name."""
    leaves = Gaussians(*(getattr(gaussians, name).clone().requires_grad_() for name in FIELDS))
    render = rasterize_cpu(leaves, camera, with_depth=True)
    (render.rgb.square().sum() + render.alpha.sum()).backward()
    stacked = torch.cat([render.rgb, render.alpha[..., None], render.depth[..., None]], -1).detach()
    return stacked, {name: getattr(leaves, name).grad for name in FIELDS}


def test_no_gaussians(scene: Callable) -> None:
    """Nothing renders as nothing, and its gradient is empty."""
    image, gradients = render_all(*scene(count=0))
    assert image.shape == (45, 61, 5)
    assert not image.any()
    assert all(len(g) == 0 for g in gradients.values())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("means", 1e6),
        ("means", math.nan),
        ("means", math.inf),
        ("quats", 0.0),
        ("quats", math.nan),
        ("log_scales", -60.0),
        ("log_scales", 6.0),
        ("log_scales", 80.0),
        ("log_scales", math.nan),
        ("logit_opacities", -math.inf),
        ("logit_opacities", 90.0),
        ("logit_opacities", math.nan),
    ],
)
def test_extreme_values_make_no_nan(scene: Callable, field: str, value: float) -> None:
    """A third of the Gaussians with an impossible value: the picture and all gradients stay finite."""
    gaussians, camera = scene(count=60)
    getattr(gaussians, field)[::3] = value
    image, gradients = render_all(gaussians, camera)
    assert torch.isfinite(image).all()
    assert image[..., 3].max() > 0.1
    for name, gradient in gradients.items():
        assert torch.isfinite(gradient).all(), name


def test_behind_the_camera_and_transparent_show_nothing(scene: Callable) -> None:
    """Gaussians behind the near plane and those fainter than a grey level leave no trace and get no gradient."""
    gaussians, camera = scene(count=40)
    gaussians.means[:20, 2] -= 50
    gaussians.logit_opacities[20:] = -7
    image, gradients = render_all(gaussians, camera)
    assert not image.any()
    assert not any(g.any() for g in gradients.values())


@pytest.mark.parametrize(("width", "height"), [(1, 1), (16, 16), (17, 33), (5, 3), (64, 31)])
def test_odd_sizes(scene: Callable, width: int, height: int) -> None:
    """Any picture size agrees with the reference, whole tiles or not."""
    gaussians, camera = scene(count=80, width=width, height=height, seed=width)
    ours, truth = rasterize_cpu(gaussians, camera), rasterize_reference(gaussians, camera)
    assert ours.rgb.shape == (height, width, 3)
    torch.testing.assert_close(ours.rgb, truth.rgb, atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(ours.alpha, truth.alpha, atol=2e-5, rtol=1e-4)


def test_a_huge_gaussian_covers_the_frame(scene: Callable) -> None:
    """A Gaussian far larger than the picture lists every tile and shows its opacity everywhere."""
    gaussians, camera = scene(count=1)
    gaussians.means.zero_()
    gaussians.log_scales[:] = 3.0
    gaussians.logit_opacities[:] = 0.0
    alpha = rasterize_cpu(gaussians, camera).alpha
    assert float((alpha - 0.5).abs().max()) < 0.01


def test_depth_of_one_gaussian(scene: Callable) -> None:
    """Depth is the camera-space z of the Gaussian times alpha; of a nearer and a farther one, in between."""
    gaussians, camera = scene(count=2)
    gaussians.means[:] = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    gaussians.log_scales[:] = -1.0
    gaussians.logit_opacities[:] = 0.0
    z = gaussians.means @ torch.from_numpy(camera.viewmat[2, :3]) + camera.viewmat[2, 3]
    first = Gaussians(*(getattr(gaussians, name)[:1] for name in FIELDS))
    render = rasterize_cpu(first, camera, with_depth=True)
    seen = render.alpha > 0.05
    torch.testing.assert_close(render.depth[seen] / render.alpha[seen], z[0].expand(int(seen.sum())))
    both = rasterize_cpu(gaussians, camera, with_depth=True)
    middle = (both.depth / both.alpha)[22, 31]
    assert z[0] < middle < z[1]
    assert rasterize_cpu(gaussians, camera).depth is None


def test_order_in_memory_does_not_matter(scene: Callable) -> None:
    """Sorting the Gaussians along the Z curve is a permutation and leaves the picture alone."""
    gaussians, camera = scene(count=200)
    order = morton_order(gaussians.means)
    assert sorted(order.tolist()) == list(range(200))
    shuffled = Gaussians(*(getattr(gaussians, name)[order] for name in FIELDS))
    torch.testing.assert_close(rasterize_cpu(gaussians, camera).rgb, rasterize_cpu(shuffled, camera).rgb)


def test_morton_neighbours_are_near() -> None:
    """Consecutive Gaussians are nearer to each other in Morton order than at random; edge inputs are fine."""
    points = torch.rand(2000, 3, generator=torch.Generator().manual_seed(0))
    ordered = points[morton_order(points)]
    assert ordered.diff(dim=0).norm(dim=1).mean() < 0.3 * points.diff(dim=0).norm(dim=1).mean()
    assert len(morton_order(points[:0])) == 0
    assert morton_order(torch.ones(3, 3)).tolist() == [0, 1, 2]
