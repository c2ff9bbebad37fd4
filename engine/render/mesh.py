"""A z-buffer rasterizer for triangle meshes on the CPU: which triangle covers each pixel, where, and how deep."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.camera import Camera

F32 = NDArray[np.float32]
NEAR = 1e-3


@dataclass(frozen=True)
class MeshFrame:
    """What a mesh covers in an image of H x W pixels.

    Attributes:
        triangle: index of the nearest triangle, int32 [H, W]; -1 where there is none.
        barycentrics: perspective-correct weights of its three corners, float32 [H, W, 3]; 0 where there is none.
        depth: camera z in metres, float32 [H, W]; inf where there is none.
    """

    triangle: NDArray[np.int32]
    barycentrics: F32
    depth: F32

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The silhouette: True where the mesh covers the pixel, [H, W]."""
        return self.triangle >= 0


@numba.njit(nogil=True, cache=True, fastmath=False)
def _nearest(pixels, inverse_z, triangles, cull, width, height):  # type: ignore[no-untyped-def]
    """Nearest triangle and its inverse depth per pixel; ties go to the triangle with the lower index."""
    winner = np.full((height, width), -1, np.int32)
    best = np.zeros((height, width), np.float32)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        wa, wb, wc = inverse_z[a], inverse_z[b], inverse_z[c]
        if wa <= 0.0 or wb <= 0.0 or wc <= 0.0:
            continue
        ax, ay = pixels[a, 0], pixels[a, 1]
        bx, by = pixels[b, 0], pixels[b, 1]
        cx, cy = pixels[c, 0], pixels[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        # y points down, so a counter-clockwise triangle has a negative area
        if area == 0.0 or (cull and area > 0.0):
            continue
        left = max(int(np.ceil(min(ax, bx, cx) - 0.5)), 0)
        right = min(int(np.floor(max(ax, bx, cx) - 0.5)), width - 1)
        top = max(int(np.ceil(min(ay, by, cy) - 0.5)), 0)
        bottom = min(int(np.floor(max(ay, by, cy) - 0.5)), height - 1)
        if left > right or top > bottom:
            continue
        scale = 1.0 / area
        # weights of corners a and b are affine in x and y; c takes the rest
        da_x, da_y = (by - cy) * scale, (cx - bx) * scale
        db_x, db_y = (cy - ay) * scale, (ax - cx) * scale
        for y in range(top, bottom + 1):
            py = y + 0.5
            for x in range(left, right + 1):
                px = x + 0.5
                la = (px - cx) * da_x + (py - cy) * da_y
                lb = (px - cx) * db_x + (py - cy) * db_y
                lc = 1.0 - la - lb
                if la < 0.0 or lb < 0.0 or lc < 0.0:
                    continue
                w = np.float32(la * wa + lb * wb + lc * wc)
                if w > best[y, x]:
                    best[y, x] = w
                    winner[y, x] = t
    return winner, best


@numba.njit(nogil=True, cache=True, fastmath=False)
def _weights(pixels, inverse_z, triangles, winner, best):  # type: ignore[no-untyped-def]
    """Perspective-correct barycentrics and depth of the winning triangles."""
    height, width = winner.shape
    weights = np.zeros((height, width, 3), np.float32)
    depth = np.full((height, width), np.inf, np.float32)
    for y in range(height):
        for x in range(width):
            t = winner[y, x]
            if t < 0:
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            ax, ay = pixels[a, 0], pixels[a, 1]
            bx, by = pixels[b, 0], pixels[b, 1]
            cx, cy = pixels[c, 0], pixels[c, 1]
            scale = 1.0 / ((bx - ax) * (cy - ay) - (cx - ax) * (by - ay))
            px, py = x + 0.5, y + 0.5
            la = ((px - cx) * (by - cy) + (py - cy) * (cx - bx)) * scale
            lb = ((px - cx) * (cy - ay) + (py - cy) * (ax - cx)) * scale
            lc = 1.0 - la - lb
            z = 1.0 / (la * inverse_z[a] + lb * inverse_z[b] + lc * inverse_z[c])
            weights[y, x, 0] = la * inverse_z[a] * z
            weights[y, x, 1] = lb * inverse_z[b] * z
            weights[y, x, 2] = lc * inverse_z[c] * z
            depth[y, x] = z
    return weights, depth


def rasterize_mesh(
    vertices: NDArray[np.floating], triangles: NDArray[np.int32], camera: Camera, *, cull: bool = True
) -> MeshFrame:
    """Render a mesh to triangle ids, barycentrics and depth.

    Triangles that reach behind the near plane (1 mm) are left out, not clipped. Deterministic.

    Args:
        vertices: world positions [V, 3], metres.
        triangles: vertex indices [F, 3], counter-clockwise seen from outside.
        camera: the view.
        cull: leave out triangles that face away.

    Returns:
        The frame at `camera.height` x `camera.width`.
    """
    view = camera.viewmat.astype(np.float64)
    seen = np.asarray(vertices, np.float64) @ view[:3, :3].T + view[:3, 3]
    z = seen[:, 2]
    ahead = z > NEAR
    safe = np.where(ahead, z, 1.0)
    pixels = (seen @ camera.K.astype(np.float64).T)[:, :2] / safe[:, None]
    inverse_z = np.where(ahead, 1.0 / safe, 0.0)
    faces = np.ascontiguousarray(triangles, np.int32)
    winner, best = _nearest(pixels, inverse_z, faces, cull, int(camera.width), int(camera.height))
    weights, depth = _weights(pixels, inverse_z, faces, winner, best)
    return MeshFrame(winner, weights, depth)


@numba.njit(nogil=True, cache=True)
def _interpolate(triangle, weights, triangles, values, out):  # type: ignore[no-untyped-def]
    height, width = triangle.shape
    for y in range(height):
        for x in range(width):
            t = triangle[y, x]
            if t >= 0:
                for c in range(values.shape[1]):
                    total = np.float32(0.0)
                    for k in range(3):
                        total += weights[y, x, k] * values[triangles[t, k], c]
                    out[y, x, c] = total


def interpolate(
    frame: MeshFrame, triangles: NDArray[np.int32], values: NDArray[np.floating], background: F32 | float = 0.0
) -> F32:
    """Per-vertex `values` [V, C] spread over the pixels of a frame, float32 [H, W, C]; `background` elsewhere."""
    height, width = frame.triangle.shape
    channels = values.shape[1]
    out = np.empty((height, width, channels), np.float32)
    out[:] = background
    data = np.ascontiguousarray(values, np.float32)
    _interpolate(frame.triangle, frame.barycentrics, np.ascontiguousarray(triangles, np.int32), data, out)
    return out


@numba.njit(nogil=True, cache=True)
def _normals(vertices, triangles):  # type: ignore[no-untyped-def]
    out = np.zeros_like(vertices)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for i in (a, b, c):
            out[i, 0] += nx
            out[i, 1] += ny
            out[i, 2] += nz
    for i in range(out.shape[0]):
        length = np.sqrt(out[i, 0] ** 2 + out[i, 1] ** 2 + out[i, 2] ** 2)
        if length > 0.0:
            for k in range(3):
                out[i, k] /= length
    return out


def vertex_normals(vertices: NDArray[np.floating], triangles: NDArray[np.int32]) -> F32:
    """Area-weighted unit normals [V, 3], float32; zero for vertices of no triangle."""
    data = np.ascontiguousarray(vertices, np.float64)
    return _normals(data, np.ascontiguousarray(triangles, np.int32)).astype(np.float32)


def render_shaded(
    vertices: NDArray[np.floating],
    triangles: NDArray[np.int32],
    colours: NDArray[np.floating],
    camera: Camera,
    background: tuple[float, float, float] = (0.8, 0.8, 0.8),
    light: tuple[float, float, float] = (0.2, 0.45, 0.87),
    ambient: float = 0.35,
) -> tuple[F32, MeshFrame]:
    """A quick smooth-shaded picture of a coloured mesh.

    Args:
        vertices: [V, 3], metres, world.
        triangles: [F, 3].
        colours: [V, 3] in [0, 1].
        camera: the view.
        background: colour where nothing is.
        light: direction towards the light, world.
        ambient: share of light that reaches everything, [0, 1].

    Returns:
        Image float32 [H, W, 3] in [0, 1], and the frame it was made from.
    """
    frame = rasterize_mesh(vertices, triangles, camera)
    towards = np.asarray(light, np.float32) / np.linalg.norm(light)
    shade = ambient + (1 - ambient) * np.clip(vertex_normals(vertices, triangles) @ towards, 0, 1)
    lit = np.asarray(colours, np.float32) * shade[:, None]
    return interpolate(frame, triangles, lit, np.asarray(background, np.float32)).clip(0, 1), frame
