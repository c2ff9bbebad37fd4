"""How far each emotion moves the face at each level, beside the recording (Fig. 8 of the paper), and a tile of them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.avatar import Avatar, Controls, Heard
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.gaussians.cpu import PlaybackRenderer
from emotalker.engine.jobs import Event, Progress, StopToken
from emotalker.engine.metrics.faces import APART, displacement, motion, steadied
from emotalker.engine.metrics.judge import Detect
from emotalker.engine.metrics.landmarks import NORMAL_SIDE
from emotalker.engine.tracking.observing.landmarker import FaceObservation
from emotalker.engine.tracking.track import Track

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
STAGE = "emotions"
LEVELS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
TILE_LEVELS = (1.0, 2.0, 3.0)
FRAMES = 14
FEEL = EMOTIONS[1:]
"""The emotions that have levels."""
REACH = 1.5
"""Side of the pictures of a tile, in heights of the face."""
_MARGIN, _PAPER, _INK, _FAINT = 26, 245, (40, 40, 40), (120, 120, 120)


def judge_levels(
    avatar: Avatar,
    heard: Heard,
    detect: Detect,
    recorded: Sequence[tuple[str, float, Track]],
    stop: StopToken,
    emotions: Sequence[str] = FEEL,
    levels: Sequence[float] = LEVELS,
) -> Generator[Event, None, dict[str, Any] | None]:
    """Displacement of the face by emotion and level; None if stopped.

    The twin says the same words with the same head motion at every level; landmarks are found on pictures at 512
    pixels, ten frames apart, and laid over each other by what expressions move least (`faces.STEADY`).

    Args:
        avatar: the twin.
        heard: what it says.
        detect: finds landmarks.
        recorded: emotion, level and track of the recorded clips.
        stop: asks for an early end.
        emotions: which to judge.
        levels: ascending, from 0.

    Returns:
        "levels"; "emotions": by name "displacement" (mean distance of the landmarks of the mean face from those at
        level 0, px at 512, one per level), "motion" (how far landmarks move in ten frames, as Fig. 8 of the paper
        measures it) and "growing" (whether the displacement grows from level to level); "recorded": by clip's emotion
        and level the same two figures, of its tracked expressions worn by the twin; "reference": what neutral those are
        measured from, "recorded" or the "twin"'s.
    """
    points: dict[tuple[str, float], F32] = {}
    renderer = PlaybackRenderer()
    wanted = [("neutral", 0.0), *((e, level) for e in emotions for level in levels if level > 0)]
    for done, (emotion, level) in enumerate(wanted):
        controls = avatar.controls_from_speech(heard, EmotionCurve.constant(emotion, level), seed=0)
        found = []
        for index in range(0, min(len(controls), FRAMES * APART), APART):
            if stop.requested:
                return None
            picture = draw(avatar, renderer, controls.frame(index), NORMAL_SIDE)
            found.append(_points(detect(picture)))
        points[emotion, level] = np.stack(found)
        yield Progress(STAGE, done + 1, len(wanted), "emotions and levels")
    calm = avatar.controls_from_speech(heard, EmotionCurve.constant("neutral", 0.0), seed=0)
    shown = yield from _recorded(avatar, recorded, calm, detect, stop)
    if shown is None:
        return None
    still = points["neutral", 0.0]
    if not np.isfinite(still).all(axis=(1, 2)).any():
        return {"levels": list(levels), "emotions": {}, "recorded": [], "reference": ""}
    reference = np.nanmean(still, axis=0)
    steady = {key: steadied(p, reference) for key, p in points.items()}
    mean = {key: np.nanmean(p, axis=0, keepdims=True) for key, p in steady.items() if np.isfinite(p).any()}
    result: dict[str, Any] = {"levels": list(levels), "emotions": {}}
    for emotion in emotions:
        keys = [(emotion, level) if level > 0 else ("neutral", 0.0) for level in levels]
        motions = [motion(steady[key], NORMAL_SIDE) for key in keys]
        if all(key in mean for key in keys) and None not in motions:
            moved = [displacement(mean[key], mean["neutral", 0.0], NORMAL_SIDE) for key in keys]
            result["emotions"][emotion] = {
                "displacement": moved,
                "motion": motions,
                "growing": bool(np.all(np.diff(moved) > 0)),
                "recorded": any(e == emotion for e, _ in avatar.recorded),
            }
    return {**result, **_rows(shown, reference, mean["neutral", 0.0])}


def tile(avatar: Avatar, heard: Heard, detect: Detect, size: int = 224, levels: Sequence[float] = TILE_LEVELS) -> U8:
    """One moment of a sentence in eight emotions (columns) at some levels (rows), labelled; u8 [H, W, 3].

    The moment is one with open eyes at which the jaw is opened as far as it is on one frame in four.

    Args:
        avatar: the twin.
        heard: the sentence.
        detect: finds the face that the pictures are cut to.
        size: pixels of each picture.
        levels: the rows.
    """
    renderer = PlaybackRenderer()
    calm = avatar.controls_from_speech(heard, EmotionCurve.constant("neutral", 0.0), seed=0)
    opened = np.linalg.norm(calm.jaw_neu, axis=1)
    awake = np.flatnonzero(calm.au45 < 0.2)
    awake = awake if len(awake) else np.arange(len(calm))
    index = int(awake[np.abs(opened[awake] - np.quantile(opened, 0.75)).argmin()])
    known = {emotion for emotion, _ in avatar.recorded}
    shown = _around(detect(draw(avatar, renderer, calm.frame(index), NORMAL_SIDE)))
    columns = []
    for emotion in EMOTIONS:
        column = []
        for level in levels:
            strength = 0.0 if emotion == "neutral" else level
            controls = avatar.controls_from_speech(heard, EmotionCurve.constant(emotion, strength), seed=0)
            picture = draw(avatar, renderer, controls.frame(index), NORMAL_SIDE)[shown]
            column.append(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA))
        head = _label(emotion if emotion in known else f"{emotion} (not recorded)", size, emotion in known)
        columns.append(np.concatenate([head, *column]))
    names = [np.full((_MARGIN, 2 * _MARGIN, 3), _PAPER, np.uint8)]
    names += [np.rot90(_label(f"level {level:g}", size, True, 2 * _MARGIN)) for level in levels]
    return np.concatenate([np.concatenate(names), *columns], axis=1)


def draw(avatar: Avatar, renderer: PlaybackRenderer, control: Any, size: int) -> U8:
    """A frame of the twin over its own plate, from the front; u8 [size, size, 3]."""
    camera = avatar.camera.resized(size, size)
    plate = avatar.plate
    if plate.shape[0] != size:
        plate = np.asarray(cv2.resize(plate, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    return renderer.render(avatar.arrays(control), camera, plate)


def _recorded(
    avatar: Avatar, clips: Sequence[tuple[str, float, Track]], calm: Controls, detect: Detect, stop: StopToken
) -> Generator[Event, None, list[tuple[str, float, F32]] | None]:
    """Landmarks [T, 478, 2] of recorded expressions, worn by the twin in its calm pose; None if stopped.

    The pictures of the recording itself would not do: a head that is held higher looks like another face.
    """
    renderer, found = PlaybackRenderer(), []
    for done, (emotion, level, track) in enumerate(clips):
        weights, levels = EmotionCurve.constant(emotion, level).sample([0.0])
        controls = avatar.controls_from_track(track, avatar.quiet(), weights[0], float(levels[0]))
        count = len(controls)
        held = replace(
            controls, root=_held(calm.root, count), neck=_held(calm.neck, count), eyes=_held(calm.eyes, count),
            camera_code=_held(calm.camera_code, count),
        )  # fmt: skip
        points = []
        for index in range(0, min(count, FRAMES * APART), APART):
            if stop.requested:
                return None
            if track.confidence[index] > 0:
                points.append(_points(detect(draw(avatar, renderer, held.frame(index), NORMAL_SIDE))))
        if len(points) > 1 and np.isfinite(points).any():
            found.append((emotion, level, np.stack(points)))
        yield Progress(STAGE, done + 1, len(clips), "recorded clips")
    return found


def _rows(found: list[tuple[str, float, F32]], reference: F32, still: NDArray[np.float64]) -> dict[str, Any]:
    """Displacement and motion of recorded clips; from the mean of the neutral ones where there are any."""
    clips = [(emotion, level, steadied(points, reference)) for emotion, level, points in found]
    calm = [points for emotion, _, points in clips if emotion == "neutral"]
    base = np.nanmean(np.concatenate(calm), axis=0, keepdims=True) if calm else still
    rows = [
        {
            "emotion": emotion, "level": level, "motion": moved,
            "displacement": displacement(np.nanmean(points, axis=0, keepdims=True), base, NORMAL_SIDE),
        }
        for emotion, level, points in clips
        if (moved := motion(points, NORMAL_SIDE)) is not None
    ]  # fmt: skip
    return {"recorded": rows, "reference": "recorded" if calm else "twin"}


def _points(face: FaceObservation | None) -> F32:
    """Landmarks [478, 2]; NaN without a face."""
    return np.full((478, 2), np.nan, np.float32) if face is None else face.points[:, :2].astype(np.float32)


def _held(values: F32, count: int) -> F32:
    """The first row, `count` times."""
    return np.repeat(values[:1], count, axis=0)


def _around(face: FaceObservation | None) -> tuple[slice, slice]:
    """Rows and columns of a square around a face, with hair and chin; the whole picture without one."""
    if face is None:
        return slice(None), slice(None)
    low, high = face.points[:468, :2].min(0), face.points[:468, :2].max(0)
    side = int(min(REACH * float((high - low).max()), NORMAL_SIDE))
    x, y = np.clip(((low + high) / 2 - side / 2).astype(int), 0, NORMAL_SIDE - side).tolist()
    return slice(y, y + side), slice(x, x + side)


def _label(text: str, width: int, sure: bool, height: int = _MARGIN) -> U8:
    strip = np.full((height, width, 3), _PAPER, np.uint8)
    cv2.putText(strip, text, (8, height - 9), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK if sure else _FAINT, 1, cv2.LINE_AA)
    return strip
