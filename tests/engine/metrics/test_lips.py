"""The lip-sync score: high for lips that belong to the sound, near nothing for others, and it tells the lag."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from emotalker.engine.metrics.lips import CORNERS, EYES, LOWER_INNER, UPPER_INNER, seen_curves, sync, wrong_sound
from emotalker.engine.metrics.listening import RATE, articulation, loudness

FPS = 25.0


def wave(seed: int, count: int = 200) -> NDArray[np.float64]:
    """Something that rises and falls a few times a second, in [0, 1]."""
    noise = np.random.default_rng(seed).standard_normal(count + 8)
    smooth = np.convolve(noise, np.hanning(7), "valid")[:count]
    return (smooth - smooth.min()) / np.ptp(smooth)


def face(opening: NDArray[np.float64], width: float = 50.0) -> NDArray[np.float32]:
    """Landmarks with eyes 100 pixels apart and lips as far apart as said, in parts of that."""
    points = np.zeros((len(opening), 478, 2), np.float32)
    points[:, EYES[1], 0] = 100
    points[:, CORNERS[1], 0] = width
    points[:, LOWER_INNER, 1] = 100 * opening[:, None]
    points[:, UPPER_INNER, 1] = 0
    return points


def test_curves_are_read_off_the_lips() -> None:
    """Opening in parts of the distance of the eyes, closed where the lips meet, whatever the picture's size."""
    opening = np.array([0.0, 0.1, 0.2, 0.4] * 10)
    for scale in (1, 3):
        curves = seen_curves(face(opening) * scale)
        assert curves is not None
        assert curves["opening"] == pytest.approx(opening, abs=1e-6)
        assert curves["closed"][0] == 1
        assert curves["closed"][3] == 0
        assert curves["rounded"] == pytest.approx(-0.5)


def test_gaps_are_bridged_and_a_lost_face_is_not_scored() -> None:
    """A frame without a face lies between its neighbours; with too many there is no score."""
    opening = np.linspace(0, 1, 40)
    points = face(opening)
    points[10] = np.nan
    curves = seen_curves(points)
    assert curves is not None
    assert curves["opening"] == pytest.approx(opening, abs=1e-6)
    points[:20] = np.nan
    assert seen_curves(points) is None


@pytest.mark.parametrize("late", [-3, 0, 4])
def test_score_and_lag_of_lips_that_belong_to_the_sound(late: int) -> None:
    """All channels agree, and the lag is how many frames the picture is late."""
    heard = {name: wave(seed, 220) for seed, name in enumerate(("opening", "closed", "rounded"))}
    seen = {name: curve[10 - late : 210 - late] for name, curve in heard.items()}
    heard = {name: curve[10:210] for name, curve in heard.items()}
    found = sync(seen, heard, FPS)
    assert found is not None
    assert found.score > 0.97
    assert found.lag == pytest.approx(late / FPS)
    assert set(found.channels) == {"opening", "closed", "rounded"}


def test_a_smile_that_comes_and_goes_slowly_does_not_count() -> None:
    """What changes over seconds is taken off; the score is that of the lips' quick motion."""
    drift = 3 * np.sin(np.linspace(0, 4, 200))
    plain = sync({"opening": wave(1)}, {"opening": wave(1)}, FPS)
    drifting = sync({"opening": wave(1) + drift}, {"opening": wave(1)}, FPS)
    assert plain is not None
    assert drifting is not None
    assert drifting.score == pytest.approx(plain.score, abs=0.05)


def test_wrong_sound_gives_what_chance_gives() -> None:
    """Far below the own sound's score, though the lag is free to choose."""
    own, other = {"opening": wave(1)}, {"opening": wave(9)}
    right = sync(own, own, FPS)
    chance = wrong_sound(own, [own, other], FPS)
    assert right is not None
    assert chance is not None
    assert chance < 0.5 < right.score


def test_nothing_that_moves_nothing_to_score() -> None:
    """Lips that never move, and passages under a second, have no score rather than a wrong one."""
    assert sync({"opening": np.zeros(200)}, {"opening": wave(1)}, FPS) is None
    assert sync({"opening": wave(1, 20)}, {"opening": wave(1, 20)}, FPS) is None
    assert sync({"opening": wave(1)}, {"rounded": wave(1)}, FPS) is None


def test_articulation_is_told_at_any_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels of the model at the picture's moments; closed lips are not open, spread lips are not rounded."""

    class Model:
        spec = SimpleNamespace(fps=25.0)

        def hear(self, features: object, voice: object, count: int) -> NDArray[np.float64]:
            ramp = np.linspace(0, 1, count)
            return np.stack([np.full(count, 0.8), ramp, np.full(count, 0.6), np.full(count, 0.1), 0 * ramp], 1)

    nothing = SimpleNamespace(features=0, voice=0)
    monkeypatch.setattr("emotalker.engine.avatar.hearing.hear", lambda audio, encoder: nothing)
    hears = articulation(Model(), None)  # type: ignore[arg-type]
    for fps, count in ((25.0, 50), (30.0, 60)):
        curves = hears(np.zeros(2 * RATE, np.float32), fps, count)
        assert all(len(curve) == count for curve in curves.values())
        assert curves["closed"][0] == pytest.approx(0, abs=0.03)
        assert curves["closed"][-1] == pytest.approx(1, abs=0.03)
        assert curves["opening"][-1] == pytest.approx(0, abs=0.03)
        assert curves["rounded"] == pytest.approx(0.5)


def test_loudness_follows_the_sound() -> None:
    """Silence is closed; a tone is open while it lasts."""
    sound = np.zeros(2 * RATE, np.float32)
    sound[RATE // 2 : RATE] = 0.5 * np.sin(np.arange(RATE // 2) * 0.3)
    opening = loudness(sound, FPS, 50)["opening"]
    assert opening[:10].max() == 0
    assert opening[15:22].min() > 5
    assert opening[30:].max() == 0
    assert loudness(np.zeros(0, np.float32), FPS, 4)["opening"] == pytest.approx(0)
