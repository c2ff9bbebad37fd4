"""Expression and identity shapes of the default head, from MakeHuman targets (development only)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from emotalker.engine.head.makehuman import MakeHuman

F64 = NDArray[np.float64]
# served by the jaw joint, by the eye joints, not seen in speech, or a second way to say what an ARKit shape says
DROPPED = {
    "jawOpen", "jawLeft", "jawRight", "jawForward", "tongueOut", "mouth-open", "mouth-corner-puller",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight",
}  # fmt: skip
DROPPED_UNITS = ("-closure", "-opened-up", "-slit", "-down", "-inner-up", "-extern-up")
# the asset's blink pushes the upper lid past the lower one; a coefficient of 1 shall just shut the eye
BLINK_REACH = 0.85
# a unit that nonnegative sums of kept shapes explain to within this share of its size says nothing new
NEW_SHARE = 0.35
# spread of adult head shapes about the mean with position and size removed, root mean square, decimetres
SHAPE_SPREAD = 0.035
TARGET_FOLDERS = ("head", "mouth", "nose", "eyes", "cheek", "chin", "ears", "eyebrows", "forehead", "neck", "asym")


def expressions(
    data: MakeHuman, carry: Callable[[F64], F64], mirror: NDArray[np.int64], frozen: NDArray[np.int64]
) -> tuple[list[str], F64]:
    """Names and displacements [K, V, 3] (decimetres) of the expression basis: ARKit, then units that say more.

    Left and right shapes are made exact mirror images; vertices in `frozen` never move.
    """
    shapes = {n: carry(d) for n, d in data.face_units().items() if n not in DROPPED}
    shapes |= {n: d * BLINK_REACH for n, d in shapes.items() if n.startswith("eyeBlink")}
    for name in [n for n in shapes if n.endswith("Left")]:
        other = name[:-4] + "Right"
        shapes[name] = 0.5 * (shapes[name] + shapes[other][mirror] * [-1, 1, 1])
        shapes[other] = shapes[name][mirror] * [-1, 1, 1]
    units = {n: carry(d) for n, d in data.folder("expression/units/caucasian").items() if n not in DROPPED}
    units = {n: d for n, d in units.items() if not n.endswith(DROPPED_UNITS)}
    for shape in [*shapes.values(), *units.values()]:
        shape[frozen] = 0.0
        shape[np.abs(shape) < 2e-4] = 0.0
    for name, shape in units.items():
        known = np.stack([x.ravel() for x in shapes.values()], 1)
        _, residual = nnls(known, shape.ravel())
        if residual > NEW_SHARE * np.linalg.norm(shape):
            shapes[name] = shape
    return list(shapes), np.stack(list(shapes.values()))


def identity_targets(data: MakeHuman, base: F64) -> list[F64]:
    """Displacements [N, 3] (decimetres) of everything that makes adult heads differ."""
    found = [d for d in data.folder(*TARGET_FOLDERS).values() if np.abs(d).max() > 0]
    macro = data.folder("macrodetails")
    groups = [f"{p}-{s}-young" for p in ("african", "asian", "caucasian") for s in ("male", "female")]
    mean = sum(macro[g] for g in groups) / len(groups)
    found += [macro[g] - mean for g in groups]
    for sex in ("male", "female"):
        reference = macro[f"universal-{sex}-young-averagemuscle-averageweight"]
        for name, shape in macro.items():
            if name.startswith((f"universal-{sex}-young-", f"universal-{sex}-old-")) and shape is not reference:
                found.append(shape - reference)
    return found


def pca(template: F64, moved: F64, rigid: NDArray[np.bool_], count: int) -> F64:
    """Principal components [count, V, 3] of targets [T, V, 3] after their rigid motion and scale are taken out.

    Position, turn and size are measured on the `rigid` vertices (the head above the neck). A unit is one standard
    deviation: the whole is scaled so that standard-normal coefficients move those vertices by `SHAPE_SPREAD`.
    """
    kept = np.stack([_aligned(template, template + d, rigid) - template for d in moved])
    _, strength, rows = np.linalg.svd(kept.reshape(len(kept), -1), full_matrices=False)
    basis = (rows[:count] * strength[:count, None]).reshape(count, -1, 3)
    signs = np.sign(
        np.take_along_axis(basis.reshape(count, -1), np.abs(basis.reshape(count, -1)).argmax(1)[:, None], 1)
    )
    basis *= signs[:, :, None]
    spread = np.sqrt((basis[:, rigid] ** 2).sum((0, 2)).mean())
    return basis * (SHAPE_SPREAD / spread)


def _aligned(fixed: F64, moving: F64, rigid: NDArray[np.bool_]) -> F64:
    """`moving` [V, 3] brought onto `fixed` by the best similarity transform of the `rigid` vertices (Umeyama 1991)."""
    a, b = fixed[rigid], moving[rigid]
    ca, cb = a.mean(0), b.mean(0)
    u, s, vt = np.linalg.svd((b - cb).T @ (a - ca))
    flip = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * flip) @ vt
    scale = (s * flip).sum() / ((b - cb) ** 2).sum()
    return scale * (moving - cb) @ rotation + ca
