"""Corrections of tracks: they follow gradients, share no common shift and end in tracks that others can use."""

import numpy as np
import torch

from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.model import axis_angle_to_matrix
from emotalker.engine.tracking.track import Track
from emotalker.engine.training.corrections import GROUPS, Corrections, corrected, posed_with

K = 62


def some_track(frames: int) -> Track:
    """A track whose values differ from frame to frame."""
    rng = np.random.default_rng(0)

    def values(*shape: int) -> np.ndarray:
        return (rng.random((frames, *shape)) * 0.2).astype(np.float32)

    return Track(
        psi=values(K), jaw=values(3), neck=values(3), eyes=values(2, 3), root_rotation=values(3),
        root_translation=values(3), au45=values(), confidence=np.ones(frames, np.float32), landmarks=values(478, 2),
        blendshapes=values(52), reprojection=values(), crop=np.zeros(3, np.float32), fps=25.0, size=256,
    )  # fmt: skip


def test_a_wrong_jaw_is_found_and_the_others_stay() -> None:
    """Descending the distance to the truth corrects one frame's jaw; groups that are not corrected do not move."""
    corrections = Corrections(20, K, ("jaw",), weight=1e-4)
    truth = torch.zeros(12 + K)
    truth[0] = 0.05
    for step in range(200):
        row = corrections.row(7).requires_grad_(True)
        loss = (row - truth).square().sum() + corrections.cost(row)
        loss.backward()
        corrections.learn(7, row.grad, 0.1 ** (step / 200))
    assert abs(float(corrections.row(7)[0]) - 0.05) < 0.006
    assert float(corrections.row(7)[1:].abs().max()) < 0.006
    assert float(corrections.rows[:, 3:].abs().max()) == 0


def test_what_all_frames_share_is_no_correction() -> None:
    """The same shift in every frame belongs to the head and vanishes."""
    corrections = Corrections(6, K, GROUPS, weight=0.0)
    for _ in range(5):
        for number in range(6):
            corrections.learn(number, torch.ones(12 + K), 1.0)
    assert float(corrections.rows.abs().min()) > 0
    np.testing.assert_allclose(corrections.all(), 0, atol=1e-6)
    assert float(corrections.row(3).abs().max()) < 1e-6


def test_a_checkpoint_brings_everything_back() -> None:
    """Restored corrections answer and learn as the saved ones do."""
    first, second = (Corrections(5, K, GROUPS, weight=1e-3) for _ in range(2))
    gradient = torch.linspace(-1, 1, 12 + K)
    first.learn(2, gradient, 1.0)
    second.restore({k: v.copy() for k, v in first.to_arrays().items()})
    for corrections in (first, second):
        corrections.learn(1, gradient.flip(0), 0.5)
    np.testing.assert_array_equal(first.all(), second.all())
    assert torch.equal(first.row(1), second.row(1))


def test_the_corrected_track_is_what_the_fit_saw() -> None:
    """A written track gives the very pose that training rendered with."""
    head, track = load_default_head(), some_track(3)
    joints = head.shape(torch.zeros(len(head.identity_basis)))[1]
    rows = np.zeros((3, 12 + K), np.float32)
    rows[1] = np.random.default_rng(1).normal(0, 0.02, 12 + K)
    psi, bones, root = posed_with(head, joints, track, 1, torch.from_numpy(rows[1]))
    moved = corrected(track, rows)
    np.testing.assert_allclose(moved.psi[1], psi.numpy(), atol=1e-6)
    jaw, neck, eyes, turn = (torch.from_numpy(getattr(moved, n)) for n in ("jaw", "neck", "eyes", "root_rotation"))
    np.testing.assert_allclose(head.bone_transforms(joints, jaw, neck, eyes)[1], bones, atol=1e-5)
    np.testing.assert_allclose(axis_angle_to_matrix(turn)[1], root[:, :3], atol=1e-5)
    np.testing.assert_array_equal(moved.jaw[0], track.jaw[0])
