"""The rasterizer as a torch function."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu.pipeline import (
    GaussianArrays,
    Gradients,
    Scratch,
    backward,
    draw,
    draw_depth,
    free_list,
    prepare,
)
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.render.rasterizer import RasterProbe, Render


def _arrays(tensors: tuple[Tensor, ...]) -> GaussianArrays:
    return GaussianArrays(*(t.detach().numpy() for t in tensors))


def _fill_probe(probe: RasterProbe | None, scratch: Scratch) -> None:
    if probe is not None:
        probe.visible = torch.from_numpy(scratch.tiles > 0)
        probe.radii = torch.from_numpy(scratch.extent.copy())
        probe.means2d_grad = None


class _Rasterize(torch.autograd.Function):
    """Gaussian fields -> premultiplied rgb, alpha, depth (empty when not asked for; no gradient)."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, camera: Camera, with_depth: bool, probe: RasterProbe | None, keep: bool, *fields: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        arrays = _arrays(fields)
        scratch = free_list.take(len(arrays.means), camera.width, camera.height)
        rgb = torch.empty(camera.height, camera.width, 3)
        alpha = torch.empty(camera.height, camera.width)
        depth = torch.empty((camera.height, camera.width) if with_depth else (0, 0))
        view = prepare(arrays, camera, scratch)
        draw(scratch, rgb.numpy(), alpha.numpy())
        if with_depth:
            draw_depth(scratch, depth.numpy())
        _fill_probe(probe, scratch)
        if keep:
            ctx.save_for_backward(*fields, rgb, alpha)
            ctx.scratch, ctx.view, ctx.probe = scratch, view, probe
        else:
            free_list.give(scratch)
        ctx.mark_non_differentiable(depth)
        return rgb, alpha, depth

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_rgb: Tensor, grad_alpha: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        scratch: Scratch | None = ctx.scratch
        if scratch is None:
            raise RuntimeError("the gradient of this render was already taken; its work buffers are gone")
        *fields, rgb, alpha = ctx.saved_tensors
        gradients: Gradients = backward(
            _arrays(tuple(fields)),
            ctx.view,
            scratch,
            rgb.detach().numpy(),
            alpha.detach().numpy(),
            grad_rgb.contiguous().numpy(),
            grad_alpha.contiguous().numpy(),
        )
        if ctx.probe is not None:
            ctx.probe.means2d_grad = torch.from_numpy(gradients.pixels)
        ctx.scratch = None
        free_list.give(scratch)
        wanted = ctx.needs_input_grad[4:]
        return (None,) * 4 + tuple(torch.from_numpy(g) if w else None for g, w in zip(gradients, wanted))


def rasterize_cpu(
    gaussians: Gaussians, camera: Camera, *, with_depth: bool = False, probe: RasterProbe | None = None
) -> Render:
    """Render Gaussians with the numba kernels, differentiable in every field; float32 inside.

    Keeping the Gaussians in `morton_order` makes this faster. The result does not depend on the number of threads.

    Args:
        gaussians: N >= 0 Gaussians in world space, on the CPU; other dtypes are converted.
        camera: the view.
        with_depth: also return depth (no gradient).
        probe: filled with what densification needs; its gradient after `backward`.

    Returns:
        The premultiplied render without background.
    """
    fields = tuple(getattr(gaussians, name).to("cpu", torch.float32).contiguous() for name in FIELDS)
    keep = torch.is_grad_enabled() and any(f.requires_grad for f in fields)
    plain = Camera(np.asarray(camera.viewmat), np.asarray(camera.K), int(camera.width), int(camera.height))
    rgb, alpha, depth = _Rasterize.apply(plain, with_depth, probe, keep, *fields)
    return Render(rgb, alpha, depth if with_depth else None)
