"""The fused SSIM against torch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from emotalker.engine.bench.dssim import ssim_torch
from emotalker.engine.gaussians.cpu import get_threads, set_threads
from emotalker.engine.training.loss.dssim import ssim


@pytest.fixture
def threads() -> Iterator[None]:
    """Restore the number of kernel threads."""
    before = get_threads()
    yield
    set_threads(before)


def pair(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two related pictures."""
    generator = torch.Generator().manual_seed(height * 1000 + width)
    image = torch.rand(3, height, width, generator=generator)
    return image, 0.7 * image + 0.3 * torch.rand(3, height, width, generator=generator)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 3), (37, 53), (130, 40), (257, 31)])
def test_value_and_gradient_match_float64(height: int, width: int) -> None:
    """Sizes below the window, and on and across the borders of a band, agree with five convolutions in float64."""
    image, target = pair(height, width)
    ours, theirs = image.clone().requires_grad_(), image.double().requires_grad_()
    value, truth = ssim(ours, target), ssim_torch(theirs, target.double())
    (3 * (1 - value)).backward()
    (3 * (1 - truth)).backward()
    assert value.item() == pytest.approx(truth.item(), abs=1e-6)
    assert float((ours.grad - theirs.grad).norm() / theirs.grad.norm()) < 1e-5


def test_gradient_is_the_slope() -> None:
    """The gradient agrees with a finite difference, so that both implementations are not wrong together."""
    image, target = pair(20, 24)
    leaf = image.double().requires_grad_()
    ssim_torch(leaf, target.double()).backward()
    step = 1e-6 * torch.randn(image.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    up, down = (ssim_torch(image.double() + s * step, target.double()) for s in (1, -1))
    assert float(up - down) == pytest.approx(float(2 * (leaf.grad * step).sum()), rel=1e-4)


@pytest.mark.usefixtures("threads")
def test_same_bits_for_any_number_of_threads() -> None:
    """One, two and three threads give the same value and gradient to the last bit."""
    image, target = pair(300, 64)
    results = []
    for count in (1, 2, 3):
        set_threads(count)
        leaf = image.clone().requires_grad_()
        value = ssim(leaf, target)
        value.backward()
        results.append((float(value.detach()), leaf.grad))
    assert all(r[0] == results[0][0] and torch.equal(r[1], results[0][1]) for r in results[1:])


def test_equal_pictures_score_one() -> None:
    """A picture is itself, whatever its contrast; a flat pair too; worse pictures score less."""
    image, target = pair(40, 40)
    assert float(ssim(image, image)) == pytest.approx(1, abs=1e-5)
    assert float(ssim(torch.zeros(3, 20, 20), torch.zeros(3, 20, 20))) == pytest.approx(1, abs=1e-6)
    assert float(ssim(image, target)) < 0.99
    assert float(ssim(image, 1 - image)) < float(ssim(image, target))


def test_wrong_shapes_are_refused() -> None:
    """Pictures of different sizes or with a batch axis are an error."""
    with pytest.raises(ValueError, match="one size"):
        ssim(torch.zeros(3, 4, 4), torch.zeros(3, 4, 5))
    with pytest.raises(ValueError, match="one size"):
        ssim(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4))


def test_interleaved_pictures() -> None:
    """Renders [H, W, 3] turned by permute, and gaps between rows, give what planes give, gradient included."""
    image, target = pair(37, 29)
    planes = image.clone().requires_grad_()
    ssim(planes, target).backward()
    for layout in (image.permute(1, 2, 0).contiguous().permute(2, 0, 1), torch.cat([image, image], 2)[:, :, :29]):
        assert not layout.is_contiguous()
        leaf = layout.detach().requires_grad_()
        ssim(leaf, target.permute(1, 2, 0).contiguous().permute(2, 0, 1)).backward()
        torch.testing.assert_close(leaf.grad, planes.grad)
