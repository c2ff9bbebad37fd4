"""Learned expression bases, pose bases and skinning weights of the canonical head (Eq. 5, as in IMavatar)."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor, nn

from emotalker.engine.head.model import JOINTS, HeadModel

NECK, JAW = JOINTS.index("neck"), JOINTS.index("jaw")
POSE_FEATURES = 18
"""Entries of the jaw's and the neck's rotation matrices, less the identity."""
REACH = 0.1
"""Metres that count as one unit of position: about the half width of a head."""
UNIT = 0.01
"""Metres per unit of a displacement inside the networks: about the largest motion of a face."""
SHARPNESS = 100.0
TAIL = -0.15
"""Where the softplus is cut off: it is below 4e-9 there. Its far tail fills the network with denormal numbers, which
made a training step on a CPU eight times slower."""


@dataclass
class BasisValues:
    """What the basis network says about P canonical points, or what it should say.

    Attributes:
        expression: displacement per unit of each expression coefficient [P, K, 3], metres.
        pose: displacement per unit of each pose feature (`pose_features`) [P, 18, 3], metres.
        weights: skinning weights over `JOINTS`, rows sum to 1 [P, 6].
    """

    expression: Tensor
    pose: Tensor
    weights: Tensor

    def displace(self, psi: Tensor) -> Tensor:
        """B_E: displacements [B, P, 3] in metres of expressions [B, K]."""
        return torch.einsum("bk,pkc->bpc", psi, self.expression)

    def correct(self, features: Tensor) -> Tensor:
        """B_P: pose displacements [B, P, 3] in metres of pose features [B, 18]."""
        return torch.einsum("bk,pkc->bpc", features, self.pose)

    def jaw(self, points: Tensor, joint: Tensor) -> Tensor:
        """How the jaw moves points [P, 3] per entry of its rotation matrix less the identity [P, 9, 3], metres.

        The rotation acts about `joint` [3] with the jaw's skinning weight; the pose basis adds its own. A turning jaw
        moves points linearly in the entries of its matrix, so that this is all of Eq. 5 that a jaw can do.
        """
        eye = torch.eye(3, dtype=points.dtype, device=points.device)
        carried = torch.einsum("p,pc,rx->prcx", self.weights[:, JAW], points - joint, eye)
        return carried.flatten(1, 2) + self.pose[:, :9]

    def skin(self, points: Tensor, bones: Tensor) -> Tensor:
        """LBS: points [B, P, 3] moved by bones [B, 6, 3, 4]."""
        blended = (self.weights @ bones.flatten(2)).unflatten(2, (3, 4))
        return (blended[..., :3] @ points[..., None])[..., 0] + blended[..., 3]

    def detach(self) -> BasisValues:
        """The same values outside the graph."""
        return BasisValues(self.expression.detach(), self.pose.detach(), self.weights.detach())


def pose_features(bones: Tensor) -> Tensor:
    """Local jaw rotation and neck rotation less the identity [B, 18], from bones [B, 6, 3, 4]; 0 in the rest pose."""
    neck, jaw = bones[:, NECK, :, :3], bones[:, JAW, :, :3]
    eye = torch.eye(3, dtype=bones.dtype, device=bones.device)
    return torch.cat([(neck.transpose(1, 2) @ jaw - eye).flatten(1), (neck - eye).flatten(1)], 1)


def sinusoids(values: Tensor, octaves: int) -> Tensor:
    """Positional encoding [..., 2 D octaves] of values [..., D]: sine and cosine of pi 2^j x."""
    steps = math.pi * 2.0 ** torch.arange(octaves, device=values.device, dtype=values.dtype)
    angles = (values[..., None] * steps).flatten(-2)
    return torch.cat([angles.sin(), angles.cos()], -1)


def flame_targets(
    head: HeadModel,
    identity: Tensor,
    points: Tensor,
    triangle: NDArray[np.integer] | None = None,
    barycentric: NDArray[np.floating] | None = None,
) -> BasisValues:
    """Pseudo ground truth of canonical points [P, 3] from the head model (Eqs. 15-16).

    Args:
        head: the subject's head model.
        identity: coefficients [I].
        points: metres, rest pose.
        triangle: triangle each point is bound to [P]. The paper takes the nearest vertex; a binding is better where the
            lips touch, since the nearest vertex of a point on one lip may lie on the other.
        barycentric: coordinates in that triangle [P, 3].
    """
    if triangle is None or barycentric is None:
        vertices = head.shape(identity)[0].detach().cpu().numpy()
        nearest = torch.from_numpy(cKDTree(vertices).query(points.detach().cpu().numpy())[1].astype(np.int64))
        corners, share = nearest[:, None], torch.ones(len(nearest), 1)
    else:
        corners = torch.from_numpy(head.triangles[triangle].astype(np.int64))
        share = torch.from_numpy(np.ascontiguousarray(barycentric, np.float32))
    expression = torch.einsum("kpjc,pj->pkc", head.expression_basis[:, corners], share)
    weights = (head.weights[corners] * share[..., None]).sum(1)
    pose_basis: Tensor | None = getattr(head, "pose_basis", None)  # [18, V, 3] where a head has pose correctives
    pose = torch.zeros(len(points), POSE_FEATURES, 3)
    if pose_basis is not None:
        pose = torch.einsum("kpjc,pj->pkc", pose_basis[:, corners], share)
    return BasisValues(*(v.to(points.device, points.dtype) for v in (expression, pose, weights)))


class LearnedBasis(nn.Module):
    """Network from a canonical position to its bases and skinning weights: 3 -> 4 x 128, softplus with beta 100.

    Args:
        expressions: K.
        octaves: of the positional encoding; 0 leaves it out. Without it the network cannot tell the lips apart.
        width: channels of the hidden layers.
        layers: hidden layers.
    """

    def __init__(self, expressions: int, octaves: int = 7, width: int = 128, layers: int = 4) -> None:
        super().__init__()
        self.expressions = expressions
        self.octaves = octaves
        widths = [3 + 6 * octaves] + [width] * layers
        self.hidden = nn.ModuleList([nn.Linear(a, b) for a, b in itertools.pairwise(widths)])
        self.expression = nn.Linear(width, 3 * expressions)
        self.pose = nn.Linear(width, 3 * POSE_FEATURES)
        self.skinning = nn.Linear(width, len(JOINTS))
        for head in (self.expression, self.pose):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def forward(self, points: Tensor) -> BasisValues:
        """Bases and weights of canonical points [P, 3], metres; they depend on nothing else."""
        x = self.trunk(points)
        return BasisValues(
            UNIT * self.expression(x).unflatten(1, (-1, 3)),
            UNIT * self.pose(x).unflatten(1, (-1, 3)),
            torch.softmax(self.skinning(x), 1),
        )

    def trunk(self, points: Tensor) -> Tensor:
        """Features [P, width] under the three heads."""
        scaled = points / REACH
        x = torch.cat([scaled, sinusoids(scaled, self.octaves)], -1) if self.octaves else scaled
        for layer in self.hidden:
            x = F.softplus(layer(x).clamp_min(TAIL), beta=SHARPNESS)
        return x

    @torch.no_grad()
    def bake(self, points: Tensor) -> BasisValues:
        """The values at fixed points, for playback."""
        return self.forward(points)

    def fit_to_head(self, targets: BasisValues, points: Tensor, steps: int = 400, seed: int = 0) -> list[float]:
        """Learn the head model's own bases first, so that stage 2 starts from a good Eq. 5.

        Args:
            targets: `flame_targets` of the points.
            points: [P, 3], metres.
            steps: optimiser steps; 400 take about five seconds on one core.
            seed: of the order of the points.

        Returns:
            The flame loss of each step.
        """
        rng = torch.Generator().manual_seed(seed)
        optimiser = torch.optim.Adam(self.parameters(), lr=4e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, max(steps, 2), pct_start=0.1)
        losses = []
        for _ in range(steps):
            pick = torch.randint(len(points), (min(len(points), 1024),), generator=rng).to(points.device)
            some = BasisValues(targets.expression[pick], targets.pose[pick], targets.weights[pick])
            optimiser.zero_grad()
            loss = flame_loss(self.forward(points[pick]), some)
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        self._solve_last_layer(targets, points)
        return losses

    @torch.no_grad()
    def _solve_last_layer(self, targets: BasisValues, points: Tensor) -> None:
        """Least squares for the expression head under the trained trunk; the largest errors shrink by a third."""
        x = self.trunk(points).double()
        x = torch.cat([x, torch.ones_like(x[:, :1])], 1)
        wanted = targets.expression.flatten(1).double() / UNIT
        ridge = 1e-4 * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
        solution = torch.linalg.solve(x.T @ x + ridge, x.T @ wanted)
        self.expression.weight.copy_(solution[:-1].T)
        self.expression.bias.copy_(solution[-1])


def flame_loss(
    values: BasisValues,
    targets: BasisValues,
    lambda_e: float = 1000.0,
    lambda_p: float = 1000.0,
    lambda_w: float = 1.0,
) -> Tensor:
    """How far the bases and weights lie from the head model's (Eqs. 15-16), mean over the points, lengths in metres."""
    difference = (
        lambda_e * _length((values.expression - targets.expression).flatten(1))
        + lambda_p * _length((values.pose - targets.pose).flatten(1))
        + lambda_w * _length(values.weights - targets.weights)
    )
    return difference.mean()


def _length(x: Tensor) -> Tensor:
    """Euclidean length [P] of rows [P, D], with a finite slope at zero."""
    return torch.sqrt(x.square().sum(1) + 1e-12)
