"""The emotional deformation of stage 2."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from emotalker.engine.emotion.basis import JAW
from emotalker.engine.emotion.deformation import Conditions, DeformationConfig, EmotionalDeformation, interpolation
from emotalker.engine.emotion.text import TableTextEncoder, label_embeddings
from emotalker.engine.gaussians.blendshapes import FACE, TEETH_UPPER, TORSO, GaussianBlendshapes
from emotalker.engine.gaussians.deltas import SparseDeltas
from emotalker.engine.gaussians.gaussians import Gaussians
from emotalker.engine.head.model import axis_angle_to_matrix

N, K, S, WINDOW = 400, 5, 12, 6
CONFIG = DeformationConfig(n_anchors=60, window=WINDOW)
NAMES = ("means", "quats", "log_scales", "logit_opacities", "sh")


def _shapes() -> GaussianBlendshapes:
    """A patch of 300 face Gaussians, 50 of teeth and 50 of the torso."""
    rng = np.random.default_rng(0)
    means = torch.from_numpy(rng.uniform(-0.08, 0.08, (N, 3)).astype(np.float32))
    base = Gaussians(means, torch.eye(4)[:1].repeat(N, 1), torch.zeros(N, 3), torch.zeros(N), torch.zeros(N, 1, 3))
    none = SparseDeltas(
        np.zeros(N + 1, np.int64), np.zeros(0, np.int32), np.zeros((0, 6), np.float32), np.zeros(0, np.float32),
        torch.zeros(0, 14),
    )  # fmt: skip
    layer = np.repeat(np.array([FACE, TEETH_UPPER, TORSO], np.uint8), [300, 50, 50])
    weights = torch.eye(6)[:1].repeat(N, 1)
    return GaussianBlendshapes(base, none, weights, np.zeros(N, np.int64), np.full((N, 3), 1 / 3, np.float32), layer)


def _network(config: DeformationConfig = CONFIG, lively: bool = True) -> EmotionalDeformation:
    """A network; `lively` gives its last layer weights as after training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = EmotionalDeformation(config, _shapes(), K, S).eval()
        network.head_weights.copy_(network.bake().weights)  # as if fitted to a head
        if lively:
            torch.nn.init.normal_(network.get_parameter("regressors.2.weight"), std=0.1)
            torch.nn.init.normal_(network.basis.expression.weight, std=0.05)
    return network


def _conditions(levels: list[float]) -> Conditions:
    """One frame, happy at several levels."""
    labels, rng = label_embeddings(TableTextEncoder()), np.random.default_rng(2)
    count = len(levels)

    def same(*shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.random(shape).astype(np.float32)).expand(count, *shape)

    happy = torch.from_numpy(labels.emotion[1]).expand(count, -1)
    level = torch.from_numpy(labels.level_token(np.array(levels, np.float32)))
    return Conditions(
        same(K), same(K), same(1)[:, 0], same(12), same(WINDOW, S), happy, level, 0.1 * same(3), 0.2 * same(3)
    )


def test_shapes_and_untouched_layers() -> None:
    """Every attribute has its shape, and teeth and torso stay as stage 1 left them."""
    offsets = _network()(_conditions([1.0, 3.0]))
    widths = ((3,), (4,), (3,), (), (1, 3))
    for name, width in zip(NAMES, widths):
        value = getattr(offsets, name)
        assert value.shape == (2, N, *width)
        assert value[:, :300].abs().max() > 0
        assert not value[:, 300:].any()


def test_starts_near_nothing() -> None:
    """Before training only the basis moves Gaussians; all else is (nearly) zero."""
    network = _network(lively=False)
    with torch.no_grad():
        offsets = network(_conditions([2.0]))
    # the basis heads start at zero, so that even the positions rest
    for name in NAMES:
        assert float(getattr(offsets, name).abs().max()) < 0.02
    assert float(offsets.means.abs().max()) < 1e-4


@pytest.mark.parametrize("position", [True, False])
def test_position_switch(position: bool) -> None:
    """Without the position head (the paper's Eq. 11) positions move by the basis alone."""
    network = _network(replace(CONFIG, with_position=position))
    with torch.no_grad():
        network.basis.expression.weight.zero_()
        network.basis.expression.bias.zero_()
    moved = bool(network(_conditions([2.0])).means.abs().max() > 1e-6)
    assert moved == position


def test_null_token_is_only_masked() -> None:
    """The ablation "without null vector" changes the answer and no parameter."""
    whole, masked = _network(), _network(replace(CONFIG, mask_null=True))
    assert {k: v.shape for k, v in whole.state_dict().items()} == {k: v.shape for k, v in masked.state_dict().items()}
    masked.load_state_dict(whole.state_dict())
    conditions = _conditions([2.0])
    with torch.no_grad():
        assert float((whole(conditions).sh - masked(conditions).sh).abs().max()) > 1e-5


def test_playback_equals_training() -> None:
    """With the basis baked, one frame at a time, the answer is that of the training path."""
    network = _network()
    batch = _conditions([0.5, 2.5])
    trained = network.at_anchors(batch).detach()
    baked = network.bake()
    for b in range(2):
        one = Conditions(*(getattr(batch, f.name)[b : b + 1] for f in fields(batch)))
        with torch.no_grad():
            torch.testing.assert_close(network.at_anchors(one, baked)[0], trained[b], atol=1e-5, rtol=1e-4)


def test_continuous_in_level() -> None:
    """Small steps of the level are small steps of the face, across whole levels too; levels do differ."""
    levels = np.linspace(0, 3, 61)
    with torch.no_grad():
        columns = _network().at_anchors(_conditions([float(v) for v in levels]))
    steps = (columns[1:] - columns[:-1]).abs().amax((1, 2))
    whole = float((columns[-1] - columns[0]).abs().max())
    assert whole > 1e-3
    assert float(steps.max()) < 0.25 * whole


def test_every_parameter_learns() -> None:
    """A step of the loss reaches every parameter that an answer depends on."""
    network = _network()
    columns = network.at_anchors(_conditions([1.0, 2.0]))
    columns.square().sum().backward()
    idle = {n for n, p in network.named_parameters() if p.grad is None}
    # the pose and skinning heads are learned from the flame loss
    assert idle <= {f"basis.{part}.{kind}" for part in ("pose", "skinning") for kind in ("weight", "bias")}


def test_interpolation_is_a_partition() -> None:
    """Shares of the face sum to one, those of other layers are zero, and a constant stays the same constant."""
    network = _network()
    share = network.get_buffer("share")
    torch.testing.assert_close(share[:300].sum(1), torch.ones(300))
    assert not share[300:].any()
    spread = network.to_gaussians(torch.full((1, len(network.anchors), 2), 0.7))
    torch.testing.assert_close(spread[0, :300], torch.full((300, 2), 0.7))


def test_interpolation_at_an_anchor() -> None:
    """A Gaussian that is an anchor takes that anchor's value."""
    rng = np.random.default_rng(3)
    points = rng.uniform(-0.1, 0.1, (200, 3))
    index, share = interpolation(points, points[:40], np.ones(200, bool))
    assert np.array_equal(index[:40, 0], np.arange(40))
    assert share[:40, 0].min() > 0.97


def test_round_trip() -> None:
    """What is saved answers as before."""
    network = _network()
    arrays, spec = network.to_arrays()
    again = EmotionalDeformation.from_arrays(arrays, spec, _shapes())
    conditions = _conditions([1.7])
    assert again.config == network.config
    for name in NAMES:
        assert torch.equal(getattr(again(conditions), name), getattr(network(conditions), name))


def test_the_cue_of_a_turning_jaw_is_that_of_linear_blend_skinning() -> None:
    """The jaw part of dM is what the anchors move by when the jaw turns about its joint with its weight (Eq. 5)."""
    network = _network(lively=False)
    joint = torch.tensor([0.0, -0.02, 0.01])
    network.jaw_joint.copy_(joint)
    values = network.bake()
    share = torch.rand(len(network.anchors), generator=torch.Generator().manual_seed(0))
    values.weights.zero_()
    values.weights[:, JAW], values.weights[:, 0] = share, 1 - share
    axis = torch.tensor([[0.3, 0.05, -0.02]])
    turn = axis_angle_to_matrix(axis)[0]
    bones = torch.eye(3, 4).expand(1, 6, 3, 4).clone()
    bones[0, JAW] = torch.cat([turn, (joint - turn @ joint)[:, None]], 1)
    wanted = values.skin(network.anchors[None], bones) - network.anchors
    one = replace(_conditions([1.0]), jaw_neu=torch.zeros(1, 3), jaw_emo=axis)
    one = replace(one, psi_emo=one.psi_neu)
    got = torch.einsum("bk,pkc->bpc", one.residual(True), network.drive_basis(values))
    torch.testing.assert_close(got, wanted, atol=1e-6, rtol=1e-4)


def test_skinning_weights_learn_from_pictures() -> None:
    """Where the emotion opens the jaw, the loss reaches the learned skinning and pose bases."""
    network = _network()
    network(_conditions([2.0])).means.square().sum().backward()
    for layer in (network.basis.skinning, network.basis.pose):
        assert layer.weight.grad is not None
        assert float(layer.weight.grad.abs().max()) > 0
