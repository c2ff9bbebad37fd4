"""The priors of stage 1 in one pass: value and slopes together, instead of a dozen operations each way."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor
from torch.autograd.function import once_differentiable

f4 = np.float32
MILLIMETRES = f4(1000)


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _priors(means, scales, sh, homes, pulls, longest, by_scale, by_colour, g_means, g_scales, g_sh):  # type: ignore[no-untyped-def]
    """Value, and the gradients to all Gaussians."""
    share = f4(1) / f4(means.shape[0])
    total = 0.0
    for g in range(means.shape[0]):
        away = excess = tint = f4(0)
        for j in range(3):
            d = (means[g, j] - homes[g, j]) * MILLIMETRES
            away += d * d
            g_means[g, j] = f4(2) * share * pulls[g] * MILLIMETRES * d
            e = max(scales[g, j] - homes[g, 3] - longest, f4(0))
            excess += e * e
            g_scales[g, j] = f4(2) * share * by_scale * e
            t = sh[g, 0, j] - homes[g, 4 + j]
            tint += t * t
            g_sh[g, 0, j] = f4(2) * share * by_colour * t
        total += pulls[g] * away + by_scale * excess + by_colour * tint
    return total * share


class _Priors(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, numbers: tuple[float, float, float], *tensors: Tensor) -> Tensor:  # type: ignore[override]
        slopes = [torch.zeros_like(t) for t in tensors[:3]]
        arrays = [t.detach().contiguous().numpy() for t in tensors]
        value = _priors(*arrays, *(f4(n) for n in numbers), *(s.numpy() for s in slopes))
        ctx.slopes = slopes
        return torch.tensor(value, dtype=torch.float32)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        slopes = (s * grad if wanted else None for s, wanted in zip(ctx.slopes, ctx.needs_input_grad[1:]))
        return None, *slopes, None, None


def priors(
    means: Tensor, log_scales: Tensor, sh: Tensor, homes: Tensor, pulls: Tensor, longest: float, by_scale: float,
    by_colour: float,
) -> Tensor:  # fmt: skip
    """What `priors.prior_loss` says, on the CPU.

    Args:
        means: [N, 3], metres.
        log_scales: [N, 3].
        sh: [N, D, 3].
        homes: position, log-spacing and colour each Gaussian began with [N, 7].
        pulls: weight of the pull home, per square millimetre [N].
        longest: log of how many spacings a Gaussian may be wide.
        by_scale: weight of squared log-scales beyond that.
        by_colour: weight of squared colour changes.
    """
    result: Tensor = _Priors.apply((longest, by_scale, by_colour), means, log_scales, sh, homes, pulls)
    return result
