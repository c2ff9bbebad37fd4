"""Light, plate and losses in one pass: the same numbers and slopes as the readable form."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from emotalker.engine.gaussians.cpu import get_threads, set_threads
from emotalker.engine.training.loss.dssim import ssim, ssim_of_convolutions
from emotalker.engine.training.loss.losses import compose, psnr_of, relight
from emotalker.engine.training.loss.picture import PictureLosses, picture_losses

HEIGHT, WIDTH = 37, 50


@pytest.fixture
def threads() -> Iterator[None]:
    """Give back the number of threads a test changed."""
    before = get_threads()
    yield
    set_threads(before)


def given(dtype: torch.dtype = torch.float32) -> list[Tensor]:
    """Colours, alpha, light, plate, target, importance, matte, sure."""
    generator = torch.Generator().manual_seed(0)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator).to(dtype)

    light = torch.eye(3, 4) + 0.1 * torch.randn(3, 4, generator=generator)
    alpha = uniform(HEIGHT, WIDTH)
    return [
        uniform(HEIGHT, WIDTH, 3) * alpha[..., None], alpha, light.to(dtype), uniform(HEIGHT, WIDTH, 3),
        uniform(HEIGHT, WIDTH, 3), 1 + uniform(HEIGHT, WIDTH), uniform(HEIGHT, WIDTH), uniform(HEIGHT, WIDTH),
    ]  # fmt: skip


def in_plain_torch(rgb, alpha, light, plate, target, importance, matte, sure) -> PictureLosses:
    """The definition, term by term, in the dtype of its inputs."""
    image = compose(relight(rgb, alpha, light), alpha, plate)
    l1 = ((image - target).abs().mean(-1) * importance).mean()
    dssim = 1 - ssim_of_convolutions(image.permute(2, 0, 1), target.permute(2, 0, 1))
    return PictureLosses(l1, dssim, ((alpha - matte) ** 2 * sure).mean(), (image - target).square().mean(), image)


def slopes(losses, inputs: list[Tensor]) -> list[Tensor]:
    """The five results, and the gradients of a mixture of the losses to colours, alpha and light."""
    leaves = [x.clone().requires_grad_() for x in inputs[:3]]
    result = losses(*leaves, *inputs[3:])
    (0.8 * result.l1 + 0.2 * result.dssim + 3 * result.matte).backward()
    return [x.detach().double() for x in result] + [leaf.grad.double() for leaf in leaves]


def test_the_same_as_float64_torch() -> None:
    """Losses to six digits, gradients to float32 rounding of the D-SSIM."""
    ours, wanted = slopes(picture_losses, given()), slopes(in_plain_torch, given(torch.float64))
    for a, b in zip(ours, wanted):
        assert a.shape == b.shape
        assert float((a - b).norm() / b.norm()) < 2e-5


def test_the_square_is_the_psnr_of_the_picture() -> None:
    """What is handed out for the metric agrees with the metric."""
    inputs = given()
    result = picture_losses(*inputs)
    assert float(-10 * result.square.log10()) == pytest.approx(psnr_of(result.image, inputs[4]), abs=1e-4)
    assert not result.image.requires_grad


@pytest.mark.usefixtures("threads")
def test_threads_change_nothing() -> None:
    """One thread and three: bit-equal."""
    results = []
    for count in (1, 3):
        set_threads(count)
        results.append(slopes(picture_losses, given()))
    for one, three in zip(*results):
        np.testing.assert_array_equal(one.numpy(), three.numpy())


def test_convolutions_see_the_same_likeness() -> None:
    """SSIM as other devices compute it is the one of the kernels."""
    _, _, _, a, b, *_ = given()
    a, b = a.permute(2, 0, 1), (0.7 * a + 0.3 * b).permute(2, 0, 1)
    assert float(ssim_of_convolutions(a, b)) == pytest.approx(float(ssim(a, b)), abs=2e-6)
