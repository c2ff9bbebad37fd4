"""Fused SSIM, forward and backward at 512x512, against torch convolutions."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from emotalker.engine.bench.timing import median_ms, torch_median_ms
from emotalker.engine.training.loss.dssim import RADIUS, gaussian_window, ssim

SIZE = 512


def ssim_torch(image: Tensor, target: Tensor) -> Tensor:
    """Mean SSIM of [C, H, W] pictures the usual way: five convolutions with the 11 x 11 window, any float dtype."""
    weights = torch.as_tensor(gaussian_window()).to(image)
    window = torch.outer(weights, weights).expand(image.shape[0], 1, -1, -1)

    def blur(x: Tensor) -> Tensor:
        return conv2d(x[None], window, padding=RADIUS, groups=x.shape[0])[0]

    mean1, mean2 = blur(image), blur(target)
    square1, square2 = blur(image * image) - mean1**2, blur(target * target) - mean2**2
    product = blur(image * target) - mean1 * mean2
    above = (2 * mean1 * mean2 + 0.01**2) * (2 * product + 0.03**2)
    below = (mean1**2 + mean2**2 + 0.01**2) * (square1 + square2 + 0.03**2)
    return (above / below).mean()


def measure() -> dict[str, float]:
    """Milliseconds of one loss with its gradient, and how many times longer torch takes."""
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(3, SIZE, SIZE, generator=generator).requires_grad_()
    target = torch.rand(3, SIZE, SIZE, generator=generator)

    def step(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[], object]:
        return lambda: torch.autograd.grad(1 - function(image, target), image)

    ours = median_ms(step(ssim), 50)
    theirs = torch_median_ms(step(ssim_torch), 7, 2)
    prefix = f"dssim.s{SIZE}"
    return {f"{prefix}.ms": ours, f"{prefix}.torch_ms": theirs, f"{prefix}.torch_ratio": theirs / ours}
