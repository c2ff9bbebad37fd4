"""Picture against picture: renders and plain predictors beside the recorded frames of a clip."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import torch

from emotalker.engine.clip import ClipInput
from emotalker.engine.head.folder import head_of
from emotalker.engine.jobs import Event, Notice, Preview, Progress
from emotalker.engine.media import FrameStore
from emotalker.engine.metrics import perceptual
from emotalker.engine.metrics.baselines import FrameKey, mean_frame, nearest_frames
from emotalker.engine.metrics.image import as_float, psnr, ssim
from emotalker.engine.metrics.judge import STAGE, U8, Judge
from emotalker.engine.metrics.landmarks import Mask, face_mask, head_mask, mouth_mask
from emotalker.engine.metrics.plain import TexturedMesh, nearest_by_expression
from emotalker.engine.metrics.scores import Scores, write_tiles
from emotalker.engine.tracking.track import Subject, Track

Masks = dict[str, Mask]
"""Regions by name: "face", "mouth" and "head"."""

# Bounds that keep long clips affordable: frames judged of one clip, and training frames the oracle chooses from.
MOST_FRAMES = 400
MOST_CANDIDATES = 4000
# LPIPS takes almost a second a picture of 256 pixels, and 2.5 s one of 512.
SMALL = 256
TILES = 8


def lpips_every(size: int) -> int:
    """Frames between those LPIPS is computed of, for pictures of a size."""
    return 10 if size <= SMALL else 25


def judge_pictures(judge: Judge, clip: ClipInput, scores: Scores) -> Generator[Event, None, bool]:
    """Add the figures of single pictures and write tiles_<clip>.png; False if stopped."""
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
        return False
    shown = set(np.linspace(0, len(indices) - 1, TILES).round().astype(int).tolist())
    tiles: list[tuple[U8, ...]] = []
    for done, index in enumerate(indices):
        if judge.stop.requested:
            return False
        renders = judge.draw(clip, index, judge.size)
        _compare(scores, renders, held[done], masks[done])
        if judge.lpips is not None and done % lpips_every(judge.size) == 0:
            _compare_lpips(scores, judge.lpips, renders, held[done])
        if done in shown:
            tiles.append((held[done], *renders.values()))
        yield Progress(STAGE, done + 1, len(indices), f"pictures of {clip.id}")
    path = judge.out / f"tiles_{clip.id}.png"
    write_tiles(path, zip(*tiles))
    yield Preview(STAGE, 0, path)
    return True


def _judge_baselines(
    judge: Judge, clip: ClipInput, held: U8, masks: list[Masks], indices: list[int], scores: Scores
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


def _textured_mesh(judge: Judge, training: list[tuple[Path, Track]]) -> TexturedMesh | None:
    """The mesh baseline; None where the tracks come without the person's head."""
    path = judge.track_dir / "subject.safetensors"
    if not path.exists():
        return None
    return TexturedMesh.of(head_of(judge.track_dir), Subject.load(path), training, judge.size)


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
