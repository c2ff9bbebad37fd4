"""Points of a head (landmarks, contour vertices) for the fit: positions and derivatives, batched over frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.head.model import JOINTS, HeadModel, axis_angle_to_matrix
from emotalker.engine.tracking.landmark_sets import LIP_GAPS

JAW, EYE_L, EYE_R = JOINTS.index("jaw"), JOINTS.index("eye_l"), JOINTS.index("eye_r")
MOVING = (JAW, EYE_L, EYE_R)
LIPS_MEET = 0.0007  # metres between the landmarker's points of the inner lips when the mouth is shut
JAW_SHUT = -0.02  # radians; teeth on teeth, and a little for a neutral face that is not quite the average one


@dataclass(frozen=True)
class Part:
    """What one joint moves: the share of each point it owns.

    Attributes:
        index: points with a share, int64 [m].
        weight: their skinning weights [m].
        rest: weighted rest positions [m, 3].
        expression: weighted expression displacements [m, 3, K].
        identity: weighted identity displacements [m, 3, I].
        joint: rest position of the joint [3].
    """

    index: Tensor
    weight: Tensor
    rest: Tensor
    expression: Tensor
    identity: Tensor
    joint: Tensor


@dataclass
class FrameState:
    """The unknowns of B frames.

    Attributes:
        psi: [B, K].
        jaw: axis-angle [B, 3].
        gaze: pitch and yaw of the left, then the right eye [B, 4]; the first two numbers of each axis-angle.
        rotation: head to camera [B, 3, 3].
        translation: head to camera [B, 3], metres.
    """

    psi: Tensor
    jaw: Tensor
    gaze: Tensor
    rotation: Tensor
    translation: Tensor

    def __len__(self) -> int:
        return len(self.psi)

    def __getitem__(self, frames: slice | Tensor) -> FrameState:
        return FrameState(*(getattr(self, n)[frames] for n in STATE))

    @staticmethod
    def joined(parts: list[FrameState]) -> FrameState:
        """Frames of `parts` in order."""
        return FrameState(*(torch.cat([getattr(p, n) for p in parts]) for n in STATE))

    def moved(self, step: Tensor) -> FrameState:
        """The state after a step [B, K + 13] in the order psi, jaw, gaze, rotation, translation."""
        k = self.psi.shape[1]
        turn = axis_angle_to_matrix(step[:, k + 7 : k + 10])
        jaw = self.jaw + step[:, k : k + 3]
        return FrameState(
            (self.psi + step[:, :k]).clamp(0, 1),
            torch.cat([jaw[:, :1].clamp_min(JAW_SHUT), jaw[:, 1:]], 1),
            self.gaze + step[:, k + 3 : k + 7],
            turn @ self.rotation,
            self.translation + step[:, k + 10 :],
        )

    @property
    def eyes(self) -> Tensor:
        """Axis-angles of the eyes [B, 2, 3]."""
        two = self.gaze.view(-1, 2, 2)
        return torch.cat([two, torch.zeros_like(two[..., :1])], -1)


STATE = ("psi", "jaw", "gaze", "rotation", "translation")


class PointModel:
    """Points fixed to a head's surface, linear in identity and expression, turned by jaw and eyes (neck at rest).

    Args:
        head: the head model.
        triangles: vertex triple of each point [n, 3].
        barycentrics: [n, 3].
        offsets: of the points from the surface at rest [n, 3], metres; they turn with the skin. None for no offsets.
    """

    def __init__(
        self, head: HeadModel, triangles: NDArray[np.integer], barycentrics: NDArray[np.floating],
        offsets: Tensor | None = None,
    ) -> None:  # fmt: skip
        corners = torch.from_numpy(np.asarray(triangles, np.int64))
        shares = torch.from_numpy(np.asarray(barycentrics, np.float32))
        weights = head.weights[corners] * shares[..., None]
        still = [j for j in range(len(JOINTS)) if j not in MOVING]
        joint_basis = getattr(head, "joint_basis", None)
        self._joint_basis = joint_basis if joint_basis is not None else _no_joint_basis(head)
        self.joints = head.joints
        self.count = len(corners)
        off = torch.zeros(self.count, 3) if offsets is None else offsets
        self.still = _part(head, corners, weights[..., still].sum(-1), 0, off)
        self.moving = tuple(_part(head, corners, weights[..., j], j, off) for j in MOVING)

    def shaped(self, identity: Tensor) -> PointModel:
        """The points of a person: the same model with identity [I] as its rest shape."""
        out = PointModel.__new__(PointModel)
        joints = self.joints + (identity @ self._joint_basis.flatten(1)).view(-1, 3)
        out._joint_basis, out.joints, out.count = self._joint_basis, joints, self.count

        def shaped(part: Part, joint: int) -> Part:
            return Part(
                part.index, part.weight, part.rest + part.identity @ identity, part.expression, part.identity,
                joints[joint],
            )  # fmt: skip

        out.still = shaped(self.still, 0)
        out.moving = tuple(shaped(p, j) for p, j in zip(self.moving, MOVING))
        return out

    def positions(self, state: FrameState) -> Tensor:
        """Points in head space [B, n, 3]."""
        out = self.still.rest + _expressed(self.still, state.psi)
        for part, turn in zip(self.moving, self._turns(state)):
            out[:, part.index] += self._turned(part, turn, state.psi) + part.weight[:, None] * part.joint
        return out

    def pixel_rows(self, state: FrameState, lens: Tensor, out: Tensor) -> None:
        """Derivatives of pixels by psi, jaw and gaze, written into `out` [B, n, 2, K + 7].

        Args:
            state: B frames.
            lens: derivatives of pixels by head-space position [B, n, 2, 3].
            out: where to write.
        """
        k = state.psi.shape[1]
        out[..., :k] = _through(lens, self.still.expression)
        out[..., k:] = 0
        columns = ((0, 3), (3, 5), (5, 7))
        for part, turn, (low, high) in zip(self.moving, self._turns(state), columns):
            seen = lens[:, part.index]
            out[:, part.index, :, :k] += _through(seen @ turn[:, None], part.expression)
            arm = self._turned(part, turn, state.psi)
            out[:, part.index, :, k + low : k + high] = seen @ _cross_columns(arm)[..., : high - low]

    def by_identity(self, state: FrameState) -> Tensor:
        """Derivatives of the positions by identity [B, n, 3, I]."""
        out = self.still.identity.expand(len(state), -1, -1, -1).clone()
        for part, joint, turn in zip(self.moving, MOVING, self._turns(state)):
            basis = self._joint_basis[:, joint].T * part.weight[:, None, None]
            out[:, part.index] += torch.einsum("bij,mjk->bmik", turn, part.identity - basis) + basis
        return out

    @staticmethod
    def _turns(state: FrameState) -> tuple[Tensor, Tensor, Tensor]:
        eyes = axis_angle_to_matrix(state.eyes)
        return axis_angle_to_matrix(state.jaw), eyes[:, 0], eyes[:, 1]

    @staticmethod
    def _turned(part: Part, turn: Tensor, psi: Tensor) -> Tensor:
        """Weighted offsets from the joint, turned [B, m, 3]."""
        at_rest = part.rest + _expressed(part, psi) - part.weight[:, None] * part.joint
        return at_rest @ turn.transpose(1, 2)


def landmark_points(head: HeadModel) -> PointModel:
    """The 478 landmarks of a head, where the landmarker sees them."""
    triangles = head.triangles[head.landmark_triangles]
    return PointModel(head, triangles, head.landmark_barycentrics, lip_offsets(head))


def lip_offsets(head: HeadModel) -> Tensor:
    """How far the landmarks lie from the surface points that stand for them [478, 3], metres.

    Points of the inner lips are fixed to skin that shows when the mouth is open. When it is shut that skin still lies
    some millimetres from where the lips meet, whereas the landmarker's points meet there. Without this a shut mouth
    would be fitted as pressed lips, and every opening as smaller than it is.
    """
    corners = torch.from_numpy(head.triangles[head.landmark_triangles].astype(np.int64))
    rest = (head.template[corners] * torch.from_numpy(head.landmark_barycentrics)[..., None]).sum(1)
    out = torch.zeros(len(corners), 3)
    for up, low in LIP_GAPS:
        gap = rest[up] - rest[low]
        surplus = 1 - LIPS_MEET / gap.norm().clamp_min(LIPS_MEET)
        out[up], out[low] = -0.5 * surplus * gap, 0.5 * surplus * gap
    return out


def vertex_points(head: HeadModel, vertices: NDArray[np.integer]) -> PointModel:
    """Some vertices [n] of a head."""
    one = np.tile(np.array([1.0, 0.0, 0.0], np.float32), (len(vertices), 1))
    return PointModel(head, np.repeat(np.asarray(vertices)[:, None], 3, 1), one)


def projected(points: Tensor, state: FrameState, focal: Tensor | float, centre: float) -> tuple[Tensor, Tensor]:
    """Pixels [B, n, 2] of head-space points [B, n, 3], and the same points in camera space [B, n, 3]."""
    seen = points @ state.rotation.transpose(1, 2) + state.translation[:, None]
    return seen[..., :2] / seen[..., 2:] * focal + centre, seen


def pixel_derivatives(seen: Tensor, focal: Tensor | float) -> Tensor:
    """Derivatives of pixels by camera-space position [B, n, 2, 3]."""
    x, y, z = seen.unbind(-1)
    zero = torch.zeros_like(x)
    rows = torch.stack([1 / z, zero, -x / z**2, zero, 1 / z, -y / z**2], -1)
    return (rows * focal).unflatten(-1, (2, 3))


def _expressed(part: Part, psi: Tensor) -> Tensor:
    """Weighted expression displacements [B, m, 3]."""
    return (psi @ part.expression.flatten(0, 1).T).view(len(psi), -1, 3)


def _through(lens: Tensor, basis: Tensor) -> Tensor:
    """Products [B, m, 2, C] of `lens` [B, m, 2, 3] and `basis` [m, 3, C], one matrix product a point for all frames."""
    batch, count = lens.shape[:2]
    product = torch.bmm(lens.transpose(0, 1).reshape(count, 2 * batch, 3), basis)
    return product.view(count, batch, 2, -1).transpose(0, 1)


def _cross_columns(arm: Tensor) -> Tensor:
    """Derivative of a turned arm [..., 3] by a small extra turn: minus its cross-product matrix [..., 3, 3]."""
    x, y, z = arm.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, z, -y, -z, zero, x, y, -x, zero], -1).unflatten(-1, (3, 3))


def _part(head: HeadModel, corners: Tensor, shares: Tensor, joint: int, offsets: Tensor) -> Part:
    total = shares.sum(1)
    index = torch.arange(len(corners)) if joint == 0 else torch.nonzero(total > 1e-6)[:, 0]
    corners, shares = corners[index], shares[index]

    def gathered(basis: Tensor) -> Tensor:
        return (basis[:, corners] * shares[..., None]).sum(2).permute(1, 2, 0).contiguous()

    rest = (head.template[corners] * shares[..., None]).sum(1) + total[index][:, None] * offsets[index]
    expression, identity = gathered(head.expression_basis), gathered(head.identity_basis)
    return Part(index, total[index], rest, expression, identity, head.joints[joint])


def _no_joint_basis(head: HeadModel) -> Tensor:
    """Joint displacements by identity [I, J, 3] of a head that does not tell: asked for one coefficient at a time."""
    count = len(head.identity_basis)
    rest = head.shape(torch.zeros(count))[1]
    return torch.stack([head.shape(row)[1] - rest for row in torch.eye(count)])
