"""Expression deltas of Gaussian attributes, stored only where an expression moves the face.

Each Gaussian keeps one row per expression that reaches it (compressed rows: Gaussian g owns rows start[g]..start[g+1]).
A dense [N, K, 14] block would be five times larger and would make every training step wait for memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from emotalker.engine.gaussians.cpu.threads import for_chunks, split

FIXED = 6
"""Columns of the fixed part: position 3, rotation 3 (vector part of a quaternion whose scalar part is 1)."""
LEARNED = 14
"""Columns of the learned part: position 3, quaternion 4, log-scale 3, logit opacity 1, colour 3."""
CHUNK = 1024
"""Gaussians of one piece of work; also the order of sums over Gaussians, whatever the number of threads."""


@dataclass
class SparseDeltas:
    """Rows of expression deltas; R rows over N Gaussians.

    Attributes:
        start: first row of each Gaussian, int64 [N + 1].
        expression: expression of each row, int32 [R].
        fixed: initial delta from deformation transfer, float32 [R, 6].
        mask: how much of the learned delta counts, in [0, 1], float32 [R].
        learned: learned delta, float32 [R, 14], a leaf tensor during training.
    """

    start: NDArray[np.int64]
    expression: NDArray[np.int32]
    fixed: NDArray[np.float32]
    mask: NDArray[np.float32]
    learned: Tensor
    _elsewhere: tuple[Tensor, Tensor, Tensor, Tensor] | None = field(default=None, init=False, repr=False)

    def mix(self, psi: Tensor) -> tuple[Tensor, Tensor]:
        """Fixed part [N, 6] and learned part [N, 14] of the sum over expressions of psi_k delta_k (Eq. 1)."""
        if self.learned.device.type != "cpu":
            return self._mix_torch(psi)
        result: tuple[Tensor, Tensor] = _Mix.apply(psi, self.learned, self)
        return result

    def _mix_torch(self, psi: Tensor) -> tuple[Tensor, Tensor]:
        owner, expression, fixed, mask = self._tables(self.learned.device, self.learned.dtype)
        weight = psi[expression][:, None]
        parts = (weight * fixed, weight * mask * self.learned)
        out = [x.new_zeros(len(self.start) - 1, x.shape[1]).index_add_(0, owner, x) for x in parts]
        return out[0], out[1]

    def _tables(self, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Owner and expression of each row [R], fixed part [R, 6] and mask [R, 1] on a device, brought there once."""
        if self._elsewhere is None or self._elsewhere[2].device != device or self._elsewhere[2].dtype != dtype:
            count = np.diff(self.start)
            owner = torch.from_numpy(np.repeat(np.arange(len(count)), count)).to(device)
            expression = torch.from_numpy(self.expression.astype(np.int64)).to(device)
            fixed, mask = (torch.from_numpy(a).to(device, dtype) for a in (self.fixed, self.mask[:, None]))
            self._elsewhere = (owner, expression, fixed, mask)
        return self._elsewhere

    def rows_of(self, gaussians: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of the given Gaussians, one after the other."""
        count = np.diff(self.start)[gaussians]
        offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return np.repeat(self.start[gaussians], count) + offset

    def select(self, gaussians: NDArray[np.int64]) -> SparseDeltas:
        """Deltas of the given Gaussians, which may repeat; learned values are detached copies."""
        rows = self.rows_of(gaussians)
        start = np.concatenate([[0], np.cumsum(np.diff(self.start)[gaussians])]).astype(np.int64)
        learned = self.learned.detach()[torch.from_numpy(rows)].clone()
        return SparseDeltas(start, self.expression[rows], self.fixed[rows], self.mask[rows], learned)


@njit(nogil=True, cache=True, fastmath=True)
def _mix_rows(first, last, start, expression, fixed, mask, learned, psi, out_fixed, out_learned):  # type: ignore[no-untyped-def]
    for g in range(first, last):
        for j in range(FIXED):
            out_fixed[g, j] = 0
        for j in range(LEARNED):
            out_learned[g, j] = 0
        for r in range(start[g], start[g + 1]):
            p = psi[expression[r]]
            if p != 0:
                for j in range(FIXED):
                    out_fixed[g, j] += p * fixed[r, j]
                q = p * mask[r]
                for j in range(LEARNED):
                    out_learned[g, j] += q * learned[r, j]


@njit(nogil=True, cache=True, fastmath=True)
def psi_backward(first, last, start, expression, fixed, mask, learned, g_fixed, g_mixed, sums):  # type: ignore[no-untyped-def]
    """Gradient of psi from Gaussians [first, last), into a chunk's sums [chunks, K]."""
    total = sums[first // CHUNK]
    for g in range(first, last):
        for r in range(start[g], start[g + 1]):
            s = np.float32(0)
            for j in range(FIXED):
                s += fixed[r, j] * g_fixed[g, j]
            t = np.float32(0)
            for j in range(LEARNED):
                t += learned[r, j] * g_mixed[g, j]
            total[expression[r]] += s + mask[r] * t


@njit(nogil=True, cache=True, fastmath=True)
def row_backward(first, last, start, expression, mask, psi, g_mixed, out):  # type: ignore[no-untyped-def]
    """Gradient of the learned rows of Gaussians [first, last)."""
    for g in range(first, last):
        for r in range(start[g], start[g + 1]):
            q = psi[expression[r]] * mask[r]
            for j in range(LEARNED):
                out[r, j] = q * g_mixed[g, j]


class _Mix(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, psi: Tensor, learned: Tensor, deltas: SparseDeltas) -> tuple[Tensor, Tensor]:
        n = len(deltas.start) - 1
        fixed, mixed = np.empty((n, FIXED), np.float32), np.empty((n, LEARNED), np.float32)
        p = psi.detach().contiguous().numpy()
        values = learned.detach().numpy()
        table = (deltas.start, deltas.expression, deltas.fixed, deltas.mask, values, p)
        for_chunks(_mix_rows, split(n, CHUNK), *table, fixed, mixed)
        ctx.saved = (deltas, p, values)
        return torch.from_numpy(fixed), torch.from_numpy(mixed)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_fixed: Tensor, g_learned: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        deltas, p, values = ctx.saved
        n = len(deltas.start) - 1
        gl = g_learned.contiguous().numpy()
        psi_grad = learned_grad = None
        if ctx.needs_input_grad[0]:
            sums = np.zeros((len(split(n, CHUNK)), len(p)), np.float32)
            table = (deltas.start, deltas.expression, deltas.fixed, deltas.mask, values)
            for_chunks(psi_backward, split(n, CHUNK), *table, g_fixed.contiguous().numpy(), gl, sums)
            psi_grad = torch.from_numpy(sums.sum(0))
        if ctx.needs_input_grad[1]:
            rows = np.empty_like(values)
            for_chunks(row_backward, split(n, CHUNK), deltas.start, deltas.expression, deltas.mask, p, gl, rows)
            learned_grad = torch.from_numpy(rows)
        return psi_grad, learned_grad, None
