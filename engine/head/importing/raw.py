"""A head as its file describes it, before anything of ours is added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from emotalker.engine.errors import UserError

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
UNKNOWN, BODY, LEFT_EYE, RIGHT_EYE, UPPER_TEETH, LOWER_TEETH, TONGUE, UPPER_GUM, LOWER_GUM, TEETH, MOUTH = range(-1, 10)
"""Parts: TEETH are upper or lower, MOUTH is gums or tongue, still to be told apart by where they lie."""
MOST_VERTICES, MOST_SHAPES = 200_000, 2_000
EYE_DISTANCE = (0.045, 0.085)
"""Metres between the centres of the eyeballs of any adult, generously."""
UNITS = {"metres": 1.0, "decimetres": 0.1, "centimetres": 0.01, "millimetres": 0.001}
EYE_RADIUS = (0.008, 0.019)


@dataclass
class RawHead:
    """A head model of somebody else's; V vertices, I identities, K expressions of its own.

    Attributes:
        name: what kind of head it is, for messages.
        template: [V, 3].
        triangles: [F, 3], counter-clockwise seen from outside.
        identity: [I, V, 3], per unit of a standard-normal coefficient.
        expression: [K, V, 3], per unit.
        expression_names: K names.
        parts: part of each vertex [V].
        joints: rest positions [3] of those of the program's joints it knows.
        joint_basis: their displacements [I, 3] by identity.
        jaw: skinning weight of the jaw [V]; None if it has no jaw joint.
        named: which of its expressions add up to which of the program's own.
        jaw_open: which of its expressions open the jaw.
        notices: what the user should know.
    """

    name: str
    template: F64
    triangles: I64
    identity: F32
    expression: F32
    expression_names: tuple[str, ...]
    parts: NDArray[np.int8]
    joints: dict[str, F64] = field(default_factory=dict)
    joint_basis: dict[str, F64] = field(default_factory=dict)
    jaw: F64 | None = None
    named: dict[str, tuple[int, ...]] = field(default_factory=dict)
    jaw_open: tuple[int, ...] = ()
    notices: list[str] = field(default_factory=list)

    def picked(self, vertices: I64, triangles: I64) -> RawHead:
        """The head reduced to some vertices; `triangles` [F, 3] are in their new numbers."""
        return replace(
            self,
            template=self.template[vertices],
            triangles=triangles,
            identity=self.identity[:, vertices],
            expression=self.expression[:, vertices],
            parts=self.parts[vertices],
            jaw=None if self.jaw is None else self.jaw[vertices],
        )


def not_understood(name: str, why: str, what_to_do: str = "") -> UserError:
    """The error for a file that is not the head it should be."""
    return UserError(
        f"{name} is not a head model that can be read.",
        why,
        what_to_do
        or "Give a FLAME 2020 or 2023 model (.pkl), a GNM Head (.npz), or the folder of an ICT-FaceKit (OBJ files).",
    )


def checked(raw: RawHead, file: str) -> RawHead:
    """The same head, after making sure that its arrays fit together.

    Raises:
        UserError: if they do not.
    """
    v = len(raw.template)
    if not 100 <= v <= MOST_VERTICES or raw.template.shape != (v, 3):
        raise not_understood(file, f"It has {v} vertices.")
    if raw.triangles.ndim != 2 or raw.triangles.shape[1] != 3 or not len(raw.triangles):
        raise not_understood(file, "Its faces are not triangles.")
    if raw.triangles.min() < 0 or raw.triangles.max() >= v:
        raise not_understood(file, "Its faces name vertices that do not exist.")
    for what, basis in (("identity", raw.identity), ("expression", raw.expression)):
        if basis.ndim != 3 or basis.shape[1:] != (v, 3) or len(basis) > MOST_SHAPES:
            raise not_understood(file, f"Its {what} shapes are {basis.shape}, not [n, {v}, 3].")
    numbers: list[NDArray[Any]] = [raw.template, raw.identity, raw.expression, *raw.joints.values()]
    for array in numbers:
        if not np.isfinite(array).all():
            raise not_understood(file, "It holds numbers that are not finite.")
    if raw.jaw is not None and (raw.jaw.shape != (v,) or not np.isfinite(raw.jaw).all()):
        raise not_understood(file, "Its skinning weights do not fit its vertices.")
    return raw


def components(triangles: I64, count: int) -> I64:
    """The connected piece that each of `count` vertices belongs to [V]."""
    a, b = triangles[:, [0, 1, 2]].ravel(), triangles[:, [1, 2, 0]].ravel()
    graph = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def without_loose(raw: RawHead, dropped: NDArray[np.bool_] | None = None) -> RawHead:
    """The head without the vertices [V] to be dropped, and without those that belong to no triangle."""
    keep = np.zeros(len(raw.template), bool)
    triangles = raw.triangles if dropped is None else raw.triangles[~dropped[raw.triangles].any(1)]
    keep[triangles] = True
    number = np.cumsum(keep) - 1
    return raw.picked(np.nonzero(keep)[0], number[triangles])


def in_metres(raw: RawHead, file: str) -> RawHead:
    """The head in metres, with its eyeballs found; the unit is told by the distance of the eyes.

    Raises:
        UserError: if no pair of eyes is found, or no unit makes a human head of it.
    """
    raw = replace(raw, parts=raw.parts.copy(), joints=dict(raw.joints))
    if not {"eye_l", "eye_r"} <= set(raw.joints):
        _find_eyes(raw, file)
    left, right = raw.joints["eye_l"], raw.joints["eye_r"]
    if left[0] < right[0]:  # some call left what is left in the picture
        raw.joints["eye_l"], raw.joints["eye_r"] = right, left
        if "eye_l" in raw.joint_basis:
            basis = raw.joint_basis
            raw.joint_basis = {**basis, "eye_l": basis["eye_r"], "eye_r": basis["eye_l"]}
        swapped = np.array(raw.parts)
        swapped[raw.parts == LEFT_EYE], swapped[raw.parts == RIGHT_EYE] = RIGHT_EYE, LEFT_EYE
        raw.parts = swapped
    distance = float(np.linalg.norm(left - right))
    for factor in UNITS.values():
        if EYE_DISTANCE[0] <= distance * factor <= EYE_DISTANCE[1]:
            return scaled(raw, factor)
    raise not_understood(file, f"Its eyes are {distance:g} apart, which is no human head in any usual unit.")


def scaled(raw: RawHead, factor: float) -> RawHead:
    """The head with all its lengths times `factor`."""
    if factor == 1.0:
        return raw
    return replace(
        raw,
        template=raw.template * factor,
        identity=raw.identity * np.float32(factor),
        expression=raw.expression * np.float32(factor),
        joints={name: place * factor for name, place in raw.joints.items()},
        joint_basis={name: basis * factor for name, basis in raw.joint_basis.items()},
    )


def _find_eyes(raw: RawHead, file: str) -> None:
    """Eye joints from eyeballs: the parts that say so, else the two balls of the mesh."""
    for name, part in (("eye_l", LEFT_EYE), ("eye_r", RIGHT_EYE)):
        if (raw.parts == part).any():
            raw.joints[name], _ = ball(raw.template[raw.parts == part])
    if {"eye_l", "eye_r"} <= set(raw.joints):
        return
    piece = components(raw.triangles, len(raw.template))
    sizes = np.bincount(piece)
    balls = []
    for number in np.nonzero((sizes >= 20) & (sizes < sizes.max()))[0]:
        centre, roundness = ball(raw.template[piece == number])
        if roundness < 0.12:
            balls.append((sizes[number], number, centre))
    # cornea and iris may be pieces of their own: the largest ball on each side is the eyeball
    height = raw.template[:, 0].mean()
    sides = [[b for b in balls if (b[2][0] > height) == left] for left in (True, False)]
    if not all(sides):
        raise not_understood(file, "No pair of eyeballs is in it, by which a head would be found.")
    for name, part, side in (("eye_l", LEFT_EYE, sides[0]), ("eye_r", RIGHT_EYE, sides[1])):
        _, number, centre = max(side, key=lambda b: b[0])
        raw.joints[name] = centre
        raw.parts[piece == number] = part


def ball(points: F64) -> tuple[F64, float]:
    """Centre [3] of the sphere that fits points [n, 3] best, and how far they lie off it, in parts of its radius."""
    rows = np.concatenate([2 * points, np.ones((len(points), 1))], 1)
    solution = np.linalg.lstsq(rows, (points**2).sum(1), rcond=None)[0]
    centre = solution[:3]
    radii = np.linalg.norm(points - centre, axis=1)
    return centre, float(radii.std() / max(radii.mean(), 1e-12))


def triangulated(faces: Iterable[tuple[int, ...]]) -> I64:
    """Triangles [F, 3] of polygons, as fans."""
    return np.array([(f[0], f[k], f[k + 1]) for f in faces for k in range(1, len(f) - 1)], np.int64).reshape(-1, 3)
