"""Gaussian blendshapes: a neutral set of Gaussians, their expression deltas, and skinning (stage 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.files import Arrays
from emotalker.engine.gaussians.deltas import SparseDeltas
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.gaussians.posed import Posed, RowGradient

FACE, TEETH_UPPER, TEETH_LOWER, TORSO = 0, 1, 2, 3


@dataclass
class GaussianBlendshapes:
    """A head of N Gaussians that wears K expressions and follows 6 joints.

    Attributes:
        base: Gaussians of the neutral face at rest, head space.
        deltas: what each expression adds.
        weights: skinning weights [N, 6], rows sum to 1.
        triangle: head-model triangle each Gaussian was sampled on [N], int64 (the nearest one for hair and torso).
        barycentric: where on that triangle [N, 3].
        layer: FACE, TEETH_UPPER, TEETH_LOWER or TORSO [N], uint8.
    """

    base: Gaussians
    deltas: SparseDeltas
    weights: Tensor
    triangle: NDArray[np.int64]
    barycentric: NDArray[np.float32]
    layer: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.base)

    def blend(self, psi: Tensor) -> Gaussians:
        """Gaussians wearing expression `psi` [K], head space, before skinning (Eq. 1).

        The fixed rotation of an expression is composed with the learned one, so that it stays right while the base
        turns.
        """
        fixed, learned = self.deltas.mix(psi)
        b = self.base
        turn = torch.cat([torch.ones_like(fixed[:, :1]), fixed[:, 3:6]], 1)
        colour = learned[:, None, 11:14]
        sh = b.sh + colour if b.sh.shape[1] == 1 else torch.cat([b.sh[:, :1] + colour, b.sh[:, 1:]], 1)
        return Gaussians(
            b.means + fixed[:, :3] + learned[:, :3],
            multiply_quaternions(turn, b.quats + learned[:, 3:7]),
            b.log_scales + learned[:, 7:10],
            b.logit_opacities + learned[:, 10],
            sh,
        )

    def pose(self, gaussians: Gaussians, bones: Tensor, root: Tensor) -> Gaussians:
        """Gaussians moved by joints and root into world space (linear blend skinning).

        Args:
            gaussians: N Gaussians at rest in head space.
            bones: rest-to-posed transforms [6, 3, 4] from `HeadModel.bone_transforms`.
            root: rigid head-to-world transform [3, 4].
        """
        world = _world(bones, root)
        blended = (self.weights @ world.reshape(6, 12)).view(-1, 3, 4)
        means = (blended[:, :, :3] * gaussians.means[:, None, :]).sum(-1) + blended[:, :, 3]
        quats = aligned_quaternions(world[..., :3])
        turned = multiply_quaternions(self.weights @ quats, gaussians.quats)
        return Gaussians(means, turned, gaussians.log_scales, gaussians.logit_opacities, gaussians.sh)

    def posed(self, psi: Tensor, bones: Tensor, root: Tensor, rows: list[RowGradient] | None = None) -> Gaussians:
        """Gaussians wearing an expression and a pose, in world space: `pose(blend(psi), bones, root)` in one pass.

        Differentiable in the base, the learned deltas, psi, bones and root, whichever require it. The same for any
        number of threads.

        Args:
            psi: expression [K].
            bones: rest-to-posed transforms [6, 3, 4].
            root: rigid head-to-world transform [3, 4].
            rows: where `backward` puts the gradient of learned deltas that do not require one themselves; for
                `FusedAdam`, which has no use for a gradient of every row. Only on the CPU.
        """
        if self.deltas.learned.device.type != "cpu":
            return self.pose(self.blend(psi), bones, root)
        world = _world(bones, root)
        fields = Posed.apply(
            self.deltas, self.weights, rows, psi, self.deltas.learned,
            world.reshape(-1, 12), aligned_quaternions(world[..., :3]), *(getattr(self.base, name) for name in FIELDS),
        )  # fmt: skip
        return Gaussians(*fields)

    def cpu(self) -> GaussianBlendshapes:
        """The same head with its values on the CPU, detached; shared where they already are there."""
        d = self.deltas
        return GaussianBlendshapes(
            Gaussians(*(getattr(self.base, name).detach().cpu() for name in FIELDS)),
            SparseDeltas(d.start, d.expression, d.fixed, d.mask, d.learned.detach().cpu()),
            self.weights.cpu(),
            self.triangle,
            self.barycentric,
            self.layer,
        )

    def select(self, chosen: NDArray[np.int64]) -> GaussianBlendshapes:
        """A head made of the given Gaussians, which may repeat; values are detached copies."""
        index = torch.from_numpy(chosen)
        base = Gaussians(*(getattr(self.base, name).detach()[index].clone() for name in FIELDS))
        return GaussianBlendshapes(
            base,
            self.deltas.select(chosen),
            self.weights[index],
            self.triangle[chosen],
            self.barycentric[chosen],
            self.layer[chosen],
        )

    def to_arrays(self) -> Arrays:
        """Everything as numpy arrays, for safetensors."""
        d = self.deltas
        arrays: Arrays = {f"base.{name}": getattr(self.base, name).detach().cpu().numpy() for name in FIELDS}
        arrays |= {
            "deltas.start": d.start, "deltas.expression": d.expression, "deltas.fixed": d.fixed, "deltas.mask": d.mask,
            "deltas.learned": d.learned.detach().cpu().numpy(), "weights": self.weights.cpu().numpy(),
            "triangle": self.triangle, "barycentric": self.barycentric, "layer": self.layer,
        }  # fmt: skip
        return arrays

    @staticmethod
    def from_arrays(arrays: Arrays) -> GaussianBlendshapes:
        """What `to_arrays` gave."""
        tensor = {k: torch.from_numpy(np.array(v)) for k, v in arrays.items() if np.issubdtype(v.dtype, np.floating)}
        deltas = SparseDeltas(
            np.array(arrays["deltas.start"]), np.array(arrays["deltas.expression"]),
            np.array(arrays["deltas.fixed"], np.float32), np.array(arrays["deltas.mask"], np.float32),
            tensor["deltas.learned"].float(),
        )  # fmt: skip
        return GaussianBlendshapes(
            Gaussians(*(tensor[f"base.{name}"] for name in FIELDS)),
            deltas,
            tensor["weights"],
            np.array(arrays["triangle"]),
            np.array(arrays["barycentric"]),
            np.array(arrays["layer"]),
        )


def _world(bones: Tensor, root: Tensor) -> Tensor:
    """Rest-to-world transforms [6, 3, 4] of the joints."""
    turn, shift = root[:, :3], root[:, 3:]
    return torch.cat([turn @ bones[..., :3], turn @ bones[..., 3:] + shift], -1)


def multiply_quaternions(a: Tensor, b: Tensor) -> Tensor:
    """Hamilton products [..., 4] of quaternions in wxyz order."""
    aw, ax, ay, az = a.unbind(-1)
    bw, bx, by, bz = b.unbind(-1)
    return torch.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        -1,
    )


def aligned_quaternions(rotations: Tensor) -> Tensor:
    """Unit quaternions [J, 4] wxyz of rotation matrices [J, 3, 3], all on the side of the first one.

    Without a common side the weighted sums of skinning would cancel. Assumes turns below 180 degrees, as heads have.
    """
    m = rotations
    w = torch.sqrt((1 + m[:, 0, 0] + m[:, 1, 1] + m[:, 2, 2]).clamp_min(1e-8)) / 2
    vector = torch.stack([m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]], -1)
    return torch.cat([w[:, None], vector / (4 * w[:, None])], -1)
