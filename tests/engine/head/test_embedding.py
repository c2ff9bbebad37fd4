"""The 478 landmarks sit where they should on the built-in head."""

import numpy as np
import pytest
import torch

from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.embedding import LOWER_LIP, OVAL, UPPER_LIP, closest_on_triangles, mirrored_pairs


@pytest.fixture(scope="module")
def points():
    head = load_default_head()
    return head.landmarks(head.template[None])[0].numpy()


def test_every_landmark_lies_in_a_triangle():
    """Barycentrics are proper and irises alone sit on eyeballs."""
    head = load_default_head()
    assert head.landmark_triangles.shape == (478,)
    assert np.allclose(head.landmark_barycentrics.sum(1), 1, atol=1e-5)
    assert head.landmark_barycentrics.min() >= -1e-6
    corners = head.triangles[head.landmark_triangles]
    assert head.regions["skin"][corners[:468]].all()
    assert head.regions["eye_r"][corners[468:473]].all()
    assert head.regions["eye_l"][corners[473:]].all()


def test_known_landmarks_are_in_their_places(points):
    """Nose tip in front on the midline, eye corners, mouth corners, chin, forehead and irises as the mesh map says."""
    assert abs(points[1, 0]) < 1e-3
    assert points[1, 2] > points[:, 2].max() - 0.004
    assert points[263, 0] > points[362, 0] > 0.01 > 0 > points[133, 0] > points[33, 0]
    assert points[291, 0] > 0.018
    assert points[61, 0] < -0.018
    assert points[152, 1] == pytest.approx(points[list(OVAL), 1].min(), abs=0.002)
    assert points[10, 1] == pytest.approx(points[list(OVAL), 1].max(), abs=0.002)
    head = load_default_head()
    assert np.linalg.norm(points[473, :2] - head.joints[4, :2].numpy()) < 1e-3
    assert np.linalg.norm(points[468, :2] - head.joints[5, :2].numpy()) < 1e-3


def test_lips_are_on_their_own_lip(points):
    """Upper inner lip above lower inner lip, outer above inner; opening the jaw parts 13 from 14."""
    assert points[0, 1] > points[13, 1] > points[14, 1] > points[17, 1]
    head = load_default_head()
    jaw = head.weights.numpy()[:, 3][head.triangles[head.landmark_triangles]].mean(1)
    assert max(jaw[i] for i in UPPER_LIP if i not in (61, 291, 78, 308)) < 0.35
    assert min(jaw[i] for i in LOWER_LIP) > 0.35
    k = len(head.expression_names)
    calm = torch.zeros(len(head.identity_basis))
    opened = head.forward(calm, torch.zeros(1, k), torch.tensor([[0.3, 0, 0]]), torch.zeros(1, 3), torch.zeros(1, 2, 3))
    wide = head.landmarks(opened)[0].numpy()
    assert wide[13, 1] - wide[14, 1] > 0.018
    assert np.abs(wide[13] - points[13]).max() < 0.002


def test_posing_only_landmarks_gives_the_same_landmarks():
    """The short way to the landmarks agrees with posing the whole head."""
    head = load_default_head()
    g = torch.Generator().manual_seed(0)
    identity = torch.randn(len(head.identity_basis), generator=g)
    psi = torch.rand(5, len(head.expression_names), generator=g)
    jaw, neck, eyes = (0.2 * torch.randn(5, *shape, generator=g) for shape in ((3,), (3,), (2, 3)))
    whole = head.landmarks(head.forward(identity, psi, jaw, neck, eyes))
    assert torch.allclose(head.pose_landmarks(identity, psi, jaw, neck, eyes), whole, atol=2e-6)


def test_the_embedding_is_symmetric(points):
    """Every landmark has its mirror image among the landmarks, within a millimetre."""
    pairs = mirrored_pairs(np.c_[points[:, 0], -points[:, 1]] * 3000)
    assert pairs[33] == 263
    assert pairs[61] == 291
    assert pairs[468] == 473
    gaps = np.linalg.norm(points - points[pairs] * [-1, 1, 1], axis=1)
    assert gaps.max() < 1.5e-3
    assert np.median(gaps) < 2e-4


def test_closest_point_of_triangles():
    """The nearest point is found inside, on an edge and at a corner."""
    corners = np.array([[[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[5, 5, 5], [6, 5, 5], [5, 6, 5]]], float)
    for point, expected in (((0.2, 0.3, 1), (0.2, 0.3, 0)), ((0.5, -1, 0), (0.5, 0, 0)), ((2, -1, 0), (1, 0, 0))):
        triangle, weights = closest_on_triangles(np.array(point, float), corners)
        assert triangle == 0
        assert np.allclose(weights @ corners[0], expected)
