"""What a twin does by itself is measured right: levels that grow, a transition that pops, speed, other voices."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from emotalker.engine.avatar import Avatar, Heard
from emotalker.engine.bench.twin import SPEECH_WIDTH, sample_twin
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import StopToken
from emotalker.engine.metrics.listening import LOUDNESS
from emotalker.engine.metrics.twin import cross, levels, transition
from emotalker.engine.metrics.twin.cross import judge_voice, labels_for
from emotalker.engine.metrics.twin.levels import judge_levels, tile
from emotalker.engine.metrics.twin.speed import judge_speed
from emotalker.engine.metrics.twin.transition import judge_transition
from emotalker.engine.tracking.observing.landmarker import FaceObservation
from emotalker.engine.tracking.track import Track

SIDE = 512


@pytest.fixture(scope="module")
def twin() -> Avatar:
    """The untrained twin of the sample person, small."""
    return sample_twin(1500, 96)


def heard(seconds: float) -> Heard:
    """Nobody's speech."""
    count = int(seconds * 50)
    features = np.random.default_rng(0).standard_normal((count, SPEECH_WIDTH)).astype(np.float32)
    return Heard(features, np.ones(count, np.float32), seconds)


def finish(job: Generator[Any, None, Any]) -> Any:
    """What a generator returns."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value


class Face:
    """A face of points on a circle; how strongly an emotion is shown moves those that expressions move."""

    def __init__(self) -> None:
        self.strength = 0.0
        angle = np.linspace(0, 20 * np.pi, 478)
        radius = np.linspace(40, 160, 478)
        self.points = 256 + np.stack([radius * np.cos(angle), radius * np.sin(angle), 0 * angle], 1)

    def __call__(self, picture: NDArray[np.uint8]) -> FaceObservation:
        points = self.points.astype(np.float32)
        points[200:260, 1] += 10 * self.strength
        return FaceObservation(points, 1.0, np.zeros(52, np.float32))


@pytest.fixture
def face(monkeypatch: pytest.MonkeyPatch) -> Face:
    """The detector sees the level that is drawn; sad is the same at levels 1 and 2."""
    face = Face()

    def draw(avatar: Avatar, renderer: object, control: Any, size: int) -> NDArray[np.uint8]:
        sad = control.weights[2] > 0.5
        face.strength = min(control.level, 1.0) if sad else control.level
        return np.zeros((size, size, 3), np.uint8)

    monkeypatch.setattr(levels, "draw", draw)
    monkeypatch.setattr(cross, "draw", draw)
    return face


def test_displacement_by_level(twin: Avatar, face: Face) -> None:
    """In proportion to the level where the face is; an emotion that stands still is not called growing."""
    count = 40
    shapes = {
        "psi": (62,), "jaw": (3,), "neck": (3,), "eyes": (2, 3), "root_rotation": (3,), "root_translation": (3,),
        "au45": (), "landmarks": (478, 2), "blendshapes": (52,), "reprojection": (), "confidence": (),
    }  # fmt: skip
    zeros = {name: np.zeros((count, *shape), np.float32) for name, shape in shapes.items()}
    zeros["confidence"] += 1
    track = Track(**zeros, crop=np.zeros(3, np.float32), fps=25.0, size=SIDE)
    found = finish(
        judge_levels(
            twin,
            heard(1.2),
            face,
            [("neutral", 0.0, track), ("happy", 2.0, track)],
            StopToken(),
            ("happy", "sad"),
            (0.0, 1.0, 2.0),
        )
    )
    happy, sad = found["emotions"]["happy"], found["emotions"]["sad"]
    assert happy["displacement"][0] == pytest.approx(0, abs=1e-6)
    assert happy["displacement"][2] == pytest.approx(2 * happy["displacement"][1], rel=0.05)
    assert happy["displacement"][1] == pytest.approx(10 * 60 / 468, rel=0.1)
    assert happy["growing"]
    assert not sad["growing"]
    assert happy["recorded"] is False
    assert found["reference"] == "recorded"
    assert found["recorded"][0]["displacement"] == pytest.approx(0, abs=1e-3)
    assert found["recorded"][1]["displacement"] == pytest.approx(happy["displacement"][2], abs=1e-3)


def test_levels_without_a_face_and_when_stopped(twin: Avatar) -> None:
    """No face, no figure; a stop ends it at once."""
    found = finish(judge_levels(twin, heard(0.5), lambda _: None, [], StopToken(), ("happy",), (0.0, 3.0)))
    assert found["emotions"] == {}
    stop = StopToken()
    stop.request()
    assert finish(judge_levels(twin, heard(0.5), lambda _: None, [], stop, ("happy",), (0.0, 3.0))) is None


def test_tile_has_eight_columns_and_a_row_for_each_level(twin: Avatar) -> None:
    """Labelled on top and at the left; without a face the whole picture is shown."""
    picture = tile(twin, heard(0.6), lambda _: None, size=40, levels=(1.0, 3.0))
    assert picture.shape == (26 + 2 * 40, 52 + 8 * 40, 3)
    mild, strong = (picture[y : y + 40, 52:].astype(int) for y in (26, 66))
    assert np.array_equal(mild[:, :40], strong[:, :40]), "neutral has no level"
    assert not np.array_equal(mild[:, 40:80], strong[:, 40:80]), "happy has"


@pytest.mark.parametrize("pops", [False, True])
def test_transitions(twin: Avatar, monkeypatch: pytest.MonkeyPatch, pops: bool) -> None:
    """Jumps lie within the transition, and one within a single frame is found and said to be none smooth."""
    still = twin.arrays(twin.controls_from_speech(heard(0.2), EmotionCurve.constant("neutral", 0.0)).frame(0))

    def arrays(_twin: Avatar, control: Any) -> Any:
        assert control.au45 == 0
        sadness = float(control.weights[EMOTIONS.index("sad")])
        return still._replace(means=still.means + np.float32(0.01 * (sadness > 0.5 if pops else sadness)))

    monkeypatch.setattr(Avatar, "arrays", arrays)
    found = judge_transition(twin, size=48)
    jumps = np.array(found["jumps"])
    assert len(jumps) == round((transition.BEFORE + transition.LENGTH + transition.AFTER) * twin.fps) - 1
    assert jumps[: found["first"] - 1].max() < 1e-6
    assert jumps[found["last"] :].max() < 1e-6
    assert jumps.sum() == pytest.approx(0.01 * np.sqrt(3) * 1e6, rel=1e-3)
    assert found["smooth"] is (not pops)
    assert (found["ratio"] > 2) is pops


def test_speed_is_that_of_whole_frames(twin: Avatar) -> None:
    """Pictures a second, with what they were made of."""
    found = judge_speed(twin, heard(0.8))
    assert 1 < found["fps"] < 2000
    assert found["gaussians"] == len(twin.shapes)
    assert found["cores"] >= 1
    assert found["deformation"] is False


def test_other_voices(twin: Avatar, face: Face, tmp_path: Path) -> None:
    """A film of the voice's length is written; a still face has no score; silence is refused."""
    sound = 0.3 * np.sin(np.arange(24_000) * 0.2) * (np.arange(24_000) % 4000 > 1500)
    soundfile.write(tmp_path / "v.wav", sound.astype(np.float32), 16_000)
    voiced = replace(twin, _encoder=Encoder())
    film = tmp_path / "f.mp4"
    row = finish(judge_voice(voiced, tmp_path / "v.wav", ("happy", 2.0), face, LOUDNESS, film, StopToken()))
    assert row["seconds"] == pytest.approx(1.5, abs=0.05)
    assert row["jitter"] == pytest.approx(0, abs=1e-6)
    assert "sync" not in row
    assert film.stat().st_size > 0
    stop = StopToken()
    stop.request()
    film.unlink()
    assert finish(judge_voice(voiced, tmp_path / "v.wav", ("happy", 2.0), face, LOUDNESS, film, stop)) is None
    assert not film.exists()
    soundfile.write(tmp_path / "s.wav", np.zeros(16_000, np.float32), 16_000)
    with pytest.raises(UserError, match="silent"):
        finish(judge_voice(voiced, tmp_path / "s.wav", ("happy", 2.0), face, LOUDNESS, None, StopToken()))


def test_other_voices_wear_neutral_and_the_strongest_recorded() -> None:
    """Once each."""
    recorded = [("neutral", 0.0), ("sad", 1.0), ("sad", 3.0), ("happy", 2.0)]
    assert labels_for(recorded) == [("neutral", 0.0), ("sad", 3.0), ("happy", 2.0)]
    assert labels_for([]) == [("neutral", 0.0)]


class Encoder:
    """Features of the right width that say nothing."""

    name, width = "none", SPEECH_WIDTH

    def features(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        torch.manual_seed(0)
        return np.zeros((max(round(len(audio) / 320), 1), SPEECH_WIDTH), np.float32)
