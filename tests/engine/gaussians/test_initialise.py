"""The first Gaussians: hair turns with the skull, shoulders do not, and a closed mouth is dark inside."""

import numpy as np
import pytest
import torch

from emotalker.engine.gaussians.blendshapes import TEETH_LOWER, TEETH_UPPER, TORSO, GaussianBlendshapes
from emotalker.engine.gaussians.gaussians import SH_C0
from emotalker.engine.gaussians.initialise import initial_blendshapes
from emotalker.engine.gaussians.surroundings import ReferenceFrame
from emotalker.engine.head.build_regions import looking_at
from emotalker.engine.head.default import load_default_head
from emotalker.engine.render.mesh import rasterize_mesh

SIZE = 128
SKIN, HAIR, SHIRT = (0.7, 0.55, 0.45), (0.1, 0.05, 0.05), (0.1, 0.2, 0.6)


@pytest.fixture(scope="module")
def person() -> GaussianBlendshapes:
    """A painted person: skin where the mesh is, a cap of hair 6 mm around the skull, a blue trapezoid of shoulders."""
    head = load_default_head()
    identity = torch.zeros(len(head.identity_basis))
    rest = head.shape(identity)[0]
    camera = looking_at(rest.numpy().mean(0), size=SIZE, zoom=0.8)
    mask = rasterize_mesh(rest.numpy(), head.triangles, camera).mask
    y, x = np.mgrid[:SIZE, :SIZE]
    ring = camera.project(rest.numpy()[head.regions["neck_ring"]].astype(np.float64))
    top, middle = ring[:, 1].mean(), ring[:, 0].mean()
    shoulders = (y > top - 6) & (np.abs(x - middle) < 25 + 1.5 * (y - top + 6))
    grown = np.zeros_like(mask)
    for dy, dx in np.ndindex(9, 9):
        grown |= np.roll(mask, (dy - 4, dx - 4), (0, 1))
    cap = grown & ~mask & (y < np.nonzero(mask)[0].min() + 30)
    image = np.full((SIZE, SIZE, 3), 0.95, np.float32)
    for area, colour in ((shoulders, SHIRT), (cap, HAIR), (mask, SKIN)):
        image[area] = colour
    frame = ReferenceFrame(
        image, (mask | cap | shoulders).astype(np.float32), torch.eye(3, 4).repeat(6, 1, 1), torch.eye(3, 4),
        torch.zeros(len(head.expression_basis)),
    )  # fmt: skip
    return initial_blendshapes(head, identity, camera, frame, 3000, 0, 0)


def colours(shapes: GaussianBlendshapes) -> np.ndarray:
    """Colours of the Gaussians [N, 3]."""
    return shapes.base.sh[:, 0].numpy() * SH_C0 + 0.5


def test_shoulders_stay_while_the_head_turns(person: GaussianBlendshapes) -> None:
    """The blue of the shoulders hangs on the trunk, the black of the hair on the skull."""
    found, weights = colours(person), person.weights.numpy()
    shirt = np.abs(found - SHIRT).max(1) < 0.05
    hair = np.abs(found - HAIR).max(1) < 0.05
    assert shirt.sum() > 100
    assert hair.sum() > 40
    assert (person.layer[shirt] == TORSO).mean() > 0.8
    assert weights[shirt & (person.layer == TORSO), 0].mean() > 0.7
    assert weights[hair, 2:].sum(1).mean() > 0.95


def test_hair_has_depth(person: GaussianBlendshapes) -> None:
    """Beside the head hair does not lie in one plane: a turned view still sees it."""
    hair = (np.abs(colours(person) - HAIR).max(1) < 0.05) & (person.weights[:, 2].numpy() > 0.95)
    beside = hair & (np.abs(person.base.means[:, 0].numpy()) > 0.05)
    assert beside.sum() > 20
    assert np.ptp(person.base.means[beside, 2].numpy()) > 0.03


def test_the_body_goes_on_below_the_picture(person: GaussianBlendshapes) -> None:
    """Some of the torso lies beyond the lower border, for heads that move up."""
    torso = person.base.means[person.layer == TORSO].numpy().astype(np.float64)
    rest = load_default_head().template.numpy()
    camera = looking_at(rest.mean(0), size=SIZE, zoom=0.8)
    assert (camera.project(torso)[:, 1] > SIZE + 2).sum() > 10


def test_a_mouth_never_seen_open_has_teeth_before_a_dark_cavity(person: GaussianBlendshapes) -> None:
    """Teeth brighter than skin, the inside of the cheeks far darker; there are enough teeth Gaussians for gaps."""
    head, found = load_default_head(), colours(person).mean(1)
    teeth = np.isin(person.layer, (TEETH_UPPER, TEETH_LOWER)) & (person.base.means[:, 2].numpy() > 0.08)
    cavity = head.regions["interior"][head.triangles[person.triangle]].all(1) & (person.layer != TORSO)
    assert teeth.sum() > 60
    assert found[cavity].mean() < 0.5 * np.mean(SKIN) < found[teeth].mean()
