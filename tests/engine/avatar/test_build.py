"""Packing a twin from the stages' folders, and rendering recorded clips with it: the sample person, truth as tracks."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from emotalker.engine.a2et.predict import save_a2et
from emotalker.engine.avatar import Avatar, ClipRenderer
from emotalker.engine.avatar.build import build
from emotalker.engine.bench.twin import sample_twin
from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays, write_arrays
from emotalker.engine.media import FrameSource
from emotalker.engine.metrics.image import psnr
from emotalker.engine.synthetic.sample import SampleConfig, backdrop, make_sample
from emotalker.engine.tracking.track import Track

WIDTH, SIDE = 12, 96


class Ear:
    """A speech encoder that hears loudness."""

    name, width = "ear", WIDTH

    def features(self, audio_16k: NDArray[np.float32]) -> NDArray[np.float32]:
        """Loudness of every 20 ms in all features."""
        padded = np.pad(audio_16k, (0, -len(audio_16k) % 320)).reshape(-1, 320)
        return np.repeat(np.sqrt((padded**2).mean(1))[:, None], WIDTH, 1).astype(np.float32)


@dataclass(frozen=True)
class Stages:
    """Folders of finished stages, and the clips they were made from; happy_level3 is held out."""

    track: Path
    fit: Path
    express: Path
    clips: tuple[ClipInput, ...]

    def build(self, out: Path) -> Avatar:
        """Pack without stage 2 and load."""
        return Avatar.load(build(self.track, self.fit, self.express, None, out, self.clips, "Björn"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """Stages of the sample person; tracking is the truth, fit and express are untrained."""
    folder = tmp_path_factory.mktemp("stages")
    config = SampleConfig(size=SIDE, seconds=1.0, emotions=("neutral", "happy"), levels=(1.0, 3.0))
    clips, twin = [], sample_twin(4000, SIDE, WIDTH)
    for sample in make_sample(folder / "films", config):
        clip = replace(sample.clip, held_out=sample.clip.id == "happy_level3")
        target = folder / "track" / "clips" / clip.id
        target.mkdir(parents=True)
        shutil.copy(sample.subject, folder / "track" / "subject.safetensors")
        shutil.copy(sample.truth, target / "track.safetensors")
        wall = (backdrop(SIDE) * 255 + 0.5).astype(np.uint8)
        cv2.imwrite(str(target / "plate.png"), wall[..., ::-1])
        clips.append(clip)
    lighting = np.stack([np.eye(3, 4, dtype=np.float32)] * 2)
    arrays = {f"shapes.{k}": v for k, v in twin.shapes.to_arrays().items()} | {"lighting": lighting}
    labels = '[{"id": "neutral", "emotion": "neutral", "level": 0}, {"id": "h", "emotion": "happy", "level": 1}]'
    write_arrays(folder / "fit" / "model.safetensors", arrays, {"clips": labels, "degree": "0"})
    save_a2et(twin.a2et, folder / "express" / "model.safetensors", {"speech": "ear"})
    return Stages(folder / "track", folder / "fit", folder / "express", tuple(clips))


@pytest.fixture
def stages(made: Stages, tmp_path: Path) -> Stages:
    """The same in folders a test may harm."""
    copies = [shutil.copytree(f, tmp_path / f.name) for f in (made.track, made.fit, made.express)]
    return Stages(*copies, made.clips)


def test_the_twin_holds_what_the_stages_learned(stages: Stages, tmp_path: Path) -> None:
    """Name, light, encoder, rest pose and labels come from the training clips."""
    avatar = stages.build(tmp_path / "avatar")
    assert (avatar.name, avatar.speech, avatar.fps) == ("Björn", "ear", 25.0)
    assert avatar.recorded == (("neutral", 0.0), ("happy", 1.0))
    assert avatar.plate.shape == (SIDE, SIDE, 3)
    tracks = [Track.load(stages.track / "clips" / n / "track.safetensors") for n in ("neutral", "happy_level1")]
    necks = np.concatenate([t.neck for t in tracks])
    np.testing.assert_allclose(avatar.rest.neck, np.median(necks, axis=0), atol=1e-6)
    assert np.all((avatar.blink >= 0.3) & (avatar.blink <= 1.0))


def test_what_no_picture_held_is_not_shown(stages: Stages, tmp_path: Path) -> None:
    """Gaussians that lay beside the picture all the time are invisible in the twin; the others keep their opacity."""
    fitted, metadata = read_arrays(stages.fit / "model.safetensors")
    arrays = {k: np.array(v) for k, v in fitted.items()}
    arrays["shapes.base.means"][:50, 0] += 5.0
    write_arrays(stages.fit / "model.safetensors", arrays, metadata)
    ours = stages.build(tmp_path / "avatar").shapes.base.logit_opacities.numpy()
    before = arrays["shapes.base.logit_opacities"]
    assert (ours[:50] < -10).all()
    hidden = ours != before
    assert hidden[50:].mean() < 0.5
    assert hidden[:50].all()


def test_expressions_are_known_as_far_as_clips_showed_them(stages: Stages, tmp_path: Path) -> None:
    """What several training frames showed and a little more, not what a single frame or a held-out clip shows."""
    track = Track.load(stages.track / "clips" / "neutral" / "track.safetensors")
    avatar = stages.build(tmp_path / "before")
    smile = avatar.expressions.index("mouthSmileLeft")
    track.psi[0, smile] = 1.0
    track.save(stages.track / "clips" / "neutral" / "track.safetensors")
    avatar = stages.build(tmp_path / "once")
    assert avatar.seen is not None
    once = avatar.seen[smile]
    track.psi[:8, smile] = 0.9
    track.save(stages.track / "clips" / "neutral" / "track.safetensors")
    often = stages.build(tmp_path / "often").seen
    assert often is not None
    assert once < 0.9 < often[smile]
    np.testing.assert_array_equal(np.delete(often, smile), np.delete(avatar.seen, smile))


def test_held_out_clips_leave_no_trace(stages: Stages, tmp_path: Path) -> None:
    """The twin is the same whatever the held-out clip shows; its track need not even be readable."""
    before = stages.build(tmp_path / "before")
    shutil.rmtree(stages.track / "clips" / "happy_level3")
    after = stages.build(tmp_path / "after")
    assert np.array_equal(before.rest.code_mean, after.rest.code_mean)
    first, second = (read_arrays(tmp_path / n / "avatar.safetensors")[0] for n in ("before", "after"))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[k], second[k]) for k in first)


@pytest.mark.parametrize("name", ["track/subject", "fit/model", "express/model"])
def test_a_damaged_stage_is_said(stages: Stages, tmp_path: Path, name: str) -> None:
    """Whichever stage's result is damaged or missing, nothing is packed and the person is told."""
    path = tmp_path / f"{name}.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError):
        stages.build(tmp_path / "avatar")
    path.unlink()
    with pytest.raises(UserError):
        stages.build(tmp_path / "avatar")
    assert not (tmp_path / "avatar" / "avatar.json").exists()


def test_a_foreign_fit_is_said(stages: Stages, tmp_path: Path) -> None:
    """A file that is readable but not stage 1's is named."""
    write_arrays(stages.fit / "model.safetensors", {"x": np.zeros(1)})
    with pytest.raises(UserError, match="fitted head"):
        stages.build(tmp_path / "avatar")


def test_nothing_to_learn_from(stages: Stages, tmp_path: Path) -> None:
    """A project whose clips are all held out has no twin."""
    clips = [replace(c, held_out=True) for c in stages.clips]
    with pytest.raises(UserError, match="held out"):
        build(stages.track, stages.fit, stages.express, None, tmp_path / "a", clips, "x")


def test_clip_frames_show_the_recording(stages: Stages, tmp_path: Path) -> None:
    """Driven by its track, the untrained twin is already near the recorded frame; over the clip's own plate."""
    stages.build(tmp_path / "avatar")
    renderer = ClipRenderer(tmp_path / "avatar", stages.track, stages.clips, Ear())
    held = next(c for c in stages.clips if c.held_out)
    recorded = [frame for _, frame in FrameSource(held.path)]
    for index in (0, 12, 24):
        picture = renderer.tracked(held.id, index, SIDE)
        assert picture.shape == (SIDE, SIDE, 3)
        assert picture.dtype == np.uint8
        assert psnr(picture, recorded[index]) > 19
    at_12, at_0 = (renderer.tracked(held.id, i, SIDE) for i in (12, 0))
    assert psnr(at_12, recorded[12]) > psnr(at_0, recorded[12])
    small = renderer.audio(held.id, 12, 48)
    assert small.shape == (48, 48, 3)
    plate = cv2.imread(str(stages.track / "clips" / held.id / "plate.png"), cv2.IMREAD_COLOR_RGB)
    assert np.array_equal(renderer.audio(held.id, 12, SIDE)[:4, :4], plate[:4, :4])


def test_audio_driven_takes_head_and_lids_from_the_track(stages: Stages, tmp_path: Path) -> None:
    """Expression and jaw are A2ET's; neck, eyes, root, camera code and blink are the tracked ones."""
    avatar = stages.build(tmp_path / "avatar")
    renderer = ClipRenderer(tmp_path / "avatar", stages.track, stages.clips, Ear())
    recording = renderer._recording("happy_level3")
    track = Track.load(stages.track / "clips" / "happy_level3" / "track.safetensors")
    audio, tracked = recording.audio, recording.tracked
    for name in ("neck", "eyes", "au45"):
        assert np.array_equal(getattr(audio, name), getattr(track, name))
    assert np.array_equal(audio.root, tracked.root)
    assert np.array_equal(audio.camera_code, tracked.camera_code)
    assert np.array_equal(tracked.psi_emo, track.psi)
    assert not np.array_equal(audio.psi_emo, track.psi)
    lid = audio.psi_emo[:, avatar.expressions.index("eyeBlinkLeft")]
    np.testing.assert_allclose(lid, track.au45 * avatar.blink[0], atol=1e-6)
    assert audio.level[0] == 3


def test_refined_tracks_are_taken_where_they_are(stages: Stages, tmp_path: Path) -> None:
    """With stage 1's folder, `tracked` shows the refined track, `unrefined` the one before it; the pack too."""
    for name in ("neutral", "happy_level1", "happy_level3"):
        track = Track.load(stages.track / "clips" / name / "track.safetensors")
        replace(track, jaw=track.jaw + np.float32(0.2), neck=track.neck + np.float32(0.1)).save(
            stages.fit / "tracks" / f"{name}.safetensors"
        )
    plain = [Track.load(stages.track / "clips" / n / "track.safetensors") for n in ("neutral", "happy_level1")]
    avatar = stages.build(tmp_path / "avatar")
    median = np.median(np.concatenate([t.neck for t in plain]), axis=0)
    np.testing.assert_allclose(avatar.rest.neck, median + 0.1, atol=1e-6)
    renderer = ClipRenderer(tmp_path / "avatar", stages.track, stages.clips, Ear(), stages.fit)
    without = ClipRenderer(tmp_path / "avatar", stages.track, stages.clips, Ear())
    assert np.array_equal(renderer.unrefined("happy_level3", 3, SIDE), without.tracked("happy_level3", 3, SIDE))
    assert not np.array_equal(renderer.tracked("happy_level3", 3, SIDE), without.tracked("happy_level3", 3, SIDE))
    assert not np.array_equal(renderer.audio("happy_level3", 3, SIDE), without.audio("happy_level3", 3, SIDE))


def test_a_clip_without_sound_is_heard_as_silence(stages: Stages, tmp_path: Path) -> None:
    """A held-out clip without sound can still be judged."""
    from emotalker.engine.media import Mp4Writer

    mute = tmp_path / "mute.mp4"
    with Mp4Writer(mute, 32, 32, 25) as film:
        for _ in range(25):
            film.write(np.zeros((32, 32, 3), np.uint8))
    clips = [replace(c, path=mute) for c in stages.clips]
    stages.build(tmp_path / "avatar")
    picture = ClipRenderer(tmp_path / "avatar", stages.track, clips, Ear()).audio("neutral", 3, SIDE)
    assert picture.std() > 10
