"""Hair and torso: what the head mesh does not cover, lifted from a picture to plausible depths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt
from scipy.spatial import cKDTree
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.blendshapes import FACE, TORSO
from emotalker.engine.head.model import HeadModel
from emotalker.engine.render.mesh import MeshFrame, rasterize_mesh

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]
# triangle, barycentric, rest point, layer and skinning weights of some Gaussians
Bound = tuple[NDArray[np.int64], F64, F64, NDArray[np.uint8], F64]
HAIR_SHARE, TORSO_SHARE = 0.15, 0.2
"""Most Gaussians of hair and torso, as shares of all."""
NECK_BLEND = 0.07
"""Metres below the neck ring over which the torso stops following the neck."""
BEYOND = 0.15
"""How far the torso goes on beyond the borders of the picture, in parts of its side: heads move, shoulders rise."""
WRAP_SHARE, WRAP = 0.5, 0.7
"""Share of the hair that is carried backwards around the head, and how far at most, radians: an outline alone would
be a card that a turned view sees edge on."""


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

    image: F32
    matte: F32
    bones: Tensor
    root: Tensor
    psi: Tensor


class PosedMesh:
    """The head mesh as a reference frame shows it.

    Args:
        head: the head model.
        rest: the person's neutral vertices [V, 3], metres.
        camera: the view of `reference` at its size.
        reference: the frame.

    Attributes:
        world: transforms of the joints, root's motion included [6, 3, 4].
        points: posed vertices [V, 3], world space, metres.
        frame: the mesh drawn by the camera.
    """

    def __init__(self, head: HeadModel, rest: F64, camera: Camera, reference: ReferenceFrame) -> None:
        bones, root = reference.bones.double().numpy(), reference.root.double().numpy()
        turn, shift = root[:, :3], root[:, 3:]
        self.world: F64 = np.concatenate([turn @ bones[..., :3], turn @ bones[..., 3:] + shift], -1)
        expressed = rest + (reference.psi @ head.expression_basis.flatten(1)).view(-1, 3).numpy()
        blended = (head.weights.double().numpy() @ self.world.reshape(6, 12)).reshape(-1, 3, 4)
        self.points: F64 = (blended[..., :3] @ expressed[..., None])[..., 0] + blended[..., 3]
        self.frame: MeshFrame = rasterize_mesh(self.points.astype(np.float32), head.triangles, camera)


def beyond_the_mesh(
    head: HeadModel, rest: F64, camera: Camera, reference: ReferenceFrame, mesh: PosedMesh, count: int, seed: int
) -> list[Bound]:
    """Hair and torso of a person: pixels of the matte that the head mesh does not cover.

    Args:
        head: the head model.
        rest: the person's neutral vertices [V, 3], metres.
        camera: the view of `reference` at its size.
        reference: a frame near the canonical pose.
        mesh: the head in that frame.
        count: Gaussians of the whole person.
        seed: makes the sampling repeatable.

    Returns:
        Hair, then torso; either may be missing.
    """
    outside = (reference.matte > 0.5) & ~binary_erosion(mesh.frame.mask, iterations=2)
    near = distance_transform_edt(~mesh.frame.mask, return_distances=False, return_indices=True)
    rim: F64 = np.where(mesh.frame.mask, mesh.frame.depth, 0).astype(np.float64)[near[0], near[1]]
    hair = outside & _of_the_head(head, camera, mesh)[near[0], near[1]]
    margin = int(BEYOND * camera.height)
    # at the borders the body goes on as it leaves the picture; above the head it does not
    torso = np.pad(np.pad(outside & ~hair, ((0, margin), (0, 0)), "edge"), ((0, 0), (margin, margin)), "edge")
    rng = np.random.default_rng(seed)
    result = []
    pixels = _spread(hair, int(count * HAIR_SHARE), rng)
    if len(pixels):
        # the mesh's own rim gives the depth of what grows beyond it
        column, row = pixels.astype(int).T
        points = _wrapped(_lifted(camera, pixels, rim[row, column] + 0.005), mesh.points.mean(0), rng)
        result.append(_to_rest(head, points, mesh.world, rest, FACE))
    pixels = _spread(torso, int(count * TORSO_SHARE), rng)
    if len(pixels):
        pixels[:, 0] -= margin
        points = _shoulders(head, camera, mesh, pixels)
        result.append(_to_rest(head, points, mesh.world, rest, TORSO))
    return result


def _of_the_head(head: HeadModel, camera: Camera, mesh: PosedMesh) -> Mask:
    """Pixels of the drawn mesh [H, W] beyond whose rim hair grows: above the chin, and turning with the skull."""
    skull = 1 - head.weights.numpy()[:, :2].sum(1)
    chin = camera.project(mesh.points[head.regions["face"]])[:, 1].max()
    turning = skull[head.triangles].mean(1)[mesh.frame.triangle] > 0.5
    rows = np.arange(camera.height)[:, None] + 0.5
    return np.asarray(mesh.frame.mask & turning & (rows < chin), np.bool_)


def _spread(mask: Mask, most: int, rng: np.random.Generator) -> F64:
    """Evenly spread places (x, y) in a mask, at most about `most` of them and one per pixel [n, 2]."""
    area = int(mask.sum())
    if area == 0 or most == 0:
        return np.empty((0, 2))
    step = max(1.0, np.sqrt(area / most))
    grid = np.stack(np.meshgrid(np.arange(0, mask.shape[1], step), np.arange(0, mask.shape[0], step)), -1)
    places = grid.reshape(-1, 2) + rng.random((grid.size // 2, 2)) * step
    places = places[(places < (mask.shape[1], mask.shape[0])).all(1)]
    return np.asarray(places[mask[places[:, 1].astype(int), places[:, 0].astype(int)]], np.float64)


def _lifted(camera: Camera, pixels: F64, depth: F64) -> F64:
    """World points [n, 3] of places in the picture [n, 2] at depths [n], metres."""
    view = camera.viewmat.astype(np.float64)
    rays = np.column_stack([pixels, np.ones(len(pixels))]) @ np.linalg.inv(camera.K.astype(np.float64)).T
    return np.asarray((rays * depth[:, None] - view[:3, 3]) @ view[:3, :3], np.float64)


def _wrapped(points: F64, centre: F64, rng: np.random.Generator) -> F64:
    """Hair of an outline [n, 3], some of it turned backwards about the upright axis of the head."""
    side = np.sign(points[:, 0] - centre[0])
    angle = np.where(rng.random(len(points)) < WRAP_SHARE, rng.random(len(points)) * WRAP, 0) * side
    x, z = points[:, 0] - centre[0], points[:, 2] - centre[2]
    turned = points.copy()
    turned[:, 0] = centre[0] + x * np.cos(angle) + z * np.sin(angle)
    turned[:, 2] = centre[2] + z * np.cos(angle) - x * np.sin(angle)
    return turned


def _shoulders(head: HeadModel, camera: Camera, mesh: PosedMesh, pixels: F64) -> F64:
    """World points of the torso's pixels: shoulders recede sideways, so that a small orbit shows a body and no card."""
    view = camera.viewmat.astype(np.float64)
    ring = mesh.points[head.regions["neck_ring"]] @ view[:3, :3].T + view[:3, 3]
    depth = np.full(len(pixels), ring[:, 2].mean() - 0.01)
    across = (pixels[:, 0] - camera.K[0, 2]) / camera.K[0, 0] * depth
    beside = np.abs(across - ring[:, 0].mean())
    return _lifted(camera, pixels, depth + 0.5 * np.clip(beside - 0.06, 0, 0.2))


def _to_rest(head: HeadModel, points: F64, world: F64, rest: F64, layer: int) -> Bound:
    """Bind world points of the reference frame to the head and undo its pose."""
    n = len(points)
    centres = rest[head.triangles].mean(1)
    # hair is rigid with the skull; the torso follows the neck only near the ring
    weights = np.zeros((n, 6))
    if layer == FACE:
        weights[:, 2] = 1.0
    else:
        ring = head.regions["neck_ring"]
        unmoved = (points - world[0, :, 3]) @ world[0, :, :3]
        below, nearest = cKDTree(rest[ring]).query(unmoved)
        keep = np.clip(1 - below / NECK_BLEND, 0, 1) ** 2
        weights = head.weights.double().numpy()[ring][nearest] * keep[:, None]
        weights[:, 0] += 1 - weights.sum(1)
    blended = (weights @ world.reshape(6, 12)).reshape(-1, 3, 4)
    at_rest = np.linalg.solve(blended[..., :3], (points - blended[..., 3])[..., None])[..., 0]
    _, triangle = cKDTree(centres).query(at_rest)
    barycentric: F64 = np.full((n, 3), 1 / 3)
    bound = np.asarray(at_rest, np.float64), np.full(n, layer, np.uint8), np.asarray(weights, np.float64)
    return triangle.astype(np.int64), barycentric, *bound
