"""A set of 3D Gaussians as plain tensors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SH_C0 = 0.28209479177387814


@dataclass
class Gaussians:
    """3D Gaussians before activation, in gsplat's conventions.

    Attributes:
        means: [N, 3], metres.
        quats: [N, 4] wxyz, normalised where used.
        log_scales: [N, 3], natural logarithm of metres.
        logit_opacities: [N].
        sh: [N, (degree + 1)^2, 3]; colour = max(SH + 0.5, 0).
    """

    means: Tensor
    quats: Tensor
    log_scales: Tensor
    logit_opacities: Tensor
    sh: Tensor

    def __len__(self) -> int:
        return int(self.means.shape[0])

    @property
    def sh_degree(self) -> int:
        """Degree of the spherical harmonics."""
        return int(self.sh.shape[1] ** 0.5 + 0.5) - 1

    def to(self, device: torch.device | str) -> Gaussians:
        """The same Gaussians on another device."""
        return Gaussians(*(getattr(self, name).to(device) for name in FIELDS))

    def detach(self) -> Gaussians:
        """The same values outside the graph."""
        return Gaussians(*(getattr(self, name).detach() for name in FIELDS))

    @staticmethod
    def concatenate(parts: list[Gaussians]) -> Gaussians:
        """All Gaussians of `parts` in order."""
        return Gaussians(*(torch.cat([getattr(p, name) for p in parts]) for name in FIELDS))


FIELDS = ("means", "quats", "log_scales", "logit_opacities", "sh")
