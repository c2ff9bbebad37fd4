"""What the loudspeaker gets: exact to the sample, and nowhere a click."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emotalker.engine.playback.mixer import Mixer, Program, grain_of, loop_samples

RATE = 1000


def ramp(count: int = 1000) -> np.ndarray:
    """Samples that say their own number."""
    return np.repeat(np.arange(count, dtype=np.float32)[:, None], 2, 1)


def filled(mixer: Mixer, program: Program, count: int) -> np.ndarray:
    """The next samples."""
    out = np.full((count, 2), np.nan, np.float32)
    mixer.fill(program, out)
    return out


def test_samples_follow_one_another_and_a_start_is_soft() -> None:
    """After the ramp of 5 ms every sample is the recording's."""
    mixer, program = Mixer(), Program(ramp(), RATE, 1, 100, playing=True)
    out = np.concatenate([filled(mixer, program, 7), filled(mixer, program, 13)])
    assert np.array_equal(out[5:, 0], np.arange(105, 120))
    assert out[0, 0] == 0
    assert np.all(np.diff(out[:, 0]) >= 0)


def test_a_loop_turns_on_the_sample() -> None:
    """Whatever the device's buffers are, even longer than the loop."""
    program = Program(ramp(), RATE, 1, 20, loop=(10, 30), playing=True)
    for sizes in ((50,), (7, 9, 1, 33), (10, 40)):
        mixer = Mixer(gain=1.0)
        out = np.concatenate([filled(mixer, program, n) for n in sizes])[:, 0]
        assert np.array_equal(out, [10 + (10 + i) % 20 for i in range(50)])


def test_a_loop_behind_does_not_hold() -> None:
    """Playing from after the range goes on to the end, then silence."""
    out = filled(Mixer(gain=1.0), Program(ramp(40), RATE, 1, 35, loop=(10, 30), playing=True), 10)[:, 0]
    assert np.array_equal(out, [35, 36, 37, 38, 39, 0, 0, 0, 0, 0])


def test_a_pause_fades_out_and_goes_on_at_its_place() -> None:
    """What sounds while fading is played again: the clock stood still."""
    mixer, program = Mixer(gain=1.0), Program(np.ones((1000, 2), np.float32), RATE, 1, 0, playing=True)
    filled(mixer, program, 10)
    paused = replace(program, playing=False)
    fade = filled(mixer, paused, 20)[:, 0]
    assert fade[0] == 1
    assert np.all(np.diff(fade) <= 0)
    assert np.all(fade[5:] == 0)
    assert np.all(filled(mixer, paused, 20) == 0)
    assert mixer.place == 10


def test_volume_changes_without_a_step() -> None:
    """From loud to half in small steps."""
    mixer, program = Mixer(gain=1.0), Program(np.ones((1000, 2), np.float32), RATE, 1, 0, playing=True)
    out = filled(mixer, replace(program, volume=0.5), 20)[:, 0]
    assert np.abs(np.diff(out)).max() < 0.2
    assert out[-1] == 0.5


def test_grains_rise_and_fall() -> None:
    """A grain has no edge to click, and many at once do not pile up."""
    sound = np.ones((1000, 2), np.float32)
    grain = grain_of(sound, 500, RATE)
    assert len(grain) == 60
    assert grain[0, 0] < 0.01
    assert grain[-1, 0] < 0.01
    assert grain[30, 0] > 0.95
    assert grain_of(sound, 0, RATE)[:30].max() == 0
    mixer, out = Mixer(), []
    for serial in range(1, 9):
        out.append(filled(mixer, Program(sound, RATE, grain=(500, serial)), 10)[:, 0])
    assert np.concatenate(out).max() <= 2
    assert np.abs(np.diff(np.concatenate(out))).max() < 0.2


def test_loops_in_whole_samples() -> None:
    """Never beyond the end, never empty."""
    assert loop_samples((0.5, 2.0), 100, 150) == (50, 150)
    assert loop_samples((0.5, 0.501), 100, 150) is None
    assert loop_samples(None, 100, 150) is None
