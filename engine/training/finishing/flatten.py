"""Gaussians pressed flat along a direction, without a change to anything their expressions add."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor

from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.gaussians.reference import quats_to_matrices

F64 = NDArray[np.float64]


def flatten(shapes: GaussianBlendshapes, direction: F64, most: Tensor, amount: F64) -> None:
    """Make Gaussians no thicker along a direction than told; across it they keep their shape.

    Expressions add to each axis on its own, so the axes and the quaternions' signs and lengths stay as they were.

    Args:
        shapes: N Gaussians, changed in place.
        direction: unit vectors [N, 3], head space.
        most: standard deviation allowed along it [N], metres.
        amount: how much of the flattening is done [N], 0 to 1.
    """
    base = shapes.base
    along, axes = torch.from_numpy(direction), quats_to_matrices(base.quats.double())
    spread = axes @ torch.diag_embed((2 * base.log_scales.double()).exp()) @ axes.transpose(1, 2)
    thick = (along[:, None] @ spread @ along[:, :, None])[:, 0, 0].clamp_min(1e-16).sqrt()
    factor = 1 - torch.from_numpy(amount) * (1 - (most.double() / thick).clamp_max(1))
    chosen = factor < 1
    if not bool(chosen.any()):
        return
    press = torch.eye(3).double() - (1 - factor[chosen])[:, None, None] * _outer(along[chosen])
    sizes, turned = torch.linalg.eigh(press @ spread[chosen] @ press)
    turned, sizes = _in_order(axes[chosen], turned, sizes)
    quats, old = _quaternions(turned).to(base.quats), base.quats[chosen]
    sign = torch.where((quats * old).sum(1, keepdim=True) < 0, -1.0, 1.0)
    base.quats[chosen] = quats * sign * old.norm(dim=1, keepdim=True)
    base.log_scales[chosen] = (0.5 * sizes.clamp_min(1e-10).log()).to(base.log_scales)


def _outer(vectors: Tensor) -> Tensor:
    return vectors[:, :, None] * vectors[:, None]


def _in_order(old: Tensor, new: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
    """Columns of rotations `new` [n, 3, 3] and their sizes [n, 3], in the order and sense closest to `old`."""
    orders = torch.tensor([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
    alike = (old.transpose(1, 2) @ new).abs()
    rows = torch.arange(3)
    order = orders[torch.stack([alike[:, rows, o].sum(1) for o in orders], 1).argmax(1)]
    new, sizes = new.gather(2, order[:, None].expand(-1, 3, -1)), sizes.gather(1, order)
    agree = (old * new).sum(1)
    new = new * torch.where(agree < 0, -1.0, 1.0)[:, None]
    # a mirrored frame becomes a turned one by its least certain axis
    mirrored = torch.linalg.det(new) < 0
    flip = torch.ones_like(sizes)
    flip[torch.arange(len(flip)), agree.abs().argmin(1)] = torch.where(mirrored, -1.0, 1.0).to(flip)
    return new * flip[:, None], sizes


def _quaternions(matrices: Tensor) -> Tensor:
    """Unit quaternions wxyz [n, 4] of rotation matrices [n, 3, 3]."""
    turned = Rotation.from_matrix(matrices.numpy()).as_quat()
    return torch.from_numpy(turned[:, [3, 0, 1, 2]])
