"""Trembling, activations and displacement: what the head does is not the face's, and known motion has known figures."""

from __future__ import annotations

import numpy as np
import pytest

from emotalker.engine.metrics.faces import LOWER, STEADY, UPPER, au_error, displacement, jitter, motion, steadied
from emotalker.engine.metrics.landmarks import FACE
from emotalker.engine.synthetic.arkit import ARKIT


def some_face() -> np.ndarray:
    """Landmarks [478, 2] spread over a picture of 512 pixels."""
    return np.random.default_rng(0).uniform(100, 400, (478, 2))


def test_slow_motion_does_not_tremble_and_fast_motion_does() -> None:
    """A steady slide has none; one pixel to and fro from frame to frame is two off the neighbours' middle."""
    frames = np.arange(30)[:, None, None]
    slide = (some_face() + frames * 3.0).astype(np.float32)
    assert jitter(slide, 512) == pytest.approx(0, abs=1e-4)
    fro = (some_face() + (frames % 2) * np.array([2.0, 0.0])).astype(np.float32)
    assert jitter(fro, 512) == pytest.approx(2, abs=1e-4)
    assert jitter(fro, 256) == pytest.approx(4, abs=1e-4)


def test_frames_without_a_face_do_not_tremble() -> None:
    """They and their neighbours are left out; three frames in a row are the least."""
    points = np.repeat(some_face()[None], 9, 0).astype(np.float32)
    points[4] = np.nan
    assert jitter(points, 512) == pytest.approx(0)
    assert jitter(points[3:6], 512) is None
    assert jitter(points[:2], 512) is None


def test_activations_of_the_two_halves_of_the_face() -> None:
    """A brow counts above, the jaw below, the gaze nowhere."""
    recorded, found = np.zeros((5, 52), np.float32), np.zeros((5, 52), np.float32)
    found[:, ARKIT.index("browInnerUp")] = 0.5
    found[:, ARKIT.index("eyeLookUpLeft")] = 1
    assert au_error(found, recorded, UPPER) == pytest.approx(50 / len(UPPER))
    assert au_error(found, recorded, LOWER) == 0
    found[:, ARKIT.index("jawOpen")] = 1
    assert au_error(found, recorded, LOWER) == pytest.approx(100 / len(LOWER))
    assert not set(UPPER) & set(LOWER)


def test_the_head_s_own_motion_is_taken_off() -> None:
    """Turned, scaled and moved, a face is where it was; what moves on it is measured in the reference's pixels."""
    reference = some_face()
    turn = 1.3 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    moved = (reference @ turn.T + [30, -20])[None].astype(np.float32)
    still = reference[None, : len(FACE)]
    assert displacement(steadied(moved, reference), still, 512) == pytest.approx(0, abs=1e-3)
    smiling = reference.copy()
    free = [p for p in FACE if p not in STEADY]
    smiling[free, 1] += 6
    seen = steadied((smiling @ turn.T)[None].astype(np.float32), reference)
    assert displacement(seen, still, 512) == pytest.approx(6 * len(free) / len(FACE), rel=1e-3)


def test_motion_is_the_mean_way_between_rows() -> None:
    """Two pixels from row to row are two, and four at half the size."""
    rows = np.arange(4)[:, None, None] * np.array([2.0, 0.0]) + some_face()[None, :468]
    assert motion(rows, 512) == pytest.approx(2)
    assert motion(rows, 256) == pytest.approx(4)
    rows[1::2] = np.nan
    assert motion(rows, 512) is None, "a face seen only now and then has no known motion"
