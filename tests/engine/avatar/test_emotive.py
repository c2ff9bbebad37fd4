"""Stage 2 in a finished twin: the same offsets as in training, kept on disk, silent about torso and teeth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from emotalker.engine.avatar import Avatar, Heard
from emotalker.engine.avatar.build import stage_two
from emotalker.engine.avatar.emotive import Emotive
from emotalker.engine.bench.twin import sample_twin, with_emotion
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.errors import UserError
from emotalker.engine.files import write_arrays
from emotalker.engine.gaussians.blendshapes import FACE
from emotalker.engine.gaussians.gaussians import FIELDS
from emotalker.engine.training.stage2 import add_offsets

WIDTH = 12


@pytest.fixture(scope="module")
def avatar() -> Avatar:
    """A small twin with an untrained emotional deformation."""
    return with_emotion(sample_twin(1500, 64, WIDTH))


@pytest.fixture(scope="module")
def heard() -> Heard:
    """A second of somebody speaking."""
    features = np.random.default_rng(0).standard_normal((50, WIDTH)).astype(np.float32)
    return Heard(features, np.ones(50, np.float32), 1.0)


def emotive_of(avatar: Avatar) -> Emotive:
    """Its stage 2."""
    assert avatar.emotive is not None
    return avatar.emotive


def test_plays_what_training_rendered(avatar: Avatar, heard: Heard) -> None:
    """The player's single pass gives the Gaussians that stage 2 trains on."""
    control = avatar.controls_from_speech(heard, EmotionCurve.constant("happy", 2.0)).frame(12)
    emotive = emotive_of(avatar)
    with torch.no_grad():
        offsets = emotive.network(emotive.conditions(control))
        blended = add_offsets(avatar.shapes.blend(torch.from_numpy(control.psi_emo)), offsets)
        bones = avatar._bones(control.jaw_emo[None], control.neck[None], control.eyes[None])[0]
        wanted = avatar.shapes.pose(blended, torch.from_numpy(bones), torch.from_numpy(control.root))
    assert float(offsets.means.abs().max()) > 1e-5
    for name, value in zip(FIELDS, avatar.arrays(control)):
        np.testing.assert_allclose(value, getattr(wanted, name).numpy(), atol=2e-5, err_msg=name)


def test_torso_and_teeth_are_left_alone(avatar: Avatar, heard: Heard) -> None:
    """Stage 2 changes the face and nothing else."""
    control = avatar.controls_from_speech(heard, EmotionCurve.constant("sad", 3.0)).frame(3)
    plain = sample_twin(1500, 64, WIDTH)
    moved = np.zeros(len(avatar.shapes), bool)
    for with_it, without in zip(avatar.arrays(control), plain.arrays(control)):
        moved |= np.abs(with_it - without).reshape(len(moved), -1).max(1) > 1e-6
    assert not moved[avatar.shapes.layer != FACE].any()
    assert moved[avatar.shapes.layer == FACE].mean() > 0.9


def test_round_trip(avatar: Avatar, heard: Heard, tmp_path: Path) -> None:
    """Network and words survive the trip to disk, to the last bit."""
    avatar.save(tmp_path)
    loaded = Avatar.load(tmp_path)
    curve = EmotionCurve.constant({"happy": 0.5, "surprised": 0.5}, 1.5)
    ours, theirs = (a.arrays(a.controls_from_speech(heard, curve).frame(7)) for a in (avatar, loaded))
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs))


def test_level_zero_is_neutral(avatar: Avatar, heard: Heard) -> None:
    """No strength of any emotion is the same frame as neutral, stage 2 included."""
    happy, neutral = (
        avatar.arrays(avatar.controls_from_speech(heard, EmotionCurve.constant(e, 0.0)).frame(9))
        for e in ("happy", "neutral")
    )
    assert all(np.array_equal(a, b) for a, b in zip(happy, neutral))


def write_stage(avatar: Avatar, path: Path) -> None:
    """What stage 2 leaves in its folder."""
    arrays, spec = emotive_of(avatar).to_arrays()
    write_arrays(path, arrays | {"mean_code": np.full(12, 0.5, np.float32)}, {"egd": "on", "spec": json.dumps(spec)})


def test_stage_two_is_read_with_its_camera_zero(avatar: Avatar, tmp_path: Path) -> None:
    """The network and the camera code it calls zero come out of its folder; switched off means none."""
    path = tmp_path / "model.safetensors"
    write_stage(avatar, path)
    emotive, code = stage_two(path, avatar.shapes)
    assert emotive is not None
    assert code is not None
    assert code[0] == 0.5
    write_arrays(path, {"none": np.zeros(1, np.float32)}, {"egd": "off"})
    assert stage_two(path, avatar.shapes) == (None, None)


def test_a_stage_two_of_another_head_is_said(avatar: Avatar, tmp_path: Path) -> None:
    """Nothing is played on Gaussians it was not trained on, nor from a file that is something else."""
    path = tmp_path / "model.safetensors"
    write_stage(avatar, path)
    with pytest.raises(UserError, match="emotional deformation"):
        stage_two(path, sample_twin(900, 64, WIDTH).shapes)
    write_arrays(path, {"x": np.zeros(1, np.float32)}, {"egd": "on"})
    with pytest.raises(UserError, match="emotional deformation"):
        stage_two(path, avatar.shapes)
