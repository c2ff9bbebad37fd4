"""Hearing: log-mel, speech features in windows, voice activity, and the way out when the hub is out of reach."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import soxr
import torch

from emotalker.engine import assets
from emotalker.engine.a2et import speech
from emotalker.engine.a2et.logmel import LogMel, mel_filters
from emotalker.engine.a2et.speech import HubSpeechEncoder, SpeechEncoder, open_speech_encoder
from emotalker.engine.a2et.voice import voice_probability
from emotalker.engine.a2et.windows import blend_windows, feature_count, sample_frames, window_starts
from emotalker.engine.errors import UserError

DATA = Path(__file__).parents[4] / "shared" / "data" / "audio"


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """About 25 s of speech at 16 kHz, synthesised, else recorded."""
    if shutil.which("espeak-ng"):
        path = tmp_path_factory.mktemp("speech") / "speech.wav"
        text = "The quick brown fox jumps over the lazy dog, and then it sleeps until the morning. " * 5
        subprocess.run(["espeak-ng", "-v", "en-us", "-w", str(path), text], check=True)
    elif DATA.exists():
        path = DATA / "Claire_neutral.wav"
    else:
        pytest.skip("neither espeak-ng nor recorded speech is here")
    audio, rate = soundfile.read(path, dtype="float32")
    return np.asarray(soxr.resample(audio, rate, 16000), np.float32)


needs_whisper = pytest.mark.skipif(assets.path("whisper_tiny_en") is None, reason="whisper_tiny_en is not downloaded")


def test_mel_bands_cover_the_spectrum_with_equal_area() -> None:
    """80 triangles of unit area whose tops climb from low to high."""
    bands = mel_filters()
    assert bands.shape == (80, 201)
    tops = bands.argmax(1)
    assert (tops[1:] >= tops[:-1]).all()
    areas = bands[20:].sum(1) * 40  # 40 Hz per bin; the lowest bands are narrower than a bin
    torch.testing.assert_close(areas, torch.ones(60), atol=0.15, rtol=0)


def test_mel_of_a_piece_equals_that_of_the_whole() -> None:
    """Windows hear the samples beyond their edges, so cutting changes nothing."""
    audio = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    mel = LogMel()
    torch.testing.assert_close(mel.power(audio, 30, 40), mel.power(audio, 0, 100)[:, 30:70], atol=1e-5, rtol=0)
    assert mel.peak(audio, block=17) == pytest.approx(float(mel.power(audio, 0, 100).max()), abs=1e-5)


def test_windows_cover_everything_and_vanish_in_the_blend() -> None:
    """Every frame is covered by full windows, and a signal that does not depend on windows comes out unchanged."""
    for frames in (1, 99, 500, 501, 1400, 3333):
        starts = window_starts(frames, 500, 100)
        covered = np.zeros(frames, bool)
        for start in starts:
            covered[start : start + 500] = True
        assert covered.all()
        assert all(b - a <= 400 for a, b in itertools.pairwise(starts))
        truth = np.random.default_rng(0).normal(size=(frames, 3)).astype(np.float32)
        np.testing.assert_allclose(blend_windows(lambda a, b, t=truth: t[a:b], frames, 3), truth, atol=1e-5)


def test_sampling_puts_values_in_the_middle_of_their_frames() -> None:
    """A ramp at 50 Hz read at 25 Hz gives the mean of each pair."""
    ramp = np.arange(10, dtype=np.float32)[:, None]
    at = sample_frames(ramp, 50, (np.arange(5) + 0.5) / 25)
    np.testing.assert_allclose(at[:, 0], [0.5, 2.5, 4.5, 6.5, 8.5], atol=1e-6)


@needs_whisper
@pytest.mark.assets
def test_features_of_any_length(spoken: np.ndarray) -> None:
    """50 frames a second of 384 features, for a few samples as for nothing; the same twice; blind to loudness."""
    encoder = SpeechEncoder()
    for samples in (0, 1, 320, 321, 50_000):
        features = encoder.features(spoken[:samples])
        assert features.shape == (feature_count(samples), 384)
        assert np.isfinite(features).all()
    piece = spoken[:64000]
    np.testing.assert_array_equal(encoder.features(piece), encoder.features(piece))
    np.testing.assert_allclose(encoder.features(piece), encoder.features(0.25 * piece), atol=0.02)


@needs_whisper
@pytest.mark.assets
def test_features_in_windows_equal_those_in_one_piece(spoken: np.ndarray) -> None:
    """Speech longer than a window is heard almost as if in one (attention reaches beyond 10 s, so not bit for bit)."""
    windowed, whole = SpeechEncoder().features(spoken), SpeechEncoder(window=1500).features(spoken)
    assert len(spoken) > 16000 * 12
    assert windowed.shape == whole.shape
    correlation = [np.corrcoef(windowed[:, i], whole[:, i])[0, 1] for i in range(384)]
    assert np.median(correlation) > 0.95


def test_voice_is_heard_and_noise_is_not(spoken: np.ndarray) -> None:
    """Speech is found, silence and noise are not, and a pause in the middle shows at its place."""
    assert voice_probability(np.zeros(0, np.float32)).shape == (0,)
    assert voice_probability(np.zeros(32000, np.float32)).max() < 0.3
    noise = np.random.default_rng(0).normal(0, 0.05, 64000).astype(np.float32)
    assert np.median(voice_probability(noise)) < 0.3
    speech_part = spoken[8000:56000]
    pause = np.zeros(32000, np.float32)
    voice = voice_probability(np.concatenate([speech_part, pause, speech_part]))
    assert voice.shape == (feature_count(128000),)
    assert (voice[10:140] > 0.5).mean() > 0.7
    assert (voice[165:245] > 0.3).mean() < 0.05


def test_voice_detection_leaves_the_number_of_threads_alone(spoken: np.ndarray) -> None:
    """The package's own import would set torch to one thread."""
    before = torch.get_num_threads()
    voice_probability(spoken[:16000])
    assert torch.get_num_threads() == before


@needs_whisper
@pytest.mark.assets
def test_hub_encoder_out_of_reach_falls_back_quickly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the hub the default listens, a warning says so, and nobody waits."""
    pytest.importorskip("transformers")
    monkeypatch.setattr(speech, "_reachable", lambda _host: False)
    monkeypatch.setattr(speech, "HUB_MODELS", {"hubert": str(tmp_path / "not there")})
    start = time.monotonic()
    encoder, notice = open_speech_encoder("hubert")
    assert time.monotonic() - start < 30  # importing transformers, not the network
    assert encoder.name == "whisper_tiny_en"
    assert notice is not None
    assert notice.level == "warning"


def test_unknown_encoder_is_explained() -> None:
    """The message names those there are."""
    with pytest.raises(UserError, match="no speech encoder named ears"):
        open_speech_encoder("ears")


def test_hub_encoder_frames_are_centred() -> None:
    """A network that reads 400 samples every 320 gets as many frames as ours, whatever the length."""

    class Fake(torch.nn.Module):
        config = SimpleNamespace(hidden_size=4)

        def forward(self, audio: torch.Tensor) -> SimpleNamespace:
            frames = audio.unfold(1, 400, 320).abs().mean(-1, keepdim=True)
            return SimpleNamespace(last_hidden_state=frames.expand(-1, -1, 4))

    encoder = HubSpeechEncoder("hubert", Fake())
    audio = np.zeros(16000, np.float32)
    audio[3200:6400] = 1
    features = encoder.features(audio)
    assert features.shape == (50, 4)
    loud = features[:, 0] > features[:, 0].mean()
    np.testing.assert_array_equal(np.flatnonzero(loud), np.arange(10, 20))
    assert encoder.features(np.zeros(170_000, np.float32)).shape == (feature_count(170_000), 4)
