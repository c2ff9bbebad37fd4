"""Where a head needs more Gaussians and where it can do with fewer (densify and prune of 3D Gaussian splatting)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.render.rasterizer import RasterProbe
from emotalker.engine.training.config import Stage1Config

LARGEST = 0.03
"""Metres; a Gaussian wider than this is removed: on a head it is always a mistake."""
SPLIT_ABOVE = 0.006
"""Metres; wider Gaussians are split into smaller ones, narrower ones are doubled."""


@dataclass
class Density:
    """Screen-space gradients gathered since the last change; N Gaussians.

    Attributes:
        total: sum of gradient lengths of normalised image coordinates [N].
        seen: in how many renders each was visible [N].
    """

    total: Tensor
    seen: Tensor

    @staticmethod
    def empty(count: int, device: str = "cpu") -> Density:
        """Nothing gathered yet; gathered where the renders are, so that no step waits for a device."""
        return Density(torch.zeros(count, device=device), torch.zeros(count, device=device))

    def add(self, probe: RasterProbe, size: int) -> None:
        """Count one render and its gradient."""
        if probe.visible is None or probe.means2d_grad is None:
            return
        self.total += probe.means2d_grad * (size / 2)
        self.seen += probe.visible.float()

    def plan(self, shapes: GaussianBlendshapes, config: Stage1Config) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which Gaussians stay and which of those are doubled, both as ascending indices of today's Gaussians."""
        opacity = torch.sigmoid(shapes.base.logit_opacities.detach()).cpu().numpy()
        widest = shapes.base.log_scales.detach().exp().amax(1).cpu().numpy()
        keep = np.nonzero((opacity >= config.prune_opacity) & (widest < LARGEST))[0]
        need = (self.total / self.seen.clamp_min(1)).cpu().numpy()[keep]
        room = min(int(config.densify_share * len(keep)), config.most - len(keep))
        order = np.argsort(-need, kind="stable")[: max(room, 0)]
        return keep.astype(np.int64), np.sort(keep[order[need[order] > config.densify_gradient]]).astype(np.int64)


def double(
    shapes: GaussianBlendshapes, keep: NDArray[np.int64], doubled: NDArray[np.int64], seed: tuple[int, int]
) -> GaussianBlendshapes:
    """The head with `keep` Gaussians and a second one for each of `doubled`, deltas copied with them.

    Wide Gaussians are split: both halves shrink and move apart within the old extent.
    """
    chosen = np.concatenate([keep, doubled])
    result = shapes.select(chosen)
    wide = result.base.log_scales.exp().amax(1) > SPLIT_ABOVE
    twin = torch.zeros(len(chosen), dtype=torch.bool)
    twin[len(keep) :] = True
    twin[np.searchsorted(keep, doubled)] = True
    split = twin & wide
    noise = torch.from_numpy(np.random.default_rng(seed).standard_normal((len(chosen), 3)).astype(np.float32))
    result.base.means[split] += 0.5 * noise[split] * result.base.log_scales[split].exp()
    result.base.log_scales[split] -= float(np.log(1.6))
    return result
