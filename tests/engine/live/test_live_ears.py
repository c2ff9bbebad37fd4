"""Hearing bit by bit gives the mouth that hearing everything at once gives."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from emotalker.engine import assets
from emotalker.engine.a2et.logmel import LogMel
from emotalker.engine.a2et.predict import predict
from emotalker.engine.a2et.speech import SpeechEncoder
from emotalker.engine.a2et.voice import VoiceListener, voice_probability
from emotalker.engine.avatar import Avatar
from emotalker.engine.avatar.sample import load_sample
from emotalker.engine.errors import UserError
from emotalker.engine.live.drive import Drive
from emotalker.engine.live.ears import Ears
from emotalker.engine.live.sound import Ring
from emotalker.engine.media import read_audio

needs_whisper = pytest.mark.skipif(assets.path("whisper_tiny_en") is None, reason="whisper_tiny_en is not downloaded")
WIDTH = 12
NEUTRAL = np.tile(np.eye(8, dtype=np.float32)[0], (40, 1))
FLAT = np.zeros(40, np.float32)


def test_a_voice_heard_bit_by_bit(babble: np.ndarray) -> None:
    """The detector's state goes on from piece to piece; silence that was left out counts as silence."""
    whole = voice_probability(babble)
    listener, place = VoiceListener(), 0
    for size in (100, 5000, 320, 1, 20000, len(babble)):
        listener.push(babble[place : place + size], place)
        place += size
    times = (np.arange(len(whole) - 3) + 0.5) / 50
    np.testing.assert_allclose(listener.at(times), whole[:-3], atol=1e-4)
    gap = VoiceListener()
    gap.push(babble[:16000], 0)
    gap.push(babble[:16000], 16000 * 600)
    silent = VoiceListener()
    silent.push(np.concatenate([babble[:16000], np.zeros(16000 * 5, np.float32)]), 0)
    silent.push(babble[:16000], 16000 * 6)
    np.testing.assert_allclose(gap.at(600 + times[:40]), silent.at(6 + times[:40]), atol=0.05)


def test_nothing_heard_is_no_voice() -> None:
    """Before the first sound nobody speaks."""
    assert not VoiceListener().at(np.arange(3.0)).any()


def test_a_frame_needs_a_fifth_of_a_second_more(twin: Avatar, ears: object) -> None:
    """The look-ahead is 0.2 s from the beginning of the frame, and no frame is offered before."""
    ring = Ring(Ears.seconds)
    hearing = Ears(twin.a2et, ears, ring)
    assert hearing.needs(0) == 3200
    assert hearing.newest() < 0
    ring.push(np.zeros(3200, np.float32), 0.0)
    assert hearing.newest() == 0
    ring.push(np.zeros(639, np.float32), 0.0)
    assert hearing.newest() == 0
    ring.push(np.zeros(1, np.float32), 0.0)
    assert hearing.newest() == 1
    moment = hearing.hear(1, NEUTRAL, FLAT)
    assert moment is not None
    assert moment.time == pytest.approx(0.06)


def test_a_twin_of_another_rate_is_refused(twin: Avatar, ears: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 30 frames a second windows of sound and frames do not fit; better no Live than lips that lag."""
    monkeypatch.setattr(twin.a2et, "spec", dataclasses.replace(twin.a2et.spec, fps=30.0))
    with pytest.raises(UserError, match="cannot play live"):
        Ears(twin.a2et, ears, Ring(Ears.seconds))


def test_sound_that_is_gone_is_no_frame(twin: Avatar, ears: object) -> None:
    """Whoever comes too late gets nothing instead of something else."""
    ring = Ring(Ears.seconds)
    hearing = Ears(twin.a2et, ears, ring)
    ring.push(np.zeros(5 * 16000, np.float32), 0.0)
    assert hearing.hear(3, NEUTRAL, FLAT) is None
    assert hearing.hear(hearing.newest(), NEUTRAL, FLAT) is not None


def test_silence_shuts_the_mouth(twin: Avatar, ears: object) -> None:
    """Nobody speaks: the twin's face is the resting one, with whatever it feels."""
    ring = Ring(Ears.seconds)
    hearing = Ears(twin.a2et, ears, ring)
    ring.push(np.zeros(32000, np.float32), 0.0)
    moment = hearing.hear(hearing.newest(), NEUTRAL, FLAT)
    assert moment is not None
    assert moment.face.gate[0] == 0
    np.testing.assert_allclose(moment.face.jaw_neu[0], twin.a2et.rest_jaw.numpy(), atol=1e-5)


def test_frames_may_be_left_out(twin: Avatar, ears: object) -> None:
    """Hearing goes on after frames that were left out, at the place where the sound is."""
    ring = Ring(Ears.seconds)
    drive = Drive(twin, ears, ring)
    ring.push(np.zeros(3200, np.float32), 0.0)
    assert drive.frame(0) is not None
    ring.push(np.zeros(640 * 30, np.float32), 0.0)
    driven = drive.frame(drive.ears.newest())
    assert driven is not None
    control, moment = driven
    assert moment.frame == 30
    assert control.audio.shape == (twin.window, ears.width)
    assert np.isfinite(control.psi_emo).all()


class Listening(SpeechEncoder):
    """Whisper's picture of the sound without its network; notes what it was scaled by."""

    def __init__(self) -> None:
        self._mel, self.width, self.peaks = LogMel(), WIDTH, []

    def heard(self, power: torch.Tensor, peak: float) -> np.ndarray:
        self.peaks.append(peak)
        return np.zeros((power.shape[1] // 2, self.width), np.float32)


def test_a_knock_is_forgotten_while_somebody_speaks(
    twin: Avatar, babble: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loudness follows the loudest sound at once, falls slowly to that of the voice, and in silence not at all."""
    encoder, ring = Listening(), Ring(Ears.seconds)
    hearing = Ears(twin.a2et, encoder, ring)
    speaking = [1.0]
    monkeypatch.setattr(VoiceListener, "at", lambda self, times: np.full(len(times), speaking[0], np.float32))
    voice, place = 0.05 * np.tile(babble, 3), 0

    def hear(frames: range) -> float:
        nonlocal place
        for frame in frames:
            ring.push(voice[place : hearing.needs(frame)], 0.0)
            place = hearing.needs(frame)
            assert hearing.hear(frame, NEUTRAL, FLAT) is not None
        return encoder.peaks[-1]

    usual = hear(range(50))
    voice[hearing.needs(50) : hearing.needs(50) + 200] = 0.9
    knocked = hear(range(50, 53))
    assert knocked > usual + 2
    speaking[0] = 0.0
    assert hear(range(53, 105)) == pytest.approx(knocked)
    speaking[0] = 1.0
    after = hear(range(105, 130))
    assert knocked - 0.25 < after < knocked - 0.15
    assert hear(range(130, 180)) < knocked - 0.5


@needs_whisper
@pytest.mark.assets
def test_live_is_as_offline() -> None:
    """The sample's voice, heard without its future, loudness or mean: jaw and strongest shapes follow `predict`.

    Tolerance: correlation of the jaw at least 0.9, of the six strongest shapes together at least 0.9, movement within a
    quarter of the offline one. Left out is the first second, in which the mean is not known yet.
    """
    sample = load_sample()
    twin = Avatar.load(sample.avatar_dir)
    sound, recording = read_audio(sample.voice_path), sample.heard
    assert sound is not None
    count = 90
    offline = predict(twin.a2et, recording.features, recording.voice, NEUTRAL[0], 0.0, 25.0, count)
    ring = Ring(Ears.seconds)
    hearing = Ears(twin.a2et, twin.encoder(), ring)
    live, place = [], 0
    for frame in range(count):
        ring.push(sound.mono16k[place : hearing.needs(frame)], 0.0)
        place = hearing.needs(frame)
        moment = hearing.hear(frame, NEUTRAL, FLAT)
        assert moment is not None
        live.append((float(moment.face.jaw_neu[0, 0]), moment.face.psi_neu[0]))
    jaw, psi = np.array([j for j, _ in live])[25:], np.array([p for _, p in live])[25:]
    expected, shapes = offline.jaw_neu[25:, 0], offline.psi_neu[25:]
    assert np.corrcoef(jaw, expected)[0, 1] >= 0.9
    assert 0.75 <= jaw.std() / expected.std() <= 1.25
    strongest = np.argsort(-shapes.std(0))[:6]
    together = [np.corrcoef(psi[:, k], shapes[:, k])[0, 1] for k in strongest]
    assert np.mean(together) >= 0.9
