"""The sample person's words, voice and motion are known and consistent."""

import itertools

import numpy as np
import pytest

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.head.default import load_default_head
from emotalker.engine.synthetic.performance import EMOTION_FACES, EMOTION_VOICES, perform
from emotalker.engine.synthetic.phones import DIPHTHONGS, SENTENCES, SOUNDS, script
from emotalker.engine.synthetic.speech import RATE, speak

NAMES = load_default_head().expression_names


def act(emotion="neutral", level=0.0, seed=0, seconds=6.0):
    phones = script(seconds, 0, 1.0)
    return phones, perform(phones, seconds, 25.0, emotion, level, NAMES, seed)


def test_every_word_can_be_said():
    """All phones of all sentences are in the table."""
    for sentence in SENTENCES:
        assert all(name in SOUNDS or name in DIPHTHONGS for name in sentence.split())


def test_every_emotion_has_a_face_and_a_voice():
    """The eight emotions are covered, and every shape they use exists in the head."""
    assert set(EMOTION_FACES) == set(EMOTIONS) == set(EMOTION_VOICES)
    sides = {n.removesuffix("Left").removesuffix("Right") for n in NAMES} | set(NAMES) | {"jaw", "nod"}
    for face in EMOTION_FACES.values():
        assert set(face) <= sides


def test_script_fills_the_clip_in_order():
    """Phones follow one another without overlap, with silence before and after."""
    phones = script(8.0, 3, 1.1)
    assert phones[0].start == pytest.approx(0.4)
    assert phones[-1].end <= 7.6
    assert all(b.start >= a.end - 1e-9 for a, b in itertools.pairwise(phones))


def test_lips_meet_on_p_b_m_and_open_on_a():
    """In the middle of p, b and m the jaw is nearly shut and the lips press; in long open vowels the jaw is open."""
    phones, acted = act()
    press = acted.psi[:, NAMES.index("mouthPressLeft")]
    for phone in phones:
        frame = min(int((phone.start + phone.end) / 2 * 25), len(acted) - 1)
        if phone.sound.closed:
            assert acted.jaw[frame, 0] < 0.06
            assert press[frame] > 0.12
        if phone.name == "aa":
            assert acted.jaw[frame, 0] > 0.07


def test_stronger_levels_are_stronger_faces():
    """Smile and frown grow with the level, and neutral has neither."""
    for emotion, shape in (("happy", "mouthSmileLeft"), ("sad", "mouthFrownLeft")):
        means = [act(emotion, level)[1].psi[:, NAMES.index(shape)].mean() for level in (0.0, 1.0, 2.0, 3.0)]
        assert means[0] < 0.05
        assert np.diff(means).min() > 0.15


def test_motion_stays_within_what_a_person_does():
    """Coefficients lie in [0, 1], the head turns by a few degrees, eyes blink now and then and stay open between."""
    _, acted = act("happy", 3.0, seed=4, seconds=12.0)
    assert acted.psi.min() >= 0
    assert acted.psi.max() <= 1
    assert np.abs(np.degrees(acted.neck)).max() < 15
    assert 2 <= ((acted.au45[1:] > 0.5) & (acted.au45[:-1] <= 0.5)).sum() <= 8
    assert np.median(acted.au45) == 0
    assert acted.root_translation.std() > 1e-4


def test_same_seed_same_performance():
    """Motion and sound repeat exactly, and another seed gives others."""
    phones, first = act(seed=2)
    again, other = act(seed=2)[1], act(seed=3)[1]
    assert np.array_equal(first.psi, again.psi)
    assert np.array_equal(first.neck, again.neck)
    assert not np.array_equal(first.neck, other.neck)
    assert np.array_equal(speak(phones, 6.0, 160, 0.1, 2), speak(phones, 6.0, 160, 0.1, 2))


def test_voice_is_loud_in_vowels_and_silent_in_pauses():
    """Sound has the asked length, is much louder in vowels than between words, and hisses high in s."""
    phones = script(6.0, 3, 1.0)
    sound = speak(phones, 6.0, 160, 0.1, 0)
    assert sound.shape == (6 * RATE,)
    assert 0.3 < np.abs(sound).max() <= 0.52

    def cut(phone):
        return sound[int(phone.start * RATE) : int(phone.end * RATE)]

    vowels = np.concatenate([cut(p) for p in phones if p.sound.voice == 1.0])
    lead = sound[: int(0.35 * RATE)]
    assert vowels.std() > 50 * lead.std()

    def height(wave):
        spectrum = np.abs(np.fft.rfft(wave)) ** 2
        return (spectrum * np.fft.rfftfreq(len(wave), 1 / RATE)).sum() / spectrum.sum()

    hisses = [height(cut(p)) for p in phones if p.name == "s"]
    assert hisses
    assert min(hisses) > 3000 > 1500 > height(vowels)
