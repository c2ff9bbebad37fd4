"""Scenes for the rasterizers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu import get_threads, set_threads
from emotalker.engine.gaussians.gaussians import Gaussians

Scene = tuple[Gaussians, Camera]


@pytest.fixture
def scene() -> Callable[..., Scene]:
    """Make `count` random Gaussians in front of (and some beside and behind) a camera that is off its axis."""

    def make(count: int = 300, degree: int = 0, seed: int = 0, width: int = 61, height: int = 45) -> Scene:
        generator = torch.Generator().manual_seed(seed)

        def normal(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=generator)

        gaussians = Gaussians(
            0.7 * normal(count, 3),
            normal(count, 4),
            -2.2 + 0.5 * normal(count, 3),
            1.5 * normal(count),
            0.5 * normal(count, (degree + 1) ** 2, 3),
        )
        tilt = 0.2
        view = np.eye(4, dtype=np.float32)
        view[:3, :3] = [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
        view[:3, 3] = [0.1, -0.05, 2.0]
        intrinsics = [[60, 0, width / 2 + 2], [0, 66, height / 2 - 1], [0, 0, 1]]
        return gaussians, Camera(view, np.array(intrinsics, np.float32), width, height)

    return make


@pytest.fixture
def use_threads() -> Iterator[Callable[[int], None]]:
    """Change the number of kernel threads for one test."""
    before = get_threads()
    yield set_threads
    set_threads(before)
