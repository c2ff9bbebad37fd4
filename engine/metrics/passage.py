"""What only shows in motion: landmarks, lips, activations and trembling over a passage of consecutive frames."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from emotalker.engine.clip import ClipInput
from emotalker.engine.jobs import Event, Progress
from emotalker.engine.media import AudioTrack, FrameStore, Mp4Writer, read_audio
from emotalker.engine.metrics.faces import LOWER, UPPER, au_error, jitter
from emotalker.engine.metrics.image import cpbd
from emotalker.engine.metrics.judge import STAGE, U8, Detect, Judge
from emotalker.engine.metrics.landmarks import (
    F32,
    FACE,
    MOUTH,
    NORMAL_SIDE,
    Mask,
    landmark_distance,
    landmark_velocity_difference,
    mouth_shape_distance,
)
from emotalker.engine.metrics.lips import F64, seen_curves, sync, wrong_sound
from emotalker.engine.metrics.scores import Scores

MOST_SECONDS = 10.0
"""Length of the passage judged, from the middle of a longer clip."""
SHARPNESS_EVERY = 10
FILM_SIDE = 384
AI_LABEL = "Left as recorded; the others AI-generated: a synthetic film of a digital twin, made with EmoTalker Studio"


@dataclass
class Faces:
    """What a detector found in consecutive pictures."""

    points: list[F32] = field(default_factory=list)
    units: list[F32] = field(default_factory=list)

    def look(self, picture: U8, detect: Detect) -> None:
        """Add a picture; where there is no face, NaN."""
        face = detect(picture)
        self.points.append(np.full((478, 2), np.nan, np.float32) if face is None else face.points[:, :2])
        self.units.append(np.full(52, np.nan, np.float32) if face is None else face.blendshapes)

    @property
    def landmarks(self) -> F32:
        """[T, 478, 2]."""
        return np.stack(self.points).astype(np.float32)

    @property
    def seen(self) -> Mask:
        """Where a face was found, bool [T]."""
        return np.asarray(np.isfinite(self.landmarks).all(axis=(1, 2)), np.bool_)


@dataclass
class Passage:
    """What is told of a passage beside its scores.

    Attributes:
        curves: for a plot, by name ("recorded", "tracked", "audio", "sound") and channel [T].
        lags: seconds that the picture follows the sound, by drive.
        fps: frames per second of the curves.
        film: file name of the film; empty without.
        lost: frames without a face, by drive.
    """

    curves: dict[str, dict[str, list[float]]]
    lags: dict[str, float]
    fps: float
    film: str
    lost: dict[str, int]


def judge_passage(
    judge: Judge, clip: ClipInput, others: Sequence[ClipInput], scores: Scores
) -> Generator[Event, None, Passage | None]:
    """Add the figures of a passage of a clip and write its film; None if stopped.

    Args:
        judge: the tools.
        clip: the clip.
        others: clips whose sound does not belong to it.
        scores: gets one value for each group and figure.
    """
    track = judge.track(clip)
    with FrameStore(judge.store(clip)) as store:
        count = min(len(store), len(track))
        length = min(count, round(MOST_SECONDS * track.fps))
        first = (count - length) // 2
        faces = {group: Faces() for group in ("recorded", *judge.drives)}
        sound = read_audio(clip.path)
        with contextlib.ExitStack() as stack:
            film = _film(judge, clip, track.fps, first, length, sound)
            if film is not None:
                stack.enter_context(film)
            for done in range(length):
                if judge.stop.requested:
                    if film is not None:
                        film.abort()
                    return None
                index = first + done
                pictures = {"recorded": store.read(index, NORMAL_SIDE)[0], **judge.draw(clip, index, NORMAL_SIDE)}
                for group, picture in pictures.items():
                    faces[group].look(picture, judge.detect)
                    if done % SHARPNESS_EVERY == 0:
                        scores.add(group, cpbd=cpbd(picture))
                if film is not None:
                    film.write(_side_by_side(pictures))
                yield Progress(STAGE, done + 1, length, f"moving frames of {clip.id}")
    _score_motion(scores, faces)
    curves, lags = _score_lips(judge, scores, faces, sound, others, track.fps, first / track.fps)
    lost = {group: int((~f.seen).sum()) for group, f in faces.items()}
    return Passage(curves, lags, track.fps, film.path.name if film is not None else "", lost)


def _score_motion(scores: Scores, faces: dict[str, Faces]) -> None:
    """Landmark distances, activations and trembling."""
    recorded = faces["recorded"]
    for group, found in faces.items():
        trembling = jitter(found.landmarks, NORMAL_SIDE)
        if trembling is not None:
            scores.add(group, jitter=trembling)
        both = recorded.seen & found.seen
        if group == "recorded" or not both.any():
            continue
        ours, theirs = found.landmarks, recorded.landmarks
        scores.add(group, lmd=mouth_shape_distance(ours[both], theirs[both], NORMAL_SIDE))
        pairs = np.flatnonzero(both[:-1] & both[1:])
        for name, subset in (("m", MOUTH), ("f", FACE)):
            scores.add(group, **{f"{name}_ld": landmark_distance(ours[both], theirs[both], NORMAL_SIDE, subset)})
            if len(pairs):
                moves = [
                    landmark_velocity_difference(ours[i : i + 2], theirs[i : i + 2], NORMAL_SIDE, subset) for i in pairs
                ]
                scores.add(group, **{f"{name}_lvd": float(np.mean(moves))})
        units, wanted = np.stack(found.units)[both], np.stack(recorded.units)[both]
        scores.add(group, au_upper=au_error(units, wanted, UPPER), au_lower=au_error(units, wanted, LOWER))


def _score_lips(
    judge: Judge,
    scores: Scores,
    faces: dict[str, Faces],
    sound: AudioTrack | None,
    others: Sequence[ClipInput],
    fps: float,
    start: float,
) -> tuple[dict[str, dict[str, list[float]]], dict[str, float]]:
    """Lip-sync of every group with the clip's own sound and with sounds of others."""
    curves = {group: seen for group, f in faces.items() if (seen := seen_curves(f.landmarks)) is not None}
    lags: dict[str, float] = {}
    if sound is None or sound.silent or not curves:
        return {group: _rounded(c) for group, c in curves.items()}, lags
    length = len(next(iter(faces.values())).points)
    whole = judge.listener.curves(sound.mono16k, fps, round(start * fps) + length)
    own = {name: curve[-length:] for name, curve in whole.items()}
    wrong = [own]
    for other in (clip for clip in others if clip.path.is_file()):
        foreign = read_audio(other.path)
        if foreign is not None and not foreign.silent and foreign.duration * fps >= length / 2:
            wrong.append(judge.listener.curves(foreign.mono16k, fps, min(length, int(foreign.duration * fps))))
    for group, seen in curves.items():
        found = sync(seen, own, fps)
        if found is None:
            continue
        scores.add(group, sync=found.score, **{f"sync_{name}": value for name, value in found.channels.items()})
        lags[group] = found.lag
        chance = wrong_sound(seen, wrong, fps)
        if chance is not None:
            scores.add(group, sync_wrong=chance)
    return {**{group: _rounded(c) for group, c in curves.items()}, "sound": _rounded(own)}, lags


def _rounded(curves: dict[str, F64]) -> dict[str, list[float]]:
    return {name: [round(float(v), 4) for v in curve] for name, curve in curves.items()}


def _film(
    judge: Judge, clip: ClipInput, fps: float, first: int, length: int, sound: AudioTrack | None
) -> Mp4Writer | None:
    """The film of recorded frames beside the renders, with the clip's own sound."""
    if not judge.films:
        return None
    width = FILM_SIDE * (1 + len([d for d in judge.drives if d != "unrefined"]))
    audio, rate = None, None
    if sound is not None and len(sound.original):
        rate = sound.rate
        audio = sound.original[round(first / fps * rate) : round((first + length) / fps * rate)]
        audio = audio if len(audio) else None
    path = judge.out / f"side_by_side_{clip.id}.mp4"
    rate = rate if audio is not None else None
    tags = {"title": f"{clip.id}: recorded, then the twin", "comment": AI_LABEL}
    return Mp4Writer(path, width, FILM_SIDE, fps, audio, rate, quality=21, metadata=tags)


def _side_by_side(pictures: dict[str, U8]) -> U8:
    shown = [p for group, p in pictures.items() if group != "unrefined"]
    return np.concatenate([cv2.resize(p, (FILM_SIDE, FILM_SIDE), interpolation=cv2.INTER_AREA) for p in shown], axis=1)
