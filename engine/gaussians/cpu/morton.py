"""Order along a Z curve, so that Gaussians near in space are near in memory."""

from __future__ import annotations

import torch
from torch import Tensor


def _spread(v: Tensor) -> Tensor:
    """Put two zero bits between the lower 21 bits."""
    v = (v | (v << 32)) & 0x1F00000000FFFF
    v = (v | (v << 16)) & 0x1F0000FF0000FF
    v = (v | (v << 8)) & 0x100F00F00F00F00F
    v = (v | (v << 4)) & 0x10C30C30C30C30C3
    return (v | (v << 2)) & 0x1249249249249249


def morton_order(means: Tensor) -> Tensor:
    """Permutation [N] (int64) that puts points [N, 3] in Morton order; index every field with it.

    The CPU rasterizer reads Gaussians tile by tile and is faster when neighbours share cache lines.
    """
    points = means.detach().to(torch.float64)
    if len(points) == 0:
        return torch.zeros(0, dtype=torch.int64, device=means.device)
    low, high = points.amin(0), points.amax(0)
    cells = ((points - low) / (high - low).clamp_min(1e-12) * 2097151).to(torch.int64)
    x, y, z = (_spread(cells[:, j]) for j in range(3))
    return torch.argsort(x | (y << 1) | (z << 2), stable=True)
