"""Learned deltas in a reduced basis: a person's expressions move together, so some twenty mixtures of them suffice.

RGBAvatar learns about twenty blendshapes with a map from the tracked expression instead of one per expression. Here
the map is that of the principal components of the tracked expressions, so the result is written as deltas of single
expressions again and everything that plays a twin stays as it is: delta_k = sum_b map[k, b] basis_b.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from emotalker.engine.gaussians.cpu.threads import for_chunks, split
from emotalker.engine.gaussians.deltas import LEARNED, SparseDeltas

F32 = NDArray[np.float32]
CHUNK = 1024


def principal_map(psi: F32, count: int) -> F32:
    """Map [K, B] of expressions to the principal components of tracked ones [F, K], B = min(count, K, F).

    Components are unit vectors of the expressions' second moments, the strongest first, each signed so that its
    largest entry is positive; rest (all zero) stays the origin.
    """
    _, _, rows = np.linalg.svd(psi.astype(np.float64), full_matrices=False)
    rows = rows[:count]
    largest = np.abs(rows).argmax(1)
    return np.asarray((rows * np.sign(rows[np.arange(len(rows)), largest])[:, None]).T, np.float32)


def spread(bases: Tensor, mapping: F32, deltas: SparseDeltas) -> Tensor:
    """Rows of learned deltas [R, 14] that bases [N, B, 14] of the Gaussians amount to, differentiable in the bases."""
    if bases.device.type == "cpu":
        rows: Tensor = _Spread.apply(bases, mapping, deltas)
        return rows
    count = np.diff(deltas.start)
    owner = torch.as_tensor(np.repeat(np.arange(len(count)), count), device=bases.device)
    weight = torch.as_tensor(mapping[deltas.expression], device=bases.device)
    return (weight[:, :, None] * bases[owner]).sum(1)


@njit(nogil=True, cache=True, fastmath=True)
def _spread(first, last, start, expression, mapping, bases, out):  # type: ignore[no-untyped-def]
    for g in range(first, last):
        for r in range(start[g], start[g + 1]):
            for j in range(LEARNED):
                out[r, j] = 0
            for b in range(mapping.shape[1]):
                w = mapping[expression[r], b]
                for j in range(LEARNED):
                    out[r, j] += w * bases[g, b, j]


@njit(nogil=True, cache=True, fastmath=True)
def _gather(first, last, start, expression, mapping, rows, out):  # type: ignore[no-untyped-def]
    for g in range(first, last):
        out[g] = 0
        for r in range(start[g], start[g + 1]):
            for b in range(mapping.shape[1]):
                w = mapping[expression[r], b]
                for j in range(LEARNED):
                    out[g, b, j] += w * rows[r, j]


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, bases: Tensor, mapping: F32, deltas: SparseDeltas) -> Tensor:  # type: ignore[override]
        out = np.empty((len(deltas.expression), LEARNED), np.float32)
        values = bases.detach().contiguous().numpy()
        n = len(deltas.start) - 1
        for_chunks(_spread, split(n, CHUNK), deltas.start, deltas.expression, mapping, values, out)
        ctx.saved = (mapping, deltas, values.shape)
        return torch.from_numpy(out)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        mapping, deltas, shape = ctx.saved
        out = np.empty(shape, np.float32)
        rows = gradient.contiguous().numpy()
        chunks = split(shape[0], CHUNK)
        for_chunks(_gather, chunks, deltas.start, deltas.expression, mapping, rows, out)
        return torch.from_numpy(out), None, None
