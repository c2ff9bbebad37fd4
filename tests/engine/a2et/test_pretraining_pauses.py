"""Pauses of the training speech: a mouth holds no sound through a silence, but gets ready for the next."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from emotalker.engine.a2et.articulation import CHANNELS
from emotalker.engine.a2et.pretraining import texts
from emotalker.engine.a2et.pretraining.pauses import CLOSURE, HELD, cut, is_stop, loud
from emotalker.engine.a2et.pretraining.targets import TARGET_RATE, targets

ROUNDED = CHANNELS.index("rounded")


def heard(seconds: float, *silences: tuple[float, float]) -> np.ndarray:
    """Somebody is to be heard but for the silences."""
    out = np.ones(round(seconds * 100), bool)
    for start, end in silences:
        out[round(start * 100) : round(end * 100)] = False
    return out


def test_a_pause_ends_the_phone_before_it() -> None:
    """A comma's time that was the vowel's becomes a pause, and the mouth does not stay round in it."""
    said = [("ʃ", 0.0, 0.2), ("ˈ", 0.2, 0.22), ("u", 0.22, 0.6), (",", 0.6, 0.7), (" ", 0.7, 0.8), ("æ", 0.8, 1.2)]
    found = cut(said, heard(1.2, (0.4, 0.8)))
    assert found == [("ʃ", 0.0, 0.2), ("ˈu", 0.2, 0.4), ("_", 0.4, 0.8), ("æ", 0.8, 1.2)]
    middle = slice(int(0.58 * TARGET_RATE), int(0.7 * TARGET_RATE))
    assert targets(said, 1.2)[middle, ROUNDED].max() > 0.5
    assert targets(found, 1.2)[middle, ROUNDED].max() < 0.05


def test_a_stop_closes_before_it_is_heard() -> None:
    """Lips that press together after a pause do so before its end, stress or not; other phones at their own time."""
    silence = heard(1.0, (0.3, 0.7))
    for stop in ("p", "ˈb", "t͡ʃ", "ʤ"):
        assert is_stop(stop)
        found = cut([("a", 0.0, 0.6), (stop, 0.6, 0.75), ("i", 0.75, 1.0)], silence)
        assert [n for n, *_ in found] == ["a", "_", stop, "i"]
        assert found[1][1:] == (0.3, pytest.approx(0.7 - CLOSURE))
    for name in ("w", "s", "_", ",", "ˈ"):
        assert not is_stop(name)
    early = cut([("a", 0.0, 0.5), ("w", 0.5, 0.8), ("i", 0.8, 1.0)], silence)
    assert early[1] == ("_", 0.3, pytest.approx(0.7 - CLOSURE))
    late = cut([("a", 0.0, 0.72), ("w", 0.72, 0.8), ("i", 0.8, 1.0)], silence)
    assert late == [("a", 0.0, 0.72), ("w", 0.72, 0.8), ("i", 0.8, 1.0)]  # a phone that spans the silence: no sense
    near = cut([("a", 0.0, 0.69), ("w", 0.72, 0.8), ("i", 0.8, 1.0)], silence)
    assert near[1:3] == [("_", 0.3, 0.7), ("w", 0.7, 0.8)]


def test_closures_stay() -> None:
    """A silence short enough for a stop is one; at a pause's beginning a closure keeps its time."""
    said = [("a", 0.0, 0.3), ("p", 0.3, 0.42), ("a", 0.42, 0.8)]
    assert cut(said, heard(0.8, (0.3, 0.4))) == said
    assert cut(said, heard(0.8, (0.29, 0.44))) == said  # with its closure and that of what follows nothing is left
    final = cut([("a", 0.0, 0.3), ("p", 0.3, 0.9), (".", 0.9, 1.2)], heard(1.2, (0.3, 1.2)))
    assert final == [("a", 0.0, 0.3), ("p", 0.3, 0.3 + HELD), ("_", 0.3 + HELD, 1.2)]
    lost = cut([("a", 0.0, 0.3), ("f", 0.3, 0.4), ("t", 0.4, 0.5), ("_", 0.5, 1.0)], heard(1.0, (0.3, 1.0)))
    assert [n for n, *_ in lost] == ["a", "f", "t", "_"]
    assert lost[-1] == ("_", pytest.approx(0.3 + HELD), 1.0)


def test_phones_stay_in_order_whatever_is_silent() -> None:
    """Random phones and silences: times never run backwards or overlap, nothing is made up."""
    chance = random.Random(3)
    for _ in range(200):
        edges = sorted(round(chance.uniform(0, 3), 3) for _ in range(24))
        said = [(chance.choice("pamisf_ ,ˈːu"), a, b) for a, b in pairwise(edges)]
        silences = [(s, s + chance.uniform(0.05, 0.6)) for s in (chance.uniform(0, 2.5) for _ in range(3))]
        found = cut(said, heard(3, *silences))
        assert all(a < b for _, a, b in found)
        assert all(one[2] <= two[1] + 1e-6 for one, two in pairwise(found))
        assert sum("u" in n for n, *_ in found) <= sum(n == "u" for n, *_ in said)


def test_silence_is_found_beside_speech() -> None:
    """What lies far below the loud parts is silent, however loud the recording."""
    t = np.arange(16_000) / 16_000
    tone = (np.sin(2 * np.pi * 200 * t) * np.where((t > 0.4) & (t < 0.6), 1e-3, 1)).astype(np.float32)
    for gain in (0.01, 1.0):
        found = loud(gain * tone)
        assert len(found) == 100
        assert np.flatnonzero(~found).tolist() == list(range(41, 59))
    assert loud(tone, below=70).all()


def test_lists_hold_the_rare_sounds() -> None:
    """Lists are the same for a seed, differ between seeds, and punctuation gives them pauses."""
    one, again, other = ([next(s) for s in [texts.english(k, lists=1.0)] for _ in range(40)] for k in (5, 5, 6))
    assert one == again != other
    assert sum("," in s or ";" in s for s in one) > 20
    assert sum(any(w in s for w in ("sure", "sion", "usual", "age", "beige", "sian", "view", "cu")) for s in one) > 20
