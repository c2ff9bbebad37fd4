"""The first colours of a person's Gaussians, from one picture."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.blendshapes import TEETH_LOWER, TEETH_UPPER, TORSO, GaussianBlendshapes
from emotalker.engine.gaussians.gaussians import SH_C0
from emotalker.engine.gaussians.surroundings import PosedMesh, ReferenceFrame
from emotalker.engine.head.model import HeadModel

F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]
BEHIND = 0.012
"""Metres behind the drawn mesh at which a Gaussian counts as hidden."""
TEETH, TONGUE, CAVITY = (1.45, 1.75, 1.9), (0.85, 0.6, 0.65), (0.2, 0.14, 0.14)
"""Colours of a mouth that the picture does not show, as multiples of the face's median colour."""


def take_colours(
    shapes: GaussianBlendshapes, head: HeadModel, camera: Camera, reference: ReferenceFrame, mesh: PosedMesh
) -> None:
    """Colour Gaussians from the reference picture, in place.

    What is hidden there gets the colour of the nearest Gaussian that is seen, on either side of the face; teeth,
    tongue and the cavity of the mouth get colours of their own, dark inside, so that an opening mouth is no white hole.

    Args:
        shapes: N Gaussians.
        head: the head model.
        camera: the view of `reference` at its size.
        reference: a frame near the canonical pose.
        mesh: the head in that frame.
    """
    with torch.no_grad():
        posed = shapes.pose(shapes.blend(reference.psi), reference.bones, reference.root)
    points = posed.means.numpy().astype(np.float64)
    uv = np.floor(camera.project(points)).astype(int)
    x, y = np.clip(uv[:, 0], 0, camera.width - 1), np.clip(uv[:, 1], 0, camera.height - 1)
    near = distance_transform_edt(reference.matte < 0.9, return_distances=False, return_indices=True)
    colours = reference.image[near[0][y, x], near[1][y, x]].copy()
    depth = points @ camera.viewmat[2, :3].astype(np.float64) + camera.viewmat[2, 3]
    drawn = mesh.frame.mask[y, x]
    seen = ~drawn | (depth < mesh.frame.depth[y, x] + BEHIND) | (shapes.layer == TORSO)
    inside = _mouth(shapes, head, colours, seen)
    known = seen & ~inside
    if known.any() and not known.all():
        rest = shapes.base.means.detach().numpy()
        at = np.concatenate([rest[known], rest[known] * np.array([-1, 1, 1], np.float32)])
        _, nearest = cKDTree(at).query(rest[~seen & ~inside])
        colours[~seen & ~inside] = np.concatenate([colours[known]] * 2)[nearest]
    shapes.base.sh[:, 0] = torch.from_numpy((colours - 0.5) / SH_C0).float()


def _mouth(shapes: GaussianBlendshapes, head: HeadModel, colours: F32, seen: Mask) -> Mask:
    """Colour the mouth's inside where it is hidden; returns what belongs to it [N]."""

    def of(region: str) -> Mask:
        return np.asarray(head.regions[region][head.triangles[shapes.triangle]].all(1) & (shapes.layer != TORSO))

    skin = (
        np.median(colours[of("face") & seen], 0)
        if (of("face") & seen).any()
        else np.array([0.5, 0.4, 0.35], np.float32)
    )
    tongue = of("tongue")
    teeth = np.isin(shapes.layer, (TEETH_UPPER, TEETH_LOWER)) & ~tongue
    cavity = of("interior") if "interior" in head.regions else np.zeros(len(shapes), bool)
    for part, tint in ((teeth, TEETH), (tongue, TONGUE), (cavity & ~teeth & ~tongue, CAVITY)):
        colours[part & ~seen] = np.clip(skin * np.array(tint, np.float32), 0, 0.95)
    return np.asarray(teeth | tongue | cavity, np.bool_)
