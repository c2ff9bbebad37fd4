"""Compositing over a background."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.gaussians.reference import rasterize_reference
from emotalker.engine.render.rasterizer import RasterProbe, rasterize


def small_scene() -> tuple[Gaussians, Camera]:
    """Forty Gaussians on 40 x 30 pixels."""
    generator = torch.Generator().manual_seed(4)
    shapes = ((40, 3), (40, 4), (40, 3), (40,), (40, 1, 3))
    fields = [torch.randn(*s, generator=generator) for s in shapes]
    view = np.eye(4, dtype=np.float32)
    view[2, 3] = 5
    gaussians = Gaussians(fields[0], fields[1], fields[2] * 0.3 - 1.5, fields[3], fields[4])
    return gaussians, Camera(view, np.array([[40, 0, 20], [0, 40, 15], [0, 0, 1]], np.float32), 40, 30)


@pytest.mark.parametrize("kind", ["colour", "plate"])
def test_gradient_through_the_background(kind: str) -> None:
    """A loss on the composite reaches opacities and shapes through alpha as in the float64 reference."""
    gaussians, camera = small_scene()
    generator = torch.Generator().manual_seed(5)
    background = torch.rand((3,) if kind == "colour" else (30, 40, 3), generator=generator)
    target = torch.rand(30, 40, 3, generator=generator)
    gradients = []
    for dtype in (torch.float32, torch.float64):
        leaves = [getattr(gaussians, name).to(dtype).clone().requires_grad_() for name in FIELDS]
        if dtype == torch.float32:
            image = rasterize(Gaussians(*leaves), camera, background).rgb
        else:
            render = rasterize_reference(Gaussians(*leaves), camera)
            image = render.rgb + (1 - render.alpha)[..., None] * background.to(dtype)
        gradients.append(torch.autograd.grad((image - target.to(dtype)).square().sum(), leaves))
    for ours, truth in zip(*gradients):
        assert float((ours - truth).norm() / truth.norm()) < 1e-4


def test_background_and_probe_options() -> None:
    """Without a background the colour stays premultiplied; the plate shows where nothing is; the probe is passed on."""
    gaussians, camera = small_scene()
    probe = RasterProbe()
    bare = rasterize(gaussians, camera, probe=probe, with_depth=True)
    assert probe.visible.any()
    assert bare.depth is not None
    plate = torch.rand(30, 40, 3)
    over = rasterize(gaussians, camera, plate)
    empty = bare.alpha == 0
    assert empty.any()
    assert torch.equal(over.rgb[empty], plate[empty])
    assert not bare.rgb[empty].any()


def test_background_that_learns_and_wrong_plates() -> None:
    """A background may ask for a gradient of its own; a plate of another size is refused."""
    gaussians, camera = small_scene()
    colour = torch.full((3,), 0.5, requires_grad=True)
    render = rasterize(gaussians, camera, colour)
    render.rgb.sum().backward()
    torch.testing.assert_close(colour.grad, (1 - render.alpha).sum().expand(3))
    torch.testing.assert_close(render.rgb.detach(), rasterize(gaussians, camera, colour.detach()).rgb)
    with pytest.raises(ValueError, match="plate"):
        rasterize(gaussians, camera, torch.zeros(3, 4, 3))
