"""Compact twins: much smaller, read by the same call, and the same to the eye."""

import json

import numpy as np
import pytest

from emotalker.engine.avatar import Avatar
from emotalker.engine.avatar.compact import pack, unpack
from emotalker.engine.avatar.sample import load_sample
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.errors import UserError
from emotalker.engine.gaussians.cpu.playback import PlaybackRenderer
from emotalker.engine.metrics.image import psnr


def pictures(avatar, heard):
    """Some frames at 256 pixels of a strong emotion."""
    controls = avatar.controls_from_speech(heard, EmotionCurve.constant("happy", 2.0), n_frames=60)
    renderer, camera = PlaybackRenderer(), avatar.orbit(256)
    return np.stack([renderer.render(avatar.arrays(controls.frame(i)), camera) for i in (5, 25, 50)])


@pytest.fixture(scope="module")
def twin():
    """The sample, unpacked to full numbers."""
    return Avatar.load(load_sample().avatar_dir)


def test_smaller_and_the_same_to_the_eye(twin, tmp_path):
    """A compact twin takes less than a third of the room; its pictures differ by less than 45 dB can tell."""
    twin.save(tmp_path / "full")
    twin.save(tmp_path / "small", compact=True)
    sizes = [(tmp_path / n / "avatar.safetensors").stat().st_size for n in ("full", "small")]
    assert sizes[1] < sizes[0] / 3
    heard = load_sample().heard
    whole, small = (pictures(Avatar.load(tmp_path / n), heard) for n in ("full", "small"))
    assert psnr(whole / 255.0, small / 255.0) >= 45


def test_full_twins_are_still_read_by_older_programs(twin, tmp_path):
    """Only compact twins carry the newer version number."""
    twin.save(tmp_path / "full")
    twin.save(tmp_path / "small", compact=True)
    versions = [json.loads((tmp_path / n / "avatar.json").read_text())["version"] for n in ("full", "small")]
    assert versions == [1, 2]


def test_damage_is_said(twin, tmp_path):
    """A way of storing that this version does not know is an error that a person can read."""
    twin.save(tmp_path, compact=True)
    facts = json.loads((tmp_path / "avatar.json").read_text())
    facts["compact"]["shapes.weights"]["how"] = "by magic"
    (tmp_path / "avatar.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match="cannot be read"):
        Avatar.load(tmp_path)


def test_every_kind_of_array_comes_back():
    """Names, types and shapes are kept; indices, starts and masks exactly, numbers within their step."""
    rng = np.random.default_rng(0)
    count = rng.integers(1, 4, 30)
    rows = int(count.sum())
    arrays = {
        "plate": np.full((16, 16, 3), 90, np.uint8),
        "shapes.deltas.start": np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        "shapes.deltas.expression": rng.integers(0, 5, rows).astype(np.int32),
        "shapes.deltas.fixed": rng.standard_normal((rows, 6)).astype(np.float32),
        "shapes.deltas.learned": rng.standard_normal((rows, 14)).astype(np.float32),
        "shapes.deltas.mask": rng.random(rows).astype(np.float32),
        "shapes.triangle": rng.integers(0, 9000, 30),
        "a2et.big": rng.standard_normal((64, 32, 9)).astype(np.float32),
        "a2et.bias": rng.standard_normal(64).astype(np.float32),
        "labels.known": rng.standard_normal((3, 4)).astype(np.float32),
    }
    packed, notes = pack(arrays)
    back = unpack(packed, json.loads(json.dumps(notes)))
    assert {k: (v.dtype, v.shape) for k, v in back.items()} == {k: (v.dtype, v.shape) for k, v in arrays.items()}
    for name in ("shapes.deltas.start", "shapes.deltas.expression", "shapes.triangle", "labels.known"):
        assert np.array_equal(back[name], arrays[name])
    assert np.abs(back["a2et.big"] - arrays["a2et.big"]).max() < 0.02
    weighted = arrays["shapes.deltas.learned"] * arrays["shapes.deltas.mask"][:, None]
    assert np.abs(back["shapes.deltas.learned"] * back["shapes.deltas.mask"][:, None] - weighted).max() < 0.02
    assert np.abs(back["plate"].astype(int) - 90).max() <= 2
