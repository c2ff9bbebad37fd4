"""The outline of the head against the edge of the matte: what landmarks cannot tell about ears, cranium and neck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.head.model import HeadModel
from emotalker.engine.render.mesh import rasterize_mesh
from emotalker.engine.tracking.fitting.points import FrameState, pixel_derivatives, vertex_points
from emotalker.engine.tracking.fitting.system import Observations

F64 = NDArray[np.float64]
SEARCH = 0.03  # metres along the normal
HALF = 128


@dataclass(frozen=True)
class Rule:
    """How the outline of a region relates to the matte's edge; d is how far the edge lies outside the mesh, metres.

    Attributes:
        sigma: standard deviation.
        inward: the edge may lie this far inside the mesh; further in it is not this region's edge.
        outward: the same outside.
        cover: hair or cloth expected between skin and edge: so much is taken off before the mesh is pulled out.
        pull: most that the mesh is pulled outwards.
    """

    sigma: float
    inward: float
    outward: float
    cover: float
    pull: float


# Ears are bare more often than not. Hair of one or two centimetres is common, so the cranium is rather kept inside the
# matte than pulled to its edge; collars hide the neck.
RULES = {
    "ears": Rule(0.003, 0.015, 0.020, 0.0, 0.012),
    "face": Rule(0.003, 0.008, 0.006, 0.0, 0.006),
    "cranium": Rule(0.006, 0.025, 0.025, 0.011, 0.006),
    "neck": Rule(0.010, 0.020, 0.020, 0.020, 0.0),
}
# a region counts as at most this many vertices a frame: ears have ten times as many as a cheek
MOST = 15


@dataclass(frozen=True)
class OutlineRows:
    """Linear constraints of one frame's outline: weighted residuals and their derivatives.

    Attributes:
        by_pose: by the frame's rotation and translation [n, 6].
        by_identity: [n, I].
        residual: [n].
    """

    by_pose: Tensor
    by_identity: Tensor
    residual: Tensor


def outline_rows(
    head: HeadModel,
    identity: Tensor,
    states: FrameState,
    seen: Observations,
    mattes: Sequence[NDArray[np.uint8]],
) -> list[OutlineRows]:
    """The outline of every frame against its matte.

    Both identity and pose answer to it: with the pose held, a head pulled outwards would be pushed away by its
    landmarks and pulled outwards again, growing without end.
    """
    with torch.no_grad():
        posed = head.forward(identity, states.psi, states.jaw, torch.zeros_like(states.jaw), states.eyes)
    kinds = kind_of_vertices(head)
    out = []
    for f in range(len(states)):
        state = states[f : f + 1]
        camera = posed[f] @ state.rotation[0].T + state.translation[0]
        vertices, normals, gaps = _contour(head, camera.numpy().astype(np.float64), seen, mattes[f])
        wanted, weights = _wanted(gaps, [kinds[v] for v in vertices])
        keep = np.nonzero(weights > 0)[0]
        picked = torch.from_numpy(vertices[keep])
        by_identity = vertex_points(head, vertices[keep]).shaped(identity).by_identity(state)[0]
        lens = pixel_derivatives(camera[picked][None], seen.focal)[0]
        # along the outline's normal, in metres at the vertex's depth
        scale = camera[picked, 2:] / seen.focal * torch.from_numpy(np.sqrt(weights[keep])).float()[:, None]
        along = (torch.from_numpy(normals[keep]).float()[:, None] @ lens)[:, 0] * scale
        arm = camera[picked] - state.translation[0]
        by_pose = torch.cat([torch.linalg.cross(arm, along, dim=1), along], 1)
        rows = (along @ state.rotation[0])[:, None] @ by_identity
        residual = -torch.from_numpy(wanted[keep] * np.sqrt(weights[keep])).float()
        out.append(OutlineRows(by_pose, rows[:, 0], residual))
    return out


def kind_of_vertices(head: HeadModel) -> list[str]:
    """The `RULES` key of every vertex; "" for those whose outline says nothing (eyes, teeth, the cut)."""
    kinds = np.full(len(head.template), "", object)
    r = head.regions
    kinds[r["skin"]] = "cranium"
    kinds[r["face"] & r["skin"]] = "face"
    kinds[r["neck"] | (head.weights[:, :2].sum(1).numpy() > 0.3)] = "neck"
    kinds[r["ears"]] = "ears"
    kinds[r["neck_ring"] | ~r["skin"]] = ""
    return list(kinds)


def _contour(
    head: HeadModel, camera: F64, seen: Observations, matte: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], F64, F64]:
    """Vertices on the outline, their normals in the picture [n, 2], and the gap to the matte's edge [n], metres.

    The gap is NaN where no edge is near: in front of shoulders, or where the edge is cut off by the frame.
    """
    pixels = camera[:, :2] / camera[:, 2:] * seen.focal + seen.centre
    skin = head.triangles[head.regions["skin"][head.triangles].all(1)]
    a, b, c = pixels[skin[:, 0]], pixels[skin[:, 1]], pixels[skin[:, 2]]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    sides = np.zeros((len(camera), 2), bool)
    for corner in range(3):
        sides[skin[area < 0, corner], 0] = True
        sides[skin[area >= 0, corner], 1] = True
    candidates = np.nonzero(sides.all(1))[0]
    normals = _normals(camera, skin)[candidates, :2]
    length = np.linalg.norm(normals, axis=1)
    candidates, normals = candidates[length > 0.3], normals[length > 0.3] / length[length > 0.3, None]
    side = round(2 * seen.centre)
    scale = HALF / side * 2
    view = Camera(np.eye(4, dtype=np.float32), np.array(
        [[seen.focal * scale, 0, seen.centre * scale], [0, seen.focal * scale, seen.centre * scale], [0, 0, 1]],
        np.float32), 2 * HALF, 2 * HALF)  # fmt: skip
    covered = rasterize_mesh(camera, skin, view).mask
    beyond = np.round((pixels[candidates] + normals * 1.5 / scale) * scale - 0.5).astype(int)
    inside = ((beyond >= 2) & (beyond < 2 * HALF - 2)).all(1)
    at = np.clip(beyond, 0, 2 * HALF - 1)
    outer = inside & ~covered[at[:, 1], at[:, 0]]
    candidates, normals = candidates[outer], normals[outer]
    metres = camera[candidates, 2] / seen.focal
    return candidates, normals, _gaps(matte, pixels[candidates], normals, metres)


def _normals(points: F64, triangles: NDArray[np.int32]) -> F64:
    face = np.cross(
        points[triangles[:, 1]] - points[triangles[:, 0]], points[triangles[:, 2]] - points[triangles[:, 0]]
    )
    out = np.zeros_like(points)
    for corner in range(3):
        np.add.at(out, triangles[:, corner], face)
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12))


def _gaps(matte: NDArray[np.uint8], pixels: F64, normals: F64, metres: F64) -> F64:
    """Signed distance along the normal to the nearest place where the matte falls through one half, metres or NaN."""
    steps = np.linspace(-SEARCH, SEARCH, 49)
    where = pixels[:, None] + normals[:, None] * (steps[None] / metres[:, None])[..., None]
    values = cv2.remap(
        matte, (where[..., 0] - 0.5).astype(np.float32), (where[..., 1] - 0.5).astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float64) / 255  # fmt: skip
    falls = (values[:, :-1] >= 0.5) & (values[:, 1:] < 0.5)
    crossing = np.where(falls, np.abs(steps[:-1])[None], np.inf)
    best = crossing.argmin(1)
    rows = np.arange(len(pixels))
    drop = values[rows, best] - values[rows, best + 1]
    gap = steps[best] + (steps[1] - steps[0]) * (values[rows, best] - 0.5) / np.maximum(drop, 1e-6)
    edge = where[rows, best]
    size = matte.shape[0]
    cut = (edge < 3).any(1) | (edge > size - 3).any(1)
    return np.asarray(np.where(falls.any(1) & ~cut, gap, np.nan))


def _wanted(gaps: F64, kinds: Sequence[str]) -> tuple[F64, F64]:
    """How far each vertex should move outwards, metres, and the weight of saying so."""
    wanted, weights = np.zeros(len(gaps)), np.zeros(len(gaps))
    for i, (gap, kind) in enumerate(zip(gaps, kinds)):
        rule = RULES.get(kind)
        if rule is None or not -rule.inward <= gap <= rule.outward:
            continue
        # under the cover anything from none to all of it is right
        off = gap if gap < 0 else max(gap - rule.cover, 0.0)
        wanted[i] = min(off, rule.pull)
        weights[i] = rule.sigma**-2
    for kind in RULES:
        own = np.array([k == kind for k in kinds]) & (weights > 0)
        weights[own] *= min(1.0, MOST / max(int(own.sum()), 1))
    return wanted, weights
