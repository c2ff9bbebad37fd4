"""Whole films: a twin says a recording."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.speech import SpeechFeatures
from emotalker.engine.avatar import Avatar, Controls, Heard
from emotalker.engine.avatar.hearing import hear, read_speech
from emotalker.engine.camera import Camera
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.errors import UserError
from emotalker.engine.gaussians.cpu import GaussianArrays, PlaybackRenderer
from emotalker.engine.jobs import Job, Outcome, Progress, StopToken
from emotalker.engine.media import Mp4Writer
from emotalker.engine.torch_threads import one_torch_thread

U8 = NDArray[np.uint8]
STAGE = "render"
EVERY = 10
"""Frames between progress events."""
AI_LABEL = "AI-generated: a synthetic film of a digital twin, made with EmoTalker Studio"


def render_video(
    avatar_dir: Path,
    audio: Path,
    out: Path,
    emotion: str | EmotionCurve,
    level: float,
    background: str,
    size: int,
    yaw: float,
    pitch: float,
    stop: StopToken,
    *,
    seed: int = 0,
    encoder: SpeechFeatures | None = None,
) -> Job:
    """Write an MP4 of a twin saying a recording; stopped or failed, nothing is left of the film.

    Args:
        avatar_dir: the twin.
        audio: any sound or video file; its sound goes into the film as it was recorded.
        out: the film.
        emotion: name of an emotion, or a whole curve (`level` is then not used).
        level: strength of the emotion, [0, 3].
        background: "plate" (as recorded; it stays still when the camera moves) or a colour "#rrggbb".
        size: width and height in pixels.
        yaw: moves the camera around the head, degrees, positive to its right.
        pitch: raises the camera, degrees.
        stop: asks for an early end.
        seed: picks blinks and head motion.
        encoder: what hears the recording; the twin's own when left out.

    Raises:
        UserError: if the twin cannot be read, the file has nothing to say, or the film cannot be written.
    """
    with one_torch_thread():
        curve = emotion if isinstance(emotion, EmotionCurve) else EmotionCurve.constant(emotion, level)
        sound = read_speech(Path(audio))
        avatar = Avatar.load(avatar_dir)
        yield Progress(STAGE, 0, 1, "frames")
        heard: Heard = hear(sound.mono16k, encoder or avatar.encoder())
        controls = avatar.controls_from_speech(heard, curve, seed=seed)
        camera = avatar.orbit(size, float(np.radians(yaw)), float(np.radians(pitch)))
        frames = render_frames(avatar, controls, camera, background_of(background, avatar.plate, size))
        film = Mp4Writer(out, size, size, avatar.fps, sound.original, sound.rate, metadata=_tags(avatar))
        with film:
            for done, picture in enumerate(frames, 1):
                if stop.requested:
                    film.abort()
                    return Outcome.STOPPED
                film.write(picture)
                if done % EVERY == 0 or done == len(controls):
                    yield Progress(STAGE, done, len(controls), "frames")
    return Outcome.FINISHED


def render_frames(avatar: Avatar, controls: Controls, camera: Camera, background: U8) -> Iterator[U8]:
    """Pictures u8 [H, W, 3] of every frame over a background u8 [H, W, 3]; each stays valid until the next.

    While one frame is drawn, the Gaussians of the next are worked out beside it.
    """
    renderer = PlaybackRenderer()
    picture = np.empty((camera.height, camera.width, 3), np.uint8)

    def pose(index: int) -> GaussianArrays | None:
        return avatar.arrays(controls.frame(index)) if index < len(controls) else None

    with ThreadPoolExecutor(1, thread_name_prefix="pose") as beside:
        coming = beside.submit(pose, 0)
        for index in range(len(controls)):
            arrays, coming = coming.result(), beside.submit(pose, index + 1)
            if arrays is not None:
                yield renderer.render(arrays, camera, background, picture)


def background_of(background: str, plate: U8, size: int) -> U8:
    """What lies behind the person, u8 [size, size, 3].

    Raises:
        UserError: if `background` is neither "plate" nor a colour.
    """
    if background == "plate":
        method = cv2.INTER_AREA if size < len(plate) else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(plate, (size, size), interpolation=method), np.uint8)
    try:
        if len(background) != 7 or background[0] != "#":
            raise ValueError(background)
        colour = bytes.fromhex(background[1:])
    except ValueError as error:
        raise UserError(
            f"'{background}' is no background.", "Known are plate, and colours like #00ff00.", "Use one of these."
        ) from error
    return np.full((size, size, 3), np.frombuffer(colour, np.uint8), np.uint8)


def _tags(avatar: Avatar) -> dict[str, str]:
    return {"title": avatar.name, "comment": AI_LABEL}
