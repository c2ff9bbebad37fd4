"""Anchors to Gaussians by kernels: the same as the plain gather."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from emotalker.engine.emotion.spread import reach_of, spread
from emotalker.engine.gaussians.cpu import get_threads, set_threads

ANCHORS = 300


@pytest.fixture
def threads() -> Iterator[None]:
    """Give back the number of threads a test changed."""
    before = get_threads()
    yield
    set_threads(before)


def layout(gaussians: int = 5000) -> tuple[Tensor, Tensor]:
    """Four anchors for each Gaussian; a third of them have no share, and one anchor moves nothing."""
    generator = torch.Generator().manual_seed(0)
    index = torch.randint(0, ANCHORS - 1, (gaussians, 4), generator=generator)
    share = torch.rand(gaussians, 4, generator=generator)
    share[::3] = 0
    return index, share


def both_ways(frames: int = 2) -> tuple[Tensor, Tensor]:
    """Values at the Gaussians and the gradient at the anchors."""
    index, share = layout()
    values = torch.randn(frames, ANCHORS, 14, generator=torch.Generator().manual_seed(1)).requires_grad_()
    out = spread(values, index, share, reach_of(index.numpy(), share.numpy(), ANCHORS))
    (out * torch.linspace(-1, 1, out.numel()).reshape(out.shape)).sum().backward()
    return out.detach(), values.grad


def test_the_same_as_the_gather() -> None:
    """Values and gradients of two frames agree with torch's gather in float64."""
    index, share = layout()
    values = torch.randn(2, ANCHORS, 14, generator=torch.Generator().manual_seed(1)).double().requires_grad_()
    wanted = (values[:, index] * share[..., None]).sum(2)
    (wanted * torch.linspace(-1, 1, wanted.numel()).reshape(wanted.shape)).sum().backward()
    out, gradient = both_ways()
    torch.testing.assert_close(out.double(), wanted.detach(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient.double(), values.grad, rtol=1e-4, atol=1e-4)
    assert not gradient[:, ANCHORS - 1].any()


@pytest.mark.usefixtures("threads")
def test_threads_change_nothing() -> None:
    """One thread and three: bit-equal."""
    results = []
    for count in (1, 3):
        set_threads(count)
        results.append(both_ways())
    for one, three in zip(*results):
        np.testing.assert_array_equal(one.numpy(), three.numpy())
