"""What a head without teeth, tongue or mouth cavity borrows from the built-in one, fitted behind its own lips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from emotalker.engine.head.build_regions import looking_at
from emotalker.engine.head.importing.align import Fit
from emotalker.engine.head.importing.raw import BODY, I64, LOWER_TEETH, TONGUE, UPPER_TEETH, RawHead
from emotalker.engine.head.importing.transfer import REGION_OF
from emotalker.engine.head.linear import LinearHead
from emotalker.engine.render.mesh import rasterize_mesh

NAMES = {UPPER_TEETH: "upper teeth", LOWER_TEETH: "lower teeth", TONGUE: "a tongue"}
FAR = 0.004
"""Metres that the built-in cavity may lie from the other mesh on average before that has no cavity of its own."""
BOXES = np.array([[[-0.036, -0.058, 0.02], [0.036, -0.008, 0.12]], [[-0.036, -0.058, -0.03], [0.036, 0.02, 0.07]]])
"""Corners of what may be the built-in head's mouth and throat, metres."""
HIDDEN, MASK = 0.003, 600
"""Metres behind the face at which a vertex is inside, and pixels of the view that tells."""
SUNK = 0.0008
"""Metres that the borrowed cavity is drawn back, so that it does not shine through the lips."""


def with_mouth(raw: RawHead, head: LinearHead, fit: Fit) -> tuple[RawHead, I64]:
    """`raw` with the parts it lacks.

    Args:
        raw: a head whose parts are all known.
        head: the built-in head.
        fit: the built-in head laid onto it.

    Returns:
        The head, and the built-in head's vertices [n] that were appended to its own.
    """
    missing = [part for part in REGION_OF if not (raw.parts == part).any()]
    pieces = [(part, np.nonzero(head.regions[REGION_OF[part]])[0]) for part in missing]
    cavity = cavity_vertices(head)
    body = raw.parts <= BODY
    if np.median(cKDTree(raw.template[body]).query(fit.points[cavity])[0]) > FAR:
        pieces.append((BODY, cavity))
    if not pieces:
        return raw, np.zeros(0, np.int64)
    what = [NAMES[part] for part in missing] + (["a mouth cavity"] if pieces[-1][0] == BODY else [])
    raw = replace(raw, notices=[*raw.notices, f"The head lacks {_listed(what)}: taken over from the built-in head."])
    for part, vertices in pieces:
        raw = _appended(raw, head, fit, part, vertices)
    return raw, np.concatenate([vertices for _, vertices in pieces])


def cavity_vertices(head: LinearHead) -> I64:
    """The inside of the built-in head's mouth: what its closed face hides about there, up to the backs of the lips."""
    template = head.template.double().numpy()
    inner = np.any([head.regions[name] for name in ("eyes", *REGION_OF.values())], axis=0)
    camera = looking_at(template[head.regions["lips"]].mean(0), size=MASK)
    frame = rasterize_mesh(template, head.triangles[~inner[head.triangles].any(1)], camera)
    column, row = np.clip(camera.project(template), 0, MASK - 1).astype(int).T
    depth = template @ camera.viewmat[2, :3].astype(np.float64) + camera.viewmat[2, 3]
    hidden = frame.mask[row, column] & (depth > frame.depth[row, column] + HIDDEN)
    within = [np.all((template > low) & (template < high), axis=1) for low, high in BOXES]
    inside = hidden & ~inner & (within[0] | within[1])
    return np.unique(head.triangles[inside[head.triangles].any(1)])


def _appended(raw: RawHead, head: LinearHead, fit: Fit, part: int, vertices: I64) -> RawHead:
    """The head with some vertices of the built-in one; persons change them as they change the lips before them."""
    chosen = np.zeros(len(head.template), bool)
    chosen[vertices] = True
    number = np.cumsum(chosen) - 1 + len(raw.template)
    triangles = number[head.triangles[chosen[head.triangles].all(1)]]
    points = fit.points[vertices]
    if part == BODY:
        points = points - [0.0, 0.0, SUNK]
    lips = fit.points[head.regions["lips"]]
    skin = np.nonzero(raw.parts == BODY)[0]
    near = skin[cKDTree(raw.template[skin]).query(lips)[1]]
    if part == BODY:  # a cavity widens where its lips do
        own = near[cKDTree(lips).query(points, k=8)[1]]
        identity = raw.identity[:, own].mean(2)
    else:  # teeth keep their shape
        identity = np.repeat(raw.identity[:, near].mean(1, keepdims=True), len(points), 1)
    count = len(points)
    return replace(
        raw,
        template=np.concatenate([raw.template, points]),
        triangles=np.concatenate([raw.triangles, triangles]),
        identity=np.concatenate([raw.identity, identity], 1),
        expression=np.concatenate([raw.expression, np.zeros((len(raw.expression), count, 3), np.float32)], 1),
        parts=np.concatenate([raw.parts, np.full(count, part, np.int8)]),
        jaw=None if raw.jaw is None else np.concatenate([raw.jaw, head.weights.double().numpy()[vertices, 3]]),
    )


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
