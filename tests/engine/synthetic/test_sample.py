"""The sample films: what is in them, that they repeat, and that the truth beside them is true."""

import time

import numpy as np
import pytest

from emotalker.engine.media import FrameSource, read_audio
from emotalker.engine.synthetic.body import SampleBody, sample_camera
from emotalker.engine.synthetic.sample import (
    SampleConfig,
    act,
    backdrop,
    clip_list,
    make_sample,
    pose_at,
    sample_identity,
)
from emotalker.engine.tracking.track import Subject, Track

SMALL = SampleConfig(size=128, seconds=1.2, emotions=("neutral", "happy"), levels=(3.0,))


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return make_sample(tmp_path_factory.mktemp("sample"), SMALL)


@pytest.fixture(scope="module")
def body():
    return SampleBody(sample_identity())


def frames(path):
    return np.stack([image for _, image in FrameSource(path, 25.0)])


def test_clips_are_whole_and_labelled(sample):
    """Each clip has its frames, its sound, its label and as many rows of truth."""
    assert [(c.clip.id, c.clip.emotion, c.clip.level) for c in sample] == clip_list(SMALL)
    assert [c.clip.id for c in sample] == ["neutral", "happy_level3"]
    for made in sample:
        shot = frames(made.clip.path)
        assert shot.shape == (30, 128, 128, 3)
        track = Track.load(made.truth)
        assert len(track) == 30
        assert track.landmarks.shape == (30, 478, 2)
        assert track.blendshapes.shape == (30, 52)
        assert len(read_audio(made.clip.path).mono16k) == pytest.approx(1.2 * 16000, abs=400)


def test_same_configuration_same_film(sample, tmp_path):
    """Filming again gives the same pictures and the same truth."""
    again = make_sample(tmp_path, SMALL)
    for first, second in zip(sample, again):
        assert np.array_equal(frames(first.clip.path), frames(second.clip.path))
        a, b = Track.load(first.truth), Track.load(second.truth)
        assert np.array_equal(a.psi, b.psi)
        assert np.array_equal(a.landmarks, b.landmarks)


def test_truth_lies_on_the_picture(sample, body):
    """Landmarks of the truth project from the posed head by the subject's camera, and fall on the face."""
    subject, track = Subject.load(sample[0].subject), Track.load(sample[0].truth)
    assert subject.camera.width == SMALL.size
    shot = frames(sample[0].clip.path)
    wall = (backdrop(SMALL.size) * 255).astype(int)
    for i in (0, 15):
        x, y = track.landmarks[i, :468].astype(int).T
        # the film is compressed, so the wall is only nearly the wall
        differs = np.abs(shot[i, y, x].astype(int) - wall[y, x]).max(1) > 12
        assert differs.mean() > 0.98
    assert (subject.blink_open > 2 * subject.blink_closed).all()


def test_person_is_whole_and_coloured(body):
    """Head and shoulders fill a plausible part of the picture; skin is warm, shirt is blue, the pupil is dark."""
    performance, _ = act(SMALL, "neutral", 0.0, 0, body.head.expression_names)
    camera = sample_camera(256)
    vertices, head = body.vertices(pose_at(performance, 0))
    image, cover = body.paint(vertices, camera, backdrop(256))
    assert 0.3 < cover.mean() < 0.7
    assert ((cover > 0) & (cover < 1)).any()
    assert cover[-1].mean() > 0.9
    corners = body.head.triangles[body.head.landmark_triangles]
    points = camera.project((head[corners] * body.head.landmark_barycentrics[..., None]).sum(1)).astype(int)

    def colour(landmark):
        return image[points[landmark, 1], points[landmark, 0]]

    cheek, shirt, pupil = colour(50), image[-3, 40], colour(468)
    assert cheek[0] > cheek[1] > cheek[2] > 0.2
    assert shirt[2] > 1.2 * shirt[0]
    assert pupil.max() < 0.25


def test_opening_the_jaw_shows_the_mouth(body):
    """The picture changes round the mouth, and only there, when only the jaw moves."""
    performance, _ = act(SMALL, "neutral", 0.0, 0, body.head.expression_names)
    pose = pose_at(performance, 0)
    camera, wall = sample_camera(128), backdrop(128)
    shut = body.paint(body.vertices(pose)[0], camera, wall)[0]
    pose.jaw[0] += 0.25
    wide = body.paint(body.vertices(pose)[0], camera, wall)[0]
    changed = np.abs(wide - shut).max(2) > 0.08
    rows = np.nonzero(changed.any(1))[0]
    assert 20 < changed.sum() < 1500
    assert rows.min() > 40
    assert rows.max() < 100


def test_painting_is_fast_enough(body):
    """A frame at 256 takes some 25 ms on a quiet core; the bound forgives a busy machine."""
    performance, _ = act(SMALL, "neutral", 0.0, 0, body.head.expression_names)
    camera, wall, times = sample_camera(256), backdrop(256), []
    for i in range(4):
        start = time.perf_counter()
        body.paint(body.vertices(pose_at(performance, i))[0], camera, wall)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.25


@pytest.mark.assets
def test_the_landmarker_sees_the_person(body):
    """The real landmarker finds the face, and its landmarks lie where the truth says."""
    from emotalker.engine import assets

    if assets.path("face_landmarker") is None:
        pytest.skip("the face landmark model is not downloaded")
    tracking = pytest.importorskip("emotalker.engine.tracking.observing.landmarker", exc_type=ImportError)
    config = SampleConfig(size=384, seconds=1.2)
    performance, _ = act(config, "happy", 2.0, 1, body.head.expression_names)
    camera = sample_camera(384)
    landmarker = tracking.FaceLandmarker()
    errors = []
    for i in range(0, 30, 3):
        vertices, head = body.vertices(pose_at(performance, i))
        image, _ = body.paint(vertices, camera, backdrop(384))
        found = landmarker.detect((image * 255).astype(np.uint8))
        assert found is not None
        corners = body.head.triangles[body.head.landmark_triangles]
        truth = camera.project((head[corners] * body.head.landmark_barycentrics[..., None]).sum(1))
        errors.append(
            np.linalg.norm(found.points[:, :2] - truth, axis=1).mean() / np.linalg.norm(truth[33] - truth[263])
        )
    assert np.mean(errors) < 0.035
