"""VGG16 as a judge of pictures: the perceptual training loss (eq. 14 of the paper) and the LPIPS metric.

The network is plain torch with frozen weights from the asset `vgg16_lpips`; it is loaded at the first use and shared.
"""

from __future__ import annotations

import copy
import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emotalker.engine import assets
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays

ASSET = "vgg16_lpips"
# Channels out of each of the thirteen convolutions, by block; 2x2 max pooling stands between blocks.
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
# Position of each convolution in torchvision's `features`, which names the weights.
LAYERS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
FIRST_IN_BLOCK = (2, 4, 7, 10)
LAST_IN_BLOCK = (1, 3, 6, 9, 12)
# The paper says "the first four layers"; read as blocks it costs about five times as much.
FOUR_LAYERS = (0, 1, 2, 3)
FOUR_BLOCKS = (1, 3, 6, 9)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# Below this side the fifth block of VGG16 has no pixel left.
SMALLEST_LPIPS = 16


class Vgg16(nn.Module):
    """The thirteen convolutions of VGG16 (Simonyan and Zisserman 2015), frozen; its features are taken after each ReLU.

    Args:
        weights: `features.N.weight` [out, in, 3, 3] and `features.N.bias` [out] as torchvision names them.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))
        for number, layer in enumerate(LAYERS):
            self.register_buffer(f"weight{number}", weights[f"features.{layer}.weight"].float())
            self.register_buffer(f"bias{number}", weights[f"features.{layer}.bias"].float())

    def forward(self, images: Tensor, taps: tuple[int, ...]) -> list[Tensor]:
        """Features after the ReLU of the convolutions numbered in `taps` (0..12, increasing).

        Args:
            images: sRGB in [0, 1], [B, 3, H, W].
            taps: convolutions to hand out; those behind the last are not computed.

        Returns:
            One tensor [B, C, h, w] for each tap.
        """
        # Channels last is the layout in which the CPU convolutions of torch run a third faster.
        x = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        found = []
        for number in range(taps[-1] + 1):
            if number in FIRST_IN_BLOCK:
                x = F.max_pool2d(x, 2)
            x = F.relu(F.conv2d(x, getattr(self, f"weight{number}"), getattr(self, f"bias{number}"), padding=1))
            if number in taps:
                found.append(x)
        return found


@functools.lru_cache(maxsize=1)
def _loaded() -> tuple[Vgg16, tuple[Tensor, ...]]:
    """The network and the five LPIPS weightings, read once."""
    arrays, _metadata = read_arrays(assets.ensure(ASSET))
    try:
        network = Vgg16({name: torch.from_numpy(array) for name, array in arrays.items()})
        linear = tuple(torch.from_numpy(arrays[f"lin{n}.weight"]).float() for n in range(len(BLOCKS)))
    except KeyError as error:
        raise UserError(
            "The model that judges pictures cannot be used.",
            f"Its file lacks the part {error}.",
            assets.fetch_anew(ASSET),
        ) from error
    return network.eval(), linear


def available() -> bool:
    """Whether the weights lie on this computer; never touches the network."""
    return assets.path(ASSET) is not None


class VggLoss(nn.Module):
    """Perceptual distance for training: L1 between VGG16 features of two pictures (eq. 14 of the paper).

    Each tapped feature map contributes its mean absolute difference; the loss is their mean. It is differentiable in
    the first picture; the weights stay frozen.

    Args:
        taps: convolutions to compare, `FOUR_LAYERS` (default) or `FOUR_BLOCKS`.
        network: a network to use in place of the asset's, for tests.

    Raises:
        UserError: if the asset is missing and cannot be fetched; the caller may then train without this term.
    """

    def __init__(self, taps: tuple[int, ...] = FOUR_LAYERS, network: Vgg16 | None = None) -> None:
        super().__init__()
        self.taps = taps
        # A copy: the loss may move to a card, and `Lpips` judges on with the one that was loaded.
        self.network = copy.deepcopy(network if network is not None else _loaded()[0])

    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        """The loss, a scalar.

        Args:
            image: sRGB in [0, 1], [3, H, W] or [B, 3, H, W]; gradients flow into it.
            target: the recorded picture, same shape; no gradient.
        """
        if image.ndim == 3:
            image, target = image[None], target[None]
        with torch.no_grad():
            wanted = self.network(target, self.taps)
        pairs = zip(self.network(image, self.taps), wanted)
        return torch.stack([F.l1_loss(ours, theirs) for ours, theirs in pairs]).mean()


class Lpips:
    """LPIPS, VGG variant, version 0.1 (Zhang et al. 2018): 0 for equal pictures, larger for more different ones.

    Args:
        network: a network to use in place of the asset's, for tests.
        linear: the five channel weightings [C] that belong to it.

    Raises:
        UserError: if the asset is missing and cannot be fetched.
    """

    def __init__(self, network: Vgg16 | None = None, linear: tuple[Tensor, ...] | None = None) -> None:
        if network is None or linear is None:
            network, linear = _loaded()
        self.network = network
        self.linear = linear

    @torch.no_grad()
    def features(self, image: Tensor) -> list[Tensor]:
        """Unit-length features of a picture [H, W, 3] in [0, 1]; compute them once to compare it with several others.

        Raises:
            ValueError: for another shape, or a side under 16 pixels.
        """
        if image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < SMALLEST_LPIPS:
            raise ValueError(f"needs [H, W, 3] with sides of at least {SMALLEST_LPIPS}, not {tuple(image.shape)}")
        # As the reference implementation: the small number is added to the length, not to its square.
        return [f / (f.norm(dim=1, keepdim=True) + 1e-10) for f in self.network(_batch(image), LAST_IN_BLOCK)]

    def distance(self, a: list[Tensor], b: list[Tensor]) -> float:
        """LPIPS of two pictures given as `features`."""
        total = 0.0
        for fa, fb, weight in zip(a, b, self.linear):
            total += float((((fa - fb) ** 2) * weight.view(1, -1, 1, 1)).sum(1).mean())
        return total

    def __call__(self, a: Tensor, b: Tensor) -> float:
        """LPIPS of two pictures [H, W, 3], sRGB in [0, 1]."""
        return self.distance(self.features(a), self.features(b))


def _batch(image: Tensor) -> Tensor:
    return image.float().permute(2, 0, 1)[None].contiguous()
