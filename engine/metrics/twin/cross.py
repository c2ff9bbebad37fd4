"""Cross-driven: the twin says what somebody else said; there is no recording to compare with."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emotalker.engine.avatar import Avatar
from emotalker.engine.avatar.hearing import hear, read_speech
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.gaussians.cpu import PlaybackRenderer
from emotalker.engine.jobs import Event, Progress, StopToken
from emotalker.engine.media import AudioTrack, Mp4Writer
from emotalker.engine.metrics.faces import jitter
from emotalker.engine.metrics.judge import Detect
from emotalker.engine.metrics.landmarks import NORMAL_SIDE
from emotalker.engine.metrics.lips import seen_curves, sync, wrong_sound
from emotalker.engine.metrics.listening import Listener
from emotalker.engine.metrics.passage import FILM_SIDE, Faces
from emotalker.engine.metrics.twin.levels import draw
from emotalker.engine.render.video import AI_LABEL

STAGE = "other voices"
MOST_SECONDS = 8.0


def judge_voice(
    avatar: Avatar,
    voice: Path,
    label: tuple[str, float],
    detect: Detect,
    listener: Listener,
    film: Path | None,
    stop: StopToken,
) -> Generator[Event, None, dict[str, Any] | None]:
    """Lip-sync and trembling of the twin saying the first eight seconds of a voice; None if stopped.

    Args:
        avatar: the twin.
        voice: file of somebody else's voice.
        label: emotion and level worn meanwhile.
        detect: finds landmarks.
        listener: what hears lips in the sound.
        film: file for a film of it; None for none.
        stop: asks for an early end.

    Raises:
        UserError: if there is nothing to say in the file.
    """
    sound = read_speech(voice)
    fps = avatar.fps
    count = min(int(sound.duration * fps), round(MOST_SECONDS * fps))
    heard = hear(sound.mono16k, avatar.encoder())
    controls = avatar.controls_from_speech(heard, EmotionCurve.constant(*label), fps, count, seed=0)
    renderer, faces = PlaybackRenderer(), Faces()
    with contextlib.ExitStack() as stack:
        writer = None if film is None else stack.enter_context(_film(film, fps, sound, count))
        for index in range(count):
            if stop.requested:
                if writer is not None:
                    writer.abort()
                return None
            picture = draw(avatar, renderer, controls.frame(index), NORMAL_SIDE)
            faces.look(picture, detect)
            if writer is not None:
                shown = cv2.resize(picture, (FILM_SIDE, FILM_SIDE), interpolation=cv2.INTER_AREA)
                writer.write(np.asarray(shown, np.uint8))
            yield Progress(STAGE, index + 1, count, f"frames of {voice.stem}, {label[0]}")
    result: dict[str, Any] = {
        "voice": voice.name, "emotion": label[0], "level": label[1], "seconds": count / fps,
        "lost": int((~faces.seen).sum()), "film": "" if film is None else film.name,
    }  # fmt: skip
    return {**result, **_figures(faces, sound, listener, fps)}


def labels_for(recorded: Sequence[tuple[str, float]], most: int = 3) -> list[tuple[str, float]]:
    """What to wear while saying other voices: neutral, then recorded emotions at their strongest."""
    strongest: dict[str, float] = {}
    for emotion, level in recorded:
        if emotion != "neutral":
            strongest[emotion] = max(level, strongest.get(emotion, 0.0))
    return [("neutral", 0.0), *list(strongest.items())[: most - 1]]


def _figures(faces: Faces, sound: AudioTrack, listener: Listener, fps: float) -> dict[str, Any]:
    out: dict[str, Any] = {}
    count = len(faces.points)
    trembling = jitter(faces.landmarks, NORMAL_SIDE) if count else None
    if trembling is not None:
        out["jitter"] = trembling
    seen = seen_curves(faces.landmarks) if count else None
    if seen is not None:
        own = listener.curves(sound.mono16k, fps, count)
        found, chance = sync(seen, own, fps), wrong_sound(seen, [own], fps)
        if found is not None:
            out |= {"sync": found.score, "lag": found.lag}
        if chance is not None:
            out["sync_wrong"] = chance
    return out


def _film(path: Path, fps: float, sound: AudioTrack, count: int) -> Mp4Writer:
    audio = sound.original[: round(count / fps * sound.rate)]
    tags = {"title": path.stem, "comment": AI_LABEL}
    return Mp4Writer(path, FILM_SIDE, FILM_SIDE, fps, np.asarray(audio), sound.rate, quality=21, metadata=tags)
