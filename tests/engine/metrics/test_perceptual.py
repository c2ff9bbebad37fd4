"""The perceptual networks: the loss trains, the metric agrees with its publishers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from emotalker.engine.metrics.perceptual import (
    BLOCKS,
    FOUR_BLOCKS,
    FOUR_LAYERS,
    LAST_IN_BLOCK,
    LAYERS,
    Lpips,
    Vgg16,
    VggLoss,
    available,
)

needs_weights = pytest.mark.skipif(not available(), reason="the asset vgg16_lpips is not on this computer")


def random_network(divisor: int = 8) -> Vgg16:
    """A slim VGG16 with random weights."""
    generator = torch.Generator().manual_seed(0)
    weights: dict[str, Tensor] = {}
    channels, number = 3, 0
    for block in BLOCKS:
        for width in block:
            out = width // divisor
            scale = (2 / (9 * channels)) ** 0.5
            name = f"features.{LAYERS[number]}"
            weights[f"{name}.weight"] = scale * torch.randn(out, channels, 3, 3, generator=generator)
            weights[f"{name}.bias"] = torch.zeros(out)
            channels, number = out, number + 1
    return Vgg16(weights)


def pictures() -> tuple[Tensor, Tensor]:
    """A smooth picture [64, 64, 3] and the same with stripes over it."""
    y, x = torch.meshgrid(torch.arange(64) / 64, torch.arange(64) / 64, indexing="ij")
    plain = torch.stack([x, y, (x + y) / 2], -1)
    return plain, (plain + 0.25 * torch.sin(20 * x)[..., None]).clamp(0, 1)


def test_features_have_the_sizes_of_vgg16() -> None:
    """Each block halves the picture and the taps come in order."""
    found = random_network()(torch.rand(2, 3, 64, 48), LAST_IN_BLOCK)
    assert [tuple(f.shape) for f in found] == [
        (2, 8, 64, 48), (2, 16, 32, 24), (2, 32, 16, 12), (2, 64, 8, 6), (2, 64, 4, 3),
    ]  # fmt: skip
    assert all((f >= 0).all() for f in found)


@pytest.mark.parametrize("taps", [FOUR_LAYERS, FOUR_BLOCKS])
def test_loss_vanishes_only_on_equal_pictures(taps: tuple[int, ...]) -> None:
    """Equal pictures cost nothing, and more different ones cost more."""
    loss = VggLoss(taps, random_network())
    plain, striped = (p.permute(2, 0, 1) for p in pictures())
    near = loss(plain, 0.9 * plain + 0.1 * striped)
    assert float(loss(plain, plain)) == 0
    assert 0 < float(near) < float(loss(plain, striped))


def test_gradient_reaches_the_picture_and_only_it() -> None:
    """The gradient is that of the loss (finite differences in float64), and neither target nor weights get one."""
    network = random_network().double()
    for number in range(len(LAYERS)):
        setattr(network, f"weight{number}", getattr(network, f"weight{number}").double())
    loss = VggLoss(FOUR_LAYERS, network)
    generator = torch.Generator().manual_seed(1)
    image = torch.rand(3, 12, 12, dtype=torch.float64, generator=generator).requires_grad_()
    target = torch.rand(3, 12, 12, dtype=torch.float64, generator=generator).requires_grad_()
    loss(image, target).backward()
    assert target.grad is None
    assert not list(loss.parameters())
    direction = torch.randn(3, 12, 12, dtype=torch.float64, generator=generator)
    step = 1e-7
    with torch.no_grad():
        slope = (loss(image + step * direction, target) - loss(image - step * direction, target)) / (2 * step)
    assert image.grad is not None
    assert float((image.grad * direction).sum()) == pytest.approx(float(slope), rel=1e-4)


def test_the_loss_moves_alone() -> None:
    """Taken to another device, it leaves the network it was given to LPIPS where it was."""
    network = random_network()
    VggLoss(FOUR_LAYERS, network).to("meta")
    assert {buffer.device.type for buffer in network.buffers()} == {"cpu"}


def test_descending_the_loss_recovers_the_picture() -> None:
    """A picture that follows the gradient comes nearer to its target, which is what stage 2 asks of it."""
    plain, striped = (p.permute(2, 0, 1) for p in pictures())
    image = striped.clone().requires_grad_()
    loss = VggLoss(FOUR_LAYERS, random_network())
    optimizer = torch.optim.Adam([image], lr=0.01)
    before = float((striped - plain).abs().mean())
    for _ in range(30):
        optimizer.zero_grad()
        loss(image, plain).backward()
        optimizer.step()
    assert float((image.detach() - plain).abs().mean()) < 0.7 * before


def test_lpips_refuses_what_it_cannot_see() -> None:
    """A wrong layout or a picture too small for five blocks is a programming error with a plain message."""
    metric = Lpips(random_network(), tuple(torch.ones(b[0] // 8) for b in BLOCKS))
    with pytest.raises(ValueError, match="16"):
        metric.features(torch.rand(8, 64, 3))
    with pytest.raises(ValueError, match="needs"):
        metric.features(torch.rand(3, 64, 64))


@pytest.mark.assets
@needs_weights
def test_lpips_equals_its_publishers() -> None:
    """Values of the `lpips` package 0.1.4 (VGG, version 0.1) on the same pictures."""
    metric = Lpips()
    plain, striped = pictures()
    assert metric(plain, plain) == 0
    assert metric(plain, striped) == pytest.approx(0.38076, abs=2e-4)
    assert metric(torch.zeros(64, 64, 3), torch.ones(64, 64, 3)) == pytest.approx(0.45384, abs=2e-4)
    assert metric(plain, 1 - plain) == pytest.approx(0.90390, abs=2e-4)


@pytest.mark.assets
@needs_weights
def test_lpips_sees_noise_as_worse_than_a_shift_in_brightness() -> None:
    """What the metric is for: structure weighs more than a small change of tone."""
    metric = Lpips()
    plain, _striped = pictures()
    generator = torch.Generator().manual_seed(0)
    noise = (plain + 0.1 * torch.randn(plain.shape, generator=generator)).clamp(0, 1)
    assert metric(plain, (plain + 0.1).clamp(0, 1)) < 0.5 * metric(plain, noise)
