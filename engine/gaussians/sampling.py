"""Points spread evenly over a mesh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

F64 = NDArray[np.float64]


def poisson_disk(
    vertices: F64, triangles: NDArray[np.integer], density: F64, count: int, seed: int
) -> tuple[NDArray[np.int64], F64]:
    """About evenly spaced points on a mesh (dart throwing; the spacing shrinks where `density` is high).

    Args:
        vertices: [V, 3], metres.
        triangles: [F, 3].
        density: relative number of points per area of each triangle [F], >= 0; 0 leaves a triangle out.
        count: number of points wanted.
        seed: makes the result repeatable.

    Returns:
        Triangle of each point [count] and its barycentric coordinates [count, 3].
    """
    rng = np.random.default_rng(seed)
    corners = vertices[triangles]
    areas = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    mass = areas * density
    darts = 6 * count
    chosen = np.searchsorted(np.cumsum(mass), rng.random(darts) * mass.sum())
    chosen = np.minimum(chosen, len(triangles) - 1)
    u, v = rng.random(darts), rng.random(darts)
    root = np.sqrt(u)
    barycentric = np.stack([1 - root, root * (1 - v), root * v], 1)
    points = (corners[chosen] * barycentric[..., None]).sum(1)
    # in a space stretched by the square root of the density the wanted spacing is the same everywhere
    local = np.sqrt(density[chosen] * count / mass.sum())
    kept = _thin(points, 0.75 / local)
    if len(kept) < count:
        rest = np.setdiff1d(np.arange(darts), kept)[: count - len(kept)]
        kept = np.concatenate([kept, rest])
    kept = kept[:count]
    return chosen[kept].astype(np.int64), barycentric[kept]


def _thin(points: F64, radius: F64) -> NDArray[np.int64]:
    """Indices of a subset, taken in order, in which no point lies within `radius` [n] of an earlier one."""
    tree = cKDTree(points)
    neighbours = tree.query_ball_point(points, radius, return_sorted=False)
    alive = np.ones(len(points), bool)
    for i, near in enumerate(neighbours):
        if alive[i]:
            alive[near] = False
            alive[i] = True
    return np.nonzero(alive)[0]


def neighbour_distance(points: F64, k: int = 3) -> F64:
    """Mean distance of each point [n, 3] to its `k` nearest others [n]: the starting size of a Gaussian."""
    distances, _ = cKDTree(points).query(points, k=k + 1)
    return np.maximum(distances[:, 1:].mean(1), 1e-5)
