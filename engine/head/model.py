"""The head model every stage works on: shape, expression, joints, skin, regions and landmarks."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

JOINTS = ("root", "neck", "head", "jaw", "eye_l", "eye_r")


class HeadModel(Protocol):
    """A parametric head in metres, y up, looking along +z; V vertices, I identities, K expressions, J = 6 joints.

    Joints are those of `JOINTS`, in that order; `head` follows `neck` and has no own pose parameter.
    Left and right are the person's.

    Attributes:
        name: short name for messages.
        template: [V, 3], metres.
        triangles: [F, 3] vertex indices, counter-clockwise seen from outside.
        identity_basis: [I, V, 3], metres per unit; coefficients are about standard-normal.
        expression_basis: [K, V, 3], metres per unit; coefficients in [0, 1].
        expression_names: K names (ARKit names where they exist).
        joints: rest positions [J, 3], metres.
        weights: skinning weights [V, J], rows sum to 1.
        regions: named vertex masks, bool [V]; at least "face", "skin", "lips", "eyes", "teeth_upper", "teeth_lower",
            "tongue", "scalp", "ears", "neck", "neck_ring" (the open rim at the cut).
        landmark_triangles: triangle of each of the 478 landmarks [478].
        landmark_barycentrics: [478, 3].
    """

    name: str
    template: Tensor
    triangles: NDArray[np.int32]
    identity_basis: Tensor
    expression_basis: Tensor
    expression_names: tuple[str, ...]
    joints: Tensor
    weights: Tensor
    regions: dict[str, NDArray[np.bool_]]
    landmark_triangles: NDArray[np.int32]
    landmark_barycentrics: NDArray[np.float32]

    def shape(self, identity: Tensor) -> tuple[Tensor, Tensor]:
        """Neutral vertices [V, 3] and joints [J, 3] of a person, metres, from identity [I]."""
        ...

    def bone_transforms(self, joints: Tensor, jaw: Tensor, neck: Tensor, eyes: Tensor) -> Tensor:
        """Skinning transforms [B, J, 3, 4] in head space (rest to posed), without the root's rigid motion.

        Args:
            joints: rest joints [J, 3].
            jaw: axis-angle [B, 3].
            neck: axis-angle [B, 3]; turns head, jaw and eyes with it.
            eyes: axis-angle [B, 2, 3], left then right.
        """
        ...

    def forward(
        self, identity: Tensor, psi: Tensor, jaw: Tensor, neck: Tensor, eyes: Tensor, vertex_ids: Tensor | None = None
    ) -> Tensor:
        """Posed vertices [B, V or len(vertex_ids), 3] in head space, before the root transform; differentiable."""
        ...


def axis_angle_to_matrix(axis_angle: Tensor) -> Tensor:
    """Rotation matrices [..., 3, 3] of axis-angle vectors [..., 3], radians (Rodrigues), smooth at zero."""
    squared = (axis_angle * axis_angle).sum(-1)[..., None, None]
    angle = torch.sqrt(squared.clamp_min(1e-12))
    sine = torch.where(squared > 1e-8, torch.sin(angle) / angle, 1 - squared / 6)
    cosine = torch.where(squared > 1e-8, (1 - torch.cos(angle)) / squared.clamp_min(1e-12), 0.5 - squared / 24)
    x, y, z = axis_angle.unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*axis_angle.shape[:-1], 3, 3)
    eye = torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device)
    return eye + sine * skew + cosine * (skew @ skew)
