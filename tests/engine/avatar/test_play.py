"""The single-pass player does what the torch path of training does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emotalker.engine.avatar.play import OFFSETS, Player
from emotalker.engine.bench.twin import sample_twin
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.model import axis_angle_to_matrix
from emotalker.engine.render.rasterizer import rasterize
from emotalker.engine.synthetic.body import sample_camera


@pytest.fixture(scope="module")
def shapes() -> GaussianBlendshapes:
    """A head whose learned deltas and rotations are not zero, with spherical harmonics of degree 1."""
    shapes = sample_twin(900, 64, 8).shapes
    generator = torch.Generator().manual_seed(0)

    def noise(like: torch.Tensor, scale: float) -> torch.Tensor:
        return scale * torch.randn(like.shape, generator=generator)

    shapes.deltas.learned = noise(shapes.deltas.learned, 0.02)
    base = shapes.base
    base.quats = base.quats + noise(base.quats, 0.3)
    base.sh = torch.cat([base.sh, noise(base.sh.expand(-1, 3, -1), 0.1)], 1)
    return shapes


def drive() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """An expression, bones and a root that all do something."""
    head, generator = load_default_head(), torch.Generator().manual_seed(1)
    psi = torch.rand(len(head.expression_names), generator=generator) * (torch.arange(62) % 3 == 0)
    joints = head.joints
    jaw, neck, eyes = torch.tensor([[0.2, 0, 0]]), torch.tensor([[0.1, 0.2, -0.1]]), torch.full((1, 2, 3), 0.1)
    bones = head.bone_transforms(joints, jaw, neck, eyes)[0]
    turn = axis_angle_to_matrix(torch.tensor([0.05, -0.1, 0.02]))
    return psi, bones, torch.cat([turn, torch.tensor([[0.01], [0.02], [-0.03]])], 1)


def with_offsets(g: Gaussians, offsets: torch.Tensor) -> Gaussians:
    """Stage 2's offsets on the attributes before activation."""
    sh = g.sh.clone()
    sh[:, 0] += offsets[:, 11:]
    means, quats = g.means + offsets[:, :3], g.quats + offsets[:, 3:7]
    return Gaussians(means, quats, g.log_scales + offsets[:, 7:10], g.logit_opacities + offsets[:, 10], sh)


@pytest.mark.parametrize("extra", [False, True])
def test_the_player_agrees_with_blend_and_pose(shapes: GaussianBlendshapes, extra: bool) -> None:
    """Same Gaussians as in training, with and without stage 2's offsets."""
    psi, bones, root = drive()
    offsets = torch.randn(len(shapes), OFFSETS, generator=torch.Generator().manual_seed(2)) * 0.02
    blended = shapes.blend(psi)
    wanted = shapes.pose(with_offsets(blended, offsets) if extra else blended, bones, root)
    given = offsets.numpy() if extra else None
    ours = Player(shapes).frame(psi.numpy(), bones.numpy(), root.numpy(), None, given)
    for name, value in zip(FIELDS, ours):
        np.testing.assert_allclose(value, getattr(wanted, name).numpy(), atol=2e-5, err_msg=name)


def test_what_was_learned_goes_no_further_than_what_was_seen(shapes: GaussianBlendshapes) -> None:
    """Beyond the coefficients that clips showed, the surface still moves; colour, form and opacity do not change."""
    psi, bones, root = (x.numpy() for x in drive())
    seen = 0.5 * psi
    full, known = Player(shapes).frame(psi, bones, root), Player(shapes).frame(seen, bones, root)
    bounded = Player(shapes, None, seen).frame(psi, bones, root)
    for name in ("log_scales", "logit_opacities", "sh"):
        i = FIELDS.index(name)
        np.testing.assert_array_equal(bounded[i], known[i], err_msg=name)
        assert np.abs(bounded[i] - full[i]).max() > 1e-4, name
    carried = shapes.deltas.learned.clone()
    shapes.deltas.learned.zero_()
    half, whole = Player(shapes).frame(seen, bones, root)[0], Player(shapes).frame(psi, bones, root)[0]
    shapes.deltas.learned.copy_(carried)
    np.testing.assert_allclose(bounded[0] - known[0], whole - half, atol=2e-6)


def test_lighting_the_colours_lights_the_picture() -> None:
    """The affine light on Gaussians is that of stage 1 on the premultiplied picture."""
    shapes = sample_twin(900, 64, 8).shapes
    psi, bones, root = drive()
    light = np.array([[0.9, 0.05, 0, 0.02], [0, 1.05, 0, 0.01], [0.02, 0, 0.95, 0.03]], np.float32)
    camera = sample_camera(48)
    player = Player(shapes)
    plain = rasterize(as_gaussians(player.frame(psi.numpy(), bones.numpy(), root.numpy())), camera)
    lit = rasterize(as_gaussians(player.frame(psi.numpy(), bones.numpy(), root.numpy(), light)), camera)
    t = torch.from_numpy(light)
    torch.testing.assert_close(lit.rgb, plain.rgb @ t[:, :3].T + plain.alpha[..., None] * t[:, 3], atol=1e-4, rtol=1e-4)


def as_gaussians(arrays: tuple[np.ndarray, ...]) -> Gaussians:
    """Arrays as tensors."""
    return Gaussians(*(torch.from_numpy(a) for a in arrays))
