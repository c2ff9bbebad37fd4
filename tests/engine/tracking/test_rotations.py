"""Rotations, and the split of head motion into root and neck."""

from __future__ import annotations

import torch

from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.model import axis_angle_to_matrix
from emotalker.engine.tracking.fitting.rotations import (
    log_rotation,
    mean_rotation,
    median_rotation,
    split_root_and_neck,
    trunk_rotation,
)


def test_log_undoes_exp() -> None:
    """Axis-angle to matrix and back, also for turns of nothing and nearly half a circle."""
    vectors = torch.tensor([[0.0, 0, 0], [1e-5, 0, 0], [0.3, -0.2, 0.5], [0, 3.1, 0], [-2, 1, 1]], dtype=torch.float64)
    torch.testing.assert_close(log_rotation(axis_angle_to_matrix(vectors)), vectors, atol=1e-7, rtol=0)


def test_root_after_neck_is_the_heads_motion(identity: torch.Tensor) -> None:
    """Every vertex that follows the head wholly lands exactly where the rigid motion of the head puts it."""
    head = load_default_head()
    generator = torch.Generator().manual_seed(1)
    turn = axis_angle_to_matrix(0.3 * torch.randn(6, 3, generator=generator, dtype=torch.float64))
    shift = 0.02 * torch.randn(6, 3, generator=generator, dtype=torch.float64)
    trunk = axis_angle_to_matrix(torch.tensor([0.05, -0.1, 0.02], dtype=torch.float64))
    rest, joints = head.shape(identity)
    root, root_shift, neck = split_root_and_neck(turn, shift, joints[1].double(), trunk)
    calm = torch.zeros(6, len(head.expression_names))
    no_turn = torch.zeros(6, 3)
    posed = head.forward(identity, calm, no_turn, log_rotation(neck).float(), torch.zeros(6, 2, 3)).double()
    found = posed @ root.transpose(1, 2) + root_shift[:, None]
    expected = rest.double() @ turn.transpose(1, 2) + shift[:, None]
    whole = head.weights[:, :2].sum(1) < 1e-6
    whole |= (head.weights[:, 1] + head.weights[:, 2:].sum(1)) > 1 - 1e-6
    torch.testing.assert_close(found[:, whole], expected[:, whole], atol=2e-6, rtol=0)
    assert int(whole.sum()) > 4000


def test_small_turns_leave_the_trunk() -> None:
    """A head that is tilted a little the whole clip long does not tilt the shoulders."""
    turns = axis_angle_to_matrix(torch.tensor([[0.15, 0.05, 0.0]] * 5, dtype=torch.float64))
    assert torch.equal(trunk_rotation(turns), torch.eye(3, dtype=torch.float64))


def test_large_turns_turn_the_trunk() -> None:
    """A clip filmed from the side has its trunk turned with the head, so that the neck is not wrung."""
    turns = axis_angle_to_matrix(torch.tensor([[0.0, 0.9, 0.0]] * 5, dtype=torch.float64))
    trunk = log_rotation(trunk_rotation(turns)[None])[0]
    assert 0.5 < float(trunk[1]) < 0.9


def test_the_middle_ignores_odd_frames() -> None:
    """The usual pose is not moved by a few frames in which the head was somewhere else; the mean is."""
    vectors = torch.zeros(21, 3, dtype=torch.float64)
    vectors[:4, 1] = 1.2
    turns = axis_angle_to_matrix(vectors)
    assert float(log_rotation(median_rotation(turns)[None]).norm()) < 0.02
    assert float(log_rotation(mean_rotation(turns)[None]).norm()) > 0.1
