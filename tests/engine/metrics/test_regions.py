"""Landmark distances and regions on made-up faces of known geometry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotalker.engine.metrics.landmarks import (
    FACE,
    FACE_OVAL,
    INNER_LIPS,
    MOUTH,
    OUTER_LIPS,
    face_mask,
    landmark_distance,
    landmark_velocity_difference,
    mouth_mask,
    mouth_shape_distance,
)


def face(side: int = 128) -> NDArray[np.float32]:
    """478 landmarks in the middle but for a round face outline and an oval mouth below its centre."""
    points = np.full((478, 2), side / 2, np.float32)
    for ring, radii, centre in (
        (FACE_OVAL, (0.3, 0.4), (0.5, 0.5)),
        (OUTER_LIPS, (0.1, 0.05), (0.5, 0.7)),
        (INNER_LIPS, (0.08, 0.02), (0.5, 0.7)),
    ):
        angle = np.linspace(0, 2 * np.pi, len(ring), endpoint=False)
        points[list(ring)] = side * (np.array(centre) + np.stack([np.cos(angle), np.sin(angle)], 1) * radii)
    return points


def test_outlines_are_whole() -> None:
    """Every landmark is named once in an outline, lips belong to the face, irises do not."""
    for ring, count in ((FACE_OVAL, 36), (OUTER_LIPS, 20), (INNER_LIPS, 20)):
        assert len(set(ring)) == len(ring) == count
    assert set(MOUTH) < set(FACE)
    assert max(FACE) == 467


@given(st.floats(-20, 20), st.floats(-20, 20), st.sampled_from([128, 256, 512]))
def test_a_shift_is_its_own_distance(dx: float, dy: float, side: int) -> None:
    """A face moved as a whole is off by that much at 512 pixels, and does not differ in velocity."""
    recorded = np.stack([face(side) + t for t in range(3)]).astype(np.float32)
    found = recorded + np.float32([dx, dy])
    assert landmark_distance(found, recorded, side) == pytest.approx(np.hypot(dx, dy) * 512 / side, rel=1e-3, abs=1e-3)
    assert landmark_velocity_difference(found, recorded, side) == pytest.approx(0, abs=1e-3)


def test_velocity_sees_jitter() -> None:
    """Landmarks that jump to and fro by 1 pixel differ from still ones by 2 pixels a frame."""
    recorded = np.zeros((5, 478, 2), np.float32)
    found = recorded.copy()
    found[1::2, :, 0], found[::2, :, 0] = 1, -1
    assert landmark_velocity_difference(found, recorded, 512, MOUTH) == pytest.approx(2)


def test_a_shifted_mouth_has_the_right_shape() -> None:
    """LMD leaves out where the mouth is, frame by frame, and keeps how it is shaped."""
    recorded = np.stack([face(256) + t for t in range(3)]).astype(np.float32)
    found = recorded + np.float32([[[5, -3]], [[0, 4]], [[-2, 0]]])
    assert landmark_distance(found, recorded, 256, MOUTH) > 4
    assert mouth_shape_distance(found, recorded, 256) == pytest.approx(0, abs=1e-3)
    half = list(MOUTH)[::2]
    found[:, half, 1] += 3
    assert mouth_shape_distance(found, recorded, 256) == pytest.approx(3)


def test_only_the_subset_counts() -> None:
    """A wrong mouth is nothing but a wrong mouth."""
    recorded = np.zeros((2, 478, 2), np.float32)
    found = recorded.copy()
    found[:, list(MOUTH), 1] = 3
    assert landmark_distance(found, recorded, 512, MOUTH) == pytest.approx(3)
    assert landmark_distance(found, recorded, 512, FACE) == pytest.approx(3 * 40 / 468)


def test_regions_have_the_area_of_their_outlines() -> None:
    """The face region is the oval, the mouth region the lips and a margin, inside the face."""
    points = face(256)
    oval, lips = face_mask(points, 256), mouth_mask(points, 256)
    assert oval.sum() == pytest.approx(np.pi * 0.3 * 0.4 * 256**2, rel=0.03)
    assert not (lips & ~oval).any()
    assert np.pi * 0.1 * 0.05 < lips.mean() < np.pi * 0.15 * 0.1
    assert lips[int(0.7 * 256), 128]


def test_regions_may_leave_the_picture() -> None:
    """A face half outside gives the part inside, one wholly outside an empty region."""
    assert 0 < face_mask(face(64) + 40, 64).sum() < face_mask(face(64), 64).sum()
    assert not mouth_mask(face(64) + 500, 64).any()
