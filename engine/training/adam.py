"""Adam in one pass over memory: every parameter is read and written once a step, on all kernel threads."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor

from emotalker.engine.gaussians.cpu.threads import for_chunks, split
from emotalker.engine.gaussians.deltas import LEARNED, SparseDeltas
from emotalker.engine.gaussians.posed import RowGradient

f4 = np.float32
ENTRIES = 1 << 16
GAUSSIANS = 1024
WIDEST = 128
"""Rows of a Gaussian that are updated at a time."""


TINY = f4(1e-36)
"""Smaller moments are zero: they move nothing, and processors are slow with numbers that leave the normal range."""


@njit(nogil=True, cache=True, fastmath=True, inline="always")
def _move(p, g, m, v, i, keep_m, rest_m, keep_v, rest_v, rate, inverse, eps):  # type: ignore[no-untyped-def]
    first = keep_m * m[i] + rest_m * g[i]
    second = keep_v * v[i] + rest_v * g[i] * g[i]
    first = first if abs(first) > TINY else f4(0)
    second = second if second > TINY else f4(0)
    m[i] = first
    v[i] = second
    p[i] -= rate * first / (math.sqrt(second) * inverse + eps)


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _adam(first, last, p, g, m, v, keep_m, rest_m, keep_v, rest_v, rate, inverse, eps):  # type: ignore[no-untyped-def]
    """Entries [first, last) of flat arrays; `rate` holds 1 / (1 - beta1^t), `inverse` is 1 / sqrt(1 - beta2^t)."""
    for i in range(first, last):
        _move(p, g, m, v, i, keep_m, rest_m, keep_v, rest_v, rate, inverse, eps)


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _adam_rows(  # type: ignore[no-untyped-def]
    first, last, start, expression, mask, psi, mixed, p, m, v, keep_m, rest_m, keep_v, rest_v, rates, inverse, eps
):
    """Rows of Gaussians [first, last) with the gradient of `RowGradient`, summed over renders; `rates` is [128 * 14].

    The gradient of a Gaussian's rows exists only in a buffer that stays in the cache.
    """
    buffer = np.empty(WIDEST * LEARNED, np.float32)
    for g in range(first, last):
        for low in range(start[g], start[g + 1], WIDEST):
            high = min(low + WIDEST, start[g + 1])
            for r in range(low, high):
                at = (r - low) * LEARNED
                q = psi[0, expression[r]] * mask[r]
                for j in range(LEARNED):
                    buffer[at + j] = q * mixed[0, g, j]
                for s in range(1, len(psi)):
                    q = psi[s, expression[r]] * mask[r]
                    for j in range(LEARNED):
                        buffer[at + j] += q * mixed[s, g, j]
            a, b = low * LEARNED, high * LEARNED
            pr, mr, vr = p[a:b], m[a:b], v[a:b]
            for i in range(b - a):
                _move(pr, buffer, mr, vr, i, keep_m, rest_m, keep_v, rest_v, rates[i], inverse, eps)


def _four(keep_m: float, keep_v: float) -> tuple[f4, f4, f4, f4]:
    """Both betas and what they leave to 1, each rounded once."""
    return f4(keep_m), f4(1 - keep_m), f4(keep_v), f4(1 - keep_v)


class FusedAdam(torch.optim.Optimizer):
    """Adam (Kingma and Ba 2015) with the state of `torch.optim.Adam`: "exp_avg", "exp_avg_sq" and "step" a parameter.

    The same for any number of threads. A group may carry "columns" [C], factors of the learning rate for each column
    of a parameter [..., C], and "deltas" and "rows": then its parameter is `deltas.learned` and its gradient what
    `GaussianBlendshapes.posed` put into the list "rows", which is emptied by the step. On another device than the CPU
    it does the same with torch's operations, without waiting for the device.

    Args:
        params: parameters or groups, as for torch's optimizers.
        lr: learning rate of groups that name none.
        betas: decay of the two moments.
        eps: added to the root of the second moment.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-15,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "columns": None, "deltas": None, "rows": None})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                by_rows = group["rows"] is not None and parameter.grad is None
                if (by_rows and not group["rows"]) or (not by_rows and parameter.grad is None):
                    continue
                state = self._state_of(parameter)
                state["step"] += 1
                if parameter.device.type != "cpu":
                    self._step_elsewhere(parameter, state, group)
                elif by_rows:
                    self._step_rows(parameter, state, group)
                else:
                    self._step_entries(parameter, state, group)

    def _state_of(self, parameter: Tensor) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.state[parameter]
        # the count stays on the CPU wherever the parameter is: it is read at every step
        state["step"] = state["step"].cpu() if state else torch.zeros(())
        if "exp_avg" not in state:
            state["exp_avg"] = torch.zeros_like(parameter, memory_format=torch.contiguous_format)
            state["exp_avg_sq"] = torch.zeros_like(parameter, memory_format=torch.contiguous_format)
        return state

    @staticmethod
    def _factors(state: dict[str, Tensor], group: dict[str, Any]) -> tuple[float, float, float, float]:
        """Both betas, learning rate over 1 - beta1^t, and 1 / sqrt(1 - beta2^t)."""
        (keep_m, keep_v), count = group["betas"], float(state["step"])
        return keep_m, keep_v, group["lr"] / (1 - keep_m**count), 1 / math.sqrt(1 - keep_v**count)

    def _step_entries(self, parameter: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> None:
        keep_m, keep_v, rate, inverse = self._factors(state, group)
        arrays = (parameter, parameter.grad.contiguous(), state["exp_avg"], state["exp_avg_sq"])  # type: ignore[union-attr]
        if group["columns"] is None:
            flat = [a.detach().numpy().reshape(-1) for a in arrays]
            numbers = (*_four(keep_m, keep_v), f4(rate), f4(inverse), f4(group["eps"]))
            for_chunks(_adam, split(len(flat[0]), ENTRIES), *flat, *numbers)
            return
        rates = (rate * group["columns"].numpy().astype(np.float64)).astype(np.float32)
        p, g, m, v = (a.detach().numpy().reshape(-1, len(rates)) for a in arrays)
        m += f4(1 - keep_m) * (g - m)
        v += f4(1 - keep_v) * (g * g - v)
        p -= rates * m / (np.sqrt(v) * f4(inverse) + f4(group["eps"]))

    def _step_rows(self, parameter: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> None:
        keep_m, keep_v, rate, inverse = self._factors(state, group)
        deltas: SparseDeltas = group["deltas"]
        columns = np.ones(LEARNED) if group["columns"] is None else group["columns"].numpy().astype(np.float64)
        rates = np.tile(rate * columns, WIDEST).astype(np.float32)
        renders: list[RowGradient] = group["rows"]
        psi = np.stack([r.psi for r in renders])
        mixed = renders[0].gaussians[None] if len(renders) == 1 else np.stack([r.gaussians for r in renders])
        flat = [a.detach().numpy().reshape(-1) for a in (parameter, state["exp_avg"], state["exp_avg_sq"])]
        numbers = (*_four(keep_m, keep_v), rates, f4(inverse), f4(group["eps"]))
        table = (deltas.start, deltas.expression, deltas.mask, psi, mixed)
        for_chunks(_adam_rows, split(mixed.shape[1], GAUSSIANS), *table, *flat, *numbers)
        renders.clear()

    def _step_elsewhere(self, parameter: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> None:
        keep_m, keep_v, rate, inverse = self._factors(state, group)
        grad = parameter.grad
        assert grad is not None, "rows of deltas are a matter of the CPU"
        m, v = state["exp_avg"], state["exp_avg_sq"]
        m.lerp_(grad, 1 - keep_m)
        v.mul_(keep_v).addcmul_(grad, grad, value=1 - keep_v)
        move = m / v.sqrt().mul_(inverse).add_(group["eps"])
        if group["columns"] is not None:
            move *= group["columns"]
        parameter.add_(move, alpha=-rate)
