"""How good a twin is on clips that nothing learned from, beside two trivial predictors."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.files import write_json
from emotalker.engine.head.folder import head_of
from emotalker.engine.jobs import Event, Job, Metric, Notice, Outcome, Preview, Progress, StopToken
from emotalker.engine.media import FrameStore
from emotalker.engine.metrics import perceptual
from emotalker.engine.metrics.baselines import FrameKey, mean_frame, nearest_frames
from emotalker.engine.metrics.image import as_float, cpbd, psnr, ssim
from emotalker.engine.metrics.landmarks import (
    FACE,
    MOUTH,
    NORMAL_SIDE,
    Mask,
    face_mask,
    head_mask,
    landmark_distance,
    landmark_velocity_difference,
    mouth_mask,
)
from emotalker.engine.metrics.plain import TexturedMesh, nearest_by_expression
from emotalker.engine.metrics.scores import Scores, write_tiles
from emotalker.engine.tracking.track import Subject, Track

U8 = NDArray[np.uint8]
Detect = Callable[[U8], NDArray[np.float32] | None]
"""Finds 478 landmarks [478, 2 or 3] in pixels (depth unused) in a picture u8 [H, W, 3]; None if there is no face."""

Drive = Literal["tracked", "unrefined", "audio"]
Masks = dict[str, Mask]
"""Regions by name: "face", "mouth" and "head"."""

STAGE = "evaluate"
# Bounds that keep long clips affordable: frames judged of one clip, and training frames the oracle chooses from.
MOST_FRAMES = 400
MOST_CANDIDATES = 4000
# LPIPS takes half a second a picture; landmarks need two more renders at 512 pixels.
PERCEPTUAL_EVERY = 10
LANDMARKS_EVERY = 10
TILES = 8
SCHEMA_VERSION = 1


class FrameRenderer(Protocol):
    """Renders frames of a recorded clip with the twin, composited over that clip's own plate."""

    def tracked(self, clip_id: str, index: int, size: int) -> U8:
        """Frame `index` driven by its own tracked expression and pose; u8 [size, size, 3], the clip's crop."""
        ...

    def unrefined(self, clip_id: str, index: int, size: int) -> U8:
        """The same as `tracked`, with the track as it was before the twin refined it (asked for only as a drive)."""
        ...

    def audio(self, clip_id: str, index: int, size: int) -> U8:
        """The same driven by the clip's sound, label and level, with the tracked head motion, camera code and AU45."""
        ...


@dataclass
class _Judge:
    """What stays the same over the clips of one evaluation."""

    renderer: FrameRenderer
    detect: Detect
    lpips: perceptual.Lpips | None
    training: Sequence[ClipInput]
    track_dir: Path
    out: Path
    size: int
    stop: StopToken
    drives: Sequence[Drive]
    missed: int = 0
    scores: Scores = field(default_factory=Scores)

    def store(self, clip: ClipInput) -> Path:
        """The clip's frames."""
        return self.track_dir / "clips" / clip.id / "frames.store"

    def track(self, clip: ClipInput) -> Track:
        """The clip's track."""
        return Track.load(self.track_dir / "clips" / clip.id / "track.safetensors")

    def draw(self, clip: ClipInput, index: int, size: int) -> dict[str, U8]:
        """The renders of a frame, by what drove them."""
        return {drive: getattr(self.renderer, drive)(clip.id, index, size) for drive in self.drives}


def evaluate(
    clips: Sequence[ClipInput],
    track_dir: Path,
    avatar_dir: Path,
    out: Path,
    stop: StopToken,
    size: int = 256,
    *,
    renderer: Callable[[Path], FrameRenderer],
    detect: Detect,
    drives: Sequence[Drive] = ("tracked", "audio"),
) -> Job:
    """Compare renders of the held-out clips with their recorded frames; writes report.json and tiles_<clip>.png.

    Figures are means over the frames of all held-out clips, and of each one under "clips". PSNR, SSIM: whole frame at
    `size` over the clip's own plate, every frame; `psnr_face`, `psnr_mouth` and `psnr_head` (the person above the neck)
    inside the regions that the recorded frame's landmarks and matte outline; LPIPS every tenth frame; landmark
    distances at 512 pixels on pairs of frames, ten apart.
    "baseline_mean" is the mean training frame of the same emotion (of all, if there is none of it);
    "baseline_nearest" the training frame of any emotion with the highest PSNR, chosen for every frame by looking;
    "baseline_expression" the training frame whose tracked expression and pose are nearest; "baseline_mesh" the tracked
    head mesh in the mean texture of the training frames, over the mean frame.

    Args:
        clips: all clips of the project, training and held-out.
        track_dir: the tracking stage's folder.
        avatar_dir: the twin.
        out: folder for the report.
        stop: asks the job to end early; nothing is kept then.
        size: pixels of the square frames compared.
        renderer: opens the twin for rendering.
        detect: the landmark detector, for recorded frames and renders alike.
        drives: which renders to judge.

    Raises:
        UserError: if no clip is held out, or a clip was not tracked.
    """
    held = [clip for clip in clips if clip.held_out]
    if not held:
        raise _nothing_held_out()
    lpips = perceptual.Lpips() if perceptual.available() else None
    if lpips is None:
        yield Notice(STAGE, "LPIPS is left out: its model is not on this computer.", "warning")
    training = [clip for clip in clips if not clip.held_out]
    judge = _Judge(renderer(avatar_dir), detect, lpips, training, track_dir, out, size, stop, drives)
    per_clip: dict[str, Any] = {}
    for clip in held:
        scores = yield from _judge_clip(judge, clip)
        if scores is None:
            return Outcome.STOPPED
        judge.scores.extend(scores)
        per_clip[clip.id] = scores.means()
    figures = judge.scores.means()
    facts = {"clips": per_clip, "settings": _settings(judge, held), "schema_version": SCHEMA_VERSION}
    write_json(out / "report.json", {**figures, **facts})
    yield Metric(STAGE, 0, {f"{group}.{name}": v for group, values in figures.items() for name, v in values.items()})
    return Outcome.FINISHED


def _nothing_held_out() -> UserError:
    return UserError(
        "There is nothing to evaluate on.",
        "No clip is held out, and a clip the twin has learned from would flatter it.",
        "Hold a clip out (train --hold-out CLIP) and train again.",
    )


def _settings(judge: _Judge, held: Sequence[ClipInput]) -> dict[str, Any]:
    """What a reader needs to compare the figures with others."""
    return {
        "size": judge.size,
        "held_out": [clip.id for clip in held],
        "training": [clip.id for clip in judge.training],
        "lpips_every": PERCEPTUAL_EVERY,
        "landmark_pairs_every": LANDMARKS_EVERY,
        "landmark_pairs_without_face": judge.missed,
    }


def _judge_clip(judge: _Judge, clip: ClipInput) -> Generator[Event, None, Scores | None]:
    """All figures of one clip; None if stopped."""
    scores = Scores()
    track = judge.track(clip)
    with FrameStore(judge.store(clip)) as store:
        count = min(len(store), len(track))
        every = -(-count // MOST_FRAMES)
        indices = list(range(0, count, every))
        pictures, mattes = zip(*(store.read(i, judge.size) for i in indices))
    held = np.stack(pictures)
    masks = [_masks(track, i, matte) for i, matte in zip(indices, mattes)]
    yield from _judge_baselines(judge, clip, held, masks, indices, scores)
    if judge.stop.requested:
        return None
    shown = set(np.linspace(0, len(indices) - 1, TILES).round().astype(int).tolist())
    tiles: list[tuple[U8, ...]] = []
    for done, index in enumerate(indices):
        if judge.stop.requested:
            return None
        renders = judge.draw(clip, index, judge.size)
        _compare(scores, renders, held[done], masks[done])
        if judge.lpips is not None and done % PERCEPTUAL_EVERY == 0:
            _compare_lpips(scores, judge.lpips, renders, held[done])
        if done in shown:
            tiles.append((held[done], *renders.values()))
        yield Progress(STAGE, done + 1, len(indices), "frames")
    path = judge.out / f"tiles_{clip.id}.png"
    write_tiles(path, zip(*tiles))
    yield Preview(STAGE, 0, path)
    finished = yield from _judge_landmarks(judge, clip, count, scores)
    return scores if finished else None


def _judge_baselines(
    judge: _Judge, clip: ClipInput, held: U8, masks: list[Masks], indices: list[int], scores: Scores
) -> Generator[Event, None, None]:
    """The plain predictors, from training clips only."""
    if not judge.training:
        yield Notice(STAGE, "There is no training clip, so there are no baselines to compare with.", "warning")
        return
    same = [c for c in judge.training if c.emotion == clip.emotion]
    if not same:
        yield Notice(STAGE, f"No training clip is {clip.emotion}: the mean frame is that of all of them.")
    mean = mean_frame([judge.store(c) for c in same or judge.training], judge.size)
    stores = [judge.store(c) for c in judge.training]
    every = -(-_total_frames(stores) // MOST_CANDIDATES)
    yield Notice(STAGE, f"Searching the training frames nearest to {clip.id}.")
    oracle = nearest_frames(held, stores, every, lambda: judge.stop.requested)
    training = [(judge.store(c), judge.track(c)) for c in judge.training]
    track = judge.track(clip)
    expression = nearest_by_expression(track, training)
    mesh = _textured_mesh(judge, training)
    opened: dict[Path, FrameStore] = {}

    def read(key: FrameKey) -> U8:
        if key[0] not in opened:
            opened[key[0]] = FrameStore(key[0])
        return opened[key[0]].read(key[1], judge.size)[0]

    try:
        for frame, mask, index, nearest in zip(held, masks, indices, oracle):
            if judge.stop.requested:
                return
            chosen = {"baseline_nearest": nearest, "baseline_expression": expression[index]}
            plain = {"baseline_mean": mean, **{name: read(key) for name, key in chosen.items() if key is not None}}
            if mesh is not None:
                plain["baseline_mesh"] = mesh.draw(track, index, mean)
            _compare(scores, plain, frame, mask, with_ssim=False)
    finally:
        for store in opened.values():
            store.close()


def _textured_mesh(judge: _Judge, training: list[tuple[Path, Track]]) -> TexturedMesh | None:
    """The mesh baseline; None where the tracks come without the person's head."""
    path = judge.track_dir / "subject.safetensors"
    if not path.exists():
        return None
    return TexturedMesh.of(head_of(judge.track_dir), Subject.load(path), training, judge.size)


def _judge_landmarks(judge: _Judge, clip: ClipInput, count: int, scores: Scores) -> Generator[Event, None, bool]:
    """Landmark distances and sharpness on pairs of consecutive frames; False if stopped."""
    starts = range(0, count - 1, LANDMARKS_EVERY)
    with FrameStore(judge.store(clip)) as store:
        for done, start in enumerate(starts):
            if judge.stop.requested:
                return False
            pair = (start, start + 1)
            recorded = [store.read(i, NORMAL_SIDE)[0] for i in pair]
            scores.add("recorded", cpbd=cpbd(recorded[0]))
            wanted = _landmarks(judge, recorded)
            drawn = [judge.draw(clip, i, NORMAL_SIDE) for i in pair]
            for group in judge.drives:
                frames = [renders[group] for renders in drawn]
                scores.add(group, cpbd=cpbd(frames[0]))
                found = _landmarks(judge, frames)
                if found is None or wanted is None:
                    judge.missed += 1
                    continue
                for name, subset in (("m", MOUTH), ("f", FACE)):
                    distance = landmark_distance(found, wanted, NORMAL_SIDE, subset)
                    velocity = landmark_velocity_difference(found, wanted, NORMAL_SIDE, subset)
                    scores.add(group, **{f"{name}_ld": distance, f"{name}_lvd": velocity})
            yield Progress(f"{STAGE} landmarks", done + 1, len(starts), "pairs")
    return True


def _landmarks(judge: _Judge, frames: Sequence[U8]) -> NDArray[np.float32] | None:
    """Landmarks [T, 478, 2] of some frames; None if one has no face."""
    found = [judge.detect(frame) for frame in frames]
    return None if any(f is None for f in found) else np.stack([f[:, :2] for f in found if f is not None])


def _masks(track: Track, index: int, matte: U8) -> Masks:
    """Regions of a recorded frame whose matte is u8 [S, S]."""
    size = matte.shape[0]
    landmarks = track.landmarks[index] * np.float32(size / track.size)
    return {
        "face": face_mask(landmarks, size),
        "mouth": mouth_mask(landmarks, size),
        "head": head_mask(landmarks, matte),
    }


def _compare(scores: Scores, pictures: dict[str, U8], target: U8, masks: Masks, *, with_ssim: bool = True) -> None:
    """Add the figures of some pictures against the recorded frame; regions outside the frame are left out."""
    for group, picture in pictures.items():
        scores.add(group, psnr=psnr(picture, target))
        if with_ssim:
            scores.add(group, ssim=ssim(picture, target))
        for name, mask in masks.items():
            if mask.any():
                scores.add(group, **{f"psnr_{name}": psnr(picture, target, mask)})


def _compare_lpips(scores: Scores, metric: perceptual.Lpips, pictures: dict[str, U8], target: U8) -> None:
    wanted = metric.features(torch.from_numpy(as_float(target)))
    for group, picture in pictures.items():
        features = metric.features(torch.from_numpy(as_float(picture)))
        scores.add(group, lpips=metric.distance(features, wanted))


def _total_frames(stores: Sequence[Path]) -> int:
    total = 0
    for path in stores:
        with FrameStore(path) as store:
            total += len(store)
    return total
