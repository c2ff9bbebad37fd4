"""Compile (or load from the cache) every kernel ahead of the first real frame."""

from __future__ import annotations

import numpy as np
import torch

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu.autograd import rasterize_cpu
from emotalker.engine.gaussians.cpu.composite import composite
from emotalker.engine.gaussians.cpu.playback import PlaybackRenderer
from emotalker.engine.gaussians.gaussians import Gaussians


def warm_up() -> None:
    """Run each kernel once on one Gaussian: tens of seconds the first time on a machine, a second later on."""
    camera = Camera(np.eye(4, dtype=np.float32), np.diag([16, 16, 1]).astype(np.float32), 16, 16)
    values = torch.zeros(1, 3), torch.ones(1, 4), torch.zeros(1, 3), torch.zeros(1), torch.zeros(1, 1, 3)
    one = Gaussians(*(v.requires_grad_() for v in values))
    with torch.no_grad():
        one.means[0, 2] = 1.0
    with torch.enable_grad():
        render = rasterize_cpu(one, camera, with_depth=True)
        image = composite(render.rgb, render.alpha, torch.zeros(3))
        torch.autograd.grad(image.sum() + render.alpha.sum(), [one.means, one.sh])
    PlaybackRenderer().render(one, camera)
