"""A tracked clip can be looked at frame by frame, with what the tracker has to say about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.errors import UserError
from emotalker.engine.head.default import load_default_head
from emotalker.engine.media.frame_store import FrameStoreWriter
from emotalker.engine.synthetic.body import sample_camera
from emotalker.engine.tracking.observing.observe import Observed
from emotalker.engine.tracking.track import Subject, Track
from emotalker.engine.tracking.view import TrackView

SIDE, COUNT = 64, 6
GREY = 90


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the stage leaves of a clip of six frames, grey from the first to the last; the face is lost in two."""
    head = load_default_head()
    clip = tmp_path / "clips" / "sad3"
    camera = sample_camera(SIDE)
    blink = np.zeros(2, np.float32)
    Subject(np.zeros(len(head.identity_basis), np.float32), camera, blink, blink).save(tmp_path / "subject.safetensors")
    confidence = np.array([1, 1, 0, 0, 1, 1], np.float32)
    landmarks, blendshapes = np.full((COUNT, 478, 2), SIDE / 2, np.float32), np.zeros((COUNT, 52), np.float32)
    still, crop = np.zeros((COUNT, 3), np.float32), np.array([0, 0, SIDE], np.float32)
    psi = np.zeros((COUNT, len(head.expression_names)), np.float32)
    lids = np.zeros(COUNT, np.float32)
    Track(
        psi, still, still, np.zeros((COUNT, 2, 3), np.float32), still, still, lids, confidence, landmarks, blendshapes,
        np.full(COUNT, 0.01, np.float32), crop, 25.0, SIDE,
    ).save(clip / "track.safetensors")  # fmt: skip
    faces = np.ones(1, np.float32)
    Observed(landmarks, blendshapes, confidence, faces, crop).save(clip / "observed.safetensors", 25.0, SIDE)
    with FrameStoreWriter(clip / "frames.store") as store:
        for _ in range(COUNT):
            store.append(np.full((SIDE, SIDE, 3), GREY, np.uint8), np.zeros((SIDE, SIDE), np.uint8))
    return tmp_path


def test_every_frame_has_a_picture(folder: Path) -> None:
    """Points beside the fitted head, over the frame as it was; the head follows where it was found."""
    view = TrackView(folder, "sad3")
    assert view.count == COUNT
    assert view.confidence.tolist() == [1, 1, 0, 0, 1, 1]
    assert view.weight.tolist() == [1, 1, 0, 0, 1, 1]
    picture = view.frame(COUNT - 1)
    assert picture.shape == (SIDE, 2 * SIDE, 3)
    assert picture.dtype == np.uint8
    points, mesh = np.abs(picture.astype(int) - GREY).max(-1).reshape(SIDE, 2, SIDE).transpose(1, 0, 2) > 30
    assert points.any()
    assert mesh.mean() > 0.05
    assert not mesh[:3].any(), "nothing is drawn over the edge of the frame"


def test_problems_are_sentences(folder: Path) -> None:
    """Lost frames are counted and the clip is named."""
    (problem,) = TrackView(folder, "sad3").problems
    assert "sad3" in problem
    assert "2 of 6 frames" in problem


def test_a_clip_that_was_not_tracked_is_told(folder: Path) -> None:
    """Its files are not there."""
    with pytest.raises(UserError):
        TrackView(folder, "happy")
