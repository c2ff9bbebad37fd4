"""Vertex regions of the default head, and what can be seen of any head from outside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.camera import Camera
from emotalker.engine.render.mesh import rasterize_mesh
from emotalker.engine.synthetic.appearance import HAIRLINE_Y, HAIRLINE_Z, LIP_BOTTOM, LIP_TOP, LIP_X

Arrays = dict[str, NDArray[np.generic]]
BODY, LEFT_EYE, RIGHT_EYE, UPPER_TEETH, LOWER_TEETH, TONGUE = range(6)


def with_regions(arrays: Arrays) -> Arrays:
    """The arrays with one `region_NAME` mask [V] per region added; "region_ears" must be there, inner sides and all."""
    template = np.asarray(arrays["template"], np.float64)
    triangles = np.asarray(arrays["triangles"], np.int32)
    part = np.asarray(arrays["part"])
    weights = np.asarray(arrays["weights"], np.float64)
    member = [np.isin(np.arange(len(template)), triangles[part == p]) for p in range(6)]
    outside = visible(template, triangles) & member[BODY]
    ears = np.asarray(arrays["region_ears"], np.bool_) & outside
    neck = outside & (weights[:, 0] > 0.02)
    lips = _lips(template) & member[BODY]
    scalp = outside & ~ears & ~neck & (template[:, 1] > hairline(template))
    front = outside & ~ears & ~neck & ~scalp & (template[:, 2] > 0.02)
    regions = {
        "skin": outside | (lips & member[BODY]),
        "lips": lips,
        "face": front | lips,
        "ears": ears,
        "scalp": scalp,
        "neck": neck,
        "neck_ring": open_rim(triangles[part == BODY], template),
        "eyes": member[LEFT_EYE] | member[RIGHT_EYE],
        "eye_l": member[LEFT_EYE],
        "eye_r": member[RIGHT_EYE],
        "teeth_upper": member[UPPER_TEETH],
        "teeth_lower": member[LOWER_TEETH],
        "tongue": member[TONGUE],
        "interior": member[BODY] & ~outside & ~lips,
    }
    mirror = np.asarray(arrays["mirror"], np.int64)
    for name, mask in regions.items():
        if name not in ("eye_l", "eye_r"):
            regions[name] = mask | mask[mirror]
    return {**arrays, **{f"region_{n}": m for n, m in regions.items()}}


def hairline(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Height (metres, head space) of the hairline at the depth of each point: low at the nape, high at the forehead."""
    return np.interp(points[:, 2], HAIRLINE_Z, HAIRLINE_Y)


def visible(template: NDArray[np.float64], triangles: NDArray[np.int32], size: int = 900) -> NDArray[np.bool_]:
    """Vertices that some view around the head sees, in pictures of `size` pixels, [V]; not mouth and eye sockets."""
    seen = np.zeros(len(template), bool)
    for pitch in (-0.7, -0.25, 0.2, 0.7):
        for yaw in np.arange(0, 2 * np.pi, np.pi / 8):
            frame = rasterize_mesh(template, triangles, looking_at(template.mean(0) * [0, 1, 1], yaw, pitch, size))
            seen[triangles[np.unique(frame.triangle[frame.mask])]] = True
    return seen


def looking_at(
    centre: NDArray[np.float64], yaw: float = 0.0, pitch: float = 0.0, size: int = 768, zoom: float = 1.0
) -> Camera:
    """A camera 0.9 m away that sees the whole head; `zoom` enlarges it."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    turn = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]]) @ np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    view = np.eye(4)
    view[:3, :3] = np.diag([1.0, -1.0, -1.0]) @ turn
    view[:3, 3] = -view[:3, :3] @ centre + np.array([0, 0, 0.9])
    focal = 2.4 * size * zoom
    K = np.array([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1]])
    return Camera(view.astype(np.float32), K.astype(np.float32), size, size)


def open_rim(triangles: NDArray[np.int32], template: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Vertices on the border of the mesh at the collar, [V]."""
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), 1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    out = np.zeros(len(template), bool)
    out[unique[count == 1]] = True
    return out & (template[:, 1] < -0.08)


def _lips(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Both lips as the painter of the sample person outlines them, a few millimetres inwards included."""
    side, height = np.abs(points[:, 0]), points[:, 1]
    top, bottom = np.interp(side, LIP_X, LIP_TOP), np.interp(side, LIP_X, LIP_BOTTOM)
    front = points[:, 2] > np.interp(side, [0.0, 0.0255], [0.104, 0.084])
    return front & (side < 0.0255) & (height < top + 0.0008) & (height > bottom - 0.0008)
