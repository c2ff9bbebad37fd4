"""Cuts, hands and blur are found, and nothing is found where nothing is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotalker.engine.clip import ClipInput
from emotalker.engine.files import read_arrays, write_arrays
from emotalker.engine.jobs import Notice, StopToken, run
from emotalker.engine.media import FrameSource, FrameStore, Mp4Writer
from emotalker.engine.synthetic.sample import SampleClip, SampleConfig
from emotalker.engine.synthetic.trial import hand_over_mouth, noisy, talking, trial_film
from emotalker.engine.tracking.observing.disturbance import Looks, blur_of, clearness, shots_of, spells
from emotalker.engine.tracking.observing.observe import Observed
from emotalker.engine.tracking.stage import TrackConfig, clip_folder, track
from emotalker.engine.tracking.track import Track

CONFIG = SampleConfig(size=256, seconds=1.6)
HAND = range(16, 27)
CUT = 20


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> SampleClip:
    """The sample person, a hand before the mouth for eleven frames."""
    return trial_film(tmp_path_factory.mktemp("hand"), "hand", talking(CONFIG), CONFIG, hand_over_mouth(HAND))


def looked_at(clip: SampleClip, change: object = None) -> Looks:
    """The looks at a film with its true landmarks, each picture passed through `change` (frame, picture)."""
    looks, places = Looks(), Track.load(clip.truth).landmarks
    for index, rgb in FrameSource(clip.clip.path):
        looks.add(change(index, rgb) if callable(change) else rgb, places[index])
    return looks


def test_a_hand_is_found_when_it_is_there(covered: SampleClip) -> None:
    """Frames with the hand are known by the covered mouth; all others, with talking and noise, are clear."""
    looks = looked_at(covered, lambda i, rgb: (noisy(i, rgb.astype(np.float32) / 255) * 255).astype(np.uint8))
    clear = clearness(looks, np.zeros(40, np.int32)) / 255
    with_hand = np.zeros(40, bool)
    with_hand[HAND] = True
    assert (clear[with_hand].mean(1) < 0.9).all()
    assert (clear[with_hand][:, [13, 14, 17, 0, 291]].mean(1) < 0.5).all()
    assert (clear[with_hand][:, [33, 263, 10, 105]] == 1).all()
    assert (clear[~with_hand] == 1).all()


def test_changing_light_is_no_hand(film: list[SampleClip]) -> None:
    """A lamp that is dimmed in the middle covers nothing."""
    looks = looked_at(film[0], lambda i, rgb: (rgb * (0.8 if i > 25 else 1.0)).astype(np.uint8))
    assert (clearness(looks, np.zeros(40, np.int32)) == 255).all()


def test_cuts_are_found_and_flashes_are_none() -> None:
    """Another picture from some frame on is another shot; a flash of one frame is not."""
    rng = np.random.default_rng(0)
    one, two = (rng.integers(60, 180, (16, 16, 3)).astype(np.uint8) for _ in range(2))
    assert shots_of([one] * 12 + [two] * 10).tolist() == [0] * 12 + [1] * 10
    assert not shots_of([one] * 12 + [two] + [one] * 10).any()
    seen = np.ones(26, bool)
    seen[12:17] = False
    assert not shots_of([one] * 12 + [two] * 5 + [one] * 9, seen).any(), "the face was away and came back"
    drift = [np.clip(one.astype(int) + 3 * t, 0, 255).astype(np.uint8) for t in range(20)]
    assert not shots_of(drift).any()


def test_blur_is_measured_against_the_same_clip(film: list[SampleClip]) -> None:
    """Frames smeared as by quick motion stand out; the others do not."""

    def smear(index: int, rgb: np.ndarray) -> np.ndarray:
        return cv2.blur(rgb, (9, 1)) if 10 <= index < 13 else rgb

    blur = blur_of(np.array(looked_at(film[0], smear).sharpness), np.zeros(40, np.int32))
    assert blur[10:13].min() > 0.5
    assert np.delete(blur, [10, 11, 12]).max() < 0.3


def test_times_are_said_for_people() -> None:
    """Near spells are one, single frames have one time, and long lists end."""
    flags = np.zeros(200, bool)
    flags[[10, 11, 12, 14, 15, 16, 100]] = True
    assert spells(flags, 25.0) == "0.4-0.6 s, 4.0 s"
    flags[20::20] = True
    assert spells(flags, 25.0).endswith(" and more")


@pytest.mark.assets
@pytest.mark.usefixtures("models")
def test_the_stage_splits_and_warns(film: list[SampleClip], covered: SampleClip, tmp_path: Path) -> None:
    """A film cut from two places: shots apart, the plate of the longer one, the hand's frames worth little."""
    path = tmp_path / "cut.mp4"
    with Mp4Writer(path, 256, 256, 25) as writer:
        for _, rgb in FrameSource(covered.clip.path, stop=34):
            writer.write(rgb)
        for _, rgb in FrameSource(film[1].clip.path, stop=14):
            shifted = np.roll(rgb, 18, 1)
            writer.write(np.asarray(255 - (255 - shifted.astype(np.int32)) * 3 // 4, np.uint8))
    notices: list[str] = []
    clip = ClipInput("cut", path, "neutral", 0.0)
    events = track([clip], tmp_path / "out", TrackConfig(size=256, identity_frames=8), StopToken())
    run(events, lambda e: notices.append(e.text) if isinstance(e, Notice) and e.level == "warning" else None)
    found = Track.load(clip_folder(tmp_path / "out", "cut") / "track.safetensors")
    assert found.shots.tolist() == [0] * 34 + [1] * 14
    assert (found.weight[list(HAND)] < 0.5).all()
    assert (found.weight[:14] > 0.4).all()
    assert (found.weight[34:] == 0).all()
    assert any("cut (1.4 s)" in text and "0.0-1.4 s" in text for text in notices)
    assert any("hand" in text and "0.6-1.0 s" in text for text in notices)
    with FrameStore(clip_folder(tmp_path / "out", "cut") / "frames.store") as store:
        wall = store.read(0)[0][:20, :20].astype(int)
    plate = cv2.imread(str(clip_folder(tmp_path / "out", "cut") / "plate.png"))[:20, :20, ::-1].astype(int)
    assert np.abs(plate - wall).mean() < 4


def test_old_tracks_load(film: list[SampleClip], tmp_path: Path) -> None:
    """A track saved before frames had a weight has weight where a face was seen, and one shot."""
    arrays, notes = read_arrays(film[0].truth)
    confidence = arrays["confidence"].copy()
    confidence[3] = 0
    old = {k: v for k, v in arrays.items() if k not in ("weight", "shots")} | {"confidence": confidence}
    write_arrays(tmp_path / "old.safetensors", old, notes)
    loaded = Track.load(tmp_path / "old.safetensors")
    assert loaded.weight.tolist() == [float(i != 3) for i in range(40)]
    assert not loaded.shots.any()


def test_weights_say_what_may_be_learned() -> None:
    """Lost, covered and other shots' frames weigh nothing, blurred ones less, all others one."""
    count = 10
    seen = Observed(
        np.zeros((count, 478, 2), np.float32), np.zeros((count, 52), np.float32), np.ones(count, np.float32),
        np.ones(1, np.float32), np.zeros(3, np.float32), shots=np.array([0] * 7 + [1] * 3, np.int32),
    )  # fmt: skip
    assert seen.weight().tolist() == [1.0] * 7 + [0.0] * 3
    clear = seen.clear.copy()
    clear[2, :60] = 0
    confidence, blur = seen.confidence.copy(), seen.blur.copy()
    confidence[0], blur[1] = 0, 1
    weight = replace(seen, clear=clear, confidence=confidence, blur=blur).weight()
    np.testing.assert_allclose(weight[:4], [0, 0.4, 0, 1], atol=1e-6)
