"""Cutting the neck of a head where that of the built-in head is cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emotalker.engine.head.importing.align import Fit
from emotalker.engine.head.importing.raw import BODY, F64, I64, RawHead
from emotalker.engine.head.linear import LinearHead

SNAP = 0.002
"""Metres within which a vertex is moved onto the plane: a hair off it would leave slivers."""


def collar(head: LinearHead, fit: Fit) -> tuple[F64, F64]:
    """A point [3] of the plane in which the laid-on built-in head is cut, and the plane's normal [3], upwards."""
    ring = fit.points[head.regions["neck_ring"]]
    centre = ring.mean(0)
    normal = np.linalg.svd(ring - centre)[2][2]
    return centre, normal * np.sign(normal[1])


def cut_neck(raw: RawHead, head: LinearHead, fit: Fit) -> RawHead:
    """`raw` without what lies below the collar; untouched where it ends above."""
    centre, normal = collar(head, fit)
    height = (raw.template - centre) @ normal
    height[raw.parts > BODY] = np.maximum(height[raw.parts > BODY], 1.0)
    if (height >= 0).all():
        return raw
    near = np.abs(height) < SNAP
    template = raw.template.copy()
    template[near] -= height[near, None] * normal
    raw, height = replace(raw, template=template), np.where(near, 0.0, height)
    mixed: dict[tuple[int, int], int] = {}
    triangles: list[tuple[int, int, int]] = []

    def vertex(i: int, j: int) -> int:
        return mixed.setdefault((min(i, j), max(i, j)), len(mixed))

    for face in raw.triangles.tolist():
        side = [height[i] for i in face]
        if max(side) <= 0:
            continue
        polygon: list[int] = []
        for k in range(3):
            p, q, here, there = face[k], face[(k + 1) % 3], side[k], side[(k + 1) % 3]
            if here >= 0:
                polygon.append(vertex(p, p))
            if here * there < 0:
                polygon.append(vertex(p, q))
        triangles += [(polygon[0], polygon[k], polygon[k + 1]) for k in range(1, len(polygon) - 1)]
    pairs = np.array(list(mixed), np.int64)
    return _mixed(raw, pairs, height, np.array(triangles, np.int64))


def _mixed(raw: RawHead, pairs: I64, height: F64, triangles: I64) -> RawHead:
    """The head whose vertices lie between pairs [V, 2] of those of `raw`, where the height is zero."""
    a, b = pairs.T
    same = a == b
    t = np.where(same, 0.0, height[a] / np.where(same, 1.0, height[a] - height[b]))[:, None]
    low = t.astype(np.float32)
    return replace(
        raw,
        template=raw.template[a] * (1 - t) + raw.template[b] * t,
        triangles=triangles,
        identity=raw.identity[:, a] * (1 - low) + raw.identity[:, b] * low,
        expression=raw.expression[:, a] * (1 - low) + raw.expression[:, b] * low,
        parts=raw.parts[a],
        jaw=None if raw.jaw is None else raw.jaw[a] * (1 - t[:, 0]) + raw.jaw[b] * t[:, 0],
    )
