"""The learned basis of Eq. 5."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from emotalker.engine.emotion.basis import BasisValues, LearnedBasis, flame_loss, flame_targets, pose_features
from emotalker.engine.head.default import load_default_head


@pytest.fixture(scope="module")
def bound() -> tuple[Tensor, BasisValues]:
    """Points on the skin of the built-in head and what the head says of them."""
    head, rng = load_default_head(), np.random.default_rng(0)
    identity = torch.zeros(len(head.identity_basis))
    skin = np.nonzero((head.regions["skin"] | head.regions["lips"])[head.triangles].all(1))[0]
    triangle = rng.choice(skin, 1500)
    barycentric = rng.dirichlet([1, 1, 1], 1500).astype(np.float32)
    corners = head.shape(identity)[0].numpy()[head.triangles[triangle]]
    points = torch.from_numpy((corners * barycentric[..., None]).sum(1))
    return points, flame_targets(head, identity, points, triangle, barycentric)


def _network(expressions: int) -> LearnedBasis:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return LearnedBasis(expressions)


def _some_expressions(count: int) -> Tensor:
    rng = np.random.default_rng(1)
    return torch.from_numpy((rng.random((16, count)) * (rng.random((16, count)) < 0.2)).astype(np.float32))


def test_starts_without_motion(bound: tuple[Tensor, BasisValues]) -> None:
    """Before training expressions and poses move nothing, and skinning weights are weights."""
    points, targets = bound
    values = _network(targets.expression.shape[1])(points)
    assert values.expression.shape == targets.expression.shape
    assert values.pose.shape == (len(points), 18, 3)
    assert not values.expression.any()
    assert not values.pose.any()
    torch.testing.assert_close(values.weights.sum(1), torch.ones(len(points)))


def test_learns_the_heads_expressions(bound: tuple[Tensor, BasisValues]) -> None:
    """A few seconds of fitting give the head's own displacements to half a millimetre on average."""
    points, targets = bound
    network = _network(targets.expression.shape[1])
    losses = network.fit_to_head(targets, points, steps=300)
    assert np.mean(losses[-10:]) < 0.4 * losses[0]
    psi = _some_expressions(targets.expression.shape[1])
    truth = targets.displace(psi)
    error = (network.bake(points).displace(psi) - truth).norm(dim=-1)
    assert float(error.mean()) < 0.5e-3
    assert float(error.mean()) < 0.3 * float(truth.norm(dim=-1).mean())


def test_fitting_repeats(bound: tuple[Tensor, BasisValues]) -> None:
    """The same seed gives the same losses."""
    points, targets = bound
    first, second = (
        _network(targets.expression.shape[1]).fit_to_head(targets, points[:200], 5)
        for targets in [BasisValues(targets.expression[:200], targets.pose[:200], targets.weights[:200])] * 2
    )
    assert first == second


def test_flame_loss_weighs_its_parts() -> None:
    """Eqs. 15-16: unsquared lengths, 1000 for metres of expression and pose, 1 for weights."""
    zero = BasisValues(torch.zeros(2, 1, 3), torch.zeros(2, 18, 3), torch.zeros(2, 6))
    other = BasisValues(torch.zeros(2, 1, 3), torch.zeros(2, 18, 3), torch.zeros(2, 6))
    other.expression[0, 0] = torch.tensor([0.003, 0.004, 0.0])
    other.pose[1, 4, 2] = 0.002
    other.weights[1, 0] = 0.5
    assert float(flame_loss(zero, other)) == pytest.approx((5 + 2 + 0.5) / 2, abs=5e-3)


def test_nearest_vertex_targets() -> None:
    """Without a binding a point takes what its nearest vertex has (the paper's pseudo ground truth)."""
    head = load_default_head()
    identity = torch.zeros(len(head.identity_basis))
    vertices = head.shape(identity)[0]
    chosen = torch.arange(0, len(vertices), 97)
    targets = flame_targets(head, identity, vertices[chosen] + 1e-6)
    torch.testing.assert_close(targets.weights, head.weights[chosen])
    torch.testing.assert_close(targets.expression, head.expression_basis[:, chosen].transpose(0, 1))


def test_skinning_follows_the_head() -> None:
    """LBS by the head's own weights is the head's own pose, and the rest pose has no pose features."""
    head = load_default_head()
    identity = torch.zeros(len(head.identity_basis))
    vertices, joints = head.shape(identity)
    jaw, neck, eyes = torch.tensor([[0.2, 0.0, 0.05]]), torch.tensor([[0.0, 0.3, 0.0]]), torch.zeros(1, 2, 3)
    bones = head.bone_transforms(joints, jaw, neck, eyes)
    values = BasisValues(torch.zeros(len(vertices), 1, 3), torch.zeros(len(vertices), 18, 3), head.weights)
    expected = head.forward(identity, torch.zeros(1, len(head.expression_basis)), jaw, neck, eyes)
    torch.testing.assert_close(values.skin(vertices[None], bones), expected, atol=1e-5, rtol=0)
    rest = head.bone_transforms(joints, 0 * jaw, 0 * neck, eyes)
    assert float(pose_features(rest).abs().max()) < 1e-6
    only_jaw = pose_features(head.bone_transforms(joints, jaw, 0 * neck, eyes))
    assert float(only_jaw[:, 9:].abs().max()) < 1e-6
    torch.testing.assert_close(pose_features(bones)[:, :9], only_jaw[:, :9], atol=1e-5, rtol=0)
