"""How far coefficients move the face: what makes errors of psi, jaw and neck comparable, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emotalker.engine.head.model import HeadModel, axis_angle_to_matrix

_OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 146, 91, 181, 84, 17, 314, 405, 321, 375)
_INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 95, 88, 178, 87, 14, 317, 402, 318, 324)
LIPS = _OUTER_LIPS + _INNER_LIPS
"""Landmarks around the outer and inner edge of the lips."""
CHIN = (152, 148, 377, 176, 400, 199, 18)
UPPER_LIP, LOWER_LIP = 13, 14
"""Inner edge of the lips, in the middle."""
EYE_CORNERS = (33, 263)
MOUTH_CORNERS = (78, 308)
NECK_RADIUS = 60.0
"""Millimetres a point of the face moves per radian of the neck, about."""
JAW_STEP = 0.05
KEPT_IN_SILENCE = ("smile", "frown", "dimple", "brow", "eye", "nose", "squint", "sneer", "platysma")
"""Parts of expression names that show a feeling rather than an articulation."""


@dataclass(frozen=True)
class Measure:
    """Linear maps from coefficients to millimetres.

    Attributes:
        weights: mean landmark movement of one unit of each coefficient [K], mm.
        basis: movement of lips, chin and a spread of the face by psi and jaw [K + 3, P * 3], mm per unit or radian.
        mouth: 1 for coefficients that articulate and so relax in silence, 0 for those that show a feeling [K].
        gap: how far psi and jaw part the lips in the middle [K + 3], mm per unit or radian.
    """

    weights: Tensor
    basis: Tensor
    mouth: Tensor
    gap: Tensor

    def move(self, psi: Tensor, jaw: Tensor) -> Tensor:
        """Movement [..., P, 3], mm, of the measured points by differences of psi [..., K] and jaw [..., 3]."""
        return (torch.cat([psi, jaw], -1) @ self.basis).unflatten(-1, (-1, 3))

    def parted(self, psi: Tensor, jaw: Tensor) -> Tensor:
        """How far the lips are parted [...], mm, by psi [..., K] and jaw [..., 3]; only differences mean something."""
        return torch.cat([psi, jaw], -1) @ self.gap


def measure_head(head: HeadModel) -> Measure:
    """Maps of a head model, linearised at its average shape."""
    corners = torch.from_numpy(head.triangles.astype(np.int64))[head.landmark_triangles.astype(np.int64)]
    shares = torch.from_numpy(head.landmark_barycentrics)[..., None]
    psi_moves = (head.expression_basis.float()[:, corners] * shares).sum(2) * 1000  # [K, 478, 3]
    # A point under the jaw's skinning weight turns about the jaw joint; small angles are linear.
    skin = head.weights[:, 3].float()
    arms = head.template.float() - head.joints[3].float()
    turns = []
    for axis in torch.eye(3):
        turned = arms @ axis_angle_to_matrix(axis * JAW_STEP).T - arms
        turns.append(((turned * skin[:, None])[corners] * shares).sum(1) * 1000 / JAW_STEP)
    points = sorted({*LIPS, *CHIN, *range(0, 468, 9)})
    every = torch.cat([psi_moves, torch.stack(turns)])
    gap = every[:, UPPER_LIP, 1] - every[:, LOWER_LIP, 1]
    gap = gap * gap[len(psi_moves)].sign()  # whichever way up the head stands, the jaw parts the lips
    return Measure(
        psi_moves.norm(dim=-1).mean(1).clamp_min(0.02), every[:, points].flatten(1).contiguous(),
        mouth_share(head.expression_names, psi_moves), gap,
    )  # fmt: skip


def mouth_share(names: tuple[str, ...], moves: Tensor) -> Tensor:
    """Which coefficients silence takes back [K]: by name where it says so, else those that part the lips.

    Args:
        names: K expression names.
        moves: landmark movement of one unit of each [K, 478, 3].
    """
    gap = (moves[:, UPPER_LIP, 1] - moves[:, LOWER_LIP, 1]).abs()
    lips = moves[:, list(LIPS)].norm(dim=-1).mean(1)
    share = torch.zeros(len(names))
    for i, name in enumerate(names):
        lower = name.lower()
        if any(part in lower for part in KEPT_IN_SILENCE):
            continue
        named = any(part in lower for part in ("mouth", "lip", "jaw", "tongue", "cheekpuff"))
        share[i] = float(named or gap[i] > 0.25 * lips[i])
    return share


def plain_measure(expressions: int) -> Measure:
    """A measure for coefficients nothing is known about: each moves its own point by 3 mm a unit, the jaw by 80 mm."""
    basis = torch.zeros(expressions + 3, (expressions + 3) * 3)
    for i in range(expressions + 3):
        basis[i, 3 * i] = 3.0 if i < expressions else 80.0
    gap = torch.zeros(expressions + 3)
    gap[expressions] = 80.0
    return Measure(torch.full((expressions,), 3.0), basis, torch.ones(expressions), gap)
