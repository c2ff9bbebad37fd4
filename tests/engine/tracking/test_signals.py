"""Filters, blink calibration, crops and plates: the small parts of tracking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.media import FrameStore, FrameStoreWriter
from emotalker.engine.tracking.blink import au45, calibrate
from emotalker.engine.tracking.fitting.filters import noise_of, smooth
from emotalker.engine.tracking.observing.crop import MIDDLE, SIDE, Sighting, crops, cut
from emotalker.engine.tracking.observing.landmarker import FaceObservation
from emotalker.engine.tracking.observing.observe import gathered
from emotalker.engine.tracking.observing.plate import background_plate


def test_smoothing_stills_noise_at_rest_and_in_slow_motion() -> None:
    """A head that nods slowly is smoothed as much as one that is still, to a third of the noise and without lag."""
    t = np.arange(200) / 25
    still = np.zeros((200, 3, 2))
    nod = np.stack([3 * np.sin(2 * np.pi * 0.4 * t), np.cos(2 * np.pi * 0.3 * t)], 1)[:, None] + still
    noise = np.random.default_rng(0).normal(0, 0.05, still.shape)
    for motion in (still, nod):
        assert np.std(smooth(motion + noise) - motion) < np.std(noise) / 2.3


def test_smoothing_leaves_quick_motion_alone() -> None:
    """Lips that close for two frames, and a head that jumps, keep all of their motion; lines go on to the end."""
    rng = np.random.default_rng(1)
    lips = np.zeros((120, 1, 2))
    lips[30:32, 0, 1] = lips[70:74, 0, 1] = 1.0
    lips[100:, 0, 0] = 5.0
    out = smooth(lips + rng.normal(0, 0.03, lips.shape))
    assert np.abs(out - lips).max() < 0.15
    line = np.arange(40.0)[:, None, None] * np.ones((1, 2, 2))
    np.testing.assert_allclose(smooth(line), line, atol=1e-9)
    np.testing.assert_allclose(smooth(line[:2]), line[:2])


def test_noise_is_judged_from_calm_frames() -> None:
    """Speech in half of the frames is no noise; one point may be louder than the others."""
    rng = np.random.default_rng(2)
    points = rng.normal(0, [0.1, 0.1, 0.2], (400, 2, 3)).transpose(0, 2, 1).copy()
    points[200:] += np.sin(np.arange(200))[:, None, None]
    np.testing.assert_allclose(noise_of(points), [0.1, 0.1, 0.2], rtol=0.3)


def test_blinks_are_found_in_the_persons_own_terms() -> None:
    """Narrow and wide eyes alike: 1 when shut, 0 at rest, and a squint is not a blink."""
    for scale in (0.6, 1.0):
        openings = np.full((200, 2), 0.32 * scale)
        openings += np.random.default_rng(1).normal(0, 0.004, openings.shape)
        for start in (40, 120):
            openings[start : start + 5] = scale * np.array([0.2, 0.08, 0.05, 0.08, 0.2])[:, None]
        openings[60:80] *= 0.9
        blink = au45(openings, *calibrate(openings))
        assert blink[42] > 0.9
        assert blink[122] > 0.9
        assert blink[60:80].max() < 0.1
        assert np.median(blink) < 0.05


def test_no_blink_in_the_clips() -> None:
    """Where nobody blinks, half-shut lids are not taken for shut ones."""
    openings = np.random.default_rng(2).uniform(0.26, 0.34, (100, 2))
    rest, shut = calibrate(openings)
    assert (shut < 0.5 * rest).all()
    assert au45(openings, rest, shut).max() < 0.4


def test_square_head_shots_are_kept_whole() -> None:
    """A square picture with a face of sensible size is its own crop."""
    assert crops({"a": Sighting(482, 482, 240, 270, 257)}) == {"a": (0.0, 0.0, 482.0)}


def test_clips_of_one_camera_share_a_crop() -> None:
    """Small differences between clips of one camera do not change the framing; another framing gets its own crop."""
    found = crops(
        {
            "a": Sighting(1920, 1080, 980, 300, 200),
            "b": Sighting(1920, 1080, 1000, 320, 210),
            "near": Sighting(1920, 1080, 900, 500, 500),
        }
    )
    assert found["a"] == found["b"] != found["near"]
    x, y, side = found["near"]
    assert side == round(SIDE * 500)
    assert abs(x + side / 2 - 900) <= 1
    assert abs(y + MIDDLE * side - 500) <= 1


def test_a_crop_beyond_the_picture_repeats_its_border() -> None:
    """Nothing black enters at the edges, and what is inside keeps its place."""
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, :, 0] = np.arange(60)
    out = cut(picture, (-10.0, -10.0, 60.0), 60)
    assert out.shape == (60, 60, 3)
    assert (out[:, :10, 0] == 0).all()
    np.testing.assert_array_equal(out[15, 10:, 0], np.arange(50))


def test_lost_frames_are_interpolated() -> None:
    """Frames without a face get landmarks between their neighbours' and confidence 0."""

    def face(x: float) -> FaceObservation:
        return FaceObservation(np.full((478, 3), x, np.float32), 0.9, np.full(52, x / 10, np.float32))

    seen = gathered([None, face(1), None, None, face(4), None], 1, (0.0, 0.0, 10.0))
    np.testing.assert_allclose(seen.landmarks[:, 0, 0], [1, 1, 2, 3, 4, 4], atol=1e-6)
    np.testing.assert_allclose(seen.confidence, [0, 0.9, 0, 0, 0.9, 0], atol=1e-6)
    np.testing.assert_allclose(seen.blendshapes[2], 0.2, atol=1e-6)


def test_the_plate_is_what_was_behind_the_person(tmp_path: Path) -> None:
    """Where the wall was ever seen it is exact; where it never was it is filled from around; the person is gone."""
    wall = np.zeros((64, 64, 3), np.uint8)
    wall[..., 1] = np.linspace(60, 180, 64).astype(np.uint8)[None]
    path = tmp_path / "frames.store"
    with FrameStoreWriter(path) as writer:
        for step in range(8):
            picture, matte = wall.copy(), np.zeros((64, 64), np.uint8)
            columns = slice(20 + step, 36 + step)
            picture[20:, columns], matte[20:, columns] = (250, 20, 20), 255
            writer.append(picture, matte)
    with FrameStore(path) as store:
        plate: NDArray[np.uint8] = background_plate(store)
    error = np.abs(plate.astype(int) - wall).max(-1)
    assert error[:12].max() <= 6
    assert error[:, 50:].max() <= 6
    assert error.max() <= 40
