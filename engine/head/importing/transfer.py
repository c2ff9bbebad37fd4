"""Values of the built-in head at the vertices of another, by the closest point of the surface laid onto it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from emotalker.engine.head.importing.align import NORMAL_LENGTH, Fit, normals_of
from emotalker.engine.head.importing.raw import (
    BODY,
    F64,
    I64,
    LEFT_EYE,
    LOWER_GUM,
    LOWER_TEETH,
    MOUTH,
    RIGHT_EYE,
    TEETH,
    TONGUE,
    UNKNOWN,
    UPPER_GUM,
    UPPER_TEETH,
    RawHead,
    components,
)
from emotalker.engine.head.linear import LinearHead

CANDIDATES = 12
EYES = ((LEFT_EYE, "eye_l", 4), (RIGHT_EYE, "eye_r", 5))
RIGID = {LEFT_EYE: 4, RIGHT_EYE: 5, UPPER_TEETH: 2, LOWER_TEETH: 3, TONGUE: 3, UPPER_GUM: 2, LOWER_GUM: 3}
"""Joint of the parts that move as one."""
EYEBALL = 0.02
"""Metres about the centre of an eyeball within which everything belongs to it."""
REGION_OF = {UPPER_TEETH: "teeth_upper", LOWER_TEETH: "teeth_lower", TONGUE: "tongue"}


@dataclass(frozen=True)
class Matched:
    """The point of the built-in head that each vertex of another is nearest to.

    Attributes:
        corners: its vertex triple [V, 3].
        shares: barycentrics [V, 3].
        distance: metres [V].
    """

    corners: I64
    shares: F64
    distance: F64

    def carry(self, values: F64) -> F64:
        """Values [N, C] of the built-in head at the other's vertices [V, C]."""
        return np.einsum("vkc,vk->vc", values[self.corners], self.shares)

    def appended(self, vertices: I64) -> Matched:
        """The match with further vertices that are vertices [n] of the built-in head themselves."""
        exact = np.zeros((len(vertices), 3))
        exact[:, 0] = 1
        return Matched(
            np.concatenate([self.corners, np.repeat(vertices[:, None], 3, 1)]),
            np.concatenate([self.shares, exact]),
            np.concatenate([self.distance, np.zeros(len(vertices))]),
        )


def match(raw: RawHead, head: LinearHead, fit: Fit) -> Matched:
    """For each vertex of `raw` the nearest point of the laid-on built-in head, facing the same way."""
    inner = np.any([head.regions[n] for n in ("eyes", "teeth_upper", "teeth_lower", "tongue")], axis=0)
    triangles = head.triangles[~inner[head.triangles].any(1)].astype(np.int64)
    normals = normals_of(fit.points, head.triangles)
    own = normals_of(raw.template, raw.triangles)
    return nearest_on(fit.points, triangles, normals, raw.template, own)


def nearest_on(points: F64, triangles: I64, normals: F64, queries: F64, query_normals: F64) -> Matched:
    """The nearest point of a surface to each query [n, 3], where normals that differ count as distance.

    Args:
        points: vertices of the surface [V, 3].
        triangles: [F, 3].
        normals: vertex normals [V, 3].
        queries: [n, 3].
        query_normals: [n, 3].
    """
    centres = np.concatenate([points[triangles].mean(1), NORMAL_LENGTH * normals[triangles].mean(1)], 1)
    keys = np.concatenate([queries, NORMAL_LENGTH * query_normals], 1)
    _, near = cKDTree(centres).query(keys, k=min(CANDIDATES, len(triangles)))
    best = np.full(len(queries), np.inf)
    chosen, shares, distance = np.zeros(len(queries), np.int64), np.zeros((len(queries), 3)), np.zeros(len(queries))
    for column in np.atleast_2d(near.T):
        corners = triangles[column]
        weights = closest_shares(queries, points[corners])
        gap = np.linalg.norm((points[corners] * weights[..., None]).sum(1) - queries, axis=1)
        facing = (normals[corners] * weights[..., None]).sum(1)
        cost = gap**2 + NORMAL_LENGTH**2 * ((facing - query_normals) ** 2).sum(1)
        better = cost < best
        best[better], chosen[better], distance[better] = cost[better], column[better], gap[better]
        shares[better] = weights[better]
    return Matched(triangles[chosen], shares, distance)


def closest_shares(points: F64, corners: F64) -> F64:
    """Barycentrics [n, 3] of the point of each triangle [n, 3, 3] that is closest to its point [n, 3]."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = (ab * ab).sum(1), (ab * ac).sum(1), (ac * ac).sum(1)
    d20, d21 = (ap * ab).sum(1), (ap * ac).sum(1)
    scale = np.maximum(d00 * d11 - d01 * d01, 1e-20)
    v, w = (d11 * d20 - d01 * d21) / scale, (d00 * d21 - d01 * d20) / scale
    inside = np.stack([1 - v - w, v, w], 1)
    best, out = np.where((inside >= 0).all(1), 0.0, np.inf), inside
    for i, j in ((0, 1), (0, 2), (1, 2)):
        p, q = corners[:, i], corners[:, j] - corners[:, i]
        t = np.clip(((points - p) * q).sum(1) / np.maximum((q * q).sum(1), 1e-20), 0, 1)
        edge = np.zeros_like(inside)
        edge[:, i], edge[:, j] = 1 - t, t
        gap = ((p + t[:, None] * q - points) ** 2).sum(1)
        out = np.where((gap < best)[:, None], edge, out)
        best = np.minimum(best, gap)
    return out


def named_parts(raw: RawHead, head: LinearHead, fit: Fit) -> NDArray[np.int8]:
    """The part of each vertex [V], those still unknown by where the piece of mesh they belong to lies.

    The largest piece is skin. Pieces inside an eyeball are its own; teeth are upper or lower ones by where they are
    with respect to the bite of the laid-on head; anything else unknown is what most of its vertices are nearest to.
    """
    parts = raw.parts.copy()
    piece = components(raw.triangles, len(raw.template))
    main = int(np.bincount(piece[raw.parts <= BODY]).argmax())
    parts[(piece == main) & (parts == UNKNOWN)] = BODY
    places = {p: fit.points[head.regions[name]] for p, name in REGION_OF.items()}
    bite = 0.5 * (places[UPPER_TEETH][:, 1].mean() + places[LOWER_TEETH][:, 1].mean())
    clouds = {p: cKDTree(points) for p, points in places.items()}
    skin = cKDTree(fit.points[head.regions["skin"] | head.regions["interior"]])
    for number in np.unique(piece[np.isin(parts, (UNKNOWN, TEETH, MOUTH))]):
        inside = np.nonzero((piece == number) & np.isin(parts, (UNKNOWN, TEETH, MOUTH)))[0]
        points, kind = raw.template[inside], raw.parts[inside]
        gaps = {p: cloud.query(points)[0] for p, cloud in clouds.items()}
        if (kind == UNKNOWN).all():
            parts[inside] = _unknown_part(points, fit, gaps, float(np.median(skin.query(points)[0])))
        above = points[:, 1].mean() > bite
        parts[inside[kind == TEETH]] = UPPER_TEETH if above else LOWER_TEETH
    soft = np.nonzero(parts == MOUTH)[0]
    if len(soft):
        # gums hold the head's own teeth, where it has them; what is nearer to a tongue moves with the jaw
        own = {p: raw.template[parts == p] if (parts == p).any() else places[p] for p in (UPPER_TEETH, LOWER_TEETH)}
        up, low = (cKDTree(own[p]).query(raw.template[soft])[0] for p in (UPPER_TEETH, LOWER_TEETH))
        tongue = clouds[TONGUE].query(raw.template[soft])[0] < np.minimum(up, low)
        parts[soft] = np.where(tongue, TONGUE, np.where(up < low, UPPER_GUM, LOWER_GUM))
    return parts


def _unknown_part(points: F64, fit: Fit, gaps: dict[int, F64], skin: float) -> int:
    """What a piece of mesh is that nothing says: an eyeball, what it is nearest to in the mouth, or skin."""
    for part, _, joint in EYES:
        if (np.linalg.norm(points - fit.joints[joint], axis=1) < EYEBALL).mean() > 0.9:
            return part
    nearest = min(gaps, key=lambda p: float(np.median(gaps[p])))
    return BODY if skin < np.median(gaps[nearest]) else nearest
