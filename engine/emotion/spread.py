"""Values of anchors at all Gaussians, by kernels: the plain gather writes four times its result to memory, twice."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from emotalker.engine.gaussians.cpu.threads import for_chunks, split

F32 = NDArray[np.float32]
GAUSSIANS, ANCHORS = 2048, 64
"""Of one piece of work."""


class Reach(NamedTuple):
    """Which Gaussians each of P anchors moves: entries start[p] to start[p + 1], in the order of the Gaussians.

    Attributes:
        start: first entry of each anchor [P + 1].
        gaussian: the Gaussian of each entry [E].
        share: how much [E].
    """

    start: NDArray[np.int64]
    gaussian: NDArray[np.int32]
    share: F32


def reach_of(index: NDArray[np.int64], share: F32, anchors: int) -> Reach:
    """The other way round of `index` [N, M] and `share` [N, M]; what has no share is left out."""
    order = np.argsort(index.ravel(), kind="stable")
    order = order[share.ravel()[order] != 0]
    start = np.searchsorted(index.ravel()[order], np.arange(anchors + 1)).astype(np.int64)
    return Reach(start, (order // index.shape[1]).astype(np.int32), np.ascontiguousarray(share.ravel()[order]))


@njit(nogil=True, cache=True, fastmath=True)
def _spread(first, last, index, share, values, out):  # type: ignore[no-untyped-def]
    for g in range(first, last):
        for f in range(values.shape[0]):
            for k in range(values.shape[2]):
                out[f, g, k] = 0
            for m in range(index.shape[1]):
                w = share[g, m]
                if w != 0:
                    p = index[g, m]
                    for k in range(values.shape[2]):
                        out[f, g, k] += w * values[f, p, k]


@njit(nogil=True, cache=True, fastmath=True)
def _gather(first, last, start, gaussian, share, slope, out):  # type: ignore[no-untyped-def]
    for p in range(first, last):
        for f in range(slope.shape[0]):
            for k in range(slope.shape[2]):
                out[f, p, k] = 0
            for e in range(start[p], start[p + 1]):
                for k in range(slope.shape[2]):
                    out[f, p, k] += share[e] * slope[f, gaussian[e], k]


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, index: Tensor, share: Tensor, reach: Reach) -> Tensor:  # type: ignore[override]
        out = np.empty((len(values), len(index), values.shape[2]), np.float32)
        arrays = (index.numpy(), share.numpy(), values.detach().contiguous().numpy())
        for_chunks(_spread, split(len(index), GAUSSIANS), *arrays, out)
        ctx.reach, ctx.size = reach, tuple(values.shape)
        return torch.from_numpy(out)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None, None]:  # type: ignore[override]
        out = np.empty(ctx.size, np.float32)
        for_chunks(_gather, split(ctx.size[1], ANCHORS), *ctx.reach, slope.contiguous().numpy(), out)
        return torch.from_numpy(out), None, None, None


def spread(values: Tensor, index: Tensor, share: Tensor, reach: Reach) -> Tensor:
    """Values at P anchors [B, P, C] interpolated to N Gaussians [B, N, C], differentiable in the values.

    The same for any number of threads.

    Args:
        values: float32 on the CPU.
        index: anchors of each Gaussian [N, M], int64.
        share: their shares [N, M], float32.
        reach: of `reach_of` for the same index and share.
    """
    result: Tensor = _Spread.apply(values, index, share, reach)
    return result
