"""Renders of recorded clips by the twin, for judging it against what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.speech import SpeechFeatures
from emotalker.engine.a2et.sync import moved, sound_delay
from emotalker.engine.avatar.avatar import Avatar
from emotalker.engine.avatar.controls import Controls
from emotalker.engine.avatar.hearing import Heard, hear, open_encoder, silence
from emotalker.engine.clip import ClipInput
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.errors import UserError
from emotalker.engine.gaussians.cpu import PlaybackRenderer
from emotalker.engine.media import read_audio
from emotalker.engine.tracking.refined import track_of
from emotalker.engine.tracking.track import Track

U8 = NDArray[np.uint8]


@dataclass
class _Recording:
    """One clip's drives and background."""

    tracked: Controls
    unrefined: Controls
    audio: Controls
    plate: U8


class ClipRenderer:
    """Renders frames of tracked clips, composited over each clip's own plate, lit as its emotion was recorded.

    Args:
        avatar_dir: the twin.
        track_dir: folder of the tracking stage.
        clips: the project's clips.
        encoder: what hears the clips' sound; the twin's own when left out.
        fit_dir: folder of stage 1, for its refined tracks; None takes those of the tracking stage.

    Raises:
        UserError: if the twin is missing or damaged.
    """

    def __init__(
        self,
        avatar_dir: Path,
        track_dir: Path,
        clips: Sequence[ClipInput],
        encoder: SpeechFeatures | None = None,
        fit_dir: Path | None = None,
    ) -> None:
        self.avatar = Avatar.load(avatar_dir)
        self._track_dir, self._fit_dir = Path(track_dir), fit_dir
        self._clips = {clip.id: clip for clip in clips}
        self._encoder = encoder
        self._recordings: dict[str, _Recording] = {}
        self._renderers: dict[int, PlaybackRenderer] = {}

    def tracked(self, clip_id: str, index: int, size: int) -> U8:
        """Frame `index` driven by its own tracked expression and pose; u8 [size, size, 3]."""
        recording = self._recording(clip_id)
        return self._render(recording, recording.tracked, index, size)

    def unrefined(self, clip_id: str, index: int, size: int) -> U8:
        """The same as `tracked` with the track that landmarks alone gave."""
        recording = self._recording(clip_id)
        return self._render(recording, recording.unrefined, index, size)

    def audio(self, clip_id: str, index: int, size: int) -> U8:
        """The same driven by the clip's sound, label and level, with the tracked head motion, camera code and AU45."""
        recording = self._recording(clip_id)
        return self._render(recording, recording.audio, index, size)

    def _render(self, recording: _Recording, controls: Controls, index: int, size: int) -> U8:
        arrays = self.avatar.arrays(controls.frame(index))
        renderer = self._renderers.setdefault(size, PlaybackRenderer())
        plate = recording.plate
        if plate.shape[0] != size:
            plate = np.asarray(cv2.resize(plate, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
        return renderer.render(arrays, self.avatar.camera.resized(size, size), plate)

    def _recording(self, clip_id: str) -> _Recording:
        """A clip's drives; worked out when it is first asked for.

        Raises:
            KeyError: if the project has no such clip.
            UserError: if the clip was not tracked, or its sound cannot be heard.
        """
        if clip_id not in self._recordings:
            clip = self._clips[clip_id]
            folder = self._track_dir / "clips" / clip_id
            track = track_of(clip_id, self._track_dir, self._fit_dir)
            heard = self._hear(clip, track)
            weights, level = (x[0] for x in EmotionCurve.constant(clip.emotion, clip.level).sample([0.0]))
            drive = (heard, weights, float(level))
            before = track_of(clip_id, self._track_dir)
            self._recordings[clip_id] = _Recording(
                self.avatar.controls_from_track(track, *drive, tracked_expression=True),
                self.avatar.controls_from_track(before, *drive, tracked_expression=True),
                self.avatar.controls_from_track(track, *drive, tracked_expression=False),
                read_plate(folder / "plate.png"),
            )
        return self._recordings[clip_id]

    def _hear(self, clip: ClipInput, track: Track) -> Heard:
        """The clip's sound; a clip without any is heard as silence, so that it can still be judged."""
        if self._encoder is None:
            self._encoder = open_encoder(self.avatar.speech, self.avatar.a2et.spec.speech_width)
        sound = read_audio(clip.path)
        if sound is None:
            return silence(len(track) / track.fps, self._encoder)
        return self._in_step(hear(sound.mono16k, self._encoder), track)

    def _in_step(self, heard: Heard, track: Track) -> Heard:
        """Sound that came late or early, put right as in training."""
        articulator = self.avatar.a2et.articulator
        if articulator is None:
            return heard
        delay = sound_delay(articulator, heard.features, heard.voice, track).seconds
        return replace(heard, features=moved(heard.features, delay), voice=moved(heard.voice, delay))


def read_plate(path: Path) -> U8:
    """A clip's background plate, RGB u8 [S, S, 3].

    Raises:
        UserError: if the picture cannot be read.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise UserError(
            "The background of a clip cannot be read.",
            f"{path.name} in {path.parent.name} is missing or damaged.",
            "Run the tracking again.",
        )
    return np.asarray(picture, np.uint8)
