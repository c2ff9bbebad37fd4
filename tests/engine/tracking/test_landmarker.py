"""The networks that look: landmarks, boxes and matte."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from emotalker.engine.media import FrameSource
from emotalker.engine.synthetic.sample import SampleClip
from emotalker.engine.tracking.observing.landmarker import SCORES, FaceLandmarker
from emotalker.engine.tracking.observing.matte import PersonMatte
from emotalker.engine.tracking.track import Track

pytestmark = [pytest.mark.assets, pytest.mark.usefixtures("models")]
DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture(scope="module")
def landmarker() -> FaceLandmarker:
    """One for all tests; `detect` remembers nothing."""
    return FaceLandmarker()


def first_frame(clip: SampleClip) -> NDArray[np.uint8]:
    """The first picture of a clip."""
    return next(iter(FrameSource(clip.clip.path)))[1]


def test_landmarks_lie_where_they_should(landmarker: FaceLandmarker, film: list[SampleClip]) -> None:
    """On the rendered person, followed through the film, landmarks are within a few percent of the truth."""
    truth = Track.load(film[0].truth).landmarks
    landmarker.reset()
    errors = []
    for index, rgb in FrameSource(film[0].clip.path, stop=20):
        face = landmarker.follow(rgb)
        assert face is not None
        assert face.points.shape == (478, 3)
        assert face.blendshapes.shape == (len(SCORES),)
        errors.append(np.linalg.norm(face.points[:, :2] - truth[index], axis=1).mean() / face.eye_distance)
    assert np.mean(errors) < 0.035


def test_a_tilted_small_face_in_a_large_picture(landmarker: FaceLandmarker, film: list[SampleClip]) -> None:
    """A face of a tenth of the picture, head tilted by 40 degrees, is found, and its landmarks tilt with it."""
    rgb = first_frame(film[0])
    upright = landmarker.detect(rgb)
    turn = cv2.getRotationMatrix2D((128.0, 128.0), 40, 0.8)
    turn[:, 2] += (500, 300)
    wide = cv2.warpAffine(rgb, turn, (1280, 720), borderValue=(120, 130, 125))
    tilted = landmarker.detect(np.asarray(wide, np.uint8))
    assert upright is not None
    assert tilted is not None
    moved = upright.points[:, :2] @ turn[:, :2].T + turn[:, 2]
    assert np.linalg.norm(moved - tilted.points[:, :2], axis=1).mean() < 0.05 * tilted.eye_distance


def test_nobody(landmarker: FaceLandmarker) -> None:
    """Noise has no face."""
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    assert landmarker.detect(noise) is None
    assert landmarker.detect_faces(noise) == []


def test_both_of_two_faces(landmarker: FaceLandmarker, film: list[SampleClip]) -> None:
    """Two faces give two boxes, and the larger one is looked at."""
    rgb = first_frame(film[0])
    small = cv2.resize(rgb, (128, 128), interpolation=cv2.INTER_AREA)
    picture = np.full((256, 512, 3), 140, np.uint8)
    picture[:, :256], picture[64:192, 320:448] = rgb, small
    assert len(landmarker.detect_faces(picture)) == 2
    face = landmarker.detect(picture)
    assert face is not None
    assert face.points[:, 0].max() < 256


def test_the_matte_covers_the_person(landmarker: FaceLandmarker, film: list[SampleClip]) -> None:
    """Face and chest are person, the upper corners are wall, and the edge is neither hard nor wide."""
    rgb = first_frame(film[0])
    face = landmarker.detect(rgb)
    assert face is not None
    matte = PersonMatte()(rgb, face.points[1, :2])
    assert matte.shape == (256, 256)
    assert matte.dtype == np.uint8
    x, y = face.points[1, :2].astype(int)
    assert matte[y - 10 : y + 10, x - 10 : x + 10].min() > 240
    assert matte[-10:, 100:150].min() > 200
    assert matte[:15, :40].max() < 20
    assert 0.002 < np.mean((matte > 25) & (matte < 230)) < 0.12


@pytest.mark.data
@pytest.mark.parametrize("name", ["neutral_talk/talk_450p_20s.mp4", "tracking/wide_1080p_no_audio.mp4"])
def test_real_faces_are_followed(landmarker: FaceLandmarker, name: str) -> None:
    """Real clips, one with a small face in a wide picture: no frame is lost."""
    path = DATA / name
    if not path.exists():
        pytest.skip("the real clips are not beside the checkout")
    landmarker.reset()
    assert all(landmarker.follow(rgb) is not None for _, rgb in FrameSource(path, stop=40))
