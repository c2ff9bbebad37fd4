"""The priors in one pass: the same value and slopes as their formula in float64."""

from __future__ import annotations

import torch
from torch import Tensor

from emotalker.engine.training.loss.prior_kernel import priors

NUMBERS = (0.7, 0.01, 0.3)


def by_formula(means: Tensor, scales: Tensor, sh: Tensor, homes: Tensor, pulls: Tensor) -> Tensor:
    """What the docstring of `prior_loss` says, term by term."""
    longest, by_scale, by_colour = NUMBERS
    away = (((means - homes[:, :3]) * 1000) ** 2).sum(1) * pulls
    excess = torch.relu(scales - homes[:, 3:4] - longest) ** 2
    tint = (sh[:, 0] - homes[:, 4:]) ** 2
    return away.mean() + by_scale * excess.sum(1).mean() + by_colour * tint.sum(1).mean()


def test_the_same_as_the_formula() -> None:
    """Value and gradients to positions, sizes and colours; higher bands of colour are left alone."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((500, 3), (500, 3), (500, 4, 3), (500, 7), (500,))
    inputs = [torch.randn(s, generator=generator) for s in shapes]
    inputs[0] = inputs[3][:, :3] + 1e-3 * inputs[0]
    results = []
    for function, dtype in ((lambda *x: priors(*x, *NUMBERS), torch.float32), (by_formula, torch.float64)):
        leaves = [x.to(dtype, copy=True).requires_grad_() for x in inputs[:3]]
        value = function(*leaves, *(x.to(dtype) for x in inputs[3:]))
        (2 * value).backward()
        results.append([value.detach().double(), *(leaf.grad.double() for leaf in leaves)])
    # positions are given to a ten-millionth and count in thousandths: their float32 difference has four digits
    for ours, wanted in zip(*results):
        assert float((ours - wanted).norm() / wanted.norm()) < 1e-3
    assert not results[0][3][:, 1:].any()
