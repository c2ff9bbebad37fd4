"""From a head as its file describes it to the program's own: frame, neck, mouth, skin, expressions, landmarks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from emotalker.engine.head.build_regions import hairline, looking_at, visible
from emotalker.engine.head.embedding import OVAL, Landmarker, Paint, find_landmarks, onto_surface
from emotalker.engine.head.folder import checked as checked_head
from emotalker.engine.head.importing.align import Fit, fit_default, outwards
from emotalker.engine.head.importing.cut import collar, cut_neck
from emotalker.engine.head.importing.mouth import with_mouth
from emotalker.engine.head.importing.raw import (
    BODY,
    F32,
    F64,
    LEFT_EYE,
    LOWER_GUM,
    RIGHT_EYE,
    UPPER_GUM,
    RawHead,
    in_metres,
)
from emotalker.engine.head.importing.retarget import Retarget, retargeted
from emotalker.engine.head.importing.transfer import EYES, REGION_OF, RIGID, Matched, match, named_parts
from emotalker.engine.head.linear import LinearHead
from emotalker.engine.head.model import JOINTS

FEW = 20
"""Identity shapes below which those of the built-in head are added: a few faces are no space of faces."""
ROUNDS = 2
"""Rounds of smoothing of what was carried over from closest points."""
RIM = 0.012
"""Metres from the collar plane within which the border of the mesh is the rim of the neck."""
VIEW = 500
"""Pixels of the views that tell what is seen from outside: finer than any vertex of a head."""
SIGHT = 512
"""Pixels of the views that the face finder is shown; it looks at fewer itself."""
FACE_CENTRE = np.array([0.0, 0.02, 0.0])


@dataclass(frozen=True)
class ImportedHead:
    """A head brought by the user, ready to use.

    Attributes:
        head: the head, with the program's expression names.
        retarget: how its own expressions and the program's correspond.
        notices: what the user should know, one sentence each.
    """

    head: LinearHead
    retarget: Retarget
    notices: tuple[str, ...]


@dataclass(frozen=True)
class _Draft:
    """A head in work: the raw one, what was made of it, and how to paint it."""

    raw: RawHead
    head: LinearHead
    retarget: Retarget
    paint: Paint


def assemble_head(raw: RawHead, default: LinearHead, file: str, landmarker: Landmarker | None) -> ImportedHead:
    """The program's head of a raw one.

    Args:
        raw: as a reader gives it.
        default: the built-in head.
        file: name of the file, for messages.
        landmarker: finds the 478 landmarks in a picture, as [478, >= 2] pixels; without one they are taken over from
            the built-in head by closest points.

    Raises:
        UserError: if no human head can be made of it.
    """
    raw = outwards(in_metres(raw, file))
    raw, fit = _in_head_space(raw, fit_default(raw, default))
    raw = replace(raw, parts=named_parts(raw, default, fit))
    notices: list[str] = []
    found: F64 | None = None
    if landmarker is not None:
        found = _seen_landmarks(_draft(raw, default, fit), landmarker)
        if found is None:
            notices.append("The face finder does not see a face in the head; its landmarks are estimated.")
    if found is not None:
        sure = np.ones(len(found), bool)
        sure[list(OVAL)] = sure[468:] = False
        old = raw
        raw, fit = _in_head_space(raw, fit_default(raw, default, fit, (found, sure)))
        found = _same_motion(old.template, raw.template, found)
    raw = cut_neck(raw, default, fit)
    draft = _draft(raw, default, fit)
    triangles, shares = onto_surface(draft.head, found if found is not None else _carried_landmarks(default, fit))
    head = checked_head(replace(draft.head, landmark_triangles=triangles, landmark_barycentrics=shares))
    lost = [name for name, gone in zip(default.expression_names, draft.retarget.borrowed) if gone]
    if lost:
        notices.append(
            f"{len(lost)} of {len(default.expression_names)} expressions are beyond what the head can do by itself and"
            f" are taken over from the built-in head ({', '.join(lost[:4])}{' ...' if len(lost) > 4 else ''})."
        )
    return ImportedHead(head, draft.retarget, (*draft.raw.notices, *notices))


def _in_head_space(raw: RawHead, fit: Fit) -> tuple[RawHead, Fit]:
    """Both with the origin at the head joint, turned as the built-in head."""
    turn = fit.rotation.T
    shift = -turn @ fit.joints[JOINTS.index("head")]

    def directions(basis: F32) -> F32:
        return np.ascontiguousarray(basis @ turn.T.astype(np.float32), np.float32)

    moved = replace(
        raw,
        template=raw.template @ turn.T + shift,
        identity=directions(raw.identity),
        expression=directions(raw.expression),
        joints={name: turn @ place + shift for name, place in raw.joints.items()},
        joint_basis={name: basis @ turn.T for name, basis in raw.joint_basis.items()},
    )
    return moved, fit.moved(turn, shift)


def _same_motion(before: F64, after: F64, points: F64) -> F64:
    """`points` after the rigid motion that took `before` [V, 3] to `after`."""
    middle = before.mean(0)
    turn = np.linalg.lstsq(before - middle, after - after.mean(0), rcond=None)[0]
    return (points - middle) @ turn + after.mean(0)


def _draft(raw: RawHead, default: LinearHead, fit: Fit) -> _Draft:
    """The head with everything but its own landmarks."""
    matched = match(raw, default, fit)
    raw, borrowed = with_mouth(raw, default, fit)
    matched = matched.appended(borrowed)
    raw = _with_identities(raw, default, matched, fit)
    smooth = _smoother(raw)
    weights = _weights(raw, default, matched, smooth)
    canonical = _canonical(raw, default, fit, matched)
    new = np.arange(len(raw.template)) >= len(raw.template) - len(borrowed)
    regions = _regions(raw, default, fit, matched, weights, canonical)
    # behind lips of its own
    regions["lips"] &= ~new
    regions["skin"] &= ~new
    regions["face"] &= ~new
    regions["interior"] |= new & (raw.parts == BODY)
    counted = (regions["face"] | regions["lips"]).astype(np.float64)
    joints, joint_basis = _joints(raw, fit)
    turned = _jaw_turn(raw, joints[JOINTS.index("jaw")], weights[:, JOINTS.index("jaw")])
    moves = _moves(raw, default, fit, matched, smooth)
    retarget, basis = retargeted(raw, default.expression_names, moves, counted, turned)
    basis[:, new] = moves[:, new]
    basis[:, raw.parts != BODY] = 0
    head = LinearHead(
        name=raw.name,
        template=torch.from_numpy(raw.template.astype(np.float32)),
        triangles=np.ascontiguousarray(raw.triangles, np.int32),
        identity_basis=torch.from_numpy(np.ascontiguousarray(raw.identity)),
        expression_basis=torch.from_numpy(basis),
        expression_names=default.expression_names,
        joints=torch.from_numpy(joints.astype(np.float32)),
        weights=torch.from_numpy(weights.astype(np.float32)),
        regions=regions,
        landmark_triangles=np.zeros(478, np.int32),
        landmark_barycentrics=np.full((478, 3), 1 / 3, np.float32),
        joint_basis=torch.from_numpy(joint_basis.astype(np.float32)),
        mirror=np.zeros(0, np.int32),
    )
    paint = Paint(canonical.astype(np.float32), default.joints[4:].numpy(), _carried_landmarks(default, fit))
    return _Draft(raw, head, retarget, paint)


def _smoother(raw: RawHead) -> Callable[[F64], F64]:
    """Averages values [V, C] with those of the neighbours, within the body."""
    count = len(raw.template)
    body = raw.triangles[(raw.parts[raw.triangles] == BODY).all(1)]
    a, b = body[:, [0, 1, 2]].ravel(), body[:, [1, 2, 0]].ravel()
    edges = sparse.coo_matrix((np.ones(len(a)), (a, b)), shape=(count, count)).tocsr()
    edges = ((edges + edges.T) > 0).astype(float)
    degree = np.asarray(edges.sum(1)).ravel()
    alone = sparse.diags(np.where(degree > 0, 0.5, 1.0))
    average = alone + sparse.diags(0.5 / np.maximum(degree, 1)) @ edges

    def smooth(values: F64) -> F64:
        for _ in range(ROUNDS):
            values = average @ values
        return values

    return smooth


def _weights(raw: RawHead, default: LinearHead, matched: Matched, smooth: Callable[[F64], F64]) -> F64:
    """Skinning weights [V, 6]: the built-in head's, with the head's own jaw where it has one."""
    weights = smooth(matched.carry(default.weights.double().numpy()))
    weights[:, 4:] = 0
    weights = weights / np.maximum(weights.sum(1, keepdims=True), 1e-9)
    if raw.jaw is not None:
        others = weights[:, :3] / np.maximum(weights[:, :3].sum(1, keepdims=True), 1e-9)
        # above the collar what the jaw leaves is shared as the built-in head shares it
        weights[:, :3] = others * (1 - raw.jaw[:, None])
        weights[:, 3] = raw.jaw
    for part, joint in RIGID.items():
        weights[raw.parts == part] = np.eye(len(JOINTS))[joint]
    return weights


def _canonical(raw: RawHead, default: LinearHead, fit: Fit, matched: Matched) -> F64:
    """Where the vertices would lie on the built-in head at rest [V, 3], for its painter."""
    rest = default.template.double().numpy()
    out = matched.carry(rest)
    for part, name, joint in EYES:
        inside = raw.parts == part
        centre = default.joints[joint].double().numpy()
        size = np.linalg.norm(rest[default.regions[name]] - centre, axis=1).mean()
        arms = raw.template[inside] - raw.joints[name]
        out[inside] = centre + arms * size / max(float(np.linalg.norm(arms, axis=1).mean()), 1e-6)
    return out


def _regions(
    raw: RawHead, default: LinearHead, fit: Fit, matched: Matched, weights: F64, canonical: F64
) -> dict[str, NDArray[np.bool_]]:
    """The regions of the protocol: what is seen from outside, named as the built-in head names it there."""

    def carried(name: str) -> NDArray[np.bool_]:
        return matched.carry(default.regions[name].astype(np.float64)[:, None])[:, 0] > 0.5

    body = raw.parts == BODY
    outside = visible(raw.template, raw.triangles.astype(np.int32), VIEW) & body
    lips = carried("lips") & body
    ears = carried("ears") & outside
    neck = outside & (weights[:, 0] > 0.02)
    scalp = outside & ~ears & ~neck & (canonical[:, 1] > hairline(canonical))
    front = outside & ~ears & ~neck & ~scalp & (canonical[:, 2] > 0.02)
    eyes = {name: raw.parts == part for part, name, _ in EYES}
    inner = {name: raw.parts == part for part, name in REGION_OF.items()}
    return {
        "skin": outside | lips, "lips": lips, "face": front | lips, "ears": ears, "scalp": scalp, "neck": neck,
        "neck_ring": _rim(raw, default, fit), "eyes": eyes["eye_l"] | eyes["eye_r"], **eyes, **inner,
        "interior": (body & ~outside & ~lips) | np.isin(raw.parts, (UPPER_GUM, LOWER_GUM)),
    }  # fmt: skip


def _rim(raw: RawHead, default: LinearHead, fit: Fit) -> NDArray[np.bool_]:
    """Vertices on the open border at the neck [V]; where the mesh ends above the collar, on its lowest border."""
    faces = raw.triangles[(raw.parts[raw.triangles] == BODY).all(1)]
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    border = np.zeros(len(raw.template), bool)
    border[unique[count == 1]] = True
    centre, normal = collar(default, fit)
    height = (raw.template - centre) @ normal
    if not border.any():
        border = raw.parts == BODY
    level = max(float(height[border].min()), 0.0)
    return border & (height < level + RIM)


def _joints(raw: RawHead, fit: Fit) -> tuple[F64, F64]:
    """Joints [6, 3] and their displacements by identity [I, 6, 3]; what the head does not say follows nearby skin."""
    joints, basis = fit.joints.copy(), np.zeros((len(raw.identity), len(JOINTS), 3))
    skin = np.nonzero(raw.parts == BODY)[0]
    tree = cKDTree(raw.template[skin])
    for number, name in enumerate(JOINTS):
        joints[number] = raw.joints.get(name, joints[number])
        if name in raw.joint_basis:
            basis[:, number] = raw.joint_basis[name]
            continue
        part = {"eye_l": LEFT_EYE, "eye_r": RIGHT_EYE}.get(name)
        near = np.nonzero(raw.parts == part)[0] if part is not None else np.zeros(0, np.int64)
        if not len(near):
            # both sides alike, so that the joint stays in the middle
            mirrored = joints[number] * [[1, 1, 1], [-1, 1, 1]] + np.array([[0.04, 0, 0], [-0.04, 0, 0]])
            near = skin[np.unique(tree.query(mirrored, k=min(80, len(skin)))[1])]
        basis[:, number] = raw.identity[:, near].mean(1)
    return joints, basis


def _jaw_turn(raw: RawHead, joint: F64, weight: F64) -> F64:
    """Movement per radian of the jaw's opening [V, 3] of a head that opens its mouth by expressions; else zeros."""
    if raw.jaw is not None:
        return np.zeros_like(raw.template)
    return np.cross([1.0, 0.0, 0.0], raw.template - joint) * weight[:, None]


def _moves(raw: RawHead, default: LinearHead, fit: Fit, matched: Matched, smooth: Callable[[F64], F64]) -> F32:
    """The built-in head's expressions at the head's vertices [K, V, 3], metres, at its size."""
    basis = default.expression_basis.double().numpy()
    flat = smooth(matched.carry(np.moveaxis(basis, 0, 1).reshape(basis.shape[1], -1)))
    moves = np.moveaxis(flat.reshape(len(raw.template), -1, 3), 0, 1) * fit.scale
    moves[:, raw.parts != BODY] = 0
    return np.ascontiguousarray(moves, np.float32)


def _with_identities(raw: RawHead, default: LinearHead, matched: Matched, fit: Fit) -> RawHead:
    """The head with the built-in head's identity shapes after its own, if it has only a few."""
    if len(raw.identity) >= FEW:
        return raw
    basis = default.identity_basis.double().numpy()
    flat = matched.carry(np.moveaxis(basis, 0, 1).reshape(basis.shape[1], -1))
    carried = np.moveaxis(flat.reshape(len(raw.template), -1, 3), 0, 1) * fit.scale
    for part, name, _ in EYES:
        inside = raw.parts == part
        carried[:, inside] = (fit.scale * basis[:, default.regions[name]].mean(1))[:, None]
    for part, name in {**REGION_OF, UPPER_GUM: "teeth_upper", LOWER_GUM: "teeth_lower"}.items():
        carried[:, raw.parts == part] = (fit.scale * basis[:, default.regions[name]].mean(1))[:, None]
    own = {
        name: np.concatenate([values, fit.scale * default.joint_basis.double().numpy()[:, JOINTS.index(name)]])
        for name, values in raw.joint_basis.items()
    }
    return replace(
        raw,
        identity=np.concatenate([raw.identity, carried.astype(np.float32)]),
        joint_basis=own,
        notices=[*raw.notices, f"It has only {len(raw.identity)} shapes of identity; the built-in head's are added."],
    )


def _seen_landmarks(draft: _Draft, landmarker: Landmarker) -> F64 | None:
    """The 478 landmarks on the head [478, 3], found in renders of it; None if no face is seen there."""
    head = draft.head
    try:
        triangles, shares = find_landmarks(
            head, landmarker, lambda yaw, pitch: looking_at(FACE_CENTRE, yaw, pitch, SIGHT, 1.3), draft.paint
        )
    except ValueError:  # a head that the landmarker takes for none; the caller says so to the user
        return None
    return np.asarray((draft.raw.template[head.triangles[triangles]] * shares[..., None]).sum(1), np.float64)


def _carried_landmarks(default: LinearHead, fit: Fit) -> F64:
    """Where the built-in head's landmarks lie on it once it is laid onto the other [478, 3]; irises on the eyeballs."""
    corners = default.triangles[default.landmark_triangles]
    return np.asarray((fit.points[corners] * default.landmark_barycentrics[..., None]).sum(1), np.float64)
