"""What only a turned head shows is tidied up, and the recorded view stays as it was."""

import numpy as np
import pytest
import torch

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.blendshapes import FACE, GaussianBlendshapes
from emotalker.engine.gaussians.gaussians import SH_C0
from emotalker.engine.gaussians.initialise import initial_blendshapes
from emotalker.engine.gaussians.reference import quats_to_matrices
from emotalker.engine.gaussians.surroundings import ReferenceFrame
from emotalker.engine.head.build_regions import looking_at
from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.model import HeadModel
from emotalker.engine.metrics.image import psnr
from emotalker.engine.render.mesh import rasterize_mesh
from emotalker.engine.render.rasterizer import rasterize, to_uint8
from emotalker.engine.training.finishing.flatten import flatten
from emotalker.engine.training.finishing.grazing import front_teeth, sight
from emotalker.engine.training.finishing.settle import covered, inside_mouth
from emotalker.engine.training.finishing.tidy import tidy
from emotalker.engine.training.loss.priors import homes_of

SIZE = 128
SKIN = (0.7, 0.55, 0.45)


@pytest.fixture(scope="module")
def head() -> HeadModel:
    """The program's own head."""
    return load_default_head()


@pytest.fixture(scope="module")
def camera(head: HeadModel) -> Camera:
    """In front of the head."""
    return looking_at(head.template.numpy().mean(0), size=SIZE, zoom=0.8)


@pytest.fixture(scope="module")
def bare(head: HeadModel, camera: Camera) -> GaussianBlendshapes:
    """A head of skin alone, as solid as after a fit."""
    identity = torch.zeros(len(head.identity_basis))
    mask = rasterize_mesh(head.shape(identity)[0].numpy(), head.triangles, camera).mask
    image = np.ones((SIZE, SIZE, 3), np.float32) * SKIN
    frame = ReferenceFrame(image.astype(np.float32), mask.astype(np.float32), *_still(head)[1:], _still(head)[0])
    shapes = initial_blendshapes(head, identity, camera, frame, 4000, 0, 0)
    free = torch.from_numpy(~inside_mouth(shapes, head))
    shapes.base.sh[free, 0] = (torch.tensor(SKIN) - 0.5) / SH_C0
    shapes.base.logit_opacities += 1.5
    return shapes


@pytest.fixture(scope="module")
def neat(bare: GaussianBlendshapes, head: HeadModel, camera: Camera) -> GaussianBlendshapes:
    """The head of skin, tidied."""
    return _tidied(bare, homes_of(bare), head, camera)


def _still(head: HeadModel) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return torch.zeros(len(head.expression_basis)), torch.eye(3, 4).repeat(6, 1, 1), torch.eye(3, 4)


def _tidied(shapes: GaussianBlendshapes, homes: torch.Tensor, head: HeadModel, camera: Camera) -> GaussianBlendshapes:
    result = shapes.select(np.arange(len(shapes)))
    tidy(result, homes, head, torch.zeros(len(head.identity_basis)), [_still(head)] * 2, camera)
    return result


def _picture(shapes: GaussianBlendshapes, head: HeadModel, camera: Camera, yaw: float = 0) -> np.ndarray:
    """Over grey; yaw in degrees."""
    with torch.no_grad():
        view = camera.orbited(head.template.numpy().mean(0), float(np.radians(yaw)), 0)
        return to_uint8(rasterize(shapes.posed(*_still(head)), view, torch.full((3,), 0.5)).rgb).numpy()


def _sight(shapes: GaussianBlendshapes, head: HeadModel, camera: Camera):
    """How one still frame shows them."""
    poses, leave = [_still(head)], inside_mouth(shapes, head)
    teeth = np.any(front_teeth(shapes, shapes.base.means, head), 0)
    identity = torch.zeros(len(head.identity_basis))
    return sight(shapes, homes_of(shapes), covered(shapes, poses, camera), leave, teeth, head, identity, poses, camera)


def test_temples_are_in_doubt_and_the_face_is_not(bare, head: HeadModel, camera: Camera) -> None:
    """The middle of the face is known in spite of its folds; the sides and the back are not."""
    seen = _sight(bare, head, camera)
    x, _, z = bare.base.means.numpy().T
    free = ~inside_mouth(bare, head) & (bare.layer == FACE)
    forehead = free & head.regions["face"][head.triangles[bare.triangle]].all(1) & (seen.facing > 0.8)
    side = free & (np.abs(x) > 0.8 * np.abs(x).max()) & (seen.facing < 0.3)
    assert forehead.sum() > 200
    assert seen.doubt[forehead].max() < 0.05
    assert side.sum() > 20
    assert seen.doubt[side].mean() > 0.9
    assert seen.turned[free & (z < np.percentile(z, 5))].mean() > 0.9
    teeth = np.any(front_teeth(bare, bare.base.means, head), 0)
    assert seen.doubt[~free & ~teeth].max() == 0


@pytest.mark.parametrize("yaw", [-20, 20])
def test_dirt_that_averages_out_in_the_recorded_view_goes(
    bare, neat, head: HeadModel, camera: Camera, yaw: int
) -> None:
    """Random colours where the camera only grazes are gone from the side; from the front nothing changes."""
    doubt = torch.from_numpy(_sight(bare, head, camera).doubt).float()
    dirty = bare.select(np.arange(len(bare)))
    noise = torch.randn(len(bare), 1, generator=torch.Generator().manual_seed(0)).expand(-1, 3)
    dirty.base.sh[:, 0] += doubt[:, None] * noise
    clean = _tidied(dirty, homes_of(bare), head, camera)
    truth = _picture(neat, head, camera, yaw)
    before, after = (psnr(_picture(s, head, camera, yaw), truth) for s in (dirty, clean))
    assert after > before + 2.4
    assert psnr(_picture(clean, head, camera), _picture(dirty, head, camera)) > 38


def test_a_mole_in_plain_view_stays(bare, head: HeadModel, camera: Camera) -> None:
    """What the camera saw face on is the person's own."""
    seen = _sight(bare, head, camera)
    spotted = bare.select(np.arange(len(bare)))
    cheek = spotted.base.means.numpy()[(seen.doubt == 0) & (seen.facing > 0.9)]
    spot = cheek[np.abs(cheek[:, 0] - 0.03).argmin()]
    mole = torch.from_numpy((np.linalg.norm(spotted.base.means.numpy() - spot, axis=1) < 0.01) & (seen.doubt == 0))
    assert int(mole.sum()) > 2
    spotted.base.sh[mole, 0] = -1.5
    after = _tidied(spotted, homes_of(bare), head, camera)
    torch.testing.assert_close(after.base.sh[mole], spotted.base.sh[mole], atol=0.15, rtol=0)


def test_what_left_the_surface_along_the_view_comes_back(bare, head: HeadModel, camera: Camera) -> None:
    """A grazed Gaussian a centimetre too near lies on the head again, one seen face on stays where it is."""
    seen = _sight(bare, head, camera)
    moved = bare.select(np.arange(len(bare)))
    ray = torch.from_numpy(seen.ray).float()
    moved.base.means += 0.01 * ray
    after = _tidied(moved, homes_of(bare), head, camera)
    away = (after.base.means - bare.base.means).norm(dim=1).numpy()
    free = ~inside_mouth(bare, head) & (bare.layer == FACE)
    assert away[free & (seen.doubt == 1)].max() < 1e-4
    assert away[free & (seen.doubt == 0) & (seen.facing > 0.8)] == pytest.approx(0.01, abs=1e-4)


def test_flat_gaussians_keep_their_width_and_their_axes(bare) -> None:
    """Thickness falls to what is allowed; across it and with no need to be thinner nothing changes."""
    shapes = bare.select(np.arange(200))
    generator = torch.Generator().manual_seed(1)
    shapes.base.quats = torch.randn(200, 4, generator=generator)
    shapes.base.log_scales = torch.randn(200, 3, generator=generator) * 0.5 - 5
    direction = torch.nn.functional.normalize(torch.randn(200, 3, generator=generator), dim=1)
    old = _spread(shapes)
    quats = shapes.base.quats.clone()
    thick = torch.einsum("ni,nij,nj->n", direction, old, direction).sqrt()
    most = thick * torch.where(torch.arange(200) < 100, 0.9, 2.0)
    flatten(shapes, direction.double().numpy(), most, np.ones(200))
    new = _spread(shapes)
    found = torch.einsum("ni,nij,nj->n", direction, new, direction).sqrt()
    torch.testing.assert_close(found[:100], most[:100], rtol=1e-3, atol=0)
    across = torch.linalg.cross(direction, torch.tensor([[0.0, 0.6, 0.8]]).expand(200, 3))
    widths = [torch.einsum("ni,nij,nj->n", across, s, across) for s in (old, new)]
    torch.testing.assert_close(widths[1], widths[0], rtol=1e-3, atol=1e-9)
    assert torch.equal(shapes.base.quats[100:], quats[100:])
    # pressed by a tenth, no axis may swap its place or sign with another: expressions add to each by itself
    torch.testing.assert_close(shapes.base.quats.norm(dim=1), quats.norm(dim=1))
    assert float(((shapes.base.quats * quats).sum(1) / quats.square().sum(1)).min()) > 0.8


def _spread(shapes: GaussianBlendshapes) -> torch.Tensor:
    """Covariances [N, 3, 3]."""
    axes = quats_to_matrices(shapes.base.quats)
    return axes @ torch.diag_embed((2 * shapes.base.log_scales).exp()) @ axes.transpose(1, 2)


def test_each_row_of_teeth_takes_its_own_colour(bare, head: HeadModel, camera: Camera) -> None:
    """A stray dark Gaussian among white front teeth turns white; the other row and what lies behind keep theirs."""
    upper, lower = (torch.from_numpy(row) for row in front_teeth(bare, bare.base.means, head))
    assert int(upper.sum()) > 50
    behind = torch.from_numpy(inside_mouth(bare, head)) & ~upper & ~lower
    biting = bare.select(np.arange(len(bare)))
    biting.base.sh[behind, 0] = -1.7
    biting.base.sh[upper, 0] = 1.4
    biting.base.sh[lower, 0] = -0.4
    stray = torch.nonzero(upper)[::9, 0]
    biting.base.sh[stray, 0] = -1.7
    after = _tidied(biting, homes_of(bare), head, camera)
    found = after.base.sh[:, 0].mean(1)
    # a tenth of the row was dark, so the row's own mean is what closed lips leave it
    assert float(found[stray].min()) > 0.5
    assert float(found[lower].max()) < 0
    torch.testing.assert_close(after.base.sh[behind], biting.base.sh[behind], atol=1e-3, rtol=0)
