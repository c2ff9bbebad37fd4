"""The ring keeps the newest sound and knows when each sample came, however oddly the pieces arrive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotalker.engine.live.sound import QUIET_DB, Ring


@given(st.lists(st.integers(0, 700), min_size=1, max_size=12))
def test_what_is_read_is_what_came(sizes: list[int]) -> None:
    """Pieces of any size, larger than the ring too, come out as one sound with silence before it."""
    sound = np.random.default_rng(1).uniform(-1, 1, sum(sizes)).astype(np.float32)
    ring, place = Ring(0.03), 0
    for size in sizes:
        ring.push(sound[place : place + size], 0.0)
        place += size
    out = np.zeros(400, np.float32)
    assert ring.read(place, out)
    np.testing.assert_array_equal(out, np.pad(sound, (400, 0))[-400:])


def test_sound_that_is_gone_is_not_made_up() -> None:
    """What was written over, or has not come, is never handed out."""
    ring = Ring(0.1)
    ring.push(np.ones(5000, np.float32), 0.0)
    out = np.zeros(800, np.float32)
    assert ring.read(5000, out)
    assert not ring.read(4000, out)
    with pytest.raises(ValueError, match="800 samples"):
        ring.read(5001, out)


def test_every_sample_has_its_moment() -> None:
    """A sample in the middle of a piece came before the piece's end."""
    ring = Ring(1.0)
    ring.push(np.ones(320, np.float32), 10.02)
    ring.push(np.ones(320, np.float32), 10.09)
    assert ring.came(0) == pytest.approx(10.02 - 319 / 16000)
    assert ring.came(319) == pytest.approx(10.02)
    assert ring.came(639) == pytest.approx(10.09)
    assert ring.came(9999) == pytest.approx(10.09)


def test_the_level_is_of_what_came_since() -> None:
    """The meter falls back when it is quiet, and a microphone that gives zeros alone is found out."""
    ring = Ring(1.0)
    ring.push(np.full(1600, 0.5, np.float32), 0.0)
    assert ring.level() == pytest.approx(-6.02, abs=0.01)
    assert ring.dead == 0
    ring.push(np.zeros(8000, np.float32), 0.0)
    assert ring.level() == QUIET_DB
    assert ring.dead == pytest.approx(0.5)


def test_waiting_ends() -> None:
    """Whoever waits for sound that does not come goes on."""
    ring = Ring(1.0)
    assert not ring.wait(1, 0.01)
    ring.push(np.ones(1, np.float32), 0.0)
    assert ring.wait(1, 0.01)
