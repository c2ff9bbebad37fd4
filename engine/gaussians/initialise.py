"""The first Gaussians of a person: face, teeth, hair and torso, with the fixed expression deltas."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.blendshapes import FACE, TEETH_LOWER, TEETH_UPPER, TORSO, GaussianBlendshapes
from emotalker.engine.gaussians.colours import take_colours
from emotalker.engine.gaussians.deltas import LEARNED, SparseDeltas
from emotalker.engine.gaussians.gaussians import Gaussians
from emotalker.engine.gaussians.sampling import neighbour_distance, poisson_disk
from emotalker.engine.gaussians.surroundings import (
    HAIR_SHARE,
    TORSO_SHARE,
    Bound,
    PosedMesh,
    ReferenceFrame,
    beyond_the_mesh,
)
from emotalker.engine.head.model import HeadModel

F64 = NDArray[np.float64]
DENSITY = {"face": 2.0, "lips": 5.0, "eyes": 3.0}
"""Relative density of points per region; everything else (skull, neck, ears) has 1, teeth see below."""
REAR = 0.3
"""Density of skin that faces away from a camera in front; what only an orbit shows needs no detail."""
TEETH_FRONT, TEETH_REAR = 10.0, 0.5
"""Density of the front teeth, whose gaps are a Gaussian or two wide, and of the rest of the jaws."""
TEETH_DEEP = 0.02
"""Metres behind the foremost tooth up to which teeth count as front teeth."""


def initial_blendshapes(
    head: HeadModel, identity: Tensor, camera: Camera, reference: ReferenceFrame, count: int, degree: int, seed: int
) -> GaussianBlendshapes:
    """About `count` Gaussians for a person, before any training.

    Args:
        head: the head model, K expressions.
        identity: the person's identity [I].
        camera: the view of `reference` at its size.
        reference: a frame near the canonical pose.
        count: number of Gaussians N.
        degree: degree of the spherical harmonics.
        seed: makes the sampling repeatable.
    """
    rest = head.shape(identity)[0].detach().double().numpy()
    on_mesh = int(count * (1 - HAIR_SHARE - TORSO_SHARE))
    triangle, barycentric = poisson_disk(rest, head.triangles, _density(head, rest), on_mesh, seed)
    points = (rest[head.triangles[triangle]] * barycentric[..., None]).sum(1)
    layer = _layers(head, triangle)
    weights = (head.weights.numpy()[head.triangles[triangle]] * barycentric[..., None]).sum(1)

    mesh = PosedMesh(head, rest, camera, reference)
    extra = beyond_the_mesh(head, rest, camera, reference, mesh, count, seed)
    parts: list[Bound] = [(triangle, barycentric, points, layer, weights), *extra]
    triangle, barycentric, points, layer, weights = (np.concatenate(x) for x in zip(*parts))

    deltas = fixed_deltas(head, rest, triangle, barycentric, layer)
    scales = np.log(np.clip(neighbour_distance(points), 4e-4, 0.02))
    n = len(points)
    quats = torch.zeros(n, 4)
    quats[:, 0] = 1
    base = Gaussians(
        torch.from_numpy(points).float(),
        quats,
        torch.from_numpy(np.repeat(scales[:, None], 3, 1)).float(),
        torch.full((n,), 1.0),
        torch.zeros(n, (degree + 1) ** 2, 3),
    )
    shapes = GaussianBlendshapes(
        base, deltas, torch.from_numpy(weights).float(), triangle, barycentric.astype(np.float32), layer
    )
    take_colours(shapes, head, camera, reference, mesh)
    return shapes


def _density(head: HeadModel, rest: F64) -> F64:
    """Relative density of points of each triangle [F]."""
    corners = rest[head.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing = normal[:, 2] > -0.2 * np.linalg.norm(normal, axis=1)
    density = np.where(facing, 1.0, REAR)
    for region, value in DENSITY.items():
        inside = head.regions[region][head.triangles].all(1)
        density[inside] = np.maximum(density[inside], value * np.where(facing[inside], 1, REAR))
    for region in ("teeth_upper", "teeth_lower"):
        inside = head.regions[region][head.triangles].all(1)
        if inside.any():
            front = corners[..., 2].mean(1) > corners[inside][..., 2].max() - TEETH_DEEP
            density[inside] = np.where(front & facing, TEETH_FRONT, TEETH_REAR)[inside]
    return density


def _layers(head: HeadModel, triangle: NDArray[np.int64]) -> NDArray[np.uint8]:
    layer = np.full(len(triangle), FACE, np.uint8)
    for regions, value in ((("teeth_upper",), TEETH_UPPER), (("teeth_lower", "tongue"), TEETH_LOWER)):
        inside = np.any([head.regions[r] for r in regions], axis=0)
        layer[inside[head.triangles[triangle]].all(1)] = value
    return layer


def fixed_deltas(
    head: HeadModel, rest: F64, triangle: NDArray[np.int64], barycentric: F64, layer: NDArray[np.uint8]
) -> SparseDeltas:
    """Deformation transfer from the neutral to each expression mesh, and the mask of the learned part.

    The mask is max(0, (|d| - d_lo) / (d_hi - d_lo)) cut at 1, where d is how far the nearest triangle moves for a unit
    coefficient; d_hi and d_lo are the 99th percentile of all moves and a tenth of a millimetre.
    """
    basis = head.expression_basis.numpy().astype(np.float64)
    corners = head.triangles[triangle]
    moves = np.einsum("kncx,nc->knx", basis[:, corners], barycentric)
    fixed_layer = layer == TORSO
    moves[:, fixed_layer] = 0
    distance = np.linalg.norm(moves, axis=-1)
    high = float(np.percentile(distance[distance > 1e-4], 99)) if (distance > 1e-4).any() else 1e-3
    low = 1e-4
    mask = np.clip((distance - low) / max(0.5 * high - low, 1e-6), 0, 1)
    k, n = np.nonzero((distance > 0.5 * low).T)[::-1]
    turns = _triangle_turns(rest, head.triangles, basis, triangle)
    fixed = np.concatenate([moves[k, n], turns[k, n]], 1).astype(np.float32)
    start = np.concatenate([[0], np.cumsum(np.bincount(n, minlength=len(triangle)))]).astype(np.int64)
    learned = torch.zeros(len(k), LEARNED)
    return SparseDeltas(start, k.astype(np.int32), fixed, mask[k, n].astype(np.float32), learned)


def _triangle_turns(rest: F64, triangles: NDArray[np.integer], basis: F64, wanted: NDArray[np.int64]) -> F64:
    """Rotation of the given triangles for each unit expression [K, n, 3], as quaternion vectors scaled to w = 1."""
    faces, back = np.unique(wanted, return_inverse=True)
    tris = triangles[faces]
    before = _frames(rest, tris)
    turns = []
    for shape in basis:
        r = _frames(rest + shape, tris) @ before.transpose(0, 2, 1)
        vector = np.stack([r[:, 2, 1] - r[:, 1, 2], r[:, 0, 2] - r[:, 2, 0], r[:, 1, 0] - r[:, 0, 1]], -1)
        turns.append(np.clip(vector / np.maximum(1 + np.trace(r, axis1=1, axis2=2), 0.5)[:, None], -1, 1))
    return np.array(turns)[:, back]


def _frames(vertices: F64, triangles: NDArray[np.integer]) -> F64:
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    x = b - a
    z = np.cross(x, c - a)
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    z = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)
    return np.stack([x, np.cross(z, x), z], -1)
