"""How the articulator is made: phones to mouths, bad microphones, learning, and figures that can be trusted."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from emotalker.engine.a2et.articulation import CHANNELS, ArticulatorSpec
from emotalker.engine.a2et.pretraining.build_reference import aligned, spans
from emotalker.engine.a2et.pretraining.hearing import Utterance, live_features
from emotalker.engine.a2et.pretraining.impairing import impaired, noise_of, paused
from emotalker.engine.a2et.pretraining.judging import figures, judge
from emotalker.engine.a2et.pretraining.learning import LearningConfig, learn
from emotalker.engine.a2et.pretraining.targets import TARGET_RATE, sounds_of, targets

CLOSED, JAW, ROUNDED = (CHANNELS.index(n) for n in ("closed", "jaw", "rounded"))


def test_ipa_becomes_sounds() -> None:
    """Stress belongs to the next sound, length to the one before, short spaces to both neighbours; strangers rest."""
    spoken = [("ˈ", 0.0, 0.1), ("m", 0.1, 0.2), ("aɪ", 0.2, 0.4), ("ː", 0.4, 0.5), (" ", 0.5, 0.56), ("y", 0.56, 0.7)]
    found = sounds_of([*spoken, ("?", 0.7, 1.2), ("ʤ", 1.2, 1.4)])
    assert [p.name for p in found] == ["m", "aa", "ih", "uw", "_", "d", "sh"]
    assert (found[0].start, found[2].end) == (0.0, pytest.approx(0.53))
    assert found[3].start == pytest.approx(0.53)
    assert found[5].end == found[6].start == pytest.approx(1.3)


def test_the_end_of_a_sentence_is_a_pause() -> None:
    """A full stop or a dash that lasts is silence, and does not lengthen the last sound."""
    for mark in ".-":
        found = sounds_of([("m", 0.0, 0.1), ("ɑ", 0.1, 0.3), (mark, 0.3, 0.9)])
        assert [(p.name, p.end) for p in found] == [("m", 0.1), ("aa", 0.3), ("_", 0.9)]


def test_a_diphthong_is_the_same_however_it_is_written() -> None:
    """One letter, two, or two phones: go, now and say end in the same mouth; an o before a stressed u does not."""
    for one, two, names in (("O", "oʊ", ["ao", "uw"]), ("W", "aʊ", ["aa", "uw"]), ("A", "eɪ", None)):
        ways = [(one, 0.0, 0.2)], [(two, 0.0, 0.2)], [("ˈ" + two[0], 0.0, 0.1), (two[1], 0.1, 0.2)]
        first, *others = (sounds_of(way) for way in ways)
        assert all(other == first for other in others)
        assert names is None or [p.name for p in first] == names
    assert [p.name for p in sounds_of([("o", 0.0, 0.1), ("ˈʊ", 0.1, 0.2)])] == ["ao", "uh"]
    assert [p.name for p in sounds_of([("o", 0.0, 0.1), ("ˈ", 0.1, 0.12), ("ʊ", 0.12, 0.2)])] == ["ao", "uh"]


def test_s_becomes_a_following_sh() -> None:
    """The lips of "those shy" are round before the sh is heard; with a pause or a t between they are not."""
    mouth = lambda *names: sounds_of([(n, i / 5, (i + 1) / 5) for i, n in enumerate(names)])  # noqa: E731
    assert [p.name for p in mouth("z", "ʃ", "s", "ʒ")] == ["sh"] * 4
    assert [p.name for p in mouth("z", "_", "ʃ", "s", "t", "ʃ")] == ["z", "_", "sh", "s", "t", "sh"]


def test_lips_close_for_m_and_round_for_u() -> None:
    """Targets reach full contact in an m, none in a vowel, and are still in silence."""
    mouth = targets([("_", 0, 0.4), ("ɑ", 0.4, 0.6), ("m", 0.6, 0.7), ("u", 0.7, 0.9), ("_", 0.9, 1.4)], 1.4)
    at = lambda seconds: mouth[int(seconds * TARGET_RATE)]  # noqa: E731
    assert mouth.shape == (140, len(CHANNELS))
    assert at(0.64)[CLOSED] > 0.95
    assert at(0.5)[CLOSED] < 0.05
    assert at(0.5)[JAW] > 0.7
    assert at(0.82)[ROUNDED] > 0.8
    assert mouth[-20:].max() < 0.01


def test_bad_microphones_keep_time_and_stay_finite() -> None:
    """Whatever happens to the sound, it is as long as before, no louder than full scale, and not all noise."""
    t = np.arange(16_000) / 16_000
    sound = (0.4 * np.sin(2 * np.pi * 300 * t) * (np.sin(2 * np.pi * 3 * t) > 0)).astype(np.float32)
    loud = np.abs(sound) > 0.1
    for seed in range(12):
        heard = impaired(sound, np.random.default_rng(seed))
        assert heard.shape == sound.shape
        assert np.isfinite(heard).all()
        assert np.abs(heard).max() <= 0.91
        assert np.abs(heard[loud]).mean() > 1.2 * np.abs(heard[~loud]).mean()


def test_silence_around_speech_keeps_time() -> None:
    """Speech lies where it should between the added silences, with breath in them or without."""
    sound = np.ones(1600, np.float32)
    out = paused(sound, (1.0, 0.5))
    assert len(out) == 1.6 * 16_000
    assert np.flatnonzero(out).tolist() == list(range(16_000, 17_600))
    breathed = paused(sound, (1.0, 0.5), np.random.default_rng(0))
    assert np.array_equal(breathed[16_000:17_600], sound)
    for seed in range(6):
        noise = noise_of(np.random.default_rng(seed), 1.0)
        assert noise.shape == (16_000,)
        assert np.isfinite(noise).all()


def test_short_windows_are_put_together_in_time() -> None:
    """Heard as from a microphone, every feature comes from its own moment and hears a fifth of a second on."""

    class Clock:
        """Hears what time it is, and how much follows."""

        name, width = "clock", 2
        pieces: ClassVar[list[int]] = []

        def features(self, audio_16k: np.ndarray) -> np.ndarray:
            self.pieces.append(len(audio_16k))
            count = len(audio_16k) // 320
            return np.stack([audio_16k[::320][:count], np.arange(count)[::-1]], 1).astype(np.float32)

    heard = live_features(Clock(), np.arange(320 * 200, dtype=np.float32) / 320)
    np.testing.assert_allclose(heard[:, 0], np.arange(200))
    assert (heard[:190, 1] >= 10).all()
    assert max(Clock.pieces) == 80 * 320


def test_phones_are_found_in_order() -> None:
    """The alignment goes through all tokens, also twice the same one, at their peaks."""
    truth = {4: 1, 9: 2, 12: 2, 20: 3}
    scores = np.full((24, 4), np.log(0.02))
    for frame in range(24):
        scores[frame, truth.get(frame, 0)] = np.log(0.9)
    scores[9, 2] = np.log(0.3)  # unsure, but it must be somewhere
    np.testing.assert_allclose(aligned(scores, [1, 2, 2, 3], 0), np.array(list(truth)) + 0.5, atol=1.01)
    found = spans(["a", "t"], np.array([0.5, 1.5]), np.r_[np.ones(80), np.zeros(60), np.ones(60)] > 0)
    assert [name for name, *_ in found] == ["_", "a", "_", "t", "_"]
    assert found[1][2] == pytest.approx(0.8, abs=0.02)
    assert found[3][1] == pytest.approx(1.43)


def test_figures_know_good_from_bad() -> None:
    """The reference itself is perfect; a second late it is not, and an open mouth in silence is told."""
    random = np.random.default_rng(0)
    true = np.clip(random.standard_normal((400, len(CHANNELS))), 0, 1).astype(np.float32)
    true[:, CLOSED] = 0
    for start in range(20, 380, 30):
        true[start : start + 3, CLOSED] = 1
    true[150:200] = 0
    perfect = figures([(true, true)], 25.0)
    assert perfect["jaw"] == pytest.approx(1)
    assert perfect["closure_recall"] == perfect["closure_precision"] == 1
    assert perfect["silence"] == pytest.approx(0, abs=1e-6)
    padded = [(np.pad(x, ((25, 25), (0, 0))), np.pad(true, ((25, 25), (0, 0)))) for x in (np.roll(true, 10, 0),)]
    assert figures(padded, 25.0, 25)["jaw"] < figures(padded, 25.0)["jaw"]
    late = figures([(np.roll(true, 10, 0), true)], 25.0)
    assert late["jaw"] < 0.5
    assert late["closure_recall"] < 0.2
    gaping = true.copy()
    gaping[150:200, JAW] = 0.5
    assert figures([(gaping, true)], 25.0)["silence"] > 0.3


def test_an_articulator_learns_and_is_judged_on_others() -> None:
    """Where the features say what the mouth does, a tiny network finds it, also for a voice it never heard."""
    random = np.random.default_rng(1)
    mixing = random.standard_normal((len(CHANNELS), 16)).astype(np.float32)

    def speak(speaker: str) -> Utterance:
        mouth = np.repeat(random.random((30, len(CHANNELS))).round(), 10, 0).astype(np.float32)
        features = mouth.reshape(150, 2, -1).mean(1) @ mixing + random.standard_normal(16).astype(np.float32)
        return Utterance(speaker, features, np.ones(150, np.float32), mouth)

    spec = ArticulatorSpec(speech="none", speech_width=16, width=32, heads=2, ffn=32, window=5, layers=1)
    config = LearningConfig(steps=120, batch=8, frames=50, shortest=20, lr=5e-3, noise=0.1)
    model = learn([speak("a") for _ in range(30)], spec, config)
    report = judge(model, [speak("b") for _ in range(4)])
    assert report["jaw"] > 0.8
    assert report["rounded"] > 0.8
    assert report["closure_recall"] > 0.8
