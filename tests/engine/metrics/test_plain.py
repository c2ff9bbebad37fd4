"""Plain predictors that use the tracking: they find what is there and know no more than they may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from emotalker.engine.head.default import load_default_head
from emotalker.engine.media import FrameStore
from emotalker.engine.metrics.baselines import mean_frame
from emotalker.engine.metrics.image import psnr
from emotalker.engine.metrics.landmarks import face_mask, head_mask
from emotalker.engine.metrics.plain import TexturedMesh, nearest_by_expression
from emotalker.engine.tracking.track import Subject, Track


def tracked(person: Any, clip: int) -> tuple[Path, Track]:
    """Frame store and track of a clip of the sample person."""
    folder = person.track_dir / "clips" / person.clips[clip].id
    return folder / "frames.store", Track.load(folder / "track.safetensors")


def test_nearest_by_expression_finds_the_frame_itself(person: Any) -> None:
    """Among frames that hold the sought ones, each is its own nearest; unseen faces are never chosen."""
    both = [tracked(person, 0), tracked(person, 1)]
    track = both[1][1]
    assert nearest_by_expression(track, both) == [(both[1][0], i) for i in range(len(track))]
    track.confidence[:] = 0
    assert {key[0] for key in nearest_by_expression(track, both) if key} == {both[0][0]}
    both[0][1].confidence[:] = 0
    assert nearest_by_expression(track, both) == [None] * len(track)


def test_textured_mesh_beats_the_mean_frame(person: Any) -> None:
    """With the true pose and the person's texture the face is nearer than a blur of all frames."""
    training, (held_store, held) = [tracked(person, 0)], tracked(person, 1)
    subject = Subject.load(person.track_dir / "subject.safetensors")
    size = 96
    mesh = TexturedMesh.of(load_default_head(), subject, training, size)
    assert mesh is not None
    mean = mean_frame([training[0][0]], size)
    ours, theirs = [], []
    with FrameStore(held_store) as store:
        for index in range(0, len(held), 4):
            picture = store.read(index, size)[0]
            region = face_mask(held.landmarks[index] * np.float32(size / held.size), size)
            ours.append(psnr(mesh.draw(held, index, mean), picture, region))
            theirs.append(psnr(mean, picture, region))
    assert np.mean(ours) > np.mean(theirs) + 1


def test_head_region_is_the_person_above_the_chin(person: Any) -> None:
    """It holds the face and some hair, nothing of the plate and no shoulder."""
    store_path, track = tracked(person, 0)
    with FrameStore(store_path) as store:
        matte = store.read(0, 96)[1]
    landmarks = track.landmarks[0] * np.float32(96 / track.size)
    head, face = head_mask(landmarks, matte), face_mask(landmarks, 96) & (matte > 127)
    assert head.sum() > face.sum()
    assert not (head & (matte <= 127)).any()
    assert not head[int(landmarks[:, 1].max()) + 2 :].any()
