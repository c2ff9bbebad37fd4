"""The built-in head laid onto another head: where each of its vertices lies there.

A similarity and the identity shapes of the built-in head are fitted to the other's surface by iterated closest points
(to planes, with normals that must agree), then what is left is taken up by a smooth displacement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from emotalker.engine.head.importing.raw import BODY, F64, I64, RawHead
from emotalker.engine.head.linear import LinearHead
from emotalker.engine.render.mesh import vertex_normals

ROUNDS = 14
NORMAL_LENGTH = 0.012
"""Metres that opposite normals count as, when the closest point is looked for."""
REACH = (0.03, 0.008)
"""Metres beyond which a closest point is none, in the first and the last round."""
PRIOR = 0.01
"""Weight of a standard deviation of identity, in square millimetres per surface point."""
BENT = (30.0, 4.0)
"""Stiffness of the smooth displacement, first round and last."""


@dataclass(frozen=True)
class Fit:
    """The built-in head in the place of another.

    Attributes:
        rotation: [3, 3] from the built-in head's directions to the other's.
        translation: [3], metres.
        scale: of the built-in head.
        identity: its identity [I].
        points: its vertices on the other head [V, 3], metres.
        joints: its joints there [6, 3].
    """

    rotation: F64
    translation: F64
    scale: float
    identity: F64
    points: F64
    joints: F64

    def moved(self, rotation: F64, translation: F64) -> Fit:
        """The fit after everything is turned by `rotation` [3, 3] and then moved by `translation` [3]."""
        return Fit(
            rotation @ self.rotation,
            rotation @ self.translation + translation,
            self.scale,
            self.identity,
            self.points @ rotation.T + translation,
            self.joints @ rotation.T + translation,
        )


def outwards(raw: RawHead) -> RawHead:
    """The head with triangles that are counter-clockwise seen from outside."""
    corners = raw.template[raw.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    if (normals * (corners.mean(1) - raw.template.mean(0))).sum() < 0:
        raw.triangles = np.ascontiguousarray(raw.triangles[:, ::-1])
    return raw


def fit_default(
    raw: RawHead, head: LinearHead, start: Fit | None = None, landmarks: tuple[F64, NDArray[np.bool_]] | None = None
) -> Fit:
    """Lay the built-in head onto `raw`.

    Args:
        raw: a head in metres with joints for both eyes.
        head: the built-in head.
        start: a fit to begin from.
        landmarks: where the built-in head's landmarks lie on `raw` [478, 3], and which of them count [478].
    """
    rest, basis = head.template.double().numpy(), head.identity_basis.double().numpy()
    joints, joint_basis = head.joints.double().numpy(), head.joint_basis.double().numpy()
    sources = np.nonzero(head.regions["face"] | head.regions["ears"] | head.regions["scalp"])[0]
    eyes = np.stack([raw.joints["eye_l"], raw.joints["eye_r"]])
    solver = _Solver(raw, head, sources, eyes, landmarks)
    if start is None:
        scale = float(np.linalg.norm(eyes[0] - eyes[1]) / np.linalg.norm(joints[4] - joints[5]))
        turn, shift = np.eye(3), eyes.mean(0) - scale * joints[4:].mean(0)
        identity = np.zeros(len(basis))
    else:
        scale, turn, shift, identity = start.scale, start.rotation, start.translation, start.identity
    for step in range(ROUNDS):
        reach = REACH[0] + (REACH[1] - REACH[0]) * step / (ROUNDS - 1)
        # the shape is only asked once the place is about right
        shaped = start is not None or step >= 4
        scale, turn, shift, identity = solver.step(scale, turn, shift, identity, reach, shaped)
    local = rest + np.tensordot(identity, basis, 1)
    points = scale * local @ turn.T + shift
    places = scale * (joints + np.tensordot(identity, joint_basis, 1)) @ turn.T + shift
    for stiffness in BENT:
        points = points + _bend(raw, head, points, stiffness, landmarks)
    points = _with_inner_parts(head, scale * local @ turn.T + shift, points, places, eyes)
    places[4:] = eyes
    return Fit(turn, shift, scale, identity, points, places)


class _Solver:
    """One round after another of closest points; lengths are millimetres inside."""

    def __init__(
        self, raw: RawHead, head: LinearHead, sources: I64, eyes: F64,
        landmarks: tuple[F64, NDArray[np.bool_]] | None,
    ) -> None:  # fmt: skip
        self.head, self.sources, self.eyes = head, sources, eyes
        self.rest, self.basis = head.template.double().numpy(), head.identity_basis.double().numpy()
        self.joints, self.joint_basis = head.joints.double().numpy(), head.joint_basis.double().numpy()
        body = skin_vertices(raw)
        self.target, self.normals = raw.template[body], normals_of(raw.template, raw.triangles)[body]
        self.tree = cKDTree(np.concatenate([self.target, NORMAL_LENGTH * self.normals], 1))
        self.landmarks = landmarks
        self.corners = head.triangles[head.landmark_triangles]
        self.shares = head.landmark_barycentrics.astype(np.float64)

    def step(
        self, scale: float, turn: F64, shift: F64, identity: F64, reach: float, shaped: bool
    ) -> tuple[float, F64, F64, F64]:
        """Similarity and identity after one linear least-squares step."""
        local = self.rest + np.tensordot(identity, self.basis, 1)
        points = scale * local @ turn.T + shift
        normals = normals_of(points, self.head.triangles)[self.sources]
        y = points[self.sources]
        distance, near = self.tree.query(np.concatenate([y, NORMAL_LENGTH * normals], 1))
        keep = distance < reach
        aim, plane = self.target[near[keep]], self.normals[near[keep]]
        moves = scale * self.basis[:, self.sources[keep]] @ turn.T if shaped else np.zeros((0, keep.sum(), 3))
        rows = [_rows(y[keep] - shift, moves, plane)]
        gaps = [((aim - y[keep]) * plane).sum(1)]
        weights = [np.ones(keep.sum())]
        pairs = [(self._joints(scale, turn, shift, identity), self.eyes, self.joint_basis[:, 4:], 30.0)]
        if self.landmarks is not None:
            where, sure = self.landmarks
            at = (points[self.corners] * self.shares[..., None]).sum(1)[sure]
            bases = (self.basis[:, self.corners[sure]] * self.shares[sure][..., None]).sum(2)
            pairs.append((at, where[sure], bases, 1.0))
        for at, wanted, bases, weight in pairs:
            moved = scale * bases @ turn.T if shaped else np.zeros((0, len(at), 3))
            for axis in np.eye(3):
                plane = np.broadcast_to(axis, at.shape)
                rows.append(_rows(at - shift, moved, plane))
                gaps.append((wanted - at) @ axis)
                weights.append(np.full(len(at), weight))
        a, b, w = np.concatenate(rows), np.concatenate(gaps) * 1000, np.concatenate(weights)
        damping = np.full(a.shape[1], 1e-6 * len(a))
        damping[7:] = PRIOR * len(a)
        pull = np.zeros(a.shape[1])
        pull[7:] = -damping[7:] * identity[: a.shape[1] - 7]
        x = np.linalg.solve((a * w[:, None]).T @ a + np.diag(damping), (a * w[:, None]).T @ b + pull)
        turn = Rotation.from_rotvec(x[:3]).as_matrix() @ turn
        grown = float(np.clip(scale * (1 + x[3]), 0.7 * scale, 1.4 * scale))
        if shaped:
            identity = np.clip(identity + x[7:], -4, 4)
        return grown, turn, shift + x[4:7] / 1000, identity

    def _joints(self, scale: float, turn: F64, shift: F64, identity: F64) -> F64:
        at = self.joints[4:] + np.tensordot(identity, self.joint_basis[:, 4:], 1)
        return scale * at @ turn.T + shift


def _rows(arm: F64, moves: F64, plane: F64) -> F64:
    """Derivatives [n, 7 + I] of distances along `plane` [n, 3], mm: by turn, growth, shift (mm) and identity."""
    arm_mm = 1000 * arm
    turn = np.cross(arm_mm, plane)
    growth = (arm_mm * plane).sum(1)
    shape = 1000 * (moves * plane).sum(2).T
    return np.concatenate([turn, growth[:, None], plane, shape], 1)


def normals_of(points: F64, triangles: NDArray[np.integer]) -> F64:
    """Unit vertex normals [V, 3]."""
    normals = vertex_normals(points.astype(np.float32), triangles.astype(np.int32)).astype(np.float64)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def skin_vertices(raw: RawHead) -> I64:
    """Vertices that may be skin: of the body, or of no part that is known."""
    return np.nonzero(raw.parts <= BODY)[0]


def _bend(
    raw: RawHead, head: LinearHead, points: F64, stiffness: float, landmarks: tuple[F64, NDArray[np.bool_]] | None
) -> F64:
    """A smooth displacement [V, 3] of the laid-on head towards the other's surface."""
    skin = np.nonzero(head.regions["skin"])[0]
    body = skin_vertices(raw)
    normals = normals_of(raw.template, raw.triangles)[body]
    tree = cKDTree(np.concatenate([raw.template[body], NORMAL_LENGTH * normals], 1))
    own = normals_of(points, head.triangles)[skin]
    distance, near = tree.query(np.concatenate([points[skin], NORMAL_LENGTH * own], 1))
    # to the plane: along it the vertices of the other mesh mean nothing
    gap = ((raw.template[body][near] - points[skin]) * normals[near]).sum(1, keepdims=True) * normals[near]
    count = len(points)
    weight, wanted = np.zeros(count), np.zeros((count, 3))
    keep = distance < REACH[1]
    weight[skin[keep]], wanted[skin[keep]] = 1.0, gap[keep]
    a, b = head.triangles[:, [0, 1, 2]].ravel(), head.triangles[:, [1, 2, 0]].ravel()
    edges = sparse.coo_matrix((np.ones(len(a)), (a, b)), shape=(count, count)).tocsr()
    edges = ((edges + edges.T) > 0).astype(float)
    laplacian = sparse.diags(np.asarray(edges.sum(1)).ravel()) - edges
    system = sparse.diags(weight + 1e-4) + stiffness * laplacian
    right = weight[:, None] * wanted
    if landmarks is not None:
        where, sure = landmarks
        corners = head.triangles[head.landmark_triangles[sure]]
        shares = head.landmark_barycentrics[sure].astype(np.float64)
        row = np.repeat(np.arange(len(corners)), 3)
        pick = sparse.csr_matrix((shares.ravel(), (row, corners.ravel())), shape=(len(corners), count))
        system = system + 4.0 * pick.T @ pick
        right = right + 4.0 * pick.T @ (where[sure] - pick @ points)
    return np.asarray(splu(sparse.csc_matrix(system)).solve(right))


def _with_inner_parts(head: LinearHead, before: F64, points: F64, joints: F64, eyes: F64) -> F64:
    """Eyeballs moved onto the other's, teeth and tongue moved as the lips before them were bent."""
    out = points.copy()
    lips = np.nonzero(head.regions["lips"])[0]
    for name in ("teeth_upper", "teeth_lower", "tongue"):
        inside = head.regions[name]
        _, near = cKDTree(before[lips]).query(before[inside].mean(0), k=60)
        out[inside] = before[inside] + (points - before)[lips[near]].mean(0)
    for name, joint, eye in (("eye_l", joints[4], eyes[0]), ("eye_r", joints[5], eyes[1])):
        inside = head.regions[name]
        out[inside] = before[inside] + (eye - joint)
    return out


def identity_of(fit: Fit) -> torch.Tensor:
    """The built-in head's identity of a fit [I]."""
    return torch.from_numpy(fit.identity.astype(np.float32))
