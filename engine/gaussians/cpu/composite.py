"""Laying a render over its background in one pass, where torch would make three."""

from __future__ import annotations

from typing import Any

import torch
from numba import njit
from torch import Tensor
from torch.autograd.function import once_differentiable

from emotalker.engine.gaussians.cpu.constants import ONE
from emotalker.engine.gaussians.cpu.threads import for_chunks, split

ROWS_PER_CHUNK = 64


@njit(nogil=True, fastmath=True, cache=True, boundscheck=False, error_model="numpy")
def composite_forward(begin, end, rgb, alpha, plate, out):
    """Rows [begin, end) of out = rgb + (1 - alpha) plate; a plate of one pixel is a plain colour."""
    plain = plate.shape[0] * plate.shape[1] == 1
    for y in range(begin, end):
        for x in range(rgb.shape[1]):
            left = ONE - alpha[y, x]
            for j in range(3):
                behind = plate[0, 0, j] if plain else plate[y, x, j]
                out[y, x, j] = rgb[y, x, j] + left * behind


@njit(nogil=True, fastmath=True, cache=True, boundscheck=False, error_model="numpy")
def composite_backward(begin, end, grad, plate, grad_alpha):
    """Rows [begin, end) of the gradient to alpha: -(grad . plate)."""
    plain = plate.shape[0] * plate.shape[1] == 1
    for y in range(begin, end):
        for x in range(grad.shape[1]):
            if plain:
                s = grad[y, x, 0] * plate[0, 0, 0] + grad[y, x, 1] * plate[0, 0, 1] + grad[y, x, 2] * plate[0, 0, 2]
            else:
                s = grad[y, x, 0] * plate[y, x, 0] + grad[y, x, 1] * plate[y, x, 1] + grad[y, x, 2] * plate[y, x, 2]
            grad_alpha[y, x] = -s


class _Composite(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rgb: Tensor, alpha: Tensor, plate: Tensor) -> Tensor:  # type: ignore[override]
        out = torch.empty_like(rgb)
        arrays = (t.detach().numpy() for t in (rgb, alpha, plate, out))
        for_chunks(composite_forward, split(len(rgb), ROWS_PER_CHUNK), *arrays)
        ctx.save_for_backward(plate)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:  # type: ignore[override]
        (plate,) = ctx.saved_tensors
        grad = grad.contiguous()
        grad_alpha = torch.empty(grad.shape[:2])
        arrays = (t.numpy() for t in (grad, plate, grad_alpha))
        for_chunks(composite_backward, split(len(grad), ROWS_PER_CHUNK), *arrays)
        return grad, grad_alpha, None


def composite(rgb: Tensor, alpha: Tensor, background: Tensor) -> Tensor:
    """Premultiplied colour over a background, differentiable in colour and alpha.

    Args:
        rgb: [H, W, 3] float32 on the CPU.
        alpha: [H, W].
        background: colour [3] or plate [H, W, 3]; gets no gradient.

    Raises:
        ValueError: if the plate has another size.
    """
    plate = background.detach().to(rgb).contiguous()
    if plate.ndim == 1:
        plate = plate.reshape(1, 1, 3)
    elif plate.shape != rgb.shape:
        raise ValueError(f"the plate is {tuple(plate.shape)}, the picture {tuple(rgb.shape)}")
    return _Composite.apply(rgb.contiguous(), alpha.contiguous(), plate)
