"""A head made of linear shapes and skinning: what every `HeadModel` of the program computes, in batched torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.head.kernels import pose_vertices
from emotalker.engine.head.model import axis_angle_to_matrix

# above this many frames torch's matrix product is faster than the one-thread kernel
SMALL_BATCH = 4
NECK, HEAD, JAW, EYE_L, EYE_R = 1, 2, 3, 4, 5


@dataclass
class LinearHead:
    """A `HeadModel` whose identity and expression are linear; see there for shapes and units.

    Attributes:
        joint_basis: joint displacements [I, J, 3], metres per identity unit.
        mirror: vertex on the other side of the face [V], or an empty array if the head is not symmetric.
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
    joint_basis: Tensor
    mirror: NDArray[np.int32]
    _subsets: list[tuple[Tensor, LinearHead]] = field(default_factory=list, repr=False)
    _shaped: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list, repr=False)
    _landmark_ids: Tensor | None = field(default=None, repr=False)

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> LinearHead:
        """The same head with its tensors on another device or of another floating type."""
        names = ("template", "identity_basis", "expression_basis", "joints", "weights", "joint_basis")
        moved = {n: getattr(self, n).to(device=device, dtype=dtype) for n in names}
        return replace(self, **moved, _subsets=[], _shaped=[])

    def shape(self, identity: Tensor) -> tuple[Tensor, Tensor]:
        """Neutral vertices [V, 3] and joints [J, 3] of a person, metres, from identity [I]; differentiable.

        The last fixed identity is remembered, so that playing a person does not reshape the head every frame.
        """
        fixed = not identity.requires_grad
        if fixed and self._shaped and torch.equal(self._shaped[0][0], identity):
            return self._shaped[0][1], self._shaped[0][2]
        vertices = self.template + (identity @ self.identity_basis.flatten(1)).view(-1, 3)
        joints = self.joints + (identity @ self.joint_basis.flatten(1)).view(-1, 3)
        if fixed:
            self._shaped = [(identity.clone(), vertices, joints)]
        return vertices, joints

    def bone_transforms(self, joints: Tensor, jaw: Tensor, neck: Tensor, eyes: Tensor) -> Tensor:
        """Skinning transforms [B, J, 3, 4] in head space (rest to posed), without the root's rigid motion.

        Args:
            joints: rest joints [J, 3].
            jaw: axis-angle [B, 3].
            neck: axis-angle [B, 3]; turns head, jaw and eyes with it.
            eyes: axis-angle [B, 2, 3], left then right.
        """
        turns = axis_angle_to_matrix(torch.cat([neck[:, None], jaw[:, None], eyes], 1))
        own_neck = _about(turns[:, 0], joints[NECK])
        own = _about(turns[:, 1:], joints[[JAW, EYE_L, EYE_R]])
        follow = own_neck[:, None]
        turned = follow[..., :3] @ own[..., :3]
        moved = follow[..., :3] @ own[..., 3:] + follow[..., 3:]
        root = torch.eye(3, 4, dtype=joints.dtype, device=joints.device).expand(len(jaw), 1, 3, 4)
        return torch.cat([root, follow, follow, torch.cat([turned, moved], -1)], 1)

    def forward(
        self, identity: Tensor, psi: Tensor, jaw: Tensor, neck: Tensor, eyes: Tensor, vertex_ids: Tensor | None = None
    ) -> Tensor:
        """Posed vertices [B, V or len(vertex_ids), 3] in head space, before the rigid root transform; differentiable.

        Args:
            identity: coefficients [I].
            psi: expression [B, K].
            jaw: axis-angle [B, 3], radians.
            neck: axis-angle [B, 3], radians.
            eyes: axis-angle [B, 2, 3], left then right, radians.
            vertex_ids: which vertices to compute, int64 [n]; the cut-down bases of the last few sets are remembered.
        """
        if vertex_ids is not None:
            return self.subset(vertex_ids).forward(identity, psi, jaw, neck, eyes)
        rest, joints = self.shape(identity)
        if len(psi) <= SMALL_BATCH and self._runs_in_kernel(rest, psi, jaw, neck, eyes):
            bones = self.bone_transforms(joints, jaw, neck, eyes).flatten(2).contiguous()
            arrays = (rest.flatten(), self.expression_basis.flatten(1), psi.contiguous(), self.weights, bones)
            return torch.from_numpy(pose_vertices(*(x.detach().numpy() for x in arrays)))
        expressed = rest + (psi @ self.expression_basis.flatten(1)).view(len(psi), -1, 3)
        bones = self.bone_transforms(joints, jaw, neck, eyes)
        blended = (self.weights @ bones.flatten(2)).view(len(psi), -1, 3, 4)
        return (blended[..., :3] @ expressed[..., None])[..., 0] + blended[..., 3]

    @staticmethod
    def _runs_in_kernel(*tensors: Tensor) -> bool:
        grad = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
        return not grad and all(t.dtype == torch.float32 and t.device.type == "cpu" for t in tensors)

    def subset(self, vertex_ids: Tensor) -> LinearHead:
        """The same head reduced to some vertices (its triangles and landmarks do not apply), cached."""
        for known, head in self._subsets:
            if known is vertex_ids or torch.equal(known, vertex_ids):
                return head
        picked = vertex_ids.to(self.template.device)
        head = replace(
            self,
            template=self.template[picked],
            identity_basis=self.identity_basis[:, picked].contiguous(),
            expression_basis=self.expression_basis[:, picked].contiguous(),
            weights=self.weights[picked].contiguous(),
            _subsets=[],
            _shaped=[],
        )
        self._subsets = [(vertex_ids, head), *self._subsets[:3]]
        return head

    def landmarks(self, vertices: Tensor) -> Tensor:
        """The 478 landmarks [B, 478, 3] on posed vertices [B, V, 3] of the whole head, metres."""
        corners = torch.as_tensor(self.triangles[self.landmark_triangles].astype(np.int64), device=vertices.device)
        weights = torch.as_tensor(self.landmark_barycentrics, device=vertices.device, dtype=vertices.dtype)
        return (vertices[:, corners] * weights[..., None]).sum(2)

    def pose_landmarks(self, identity: Tensor, psi: Tensor, jaw: Tensor, neck: Tensor, eyes: Tensor) -> Tensor:
        """The 478 landmarks [B, 478, 3] of posed heads, computing only the vertices they lie on; see `forward`."""
        corners = self.triangles[self.landmark_triangles]
        if self._landmark_ids is None:
            self._landmark_ids = torch.from_numpy(np.unique(corners).astype(np.int64))
        local = np.searchsorted(self._landmark_ids.numpy(), corners)
        vertices = self.forward(identity, psi, jaw, neck, eyes, self._landmark_ids)
        weights = torch.as_tensor(self.landmark_barycentrics, device=vertices.device, dtype=vertices.dtype)
        return (vertices[:, torch.as_tensor(local, device=vertices.device)] * weights[..., None]).sum(2)


def _about(turns: Tensor, centres: Tensor) -> Tensor:
    """Transforms [..., 3, 4] that turn by `turns` [..., 3, 3] about `centres` [..., 3]."""
    return torch.cat([turns, centres[..., None] - turns @ centres[..., None]], -1)
