"""The audio-to-expression transformer: shapes, level 0, continuity, and playing long sound in blocks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from emotalker.engine.a2et.layers import Strength
from emotalker.engine.a2et.model import A2ET, A2ETSpec, positive, unpositive
from emotalker.engine.a2et.predict import load_a2et, predict, save_a2et, silence_gate
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.errors import UserError

K = 7
S = 12
SPEC = A2ETSpec(speech_width=S, expressions=K, width=32, heads=4, ffn=64)


@pytest.fixture
def model() -> A2ET:
    """A small model with every weight shaken, so that nothing is zero by its start."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = A2ET(SPEC)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.2 * torch.randn_like(parameter)
    return model.eval()


def _inputs(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    return random.normal(size=(n, S)).astype(np.float32), np.ones(n, np.float32)


def _weights(**share: float) -> np.ndarray:
    return np.array([share.get(name, 0.0) for name in EMOTIONS], np.float32)


def test_frames_have_the_promised_shapes_at_any_rate(model: A2ET) -> None:
    """T frames at 25, 30 or 60 a second, all finite, psi in [0, 1]."""
    speech, voice = _inputs()
    for fps, n in ((25.0, 100), (30.0, 120), (60.0, 240), (25.0, 1), (25.0, 0)):
        track = predict(model, speech, voice, _weights(happy=1), np.float32(2.0), fps, n)
        assert track.psi_emo.shape == track.psi_neu.shape == (n, K)
        assert track.jaw_emo.shape == track.neck_emo.shape == track.jaw_neu.shape == track.neck_neu.shape == (n, 3)
        assert len(track) == n
        for values in (track.psi_neu, track.psi_emo):
            assert np.isfinite(values).all()
            assert (values >= 0).all()
            assert (values <= 1).all()


def test_other_rates_follow_the_same_curve(model: A2ET) -> None:
    """50 frames a second pass through the mean of neighbouring 25 Hz frames: time does not shift with the rate."""
    speech, voice = _inputs()
    slow = predict(model, speech, voice, _weights(sad=1), np.float32(1.0), 25.0, 80)
    fast = predict(model, speech, voice, _weights(sad=1), np.float32(1.0), 50.0, 160)
    pairs = fast.jaw_emo.reshape(80, 2, 3).mean(1)
    inner = slice(2, -2)
    ours = (6 * slow.jaw_emo[1:-1] + slow.jaw_emo[:-2] + slow.jaw_emo[2:]) / 8
    np.testing.assert_allclose(pairs[1:-1][inner], ours[inner], atol=1e-5)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_level_0_of_any_emotion_is_neutral_exactly(model: A2ET, emotion: str) -> None:
    """No bit of the residual is left at level 0."""
    track = predict(model, *_inputs(), _weights(**{emotion: 1}), np.float32(0.0), 25.0, 60)
    np.testing.assert_array_equal(track.psi_emo, track.psi_neu)
    np.testing.assert_array_equal(track.jaw_emo, track.jaw_neu)
    np.testing.assert_array_equal(track.neck_emo, track.neck_neu)


def test_neutral_at_any_level_is_neutral_exactly(model: A2ET) -> None:
    """The label neutral has no strength."""
    track = predict(model, *_inputs(), _weights(neutral=1), np.float32(3.0), 25.0, 60)
    np.testing.assert_array_equal(track.psi_emo, track.psi_neu)


def test_levels_between_are_continuous_and_differ(model: A2ET) -> None:
    """Small steps of the level make small steps of the face, also across whole levels, and the ends are far apart."""
    speech, voice = _inputs()
    levels = np.linspace(0, 3, 31, dtype=np.float32)
    faces = [predict(model, speech, voice, _weights(angry=1), level, 25.0, 20).psi_emo for level in levels]
    steps = [float(np.abs(b - a).max()) for a, b in itertools.pairwise(faces)]
    assert max(steps) < 0.2 * float(np.abs(faces[-1] - faces[0]).max()) + 0.02
    assert float(np.abs(faces[-1] - faces[0]).max()) > 0.05
    assert float(np.abs(faces[15] - faces[10]).max()) > 1e-3


def test_strength_grows_with_the_level_whatever_its_weights() -> None:
    """The mean offset cannot shrink when the level rises."""
    strength = Strength()
    with torch.no_grad():
        strength.steepness.normal_(0, 3, generator=torch.Generator().manual_seed(0))
        values = strength(torch.linspace(0, 3, 31))
    assert (values[0] == 0).all()
    assert (values[1:] - values[:-1] > 0).all()


def test_emotions_mix(model: A2ET) -> None:
    """Half happy, half sad is neither; scaling all weights alike changes nothing."""
    speech, voice = _inputs()

    def face(**share: float) -> np.ndarray:
        return predict(model, speech, voice, _weights(**share), np.float32(2.0), 25.0, 40).psi_emo

    mixed = face(happy=0.5, sad=0.5)
    np.testing.assert_allclose(mixed, face(happy=2, sad=2), atol=1e-6)
    assert np.abs(mixed - face(happy=1)).max() > 1e-3
    assert np.abs(mixed - face(sad=1)).max() > 1e-3


def test_long_sound_in_blocks_equals_one_piece(model: A2ET, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks carry enough context that their seams cannot be found."""
    speech, voice = _inputs(400)
    whole = predict(model, speech, voice, _weights(fear=1), np.float32(1.5), 25.0, 200)
    monkeypatch.setattr("emotalker.engine.a2et.predict.BLOCK", 37)
    pieces = predict(model, speech, voice, _weights(fear=1), np.float32(1.5), 25.0, 200)
    np.testing.assert_allclose(pieces.psi_emo, whole.psi_emo, atol=1e-5)
    np.testing.assert_allclose(pieces.jaw_emo, whole.jaw_emo, atol=1e-5)


def test_silence_closes_the_mouth_and_keeps_the_feeling(model: A2ET) -> None:
    """Where nobody speaks, jaw and articulation lie at rest whatever the network says; a kept coefficient stays."""
    speech, voice = _inputs(400)
    voice[150:300] = 0.02
    model.rest_jaw.copy_(torch.tensor([0.03, 0.0, 0.0]))
    model.rest_psi.fill_(0.1)
    model.mouth[0] = 0
    track = predict(model, speech, voice, _weights(happy=1), np.float32(3.0), 25.0, 200)
    silent, speaking = slice(82, 143), slice(10, 65)
    np.testing.assert_allclose(track.jaw_emo[silent], np.tile([0.03, 0, 0], (61, 1)), atol=1e-6)
    np.testing.assert_allclose(track.psi_emo[silent, 1:], 0.1, atol=1e-6)
    assert track.psi_emo[silent, 0].std() > 1e-4
    assert track.jaw_emo[speaking].std(0).max() > 1e-3
    assert np.abs(np.diff(track.gate)).max() < 0.5


def test_gate_opens_before_the_first_sound() -> None:
    """Lips move before they are heard, so the gate leads by some frames and never opens in plain silence."""
    voice = np.zeros(100, np.float32)
    assert (silence_gate(voice) == 0).all()
    voice[50:70] = 1
    gate = silence_gate(voice)
    assert gate[48] > 0.5
    assert (gate[50:70] > 0.99).all()
    assert (gate[:40] == 0).all()


def test_end_of_the_speech_is_silence(model: A2ET) -> None:
    """Frames after the end of the sound rest."""
    speech, voice = _inputs(100)
    track = predict(model, speech, voice, _weights(), np.float32(0.0), 25.0, 100)
    np.testing.assert_allclose(track.jaw_emo[60:], 0, atol=1e-6)


def test_saved_model_says_the_same(model: A2ET, tmp_path) -> None:
    """A file holds everything that playing needs."""
    save_a2et(model, tmp_path / "model.safetensors")
    speech, voice = _inputs()
    ours = predict(model, speech, voice, _weights(sad=1), np.float32(2.37), 25.0, 90)
    theirs = predict(
        load_a2et(tmp_path / "model.safetensors"), speech, voice, _weights(sad=1), np.float32(2.37), 25.0, 90
    )
    np.testing.assert_array_equal(ours.psi_emo, theirs.psi_emo)


def test_damaged_model_is_explained(tmp_path) -> None:
    """A file of something else gives a message, not a traceback."""
    (tmp_path / "model.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(UserError, match="cannot be read"):
        load_a2et(tmp_path / "model.safetensors")


def test_positive_has_an_inverse() -> None:
    """Least squares on raw values needs the way back."""
    psi = torch.linspace(0.01, 1.5, 50)
    torch.testing.assert_close(positive(unpositive(psi)), psi, atol=1e-5, rtol=0)
    assert torch.isfinite(unpositive(torch.zeros(3))).all()
