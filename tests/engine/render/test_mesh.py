"""The mesh rasterizer against a slow and obvious one."""

import time

import numpy as np
import pytest

from emotalker.engine.camera import Camera
from emotalker.engine.render.mesh import interpolate, rasterize_mesh, render_shaded, vertex_normals


def camera(size: int = 32) -> Camera:
    K = np.array([[40, 0, size / 2], [0, 40, size / 2], [0, 0, 1]], np.float32)
    view = np.eye(4, dtype=np.float32)
    view[2, 3] = 3.0
    return Camera(view, K, size, size)


def brute_force(vertices, triangles, view, cull):
    """Every pixel against every triangle: cast a ray and solve for the point on the triangle's plane."""
    hit = np.full((view.height, view.width), -1)
    depth = np.full((view.height, view.width), np.inf)
    weights = np.zeros((view.height, view.width, 3))
    points = vertices.astype(np.float64) @ view.viewmat[:3, :3].T + view.viewmat[:3, 3]
    inverse = np.linalg.inv(view.K.astype(np.float64))
    for y in range(view.height):
        for x in range(view.width):
            ray = inverse @ [x + 0.5, y + 0.5, 1.0]
            for t, corners in enumerate(points[triangles]):
                normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
                if cull and normal @ corners[0] >= 0:
                    continue
                w = np.linalg.solve(corners.T, ray)
                z = 1 / w.sum()
                w = w * z
                if z > 0 and (w >= 0).all() and z < depth[y, x] - 1e-9:
                    hit[y, x], depth[y, x], weights[y, x] = t, z, w
    return hit, weights, depth


@pytest.mark.parametrize("cull", [True, False])
def test_agrees_with_ray_casting(cull):
    """Ids, perspective-correct barycentrics and depth of random overlapping triangles are those of ray casting."""
    rng = np.random.default_rng(3)
    vertices = rng.uniform(-1, 1, (45, 3)).astype(np.float32)
    triangles = np.arange(45, dtype=np.int32).reshape(15, 3)
    frame = rasterize_mesh(vertices, triangles, camera(), cull=cull)
    hit, weights, depth = brute_force(vertices, triangles, camera(), cull)
    # a pixel centre within rounding of an edge may fall either way
    same = frame.triangle == hit
    assert same.mean() > 0.995
    assert 0.2 < frame.mask.mean() < 1.0
    inside = same & frame.mask
    assert np.abs(frame.barycentrics - weights)[inside].max() < 1e-4
    assert np.abs(frame.depth[inside] - depth[inside]).max() < 1e-4


def test_what_lies_behind_the_camera_is_left_out():
    """A triangle that reaches behind the camera does not smear over the picture."""
    vertices = np.array([[-1, -1, -5], [1, -1, 0], [0, 1, 0]], np.float32)
    frame = rasterize_mesh(vertices, np.array([[0, 1, 2]], np.int32), camera(), cull=False)
    assert not frame.mask.any()
    assert np.isinf(frame.depth).all()


def test_interpolation_reproduces_linear_values():
    """A value that is linear in space is linear in the picture too, whatever the perspective."""
    vertices = np.array([[-1, -1, 0.5], [1, -1, -0.8], [0, 1, 0.9]], np.float32)
    triangles = np.array([[0, 1, 2]], np.int32)
    frame = rasterize_mesh(vertices, triangles, camera(64), cull=False)
    values = interpolate(frame, triangles, vertices, background=-9.0)
    view = camera(64)
    y, x = np.nonzero(frame.mask)
    assert np.abs(view.project(values[y, x]) - np.stack([x + 0.5, y + 0.5], 1)).max() < 1e-3
    assert (values[~frame.mask] == -9.0).all()


def test_normals_and_shading_face_the_light():
    """Counter-clockwise faces have outward normals, and the side towards the light is the brighter one."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((60, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    from scipy.spatial import ConvexHull

    hull = ConvexHull(points)
    faces = hull.simplices.astype(np.int32)
    inward = (hull.equations[:, :3] * np.cross(*(points[faces[:, k]] - points[faces[:, 0]] for k in (1, 2)))).sum(1) < 0
    faces[inward] = faces[inward][:, ::-1]
    normals = vertex_normals(points, faces)
    assert ((normals * points).sum(1) > 0.7).all()
    image, frame = render_shaded(points, faces, np.full((60, 3), 0.8), camera(64), light=(1.0, 0.0, -1.0))
    rows, columns = np.nonzero(frame.mask)
    right = columns > 32
    assert image[rows[right], columns[right]].mean() > 1.3 * image[rows[~right], columns[~right]].mean()


def test_head_size_mesh_is_fast():
    """About ten thousand triangles at 512 x 512 take milliseconds (4 ms on a quiet core; a generous bound here)."""
    rng = np.random.default_rng(1)
    centres = rng.uniform(-1, 1, (10_000, 1, 3)) * [1, 1, 0.2]
    vertices = (centres + rng.uniform(-0.03, 0.03, (10_000, 3, 3))).reshape(-1, 3).astype(np.float32)
    triangles = np.arange(30_000, dtype=np.int32).reshape(-1, 3)
    view = camera(32).resized(512, 512)
    rasterize_mesh(vertices, triangles, view)
    best = min(_timed(lambda: rasterize_mesh(vertices, triangles, view, cull=False)) for _ in range(5))
    assert best < 0.1


def _timed(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
