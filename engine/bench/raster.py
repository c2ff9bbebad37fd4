"""The CPU rasterizer at 512x512 with 20 000 Gaussians, against tiled vectorised torch."""

from __future__ import annotations

from collections.abc import Callable

import torch

from emotalker.engine.bench.scene import KEY, head_blob
from emotalker.engine.bench.timing import median_ms, torch_median_ms
from emotalker.engine.bench.torch_tiles import rasterize_torch_tiles
from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu import rasterize_cpu, warm_up
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.render.rasterizer import Render


def one_step(
    rasterizer: Callable[[Gaussians, Camera], Render], gaussians: Gaussians, camera: Camera
) -> Callable[[], None]:
    """A call that renders and takes the gradient to every field, with a fixed gradient of the picture."""
    generator = torch.Generator().manual_seed(1)
    grad_rgb = torch.randn(camera.height, camera.width, 3, generator=generator)
    grad_alpha = torch.randn(camera.height, camera.width, generator=generator)
    leaves = [getattr(gaussians, name).clone().requires_grad_() for name in FIELDS]

    def step() -> None:
        render = rasterizer(Gaussians(*leaves), camera)
        torch.autograd.grad([render.rgb, render.alpha], leaves, [grad_rgb, grad_alpha])

    return step


def measure() -> dict[str, float]:
    """Milliseconds forward and forward + backward, and how many times longer torch takes forward + backward."""
    warm_up()
    gaussians, camera = head_blob()
    with torch.no_grad():
        forward = median_ms(lambda: rasterize_cpu(gaussians, camera), 50)
    both = median_ms(one_step(rasterize_cpu, gaussians, camera), 50)
    torch_both = torch_median_ms(one_step(rasterize_torch_tiles, gaussians, camera), 2, 1)
    prefix = f"raster.cpu.{KEY}"
    return {
        f"{prefix}.forward_ms": forward,
        f"{prefix}.forward_backward_ms": both,
        f"{prefix}.torch_forward_backward_ms": torch_both,
        f"{prefix}.torch_ratio": torch_both / both,
    }
