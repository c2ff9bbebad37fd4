"""The first Gaussians of a person: face, teeth, hair and torso, with the fixed expression deltas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion, distance_transform_edt
from scipy.spatial import cKDTree
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.blendshapes import FACE, TEETH_LOWER, TEETH_UPPER, TORSO, GaussianBlendshapes
from emotalker.engine.gaussians.deltas import LEARNED, SparseDeltas
from emotalker.engine.gaussians.gaussians import SH_C0, Gaussians
from emotalker.engine.gaussians.sampling import neighbour_distance, poisson_disk
from emotalker.engine.head.model import HeadModel
from emotalker.engine.render.mesh import rasterize_mesh

F64 = NDArray[np.float64]
# triangle, barycentric, rest point, layer and skinning weights of some Gaussians
Bound = tuple[NDArray[np.int64], F64, F64, NDArray[np.uint8], F64]
HAIR_SHARE, TORSO_SHARE = 0.15, 0.2
DENSITY = {"face": 2.0, "lips": 4.0, "eyes": 3.0, "teeth_upper": 2.0, "teeth_lower": 2.0, "tongue": 1.0}
"""Relative density of points per region; everything else (skull, neck, ears) has 1."""
NECK_BLEND = 0.07
"""Metres below the neck ring over which the torso stops following the neck."""


@dataclass
class ReferenceFrame:
    """A frame near the canonical pose, from which hair, torso and first colours are taken.

    Attributes:
        image: [H, W, 3] in [0, 1].
        matte: [H, W] in [0, 1].
        bones: [6, 3, 4] transforms of the head in this frame.
        root: [3, 4].
        psi: expression [K].
    """

    image: NDArray[np.float32]
    matte: NDArray[np.float32]
    bones: Tensor
    root: Tensor
    psi: Tensor


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
    triangle, barycentric = poisson_disk(rest, head.triangles, _density(head), on_mesh, seed)
    points = (rest[head.triangles[triangle]] * barycentric[..., None]).sum(1)
    layer = _layers(head, triangle)
    weights = (head.weights.numpy()[head.triangles[triangle]] * barycentric[..., None]).sum(1)

    extra = _beyond_the_mesh(head, identity, camera, reference, rest, count, seed)
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
    _take_colours(shapes, camera, reference)
    return shapes


def _density(head: HeadModel) -> F64:
    per_vertex = np.ones(len(head.template))
    for region, value in DENSITY.items():
        per_vertex[head.regions[region]] = np.maximum(per_vertex[head.regions[region]], value)
    return per_vertex[head.triangles].mean(1)


def _layers(head: HeadModel, triangle: NDArray[np.int64]) -> NDArray[np.uint8]:
    layer = np.full(len(triangle), FACE, np.uint8)
    for regions, value in ((("teeth_upper",), TEETH_UPPER), (("teeth_lower", "tongue"), TEETH_LOWER)):
        inside = np.any([head.regions[r] for r in regions], axis=0)
        layer[inside[head.triangles[triangle]].all(1)] = value
    return layer


def _beyond_the_mesh(
    head: HeadModel, identity: Tensor, camera: Camera, reference: ReferenceFrame, rest: F64, count: int, seed: int
) -> list[Bound]:
    """Hair and torso: pixels of the matte that the head mesh does not cover, lifted to plausible depths."""
    bones, root = reference.bones.double().numpy(), reference.root.double().numpy()
    world = np.concatenate([root[:, :3] @ bones[..., :3], root[:, :3] @ bones[..., 3:] + root[:, 3:]], -1)
    expressed = rest + (reference.psi @ head.expression_basis.flatten(1)).view(-1, 3).numpy()
    blended = (head.weights.double().numpy() @ world.reshape(6, 12)).reshape(-1, 3, 4)
    posed = (blended[..., :3] @ expressed[..., None])[..., 0] + blended[..., 3]
    frame = rasterize_mesh(posed.astype(np.float32), head.triangles, camera)
    ring = posed[head.regions["neck_ring"]]
    front = ring[ring[:, 2] > np.median(ring[:, 2])]
    cut = camera.project(front)[:, 1].mean()
    outside = (reference.matte > 0.5) & ~binary_erosion(frame.mask, iterations=2)
    rows = np.arange(camera.height)[:, None] + 0.5
    rng = np.random.default_rng(seed)

    # the mesh's own rim gives the depth of what grows beyond it
    depth = np.where(frame.mask, frame.depth, 0).astype(np.float64)
    near = distance_transform_edt(~frame.mask, return_distances=False, return_indices=True)
    rim = depth[near[0], near[1]]
    view = camera.viewmat.astype(np.float64)
    neck_depth = (ring @ view[:3, :3].T + view[:3, 3])[:, 2].mean()
    result = []
    hair = (
        outside
        & (rows < cut - 0.02 * camera.height)
        & ~binary_dilation(rows + np.zeros_like(depth) > cut, iterations=1)
    )
    ring_rest = rest[head.regions["neck_ring"]]
    for mask, share, layer in ((hair, HAIR_SHARE, FACE), (outside & ~hair, TORSO_SHARE, TORSO)):
        ys, xs = np.nonzero(mask)
        if len(ys) == 0:
            continue
        take = rng.permutation(len(ys))[: int(count * share)] if len(ys) > count * share else np.arange(len(ys))
        ys, xs = ys[take], xs[take]
        z = rim[ys, xs] + 0.005 if layer == FACE else np.full(len(ys), neck_depth - 0.01)
        pixel = np.stack([xs + rng.random(len(xs)), ys + rng.random(len(ys)), np.ones(len(xs))], -1)
        cam_points = (pixel @ np.linalg.inv(camera.K.astype(np.float64)).T) * z[:, None]
        if layer == TORSO:
            # shoulders recede sideways from the neck, so that a small orbit shows a body and not a card
            recede = np.abs(cam_points[:, 0] - (ring @ view[:3, :3].T + view[:3, 3])[:, 0].mean())
            cam_points *= (1 + np.clip(recede - 0.06, 0, 0.2) * 0.5 / z)[:, None]
        in_world = (cam_points - view[:3, 3]) @ view[:3, :3]
        result.append(_to_rest(head, in_world, world, rest, ring_rest, layer))
    return result


def _to_rest(head: HeadModel, points: F64, world: F64, rest: F64, ring_rest: F64, layer: int) -> Bound:
    """Bind world points of the reference frame to the head and undo its pose."""
    n = len(points)
    centres = rest[head.triangles].mean(1)
    # hair is rigid with the skull; the torso follows the neck only near the ring
    weights = np.zeros((n, 6))
    if layer == FACE:
        weights[:, 2] = 1.0
    else:
        unmoved = (points - world[0, :, 3]) @ world[0, :, :3]
        below, nearest = cKDTree(ring_rest).query(unmoved)
        ring_weights = head.weights.double().numpy()[head.regions["neck_ring"]][nearest]
        keep = np.clip(1 - below / NECK_BLEND, 0, 1) ** 2
        weights = ring_weights * keep[:, None]
        weights[:, 0] += 1 - weights.sum(1)
    blended = (weights @ world.reshape(6, 12)).reshape(-1, 3, 4)
    at_rest = np.linalg.solve(blended[..., :3], (points - blended[..., 3])[..., None])[..., 0]
    _, triangle = cKDTree(centres).query(at_rest)
    barycentric: F64 = np.full((n, 3), 1 / 3)
    bound = np.asarray(at_rest, np.float64), np.full(n, layer, np.uint8), np.asarray(weights, np.float64)
    return triangle.astype(np.int64), barycentric, *bound


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


def _take_colours(shapes: GaussianBlendshapes, camera: Camera, reference: ReferenceFrame) -> None:
    """First colours from the reference picture; what lies outside the person gets the mean of the person."""
    with torch.no_grad():
        posed = shapes.pose(shapes.blend(reference.psi), reference.bones, reference.root)
    uv = np.floor(camera.project(posed.means.numpy())).astype(int)
    x, y = np.clip(uv[:, 0], 0, camera.width - 1), np.clip(uv[:, 1], 0, camera.height - 1)
    person = reference.matte > 0.5
    near = distance_transform_edt(~person, return_distances=False, return_indices=True)
    colours = reference.image[near[0][y, x], near[1][y, x]]
    shapes.base.sh[:, 0] = torch.from_numpy((colours - 0.5) / SH_C0).float()
