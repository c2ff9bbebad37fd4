"""Writing one film: plain data that runs anywhere, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from emotalker.engine.errors import UserError
from emotalker.engine.export.camera_move import moved
from emotalker.engine.export.format import LEAST_FPS, LEAST_SIDE, MOST_FPS, MOST_SIDE, QUALITIES
from emotalker.engine.jobs import Job, Notice, Outcome, Progress, StopToken
from emotalker.engine.render.view import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from emotalker.engine.avatar import Avatar, Controls
    from emotalker.engine.media import AudioTrack

STAGE = "export"
EVERY = 5
"""Frames between progress events."""
BADGE = "AI-generated"
SILENT_SECONDS = 8.0
"""Length of a film without a voice and without marks."""


@dataclass(frozen=True)
class FilmJob:
    """Call it with a stop token to get the job; picklable.

    Attributes:
        avatar_dir: the twin.
        out: the film (.mp4), or a folder for a PNG sequence when `alpha`.
        voice: sound or video file that is said; None for silence.
        curve: emotion over time as `EmotionCurve.to_json` writes it.
        start: seconds on the voice's clock where the film begins; moved to the nearest frame.
        end: where it ends; None for the end of the voice.
        width: pixels.
        height: pixels.
        fps: frames per second, 24 to 60.
        quality: name in `QUALITIES`.
        view: the camera.
        background: as `emotalker.engine.render.backdrop.backdrop` takes it.
        move: camera move, name in `MOVES`.
        seed: picks blinks and head motion.
        badge: write "AI-generated" into the picture's corner.
        alpha: write PNG files with a see-through background instead of a film.
        creator: who made it, for the film's metadata; may be empty.
    """

    avatar_dir: Path
    out: Path
    voice: Path | None
    curve: dict[str, Any]
    start: float = 0.0
    end: float | None = None
    width: int = 1080
    height: int = 1080
    fps: float = 25.0
    quality: str = "good"
    view: View = field(default_factory=View)
    background: str = "plate"
    move: str = "still"
    seed: int = 0
    badge: bool = False
    alpha: bool = False
    creator: str = ""

    def __call__(self, stop: StopToken) -> Job:
        """Write the film; stopped or failed, nothing is left of it.

        Raises:
            UserError: if twin, voice or background cannot be read, the sizes make no film, or the disk is full.
        """
        from emotalker.engine.avatar import Avatar
        from emotalker.engine.torch_threads import one_torch_thread

        self.check()
        yield Notice(STAGE, f"Writing {self.out.name}.")
        with one_torch_thread():
            avatar = Avatar.load(self.avatar_dir)
            controls, sound, first = self._hear(avatar)
            total = len(controls) - first
            yield Progress(STAGE, 0, total, "frames")
            with self._target(avatar, sound) as target:
                for done, picture in enumerate(self._pictures(avatar, controls, first), 1):
                    if stop.requested:
                        target.abort()
                        return Outcome.STOPPED
                    target.write(picture)
                    if done % EVERY == 0 or done == total:
                        yield Progress(STAGE, done, total, "frames")
        yield Notice(STAGE, f"The film is in {self.out}.")
        return Outcome.FINISHED

    def check(self) -> None:
        """Refuse what cannot become a film, before any work.

        Raises:
            UserError: if it cannot.
        """
        from emotalker.engine.render.backdrop import check_backdrop

        if not (LEAST_SIDE <= self.width <= MOST_SIDE and LEAST_SIDE <= self.height <= MOST_SIDE):
            raise _refused(
                f"{self.width} x {self.height} pixels cannot be exported.",
                f"Sides go from {LEAST_SIDE} to {MOST_SIDE} pixels.",
            )
        if not LEAST_FPS <= self.fps <= MOST_FPS:
            raise _refused(
                f"{self.fps:g} frames per second cannot be exported.", f"Films run at {LEAST_FPS:g} to {MOST_FPS:g}."
            )
        if self.quality not in QUALITIES:
            raise _refused(f"There is no quality '{self.quality}'.", f"There are: {', '.join(QUALITIES)}.")
        if self.start < 0 or (self.end is not None and self.end - self.start < 1 / self.fps):
            raise _refused("The film would be empty.", "In lies behind out, or both are at the same place.")
        check_backdrop(self.background)

    def _hear(self, avatar: Avatar) -> tuple[Controls, AudioTrack | None, int]:
        """Controls up to the film's end, its sound cut to the sample, and the first frame of the film."""
        from emotalker.engine.avatar.hearing import read_speech
        from emotalker.engine.avatar.known_voice import hear_file
        from emotalker.engine.emotion.curve import EmotionCurve
        from emotalker.engine.media import AudioTrack

        curve = EmotionCurve.from_json(self.curve)
        first = round(self.start * self.fps)
        if self.voice is None:
            end = self.end if self.end is not None else self.start + SILENT_SECONDS
            count = max(round(end * self.fps), first + 1)
            return avatar.controls_from_speech(avatar.quiet(), curve, self.fps, count, self.seed), None, first
        track = read_speech(self.voice)
        end = min(self.end if self.end is not None else track.duration, track.duration)
        count = -int(-end * self.fps // 1)  # the last frame may stand a little longer than the sound
        if count <= first:
            raise _refused("The film would be empty.", f"It begins at {self.start:.2f} s, the voice ends before.")
        heard = hear_file(avatar, self.voice, track)
        a, b = round(first / self.fps * track.rate), round(min(count / self.fps, track.duration) * track.rate)
        cut = AudioTrack(track.mono16k[:0], track.original[a:b], track.rate)
        return avatar.controls_from_speech(heard, curve, self.fps, count, self.seed), cut, first

    def _pictures(self, avatar: Avatar, controls: Controls, first: int) -> Iterator[NDArray[np.uint8]]:
        """Pictures of the film's frames; while one is drawn, the Gaussians of the next are worked out beside it."""
        from emotalker.engine.gaussians.cpu import PlaybackRenderer
        from emotalker.engine.render.backdrop import backdrop
        from emotalker.engine.render.still import still_rgba
        from emotalker.engine.render.view import camera_of

        renderer, last = PlaybackRenderer(), len(controls)
        still: tuple[View, NDArray[np.uint8]] | None = None
        with ThreadPoolExecutor(1, thread_name_prefix="pose") as beside:
            coming = beside.submit(avatar.arrays, controls.frame(first))
            for index in range(first, last):
                arrays = coming.result()
                if index + 1 < last:
                    coming = beside.submit(avatar.arrays, controls.frame(index + 1))
                view = moved(self.view, self.move, (index - first) / self.fps, (last - first) / self.fps)
                camera = camera_of(avatar, view, self.width, self.height)
                if self.alpha:
                    yield still_rgba(arrays, camera)
                    continue
                framed = replace(view, yaw=0.0, pitch=0.0)
                if still is None or still[0] != framed:
                    still = framed, backdrop(self.background, avatar.plate, framed, self.width, self.height)
                picture = renderer.render(arrays, camera, still[1])
                yield with_badge(picture) if self.badge else picture

    def _target(self, avatar: Avatar, sound: AudioTrack | None) -> _Target:
        if self.alpha:
            return _PngFolder(self.out)
        from emotalker.engine.media import Mp4Writer
        from emotalker.engine.render.video import AI_LABEL

        tags = {"title": avatar.name, "comment": AI_LABEL, **({"artist": self.creator} if self.creator else {})}
        audio, rate = (sound.original, sound.rate) if sound is not None else (None, None)
        crf = QUALITIES[self.quality].crf
        writer = Mp4Writer(self.out, self.width, self.height, self.fps, audio, rate, quality=crf, metadata=tags)
        return cast(_Target, writer)


class _Target(AbstractContextManager["_Target"], Protocol):
    """What pictures are written to."""

    def write(self, rgb: NDArray[np.uint8]) -> None: ...

    def abort(self) -> None: ...


class _PngFolder:
    """PNG files 000000.png, 000001.png and so on, in a folder that takes its name when all are there."""

    def __init__(self, folder: Path) -> None:
        if folder.exists():
            raise UserError(
                f"There is a {folder.name} already.",
                "A PNG sequence needs a folder of its own.",
                "Choose another name.",
            )
        self._folder = folder
        self._work = folder.with_name(f".{folder.name}.unfinished")
        self._count = 0
        shutil.rmtree(self._work, ignore_errors=True)

    def __enter__(self) -> _PngFolder:
        from emotalker.engine.files import explain_os_error

        try:
            self._work.mkdir(parents=True)
        except OSError as error:
            raise explain_os_error(error, self._work) from error
        return self

    def write(self, rgb: NDArray[np.uint8]) -> None:
        """Write one picture, u8 [H, W, 4] with straight alpha."""
        import cv2

        from emotalker.engine.files import write_bytes

        data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGBA2BGRA))[1].tobytes()
        write_bytes(self._work / f"{self._count:06d}.png", data)
        self._count += 1

    def abort(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self._work, ignore_errors=True)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.abort()
        elif self._work.is_dir():
            os.rename(self._work, self._folder)


def with_badge(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture u8 [H, W, 3] with the words "AI-generated" in its lower right corner."""
    import cv2

    out = picture.copy()
    scale = max(min(picture.shape[:2]) / 1080, 0.35)
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(round(2 * scale), 1)
    (width, _), base = cv2.getTextSize(BADGE, font, 0.9 * scale, thick)
    edge = round(24 * scale)
    x, y = picture.shape[1] - width - edge, picture.shape[0] - base - edge
    cv2.putText(out, BADGE, (x + thick, y + thick), font, 0.9 * scale, (0, 0, 0), thick + 1, cv2.LINE_AA)
    cv2.putText(out, BADGE, (x, y), font, 0.9 * scale, (255, 255, 255), thick, cv2.LINE_AA)
    return out


def _refused(what: str, why: str) -> UserError:
    return UserError(what, why, "Choose other settings and try again.")
