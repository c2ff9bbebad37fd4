"""Picture losses shared by both stages."""

from __future__ import annotations

import torch
from torch import Tensor

from emotalker.engine.training.loss.dssim import ssim


def relight(rgb: Tensor, alpha: Tensor, lighting: Tensor) -> Tensor:
    """Premultiplied colours [H, W, 3] under an affine colour transform [3, 4] of a clip's light and camera settings."""
    return rgb @ lighting[:, :3].T + alpha[..., None] * lighting[:, 3]


def compose(rgb: Tensor, alpha: Tensor, plate: Tensor) -> Tensor:
    """Premultiplied colours over a plate [H, W, 3]."""
    return rgb + (1 - alpha)[..., None] * plate


def picture_loss(image: Tensor, target: Tensor, importance: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted L1 (Eq. 13) and 1 - SSIM of pictures [H, W, 3]."""
    l1 = ((image - target).abs().mean(-1) * importance).mean()
    return l1, 1 - ssim(image.permute(2, 0, 1), target.permute(2, 0, 1))


def psnr_of(image: Tensor, target: Tensor) -> float:
    """Peak signal-to-noise ratio in decibels, for metrics during training."""
    error = torch.mean((image.detach() - target) ** 2).clamp_min(1e-10)
    return float(-10 * torch.log10(error))
