"""What no frame shows is put in order; what frames show stays."""

import numpy as np
import pytest
import torch

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.blendshapes import FACE, TEETH_UPPER, TORSO, GaussianBlendshapes
from emotalker.engine.gaussians.deltas import LEARNED, SparseDeltas
from emotalker.engine.gaussians.gaussians import Gaussians
from emotalker.engine.render.rasterizer import rasterize
from emotalker.engine.training.config import Stage1Config
from emotalker.engine.training.finishing.settle import covered, settle
from emotalker.engine.training.loss.priors import homes_of, prior_loss, pulls_of

N = 60


def wall(layer: int = FACE) -> GaussianBlendshapes:
    """A front sheet of red Gaussians that hides a rear sheet 3 cm behind it, a metre from the camera."""
    x, y = np.meshgrid(np.linspace(-0.02, 0.02, 6), np.linspace(-0.01, 0.01, 5))
    sheet = np.stack([x.ravel(), y.ravel(), np.zeros(30)], 1)
    points = torch.from_numpy(np.concatenate([sheet, sheet * 0.3 - [0, 0, 0.03]])).float()
    colours = torch.zeros(N, 1, 3)
    colours[:, 0, 0] = 1.0
    quats = torch.zeros(N, 4)
    quats[:, 0] = 1
    base = Gaussians(points, quats, torch.full((N, 3), float(np.log(0.005))), torch.full((N,), 6.0), colours)
    weights = torch.zeros(N, 6)
    weights[:, 0] = 1
    deltas = SparseDeltas(
        np.arange(N + 1, dtype=np.int64), np.zeros(N, np.int32), np.zeros((N, 6), np.float32),
        np.ones(N, np.float32), torch.ones(N, LEARNED),
    )  # fmt: skip
    return GaussianBlendshapes(
        base, deltas, weights, np.zeros(N, np.int64), np.zeros((N, 3), np.float32), np.full(N, layer, np.uint8)
    )


def camera() -> Camera:
    """Looks at the front sheet along -z, 64 pixels wide."""
    view = np.diag([1.0, -1.0, -1.0, 1.0]).astype(np.float32)
    view[2, 3] = 1.0
    return Camera(view, np.array([[600, 0, 32], [0, 600, 32], [0, 0, 1]], np.float32), 64, 64)


def still() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """No expression, no motion."""
    return torch.zeros(1), torch.eye(3, 4).repeat(6, 1, 1), torch.eye(3, 4)


def test_what_hides_behind_others_covers_nothing() -> None:
    """The weights of all Gaussians add up to the picture's coverage; those behind have almost none."""
    shapes = wall()
    shown = covered(shapes, [still()] * 2, camera())
    alpha = float(rasterize(shapes.base, camera()).alpha.sum()) * (256 / 64) ** 2
    assert float(shown.sum()) == pytest.approx(alpha, rel=0.01)
    assert float(shown[30:].max()) < 0.05 * float(shown[:30].mean())


def test_unseen_gaussians_go_home_and_take_their_neighbours_colour() -> None:
    """Dirt behind the front is red like the front afterwards and back in its place; the front is untouched."""
    shapes = wall()
    homes = homes_of(shapes)
    shapes.base.means[30:] += 0.01
    shapes.base.sh[30:] = -1.5
    shapes.base.log_scales[30:] += 1
    front = shapes.base.means[:30].clone()
    shown = torch.cat([torch.full((30,), 5.0), torch.zeros(30)])
    settle(shapes, homes, shown, np.zeros(N, bool))
    torch.testing.assert_close(shapes.base.means[30:], homes[30:, :3])
    torch.testing.assert_close(shapes.base.sh[30:, 0], torch.tensor([1.0, 0, 0]).expand(30, 3))
    torch.testing.assert_close(shapes.base.means[:30], front)
    assert float(shapes.deltas.learned[30:].abs().max()) == 0
    assert float(shapes.deltas.learned[:30].min()) == 1


@pytest.mark.parametrize("layer", [TORSO, TEETH_UPPER])
def test_what_is_to_be_left_is_left(layer: int) -> None:
    """The inside of the mouth keeps its colours though nobody saw it."""
    shapes = wall(layer)
    homes = homes_of(shapes)
    shapes.base.sh[30:] = -1.5
    settle(shapes, homes, torch.cat([torch.full((30,), 5.0), torch.zeros(30)]), np.arange(N) >= 30)
    assert float(shapes.base.sh[30:].max()) == -1.5


def test_the_prior_pulls_home_and_holds_teeth_tighter() -> None:
    """Nothing is paid at home; a millimetre away costs the layer's weight, a long or recoloured Gaussian costs too."""
    config = Stage1Config()
    for layer, weight in ((FACE, config.weight_home), (TEETH_UPPER, config.weight_teeth)):
        shapes = wall(layer)
        homes, pulls = homes_of(shapes), pulls_of(shapes, config)
        assert float(prior_loss(shapes, homes, pulls, config)) == 0
        shapes.base.means[:, 2] += 0.001
        assert float(prior_loss(shapes, homes, pulls, config)) == pytest.approx(weight, rel=1e-3)
    shapes = wall()
    homes, pulls = homes_of(shapes), pulls_of(shapes, config)
    shapes.base.log_scales[:, 0] += float(np.log(2.0)) + 1
    assert float(prior_loss(shapes, homes, pulls, config)) == pytest.approx(config.weight_scale, rel=1e-3)
    shapes = wall()
    shapes.base.sh[:, 0, 1] += 1
    assert float(prior_loss(shapes, homes, pulls, config)) == pytest.approx(config.weight_colour, rel=1e-3)
