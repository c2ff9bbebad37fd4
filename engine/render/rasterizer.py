"""One signature, several rasterizers: `rasterize(gaussians, camera, background)`."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.gaussians import Gaussians


@dataclass
class Render:
    """A rendered image.

    Attributes:
        rgb: [H, W, 3] float32, premultiplied by alpha, plus background where one was given.
        alpha: [H, W] float32 in [0, 1].
        depth: [H, W] float32, metres, alpha-weighted sum of depths; None when it was not asked for.
    """

    rgb: Tensor
    alpha: Tensor
    depth: Tensor | None = None


@dataclass
class RasterProbe:
    """What densification wants to know about one render; pass an empty one to `rasterize`.

    Attributes:
        visible: bool [N], whether the Gaussian touches the image; set by the render.
        radii: float32 [N], larger half extent on screen in pixels, 0 where not visible; set by the render.
        means2d_grad: float32 [N], length of the loss's gradient to the screen-space mean, per pixel; set by `backward`.
    """

    visible: Tensor | None = None
    radii: Tensor | None = None
    means2d_grad: Tensor | None = None


def rasterize(
    gaussians: Gaussians,
    camera: Camera,
    background: Tensor | None = None,
    *,
    backend: str = "cpu",
    with_depth: bool = False,
    probe: RasterProbe | None = None,
) -> Render:
    """Render Gaussians, differentiable in every field of `gaussians`.

    Args:
        gaussians: N Gaussians in world space.
        camera: the view.
        background: colour [3] or plate [H, W, 3] composited behind; None leaves the premultiplied colour.
        backend: "cpu" (our numba kernels) or "cuda" (gsplat).
        with_depth: also return depth (no gradient).
        probe: filled with per-Gaussian figures for densification.
    """
    if backend == "cuda":
        from emotalker.engine.gaussians.cuda import rasterize_cuda as implementation
    else:
        from emotalker.engine.gaussians.cpu import rasterize_cpu as implementation
    render = implementation(gaussians, camera, with_depth=with_depth, probe=probe)
    if background is None:
        return render
    if render.rgb.is_cuda or background.requires_grad:
        rgb = render.rgb + (1.0 - render.alpha)[..., None] * background.to(render.rgb)
    else:
        from emotalker.engine.gaussians.cpu.composite import composite

        rgb = composite(render.rgb, render.alpha, background)
    return Render(rgb, render.alpha, render.depth)


def to_uint8(image: Tensor) -> Tensor:
    """Bytes of an sRGB float image [..., 3] in [0, 1]."""
    return (image.detach().clamp(0, 1) * 255 + 0.5).to(torch.uint8)
