"""Rotations: logarithm, mean, and the split of a head's motion into root and neck."""

from __future__ import annotations

import torch
from torch import Tensor

from emotalker.engine.head.model import axis_angle_to_matrix

UPRIGHT = 0.26  # radians; about 15 degrees
LEFT_OVER = 0.5


def log_rotation(matrices: Tensor) -> Tensor:
    """Axis-angle vectors [..., 3] of rotation matrices [..., 3, 3]; exact to rounding for angles below pi."""
    trace = matrices.diagonal(dim1=-2, dim2=-1).sum(-1)
    axis = torch.stack(
        [
            matrices[..., 2, 1] - matrices[..., 1, 2],
            matrices[..., 0, 2] - matrices[..., 2, 0],
            matrices[..., 1, 0] - matrices[..., 0, 1],
        ],
        -1,
    )
    sine = 0.5 * axis.norm(dim=-1)
    angle = torch.atan2(sine, 0.5 * (trace - 1))
    factor = torch.where(sine > 1e-6, angle / (2 * sine.clamp_min(1e-12)), torch.full_like(sine, 0.5))
    return axis * factor[..., None]


def mean_rotation(matrices: Tensor) -> Tensor:
    """The rotation [3, 3] nearest to rotations [n, 3, 3] in the chordal sense."""
    u, _, vt = torch.linalg.svd(matrices.mean(0))
    sign = torch.ones(3, dtype=matrices.dtype)
    sign[2] = torch.linalg.det(u @ vt)
    return u @ torch.diag(sign) @ vt


def median_rotation(matrices: Tensor) -> Tensor:
    """A rotation [3, 3] in the middle of rotations [n, 3, 3] that a few odd frames do not move."""
    centre = mean_rotation(matrices)
    for _ in range(4):
        offsets = log_rotation(matrices @ centre.T)
        centre = axis_angle_to_matrix(offsets.median(0).values) @ centre
    return centre


def trunk_rotation(rotations: Tensor) -> Tensor:
    """Where the trunk faces in a clip [3, 3], from its head rotations [T, 3, 3] about the subject's usual pose.

    People turn and tilt the head on a still trunk; a clip in which the head is turned far all the time was filmed
    from another side, and there the trunk is turned as well: what exceeds `UPRIGHT` is the trunk's.
    """
    usual = log_rotation(mean_rotation(rotations)[None])[0]
    angle = usual.norm()
    if float(angle) <= UPRIGHT:
        return torch.eye(3, dtype=rotations.dtype)
    return axis_angle_to_matrix(usual * ((angle - UPRIGHT * LEFT_OVER) / angle))


def split_root_and_neck(
    rotations: Tensor, translations: Tensor, neck_joint: Tensor, trunk: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Rigid head motion as a root motion with a fixed rotation, and a neck turn.

    Args:
        rotations: of the head [T, 3, 3].
        translations: of the head [T, 3], metres.
        neck_joint: rest position of the neck joint [3].
        trunk: rotation of the root [3, 3].

    Returns:
        Root rotation [T, 3, 3], root translation [T, 3], neck rotation [T, 3, 3]; root after neck is the head's motion.
    """
    neck = trunk.T @ rotations
    root = trunk.expand_as(rotations)
    shift = rotations @ neck_joint + translations - trunk @ neck_joint
    return root, shift, neck
