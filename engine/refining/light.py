"""The light of a clip, from its pictures alone."""

from __future__ import annotations

import torch
from torch import Tensor

OPAQUE = 0.9
ALIKE = 0.25
"""Differences of colour beyond this are not light."""
TRUST = 1e-3
"""Pull to the light as rendered, as a share of the evidence."""


class LightFit:
    """Least squares for the affine colour transform [3, 4] that brings renders to recorded frames."""

    def __init__(self) -> None:
        self._squares = torch.zeros(4, 4, dtype=torch.float64)
        self._products = torch.zeros(4, 3, dtype=torch.float64)

    def add(self, rgb: Tensor, alpha: Tensor, plate: Tensor, image: Tensor) -> None:
        """Add a frame: unlit premultiplied rgb [S, S, 3], alpha [S, S], plate and recorded picture [S, S, 3]."""
        shown = torch.cat([rgb, alpha[..., None]], -1).reshape(-1, 4).double()
        wanted = (image - (1 - alpha)[..., None] * plate).reshape(-1, 3).double()
        keep = (shown[:, 3] > OPAQUE) & ((wanted - shown[:, :3]).abs().amax(1) < ALIKE)
        shown, wanted = shown[keep], wanted[keep]
        self._squares += shown.T @ shown
        self._products += shown.T @ wanted

    def solve(self) -> Tensor:
        """The transform [3, 4]; the identity where nothing was added."""
        pull = torch.eye(4, dtype=torch.float64) * (TRUST * float(self._squares.trace()) / 4 + 1e-9)
        solved = torch.linalg.solve(self._squares + pull, self._products + pull[:, :3])
        return solved.T.float().contiguous()
