"""How well the recorded frames show each Gaussian: face on, at a grazing angle, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.blendshapes import FACE, TORSO, GaussianBlendshapes
from emotalker.engine.gaussians.initialise import TEETH_DEEP
from emotalker.engine.head.model import HeadModel
from emotalker.engine.training.finishing.settle import SHOWN, Pose

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]
GRAZING, PLAIN = 0.34, 0.57
"""Cosine of view and normal up to which a Gaussian alone is unknown (70 degrees), and from which it is known (55)."""
RISE, BACK = -0.05, -0.3
"""Cosine from which a Gaussian counts as turned away, and where it does entirely."""
PATCH = 0.012
"""Share of the face's Gaussians about each one that must be in doubt with it: folds of lids, nose and lips have edges
that are always seen from some side and must stay sharp."""
ANCHORS = 4000
"""About as many Gaussians stand for all when the doubt around each is averaged."""
OFF_THE_MESH = 1e-4
"""Metres between a Gaussian's home and its triangle from which it counts as grown beyond the mesh."""


@dataclass(frozen=True)
class Sight:
    """What the recorded frames tell of N Gaussians.

    Attributes:
        normal: outward normal of the surface at each home, head space [N, 3].
        ray: from each home to the camera as it mostly stood, head space [N, 3], unit length.
        facing: largest cosine between normal and view over the frames [N]; negative where it always faced away. Front
            teeth count as facing: they stand one behind the other in the slit of the lips.
        beyond: Gaussians of hair and ears that grew outside the mesh's outline [N].
        doubt: 0 where the frames determine a Gaussian by itself, 1 where only sums over many were seen [N].
    """

    normal: F64
    ray: F64
    facing: F64
    beyond: Mask
    doubt: F64

    @property
    def turned(self) -> F64:
        """How much each Gaussian in doubt belongs to the side of the head that never faced the camera [N]."""
        turned = np.clip((RISE - self.facing) / (RISE - BACK), 0, 1)
        return np.asarray(turned * self.doubt, np.float64)


def sight(
    shapes: GaussianBlendshapes,
    homes: Tensor,
    shown: Tensor,
    leave: Mask,
    teeth: Mask,
    head: HeadModel,
    identity: Tensor,
    poses: Sequence[Pose],
    camera: Camera,
) -> Sight:
    """Judge how the frames show each Gaussian.

    Args:
        shapes: N Gaussians.
        homes: where each was sampled [N, 3 or more], metres.
        shown: of `settle.covered` [N].
        leave: Gaussians never in doubt [N], unless among the teeth.
        teeth: front teeth [N], all in doubt: a lip's shade or a gap is soon learned by the wrong one of them.
        head: the head model.
        identity: the person's identity [I].
        poses: some of the frames.
        camera: their view.
    """
    rest = head.shape(identity)[0].detach().double().numpy()
    corners = rest[head.triangles[shapes.triangle]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    points = homes[:, :3].double().numpy()
    facing, eye = _facing(shapes, points, normal, poses, camera)
    ray = eye - points
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    face = shapes.layer == FACE
    on_mesh = (corners * shapes.barycentric[..., None]).sum(1)
    beyond = face & (np.linalg.norm(points - on_mesh, axis=1) > OFF_THE_MESH)
    known = np.clip((facing - GRAZING) / (PLAIN - GRAZING), 0, 1) * np.clip(shown.double().numpy() / SHOWN, 0, 1)
    free = face & ~leave
    doubt = _of_patches(np.where(free, 1 - known, 0), points, free)
    # what grew beyond the outline is seen as an outline only
    doubt = np.where((beyond & free) | teeth, 1.0, doubt)
    return Sight(normal, ray, np.where(teeth, 1.0, facing), beyond, doubt)


def front_teeth(shapes: GaussianBlendshapes, homes: Tensor, head: HeadModel) -> tuple[Mask, Mask]:
    """Gaussians of the upper and of the lower front teeth [N] each.

    Args:
        shapes: N Gaussians.
        homes: where each was sampled [N, 3 or more], metres.
        head: the head model.
    """
    depth, corners = homes[:, 2].numpy(), head.triangles[shapes.triangle]
    found = []
    for name in ("teeth_upper", "teeth_lower"):
        inside = head.regions[name][corners].all(1) & (shapes.layer != TORSO)
        foremost = depth[inside].max() if inside.any() else 0.0
        found.append(np.asarray(inside & (depth > foremost - TEETH_DEEP), np.bool_))
    return found[0], found[1]


def _facing(
    shapes: GaussianBlendshapes, points: F64, normal: F64, poses: Sequence[Pose], camera: Camera
) -> tuple[F64, F64]:
    """Largest cosine of each Gaussian [N], and where the camera stood on average, head space [3]."""
    view = camera.viewmat.astype(np.float64)
    eye = -view[:3, :3].T @ view[:3, 3]
    weights = shapes.weights.double().numpy()
    best = np.full(len(points), -1.0)
    stood = np.zeros(3)
    for _, bones, root in poses:
        joints, turn, shift = bones.double().numpy(), root[:, :3].double().numpy(), root[:, 3:].double().numpy()
        world = np.concatenate([turn @ joints[..., :3], turn @ joints[..., 3:] + shift], -1)
        blended = (weights @ world.reshape(6, 12)).reshape(-1, 3, 4)
        turned = (blended[..., :3] @ normal[..., None])[..., 0]
        towards = eye - (blended[..., :3] @ points[..., None])[..., 0] - blended[..., 3]
        lengths = np.linalg.norm(turned, axis=1) * np.linalg.norm(towards, axis=1)
        best = np.maximum(best, (turned * towards).sum(1) / np.maximum(lengths, 1e-12))
        stood += world[2, :, :3].T @ (eye - world[2, :, 3]) / len(poses)
    return best, stood


def _of_patches(doubt: F64, points: F64, among: Mask) -> F64:
    """The doubt [N] of Gaussians whose surroundings are in doubt as well; others have none."""
    chosen = np.nonzero(among)[0]
    if not len(chosen):
        return doubt
    anchors = chosen[:: max(1, len(chosen) // ANCHORS)]
    near = cKDTree(points[anchors]).query(points[chosen], max(1, round(PATCH * len(anchors))))[1]
    around = doubt[anchors][near.reshape(len(chosen), -1)].mean(1)
    result = doubt.copy()
    result[chosen] *= np.clip((around - 0.3) / 0.4, 0, 1)
    return result
