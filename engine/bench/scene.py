"""The benchmark's scene: Gaussians on a head-sized ellipsoid seen from the front."""

from __future__ import annotations

import math

import numpy as np
import torch

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu.morton import morton_order
from emotalker.engine.gaussians.gaussians import Gaussians

COUNT = 20_000
SIZE = 512
KEY = f"n{COUNT}_s{SIZE}"

HEAD_RADII = (0.085, 0.115, 0.1)
SHELL = 0.1
DISTANCE = 1.0
FRAME_FILL = 0.6
SPACING_TO_SIGMA = 0.6


def head_blob(count: int = COUNT, size: int = SIZE, seed: int = 0) -> tuple[Gaussians, Camera]:
    """A head-like blob filling the middle 60 % of a square image, in Morton order as in training.

    Sizes are spread log-normally around 0.6 of the mean spacing on the surface, opacities around 0.7, colours vary.

    Args:
        count: number of Gaussians.
        size: image width and height in pixels.
        seed: of the random layout.
    """
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    radii = torch.tensor(HEAD_RADII)
    depth = 1 - SHELL * torch.rand(count, 1, generator=generator)
    means = torch.nn.functional.normalize(normal(count, 3), dim=1) * radii * depth
    area = 4 * math.pi * float(radii.mean()) ** 2
    sigma = SPACING_TO_SIGMA * math.sqrt(area / count)
    gaussians = Gaussians(
        means[morton_order(means)],
        normal(count, 4),
        math.log(sigma) + 0.3 * normal(count, 3),
        1 + normal(count),
        0.5 * normal(count, 1, 3),
    )
    view = np.eye(4, dtype=np.float32)
    view[2, 3] = DISTANCE
    focal = FRAME_FILL * size * DISTANCE / (2 * max(HEAD_RADII))
    intrinsics = np.array([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1]], np.float32)
    return gaussians, Camera(view, intrinsics, size, size)
