"""Where the 478 face landmarks sit on a head: found by rendering the head and asking the landmarker.

No licensed embedding is needed: the painted head is seen from several sides and with several faces, each found landmark
is taken back to the triangle it fell on, the median over the views is kept and made left-right symmetric. So it was
done for the built-in head, and so it is done for a head that a user brings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from emotalker.engine.camera import Camera
from emotalker.engine.head.linear import LinearHead
from emotalker.engine.render.mesh import rasterize_mesh, vertex_normals
from emotalker.engine.synthetic.appearance import IRIS_RADIUS, default_lights, default_palette, shade
from emotalker.engine.synthetic.materials import cavity_of, materials_of

F64 = NDArray[np.float64]
Landmarker = Callable[[NDArray[np.uint8]], NDArray[np.floating] | None]

IRISES = {468: (4, 1), 473: (5, -1)}
UPPER_LIP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP = (146, 91, 181, 84, 17, 314, 405, 321, 375, 95, 88, 178, 87, 14, 317, 402, 318, 324)
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
CORNERS = (61, 291, 78, 308)
NEAR = 400
"""Triangles, by their centres, among which the one nearest to a landmark is looked for."""


@dataclass(frozen=True)
class Paint:
    """Where the painter finds lips, brows and irises on a head: its vertices as points of the built-in head's rest.

    Attributes:
        rest: [V, 3], metres.
        eyes: centres of the built-in head's eyeballs, left and right [2, 3].
        landmarks: where the landmarks are expected [478, 3], metres; taken for one that is seen in no view.
    """

    rest: NDArray[np.float32]
    eyes: NDArray[np.float32]
    landmarks: F64 | None = None


@dataclass
class Sighting:
    """Landmarks of one view taken back to the surface: rest positions [478, 3], NaN where they missed the skin."""

    points: F64
    pixels: F64
    frontal: bool
    open_mouth: bool


def views(head: LinearHead) -> Iterator[tuple[NDArray[np.float32], float, float, bool]]:
    """Posed heads with a yaw and a pitch to see them from, and whether the mouth is open."""
    calm, psi = torch.zeros(len(head.identity_basis)), torch.zeros(1, len(head.expression_names))
    for jaw, yaws in ((0.0, (0.0, -0.2, 0.2, -0.35, 0.35)), (0.1, (0.0, -0.15, 0.15)), (0.2, (0.0, -0.1, 0.1))):
        for yaw in yaws:
            for pitch in (-0.1, 0.0, 0.1):
                turns = torch.tensor([[jaw, 0.0, 0.0]])
                posed = head.forward(calm, psi, turns, torch.zeros(1, 3), torch.zeros(1, 2, 3))[0]
                yield posed.numpy(), yaw, pitch, jaw > 0


def find_landmarks(
    head: LinearHead,
    landmarker: Landmarker,
    camera_at: Callable[[float, float], Camera],
    paint: Paint | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Triangle [478] and barycentrics [478, 3] of every landmark on `head`.

    Args:
        head: a head with regions "skin", "lips", "eyes", "eye_l", "eye_r" and "interior", and a `mirror`.
        landmarker: 478 pixel positions [478, >= 2] of an RGB picture, or None.
        camera_at: a square camera that sees the face from a yaw and a pitch in radians.
        paint: how to paint a head other than the built-in one.

    Raises:
        ValueError: if the landmarker does not see the rendered head.
    """
    paint = paint or Paint(head.template.numpy(), head.joints[4:].numpy())
    sightings = [s for v in views(head) if (s := _sight(head, paint, landmarker, camera_at, *v)) is not None]
    if not all(any(s.frontal and s.open_mouth == opened for s in sightings) for opened in (False, True)):
        raise ValueError("the landmarker does not see the rendered head")
    frontal = next(s for s in sightings if s.frontal and not s.open_mouth)
    partner = mirrored_pairs(frontal.pixels)
    closed = np.stack([s.points for s in sightings if not s.open_mouth])
    opened = np.stack([s.points for s in sightings if s.open_mouth])
    straight = np.stack([s.points for s in sightings if s.frontal and not s.open_mouth])
    points = _median(closed)
    lips = np.array([i for i in (*UPPER_LIP, *LOWER_LIP) if i not in CORNERS[:2]])
    points[lips] = _median(opened)[lips]
    points[list(OVAL)] = _median(straight)[list(OVAL)]
    points[468:] = iris_points(head, frontal.pixels, partner)
    points = 0.5 * (points + points[partner] * [-1, 1, 1])
    if paint.landmarks is not None:
        points = np.where(np.isfinite(points), points, paint.landmarks)
    return onto_surface(head, points)


def _median(sightings: F64) -> F64:
    """Median over views [n, 478, 3] of where each landmark fell on the skin; NaN for one that never did."""
    out = np.full((478, 3), np.nan)
    for i in range(478):
        seen = sightings[np.isfinite(sightings[:, i, 0]), i]
        if len(seen):
            out[i] = np.median(seen, 0)
    return out


def _sight(
    head: LinearHead,
    paint: Paint,
    landmarker: Landmarker,
    camera_at: Callable[[float, float], Camera],
    posed: NDArray[np.float32],
    yaw: float,
    pitch: float,
    open_mouth: bool,
) -> Sighting | None:
    camera = camera_at(yaw, pitch)
    frame = rasterize_mesh(posed, head.triangles, camera)
    image = np.full((camera.height, camera.width, 3), 0.75, np.float32)
    kinds, rest = materials_of(head), head.template.numpy()
    shade(
        frame, head.triangles, kinds, paint.rest, vertex_normals(posed, head.triangles), cavity_of(head),
        paint.eyes, default_palette(), default_lights(), image,
    )  # fmt: skip
    found = landmarker(np.ascontiguousarray((image * 255).astype(np.uint8)))
    if found is None:
        return None
    pixels = np.asarray(found, np.float64)[:, :2]
    skin = np.asarray(head.regions["skin"][head.triangles].all(1))
    usable = frame.mask & np.take(skin, frame.triangle)
    rows, columns = np.nonzero(usable)
    points = np.full((478, 3), np.nan)
    if not len(rows):
        return None
    gaps, nearest = cKDTree(np.stack([columns, rows], 1) + 0.5).query(pixels)
    for i, (gap, k) in enumerate(zip(gaps, nearest)):
        if gap < (6.0 if i not in OVAL else 30.0):
            y, x = rows[k], columns[k]
            corners = head.triangles[frame.triangle[y, x]]
            points[i] = frame.barycentrics[y, x].astype(np.float64) @ rest[corners]
    return Sighting(points, pixels, yaw == 0.0 and pitch == 0.0, open_mouth)


def mirrored_pairs(pixels: F64) -> NDArray[np.int64]:
    """The landmark on the other side of the face of each landmark [478], from a frontal view of a symmetric face."""
    middle = 0.5 * (pixels[33, 0] + pixels[263, 0])
    mirrored = pixels * [-1, 1] + [2 * middle, 0]
    cost = ((pixels[:, None] - mirrored[None]) ** 2).sum(-1)
    # irises pair with irises: their rings are drawn in the same order on both sides, not mirrored
    cost[:468, 468:] = cost[468:, :468] = 1e9
    cost = cost + cost.T
    partner = linear_sum_assignment(cost)[1]
    if not (partner[partner] == np.arange(478)).all():
        raise ValueError("the landmarks of the symmetric face do not pair up")
    return partner


def iris_points(head: LinearHead, pixels: F64, partner: NDArray[np.int64]) -> F64:
    """The irises [10, 3]: each centre and the four ends of its cross, on the eyeballs, with a human iris radius."""
    out = np.zeros((10, 3))
    for base in (468, 473):
        # pixels have y down and, seen from the front, x towards the person's left as in head space
        left = pixels[base, 0] > pixels[[33, 263], 0].mean()
        centre = head.joints[4 if left else 5].numpy().astype(np.float64)
        region = head.regions["eye_l" if left else "eye_r"]
        radius = np.linalg.norm(head.template.numpy()[region] - centre, axis=1).mean()
        for k in range(5):
            offset = (pixels[base + k] - pixels[base]) * [1, -1]
            axis = np.zeros(2) if k == 0 else np.round(offset / np.abs(offset).max())
            x, y = axis * IRIS_RADIUS
            out[base - 468 + k] = centre + np.array([x, y, np.sqrt(radius**2 - x * x - y * y)])
    return out


def onto_surface(head: LinearHead, points: F64) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Nearest triangle and barycentrics; irises on their eyeball, lips on their own lip, the rest on the skin.

    Args:
        head: a head with regions "skin", "eye_l" and "eye_r".
        points: landmarks on or near its rest surface [478, 3], metres.
    """
    rest = head.template.numpy().astype(np.float64)
    faces = head.triangles
    skin = np.nonzero(head.regions["skin"][faces].all(1))[0]
    jaw = head.weights.numpy()[:, 3][faces].mean(1)
    eyes = [np.nonzero(head.regions[name][faces].all(1))[0] for name in ("eye_l", "eye_r")]
    centres = rest[faces].mean(1)
    chosen, weights = np.zeros(478, np.int32), np.zeros((478, 3), np.float32)
    for i, point in enumerate(points):
        allowed = skin
        if i >= 468:
            allowed = eyes[0] if point[0] > 0 else eyes[1]
        elif i in UPPER_LIP and i not in CORNERS:
            allowed = skin[jaw[skin] < 0.35]
        elif i in LOWER_LIP:
            allowed = skin[jaw[skin] > 0.35]
        if len(allowed) > NEAR:
            gap = ((centres[allowed] - point) ** 2).sum(1)
            allowed = allowed[np.argpartition(gap, NEAR)[:NEAR]]
        nearest, where = closest_on_triangles(point, rest[faces[allowed]])
        chosen[i], weights[i] = allowed[nearest], where
    return chosen, weights


def closest_on_triangles(point: F64, corners: F64) -> tuple[int, F64]:
    """The triangle of `corners` [n, 3, 3] nearest to `point` [3], and the barycentrics of the point nearest in it."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, ac, ap = b - a, c - a, point - a
    d00, d01, d11 = (ab * ab).sum(1), (ab * ac).sum(1), (ac * ac).sum(1)
    d20, d21 = (ap * ab).sum(1), (ap * ac).sum(1)
    scale = np.maximum(d00 * d11 - d01 * d01, 1e-20)
    v, w = (d11 * d20 - d01 * d21) / scale, (d00 * d21 - d01 * d20) / scale
    candidates = [np.stack([1 - v - w, v, w], 1)]
    inside = (candidates[0] >= 0).all(1)
    for p, q, end in ((a, ab, (0, 1)), (a, ac, (0, 2)), (b, c - b, (1, 2))):
        t = np.clip(((point - p) * q).sum(1) / np.maximum((q * q).sum(1), 1e-20), 0, 1)
        edge = np.zeros_like(corners[:, 0])
        edge[:, end[0]], edge[:, end[1]] = 1 - t, t
        candidates.append(edge)
    distances = [np.linalg.norm((x[..., None] * corners).sum(1) - point, axis=1) for x in candidates]
    distances[0][~inside] = np.inf
    best = np.stack(distances)
    kind, triangle = np.unravel_index(best.argmin(), best.shape)
    return int(triangle), candidates[kind][triangle]
