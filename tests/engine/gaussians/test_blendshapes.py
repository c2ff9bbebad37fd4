"""Gaussian blendshapes: sampling, sparse deltas and skinning."""

import numpy as np
import pytest
import torch

from emotalker.engine.gaussians.blendshapes import TEETH_LOWER, TORSO, GaussianBlendshapes
from emotalker.engine.gaussians.deltas import FIXED, LEARNED, SparseDeltas
from emotalker.engine.gaussians.initialise import ReferenceFrame, initial_blendshapes
from emotalker.engine.gaussians.sampling import poisson_disk
from emotalker.engine.head.default import load_default_head
from emotalker.engine.synthetic.body import sample_camera


@pytest.fixture(scope="module")
def shapes() -> GaussianBlendshapes:
    """A small head before training, seen at 128 pixels with a matte that fills the lower part of the picture."""
    head = load_default_head()
    camera = sample_camera(128)
    bones = head.bone_transforms(head.joints, torch.zeros(1, 3), torch.zeros(1, 3), torch.zeros(1, 2, 3))[0]
    matte = np.zeros((128, 128), np.float32)
    matte[20:, 10:118] = 1
    image = np.full((128, 128, 3), 0.4, np.float32)
    reference = ReferenceFrame(image, matte, bones, torch.eye(3, 4), torch.zeros(len(head.expression_names)))
    return initial_blendshapes(head, torch.zeros(len(head.identity_basis)), camera, reference, 1500, 0, 0)


def random_deltas(seed: int, gaussians: int = 12, expressions: int = 5) -> SparseDeltas:
    """Rows for a random half of all pairs."""
    rng = np.random.default_rng(seed)
    n, k = np.nonzero(rng.random((gaussians, expressions)) < 0.5)
    start = np.concatenate([[0], np.cumsum(np.bincount(n, minlength=gaussians))]).astype(np.int64)
    rows = len(n)
    fixed = rng.standard_normal((rows, FIXED)).astype(np.float32)
    learned = torch.from_numpy(rng.standard_normal((rows, LEARNED)).astype(np.float32))
    return SparseDeltas(start, k.astype(np.int32), fixed, rng.random(rows).astype(np.float32), learned)


def test_points_lie_on_the_mesh_and_apart() -> None:
    """Poisson-disk points keep their distance: no pair is closer than half the spacing of an even grid."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]], float)
    triangles = np.array([[0, 1, 2], [1, 3, 2]])
    triangle, barycentric = poisson_disk(vertices, triangles, np.ones(2), 100, 0)
    points = (vertices[triangles[triangle]] * barycentric[..., None]).sum(1)
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1) + np.eye(100) * 9
    assert len(points) == 100
    assert np.median(distance.min(1)) > 0.07
    assert (barycentric >= 0).all()


def test_mixing_matches_the_dense_sum_with_gradients() -> None:
    """The numba rows give the same values and gradients as the plain torch path (float32 rounding)."""
    deltas = random_deltas(0)
    psi = torch.rand(5)
    results = []
    for mix in (deltas.mix, deltas._mix_torch):
        p, u = psi.clone().requires_grad_(True), deltas.learned.detach().clone().requires_grad_(True)
        deltas.learned = u
        fixed, learned = mix(p)
        (fixed.square().sum() + (learned * 0.5).cos().sum()).backward()
        results.append((fixed.detach(), learned.detach(), p.grad, u.grad))
    for a, b in zip(*results):
        torch.testing.assert_close(a, b, rtol=2e-5, atol=2e-5)


def test_selecting_gaussians_takes_their_deltas_along() -> None:
    """A repeated Gaussian has the same rows twice, as densification needs."""
    deltas = random_deltas(1)
    chosen = np.array([3, 3, 7])
    picked = deltas.select(chosen)
    whole, part = deltas.mix(torch.ones(5)), picked.mix(torch.ones(5))
    for a, b in zip(whole, part):
        torch.testing.assert_close(a[torch.from_numpy(chosen)], b)


def test_neutral_expression_is_the_base(shapes: GaussianBlendshapes) -> None:
    """With psi = 0 and no pose nothing moves."""
    head = load_default_head()
    bones = head.bone_transforms(head.joints, torch.zeros(1, 3), torch.zeros(1, 3), torch.zeros(1, 2, 3))[0]
    posed = shapes.pose(shapes.blend(torch.zeros(len(head.expression_names))), bones, torch.eye(3, 4))
    torch.testing.assert_close(posed.means, shapes.base.means, atol=1e-6, rtol=0)
    torch.testing.assert_close(posed.quats, shapes.base.quats, atol=1e-6, rtol=0)


def test_gaussians_follow_the_mesh(shapes: GaussianBlendshapes) -> None:
    """Points sampled on the mesh move with it under expression, jaw and neck, within half a millimetre."""
    head = load_default_head()
    psi = torch.zeros(len(head.expression_names))
    psi[head.expression_names.index("mouthSmileLeft")] = 0.8
    jaw, neck = torch.tensor([[0.3, 0, 0]]), torch.tensor([[0.1, -0.2, 0.05]])
    eyes = torch.zeros(1, 2, 3)
    identity = torch.zeros(len(head.identity_basis))
    mesh = head.forward(identity, psi[None], jaw, neck, eyes)[0].numpy()
    on_mesh = (mesh[head.triangles[shapes.triangle]] * shapes.barycentric[..., None]).sum(1)
    bones = head.bone_transforms(head.joints, jaw, neck, eyes)[0]
    posed = shapes.pose(shapes.blend(psi), bones, torch.eye(3, 4)).means.numpy()
    rest = (head.template.numpy()[head.triangles[shapes.triangle]] * shapes.barycentric[..., None]).sum(1)
    sampled = np.linalg.norm(shapes.base.means.numpy() - rest, axis=1) < 1e-5
    assert sampled.sum() > 800
    assert np.abs(posed - on_mesh)[sampled].max() < 5e-4


def test_jaw_moves_lower_teeth_and_the_neck_leaves_the_shoulders(shapes: GaussianBlendshapes) -> None:
    """The lower teeth are rigid with the jaw; the far torso ignores the neck, and nothing tears at the ring."""
    head = load_default_head()
    psi = torch.zeros(len(head.expression_names))
    turned = head.bone_transforms(
        head.joints, torch.tensor([[0.3, 0, 0]]), torch.tensor([[0.0, 0.4, 0.0]]), torch.zeros(1, 2, 3)
    )[0]
    moved = (shapes.pose(shapes.blend(psi), turned, torch.eye(3, 4)).means - shapes.base.means).norm(dim=1).numpy()
    assert moved[shapes.layer == TEETH_LOWER].mean() > 0.01
    torso = shapes.layer == TORSO
    assert torso.sum() > 100
    low = shapes.base.means.numpy()[:, 1] < np.percentile(shapes.base.means.numpy()[torso, 1], 20)
    assert moved[torso & low].max() < 1e-3


def test_arrays_round_trip(shapes: GaussianBlendshapes) -> None:
    """Saved and loaded heads render the same Gaussians."""
    again = GaussianBlendshapes.from_arrays(shapes.to_arrays())
    psi = torch.rand(len(load_default_head().expression_names))
    torch.testing.assert_close(again.blend(psi).means, shapes.blend(psi).means)
