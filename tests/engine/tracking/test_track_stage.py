"""The tracking stage on films of the sample person: files, accuracy, resuming, bad clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays
from emotalker.engine.head.default import load_default_head
from emotalker.engine.jobs import Event, Notice, Outcome, Progress, StopToken, run
from emotalker.engine.media import FrameSource, FrameStore, Mp4Writer
from emotalker.engine.synthetic.sample import SampleClip
from emotalker.engine.tracking.accuracy import compare
from emotalker.engine.tracking.stage import TrackConfig, clip_folder, track
from emotalker.engine.tracking.track import Subject, Track

pytestmark = [pytest.mark.assets, pytest.mark.usefixtures("models")]
CONFIG = TrackConfig(size=256, identity_frames=8)


@pytest.fixture(scope="module")
def clips(film: list[SampleClip]) -> list[ClipInput]:
    """One clip to learn from, one held out."""
    return [film[0].clip, replace(film[1].clip, held_out=True)]


@pytest.fixture(scope="module")
def tracked(clips: list[ClipInput], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stage run once without interruption."""
    out = tmp_path_factory.mktemp("tracked")
    assert run(track(clips, out, CONFIG, StopToken())) is Outcome.FINISHED
    return Path(out)


def test_every_file_is_there(clips: list[ClipInput], tracked: Path) -> None:
    """Each clip, held out or not, has its track, frames and plate, all of one length and size."""
    camera = Subject.load(tracked / "subject.safetensors").camera
    assert (camera.width, camera.height) == (256, 256)
    for clip in clips:
        folder = clip_folder(tracked, clip.id)
        found = Track.load(folder / "track.safetensors")
        with FrameStore(folder / "frames.store") as store:
            assert len(store) == len(found) == 40
            rgb, matte = store.read(0)
        assert rgb.shape == (256, 256, 3)
        assert matte.max() == 255
        assert (folder / "plate.png").exists()
        assert (folder / "done.json").exists()
        assert found.landmarks.shape == (40, 478, 2)
        assert (found.confidence > 0.5).all()


def test_close_to_the_truth(film: list[SampleClip], tracked: Path) -> None:
    """On the sample person: reprojection, face, jaw, neck and the gaps of lips and lids within their bars."""
    head, subject = load_default_head(), Subject.load(tracked / "subject.safetensors")
    for sample in film:
        found = Track.load(clip_folder(tracked, sample.clip.id) / "track.safetensors")
        assert found.reprojection.mean() <= 0.015
        errors = compare(head, Subject.load(sample.subject), Track.load(sample.truth), subject, found)
        assert errors["face_mm"] <= 1.5
        assert errors["lips_mm"] <= 2.0
        assert errors["jaw_degrees"] <= 1.5
        assert errors["jaw_peak"] >= 0.6
        assert errors["neck_degrees"] <= 2.0
        assert errors["lip_pixels"] <= 2.5
        assert errors["lid_pixels"] <= 2.0
        assert errors["shut_pixels"] <= 1.0
        assert errors["blink_pixels"] <= 1.5


def test_held_out_clips_teach_nothing(clips: list[ClipInput], tracked: Path, tmp_path: Path) -> None:
    """The subject is the same to the bit with and without the held-out clip."""
    run(track(clips[:1], tmp_path, CONFIG, StopToken()))
    alone, both = (Subject.load(folder / "subject.safetensors") for folder in (tmp_path, tracked))
    np.testing.assert_array_equal(alone.identity, both.identity)
    np.testing.assert_array_equal(alone.blink_open, both.blink_open)
    np.testing.assert_array_equal(alone.camera.viewmat, both.camera.viewmat)


def test_stopped_and_run_again_ends_the_same(clips: list[ClipInput], tracked: Path, tmp_path: Path) -> None:
    """Interrupted in the middle of the second clip, then run again: the same to the bit as without interruption."""
    stop = StopToken()

    def interrupt(event: Event) -> None:
        if isinstance(event, Progress) and clips[1].id in event.unit and event.done >= 20:
            stop.request()

    assert run(track(clips, tmp_path, CONFIG, stop), interrupt) is Outcome.STOPPED
    assert not (clip_folder(tmp_path, clips[0].id) / "track.safetensors").exists()
    assert run(track(clips, tmp_path, CONFIG, StopToken())) is Outcome.FINISHED
    for clip in clips:
        for name in ("frames.store", "plate.png"):
            again, whole = (clip_folder(folder, clip.id) / name for folder in (tmp_path, tracked))
            assert again.read_bytes() == whole.read_bytes(), (clip.id, name)
        # arrays, not bytes: the order of a .safetensors file's notes is not fixed
        one, two = (read_arrays(clip_folder(f, clip.id) / "track.safetensors") for f in (tmp_path, tracked))
        assert one[1] == two[1]
        assert all(np.array_equal(one[0][key], two[0][key]) for key in two[0])


def test_a_finished_run_does_nothing_again(clips: list[ClipInput], tracked: Path) -> None:
    """Run once more, the stage keeps what is there."""
    before = {p: p.stat().st_mtime_ns for p in tracked.rglob("*") if p.is_file()}
    assert run(track(clips, tracked, CONFIG, StopToken())) is Outcome.FINISHED
    assert {p: p.stat().st_mtime_ns for p in tracked.rglob("*") if p.is_file()} == before


def test_a_clip_without_a_face(clips: list[ClipInput], tmp_path: Path) -> None:
    """The error names the clip, before anything long was done."""
    path = tmp_path / "wall.mp4"
    with Mp4Writer(path, 128, 128, 25) as writer:
        for _ in range(20):
            writer.write(np.full((128, 128, 3), 100, np.uint8))
    wall = ClipInput("wall", path, "neutral", 0.0)
    with pytest.raises(UserError, match="wall") as error:
        run(track([*clips, wall], tmp_path / "out", CONFIG, StopToken()))
    assert "no face" in error.value.what


def test_only_held_out_clips(clips: list[ClipInput], tmp_path: Path) -> None:
    """With nothing to learn from the stage says so."""
    with pytest.raises(UserError, match="no clip to learn from"):
        run(track([clips[1]], tmp_path, CONFIG, StopToken()))


def test_the_face_goes_missing(clips: list[ClipInput], tmp_path: Path) -> None:
    """Frames without a face are bridged with confidence 0, and the user is told how many."""
    path = tmp_path / "gone.mp4"
    with Mp4Writer(path, 256, 256, 25) as writer:
        for index, rgb in FrameSource(clips[0].path, stop=30):
            writer.write(np.full_like(rgb, 120) if 12 <= index < 17 else rgb)
    notices: list[str] = []
    events = track([ClipInput("gone", path, "neutral", 0.0)], tmp_path / "out", CONFIG, StopToken())
    run(events, lambda e: notices.append(e.text) if isinstance(e, Notice) else None)
    found = Track.load(clip_folder(tmp_path / "out", "gone") / "track.safetensors")
    assert (found.confidence[12:17] == 0).all()
    assert np.abs(np.diff(found.root_translation, axis=0)).max() < 0.02
    assert any("5 of 30" in text for text in notices)
