"""Refining tracks: what was disturbed is found again, and the fitted head stays as it was."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays
from emotalker.engine.head.model import axis_angle_to_matrix
from emotalker.engine.jobs import Event, Outcome, Preview, Progress, StopToken, run
from emotalker.engine.media import FrameStore, FrameStoreWriter
from emotalker.engine.refining.clip import ClipWork
from emotalker.engine.refining.config import RefineConfig
from emotalker.engine.refining.light import LightFit
from emotalker.engine.refining.pose import refined_track, unknowns_of, world_transforms
from emotalker.engine.refining.stage import load_twin, refine_tracks
from emotalker.engine.tracking.refined import track_of
from emotalker.engine.tracking.track import Track
from emotalker.engine.training.config import Stage1Config
from emotalker.engine.training.frames import load_plate
from emotalker.engine.training.stage1 import fit

SIZE, FRAMES = 96, 6
CONFIG = RefineConfig(iterations=4, size=SIZE, weight=60.0)
POSE = ("psi", "jaw", "neck", "eyes", "root_rotation", "root_translation")


@dataclass(frozen=True)
class Filmed:
    """A twin and films of itself, with tracks that are a little wrong."""

    clips: list[ClipInput]
    track_dir: Path
    fit_dir: Path
    truth: dict[str, Track]


@pytest.fixture(scope="session")
def filmed(person, tmp_path_factory: pytest.TempPathFactory) -> Filmed:
    """A small head fitted for a moment, filmed over each clip's plate; the second clip is held out."""
    folder = tmp_path_factory.mktemp("filmed")
    fit_dir, track_dir = folder / "fit", folder / "track"
    config = Stage1Config(steps=60, count=1500, most=1500, size=SIZE, seed=1)
    run(fit(person.clips[:1], person.track_dir, fit_dir, config, StopToken()))
    shutil.rmtree(fit_dir / "tracks", ignore_errors=True)
    shutil.copytree(person.track_dir, track_dir)
    clips = [person.clips[0], replace(person.clips[1], held_out=True)]
    truth = {}
    for clip in clips:
        place = track_dir / "clips" / clip.id
        track = _shortened(Track.load(place / "track.safetensors"))
        truth[clip.id] = track
        _film(fit_dir, track_dir, place, track)
        _disturbed(track).save(place / "track.safetensors")
    return Filmed(clips, track_dir, fit_dir, truth)


def _shortened(track: Track) -> Track:
    names = (*POSE, "au45", "confidence", "landmarks", "blendshapes", "reprojection")
    return replace(track, **{n: getattr(track, n)[:FRAMES] for n in names})


def _film(fit_dir: Path, track_dir: Path, place: Path, track: Track) -> None:
    """Replace a clip's frames by what the twin shows."""
    plate = load_plate(place / "plate.png", SIZE)
    with FrameStore(place / "frames.store") as store:
        work = ClipWork(load_twin(fit_dir, track_dir), track, store, plate, torch.eye(3, 4), CONFIG)
        pictures = [work.pictures.picture(work.start, i) for i in range(FRAMES)]
    (place / "frames.store").unlink()
    with FrameStoreWriter(place / "frames.store") as writer:
        for picture in pictures:
            image = (picture.clamp(0, 1).numpy() * 255 + 0.5).astype(np.uint8)
            writer.append(image, np.full((SIZE, SIZE), 255, np.uint8))


def _disturbed(track: Track) -> Track:
    """Jaw half read, the smile too weak, the head a little off, and landmarks that fit what is wrong."""
    jaw = track.jaw.copy()
    jaw[:, 0] += 0.06
    shift = track.root_translation + np.array([0.0015, -0.001, 0.0], np.float32)
    return replace(track, jaw=jaw, psi=track.psi * np.float32(0.6), root_translation=shift)


def _errors(track: Track, truth: Track) -> dict[str, float]:
    return {n: float(np.abs(getattr(track, n) - getattr(truth, n)).mean()) for n in ("jaw", "root_translation")}


def refine(filmed: Filmed, fit_dir: Path, stop_after: int | None = None) -> tuple[Outcome, list[Event]]:
    """Refine all clips, asking to stop after some events."""
    stop, events = StopToken(), []

    def listen(event: Event) -> None:
        events.append(event)
        if stop_after is not None and len(events) >= stop_after:
            stop.request()

    return run(refine_tracks(filmed.clips, filmed.track_dir, fit_dir, CONFIG, stop), listen), events


def _copied(filmed: Filmed, folder: Path) -> Path:
    shutil.copytree(filmed.fit_dir, folder)
    return folder


def _digests(filmed: Filmed, fit_dir: Path) -> list[str]:
    """Checksums of everything that refining only reads."""
    read = [fit_dir / "model.safetensors", *sorted(p for p in filmed.track_dir.rglob("*") if p.is_file())]
    return [hashlib.sha256(p.read_bytes()).hexdigest() for p in read]


@dataclass(frozen=True)
class Refined:
    """A finished refinement and what it told."""

    fit_dir: Path
    outcome: Outcome
    events: list[Event]
    digests: tuple[list[str], list[str]]


@pytest.fixture(scope="session")
def refined(filmed: Filmed, tmp_path_factory: pytest.TempPathFactory) -> Refined:
    """All clips refined in one go."""
    fit_dir = _copied(filmed, tmp_path_factory.mktemp("refined") / "fit")
    before = _digests(filmed, fit_dir)
    outcome, events = refine(filmed, fit_dir)
    return Refined(fit_dir, outcome, events, (before, _digests(filmed, fit_dir)))


def test_a_disturbed_pose_is_found_again(filmed: Filmed, refined: Refined) -> None:
    """Jaw and head of both clips, the held-out one as well, come back to less than half of the error."""
    assert refined.outcome is Outcome.FINISHED
    for clip in filmed.clips:
        truth = filmed.truth[clip.id]
        before = _errors(track_of(clip.id, filmed.track_dir), truth)
        after = _errors(track_of(clip.id, filmed.track_dir, refined.fit_dir), truth)
        for name in before:
            assert after[name] < 0.5 * before[name], (clip.id, name, before, after)
        note = json.loads((refined.fit_dir / "tracks" / f"{clip.id}.json").read_text())
        assert note["psnr_refined"] > note["psnr_tracked"] + 3
    assert any(isinstance(e, Progress) and e.unit == "frames refined" for e in refined.events)
    assert all(e.path.exists() for e in refined.events if isinstance(e, Preview))


def test_nothing_leaks_into_the_head(refined: Refined) -> None:
    """Refining the held-out clip leaves every byte of the fitted head and of the tracking folder as it was."""
    assert refined.digests[0] == refined.digests[1]


def test_the_loaded_head_is_only_read(filmed: Filmed) -> None:
    """Not even the arrays in memory change while a held-out clip is refined."""
    twin = load_twin(filmed.fit_dir, filmed.track_dir)
    arrays = {k: v.copy() for k, v in twin.shapes.to_arrays().items()}
    place = filmed.track_dir / "clips" / filmed.clips[1].id
    with FrameStore(place / "frames.store") as store:
        plate = load_plate(place / "plate.png", SIZE)
        config = replace(CONFIG, iterations=1)
        for _ in ClipWork(twin, Track.load(place / "track.safetensors"), store, plate, None, config).run():
            pass
    for name, value in twin.shapes.to_arrays().items():
        np.testing.assert_array_equal(value, arrays[name], err_msg=name)


def test_stopped_and_resumed_equals_uninterrupted(filmed: Filmed, refined: Refined, tmp_path: Path) -> None:
    """A clip that was finished before the stop is kept, and the end is the same as in one go."""
    parts = _copied(filmed, tmp_path / "parts")
    first = next(i for i, e in enumerate(refined.events) if isinstance(e, Preview))
    outcome, _ = refine(filmed, parts, stop_after=first + 2)
    assert outcome is Outcome.STOPPED
    kept = parts / "tracks" / f"{filmed.clips[0].id}.safetensors"
    written = kept.stat().st_mtime_ns
    assert not (parts / "tracks" / f"{filmed.clips[1].id}.safetensors").exists()
    assert refine(filmed, parts)[0] is Outcome.FINISHED
    assert kept.stat().st_mtime_ns == written
    for clip in filmed.clips:
        one, two = (read_arrays(f / "tracks" / f"{clip.id}.safetensors")[0] for f in (refined.fit_dir, parts))
        for name in one:
            np.testing.assert_array_equal(one[name], two[name], err_msg=name)


def test_other_settings_refine_again(filmed: Filmed, refined: Refined, tmp_path: Path) -> None:
    """A finished refinement is left alone until its settings change."""
    fit_dir = tmp_path / "fit"
    shutil.copytree(refined.fit_dir, fit_dir)
    assert refine(filmed, fit_dir)[1] == []
    events: list[Event] = []
    other = replace(CONFIG, iterations=1)
    run(refine_tracks(filmed.clips[:1], filmed.track_dir, fit_dir, other, StopToken()), events.append)
    assert sum(isinstance(e, Preview) for e in events) == 1


def test_a_missing_head_is_named(filmed: Filmed, tmp_path: Path) -> None:
    """Without a fitted head there is nothing to refine with; a damaged one says so."""
    with pytest.raises(UserError, match="not fitted"):
        refine(filmed, tmp_path)
    fit_dir = _copied(filmed, tmp_path / "fit")
    model = fit_dir / "model.safetensors"
    model.write_bytes(model.read_bytes()[:500])
    with pytest.raises(UserError, match=r"model\.safetensors"):
        refine(filmed, fit_dir)


def test_a_missing_background_is_named(filmed: Filmed, tmp_path: Path) -> None:
    """A plate that is gone gives advice instead of a stack trace."""
    track_dir = tmp_path / "track"
    shutil.copytree(filmed.track_dir, track_dir)
    (track_dir / "clips" / filmed.clips[0].id / "plate.png").unlink()
    with pytest.raises(UserError, match=r"plate\.png"):
        run(refine_tracks(filmed.clips, track_dir, _copied(filmed, tmp_path / "fit"), CONFIG, StopToken()))


def test_a_track_survives_the_change_of_unknowns(filmed: Filmed) -> None:
    """Unknowns made of a track give the track back, and the same joint transforms as the head model."""
    twin = load_twin(filmed.fit_dir, filmed.track_dir)
    track = filmed.truth[filmed.clips[0].id]
    joints = twin.head.shape(torch.from_numpy(twin.subject.identity))[1]
    state = unknowns_of(track, joints, twin.subject.camera)
    back = refined_track(track, state, joints, twin.subject.camera)
    for name in POSE:
        np.testing.assert_allclose(getattr(back, name), getattr(track, name), atol=2e-6, err_msg=name)
    jaw, neck, eyes, turn, shift = (torch.from_numpy(getattr(track, n)) for n in POSE[1:])
    bones = twin.head.bone_transforms(joints, jaw, neck, eyes)
    root = axis_angle_to_matrix(turn)[:, None]
    wanted = torch.cat([root @ bones[..., :3], root @ bones[..., 3:] + shift[:, None, :, None]], -1)
    found = world_transforms(state, state.step(), joints, twin.subject.camera)
    torch.testing.assert_close(found, wanted, atol=2e-6, rtol=0)


def test_the_light_of_a_clip_is_found() -> None:
    """A known colour transform comes back from pictures made with it."""
    random = torch.Generator().manual_seed(0)
    rgb, alpha = torch.rand(20, 20, 3, generator=random), torch.full((20, 20), 0.98)
    plate = torch.rand(20, 20, 3, generator=random)
    light = torch.eye(3, 4) * 0.9 + 0.02
    lit = rgb @ light[:, :3].T + alpha[..., None] * light[:, 3]
    found = LightFit()
    found.add(rgb, alpha, plate, lit + (1 - alpha)[..., None] * plate)
    torch.testing.assert_close(found.solve(), light, atol=0.01, rtol=0)
    torch.testing.assert_close(LightFit().solve(), torch.eye(3, 4))
