"""The finished twin in memory: it hears, moves and turns into Gaussians."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.a2et.model import A2ET
from emotalker.engine.a2et.predict import ExpressionTrack, Utterance, predict
from emotalker.engine.a2et.speech import SpeechFeatures
from emotalker.engine.avatar.controls import (
    NECK,
    Controls,
    FrameControl,
    camera_codes,
    drive_lids,
    lift_brows,
    root_transforms,
)
from emotalker.engine.avatar.emotive import Emotive
from emotalker.engine.avatar.hearing import Heard, hear, open_encoder
from emotalker.engine.avatar.idle import IdleMotion, idle_motion
from emotalker.engine.avatar.lighting import LightTable
from emotalker.engine.avatar.play import Player
from emotalker.engine.camera import Camera
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.gaussians.cpu.playback import GaussianArrays
from emotalker.engine.gaussians.gaussians import Gaussians
from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.linear import LinearHead
from emotalker.engine.head.model import JOINTS
from emotalker.engine.torch_threads import one_torch_thread
from emotalker.engine.tracking.track import Track

F32 = NDArray[np.float32]
HEAD = JOINTS.index("head")
REACH_MARGIN = 1.25
"""Camera codes are kept within this much of what training saw: networks guess wildly beyond it."""


@dataclass
class RestPose:
    """How the person holds the head when nothing happens: medians over the training clips.

    Attributes:
        neck: axis-angle [3], radians.
        eyes: left, right axis-angle [2, 3].
        root_rotation: axis-angle [3].
        root_translation: [3], metres.
        code_mean: mean camera code [12].
        code_reach: largest distance from it in training [12].
    """

    neck: F32
    eyes: F32
    root_rotation: F32
    root_translation: F32
    code_mean: F32
    code_reach: F32


@dataclass
class Avatar:
    """Everything needed to play a person.

    Attributes:
        name: of the person.
        fps: frames per second of the recordings.
        identity: of the head model [I].
        camera: the recordings' crop camera.
        shapes: the Gaussian head, K expressions.
        a2et: speech to expression.
        speech: name of the speech encoder it was trained with.
        light: colour transforms of the recordings.
        blink: lid coefficients of a full blink, left and right [2].
        rest: pose at rest.
        plate: default background u8 [S, S, 3].
        recorded: (emotion, level) of every training clip.
        emotive: the trained stage 2; None plays stage 1 alone (ablation).
        head: the head model it was made with; the twin's folder holds it, unless it is the built-in one.
        seen: coefficients up to which the training clips showed each expression [K]; what the Gaussians learned of an
            expression is not carried on beyond. None for twins packed before this was kept: then it is.
        created: when it was packed, ISO 8601.
    """

    name: str
    fps: float
    identity: F32
    camera: Camera
    shapes: GaussianBlendshapes
    a2et: A2ET
    speech: str
    light: LightTable
    blink: F32
    rest: RestPose
    plate: NDArray[np.uint8]
    recorded: tuple[tuple[str, float], ...]
    emotive: Emotive | None = None
    head: LinearHead = field(default_factory=load_default_head, repr=False)
    seen: F32 | None = None
    created: str = ""
    _encoder: SpeechFeatures | None = field(default=None, repr=False)

    @staticmethod
    def load(folder: Path) -> Avatar:
        """Read a twin; see `emotalker.engine.avatar.folder.load_avatar`."""
        from emotalker.engine.avatar.folder import load_avatar

        return load_avatar(folder)

    def save(self, folder: Path, *, compact: bool = False) -> None:
        """Write the twin; see `emotalker.engine.avatar.folder.save_avatar`."""
        from emotalker.engine.avatar.folder import save_avatar

        save_avatar(self, folder, compact=compact)

    @property
    def expressions(self) -> tuple[str, ...]:
        """Names of the K expressions."""
        return self.head.expression_names

    @property
    def window(self) -> int:
        """W, the speech frames each frame is given."""
        return self.emotive.window if self.emotive is not None else 1

    @cached_property
    def _player(self) -> Player:
        return Player(self.shapes, self.emotive.interpolation if self.emotive is not None else None, self.seen)

    @cached_property
    def _joints(self) -> torch.Tensor:
        return self.head.shape(torch.from_numpy(self.identity))[1]

    def encoder(self) -> SpeechFeatures:
        """The speech encoder, opened once.

        Raises:
            UserError: if it is not on this computer and cannot be fetched.
        """
        if self._encoder is None:
            self._encoder = open_encoder(self.speech, self.a2et.spec.speech_width)
        return self._encoder

    def hear(self, audio_16k: F32, encoder: SpeechFeatures | None = None) -> Heard:
        """What the twin hears in mono sound [n] at 16 kHz."""
        return hear(audio_16k, encoder or self.encoder())

    def utterance(self, heard: Heard, seconds: float | None = None) -> Utterance:
        """A recording as this twin's A2ET hears it, for predicting stretches of it one by one.

        Args:
            heard: the recording.
            seconds: how long it goes on, in silence after its end; its own length when left out.
        """
        count = np.ceil((heard.seconds if seconds is None else seconds) * self.fps - 1e-6)
        length = int(np.ceil(count / self.fps * self.a2et.spec.fps))
        with one_torch_thread():
            return Utterance(self.a2et, heard.features, heard.voice, max(length, 1))

    def controls_from_speech(
        self,
        audio: F32 | Heard,
        curve: EmotionCurve,
        fps: float | None = None,
        n_frames: int | None = None,
        seed: int = 0,
    ) -> Controls:
        """Drive by a recording alone: A2ET's face, idle head motion and blinks (cross-driven).

        Args:
            audio: mono sound [n] at 16 kHz, or what `hear` made of it.
            curve: emotion and level over time.
            fps: frames per second; the recordings' when left out.
            n_frames: how many; as many as cover the sound when left out.
            seed: picks blinks and head motion.
        """
        heard = audio if isinstance(audio, Heard) else self.hear(audio)
        fps = fps or self.fps
        count = int(np.ceil(heard.seconds * fps - 1e-6)) if n_frames is None else n_frames
        times = (np.arange(count) + 0.5) / fps
        weights, level = curve.sample(times)
        with one_torch_thread():
            face = predict(self.a2et, heard.features, heard.voice, weights, level, fps, count)
        return self.driven(face, times, weights, level, heard, seed)

    def driven(
        self,
        face: ExpressionTrack,
        times: NDArray[np.floating],
        weights: F32,
        level: F32,
        heard: Heard,
        seed: int,
        idle: IdleMotion | None = None,
    ) -> Controls:
        """A face that speaks, on a head that moves and blinks by itself.

        Args:
            face: what A2ET says, T frames.
            times: seconds of the middles of the frames [T].
            weights: emotion of each frame as shares [T, 8].
            level: level of each frame [T].
            heard: what is being said.
            seed: picks blinks and head motion.
            idle: blinks and head motion instead of those.
        """
        idle, rest = idle_motion(times, seed, heard.voice) if idle is None else idle, self.rest
        neck = rest.neck + face.neck_emo + idle.neck
        root = root_transforms(rest.root_rotation + idle.root_rotation, rest.root_translation + idle.root_translation)
        names = self.expressions
        return Controls(
            psi_neu=lift_brows(drive_lids(face.psi_neu, idle.au45, self.blink, names), idle.brows, names),
            psi_emo=lift_brows(drive_lids(face.psi_emo, idle.au45, self.blink, names), idle.brows, names),
            jaw_neu=face.jaw_neu, jaw_emo=face.jaw_emo, neck=neck, eyes=rest.eyes + idle.eyes, root=root,
            au45=idle.au45, camera_code=self._codes(root, neck), weights=weights, level=level,
            lighting=self.light.mixed(weights, level), speech=heard.features, window=self.window, fps=face.fps,
        )  # fmt: skip

    def controls_from_track(
        self, track: Track, heard: Heard, weights: F32, level: float, *, tracked_expression: bool = True
    ) -> Controls:
        """Drive by a recorded clip's head motion, camera code and AU45 (self-driven, as the paper evaluates).

        Args:
            track: the clip's track, T frames.
            heard: the clip's sound.
            weights: its emotion as shares [8].
            level: its level.
            tracked_expression: wear the tracked expression and jaw; else what A2ET makes of sound, label and level.
        """
        count, fps, names = len(track), track.fps, self.expressions
        weight = np.broadcast_to(np.asarray(weights, np.float32), (count, len(weights)))
        levels = np.full(count, level, np.float32)
        with one_torch_thread():
            face = predict(self.a2et, heard.features, heard.voice, weight, levels, fps, count)
        if tracked_expression:
            psi_emo, jaw_emo = track.psi, track.jaw
        else:
            psi_emo, jaw_emo = drive_lids(face.psi_emo, track.au45, self.blink, names), face.jaw_emo
        root = root_transforms(track.root_rotation, track.root_translation)
        return Controls(
            psi_neu=drive_lids(face.psi_neu, track.au45, self.blink, names), psi_emo=psi_emo, jaw_neu=face.jaw_neu,
            jaw_emo=jaw_emo, neck=track.neck, eyes=track.eyes, root=root, au45=track.au45,
            camera_code=self._codes(root, track.neck), weights=weight, level=levels,
            lighting=self.light.mixed(weight, levels), speech=heard.features, window=self.window, fps=fps,
        )  # fmt: skip

    def arrays(self, control: FrameControl) -> GaussianArrays:
        """World Gaussians of one frame as arrays, for `PlaybackRenderer`; lit, new arrays every call."""
        bones = self._bones(control.jaw_emo[None], control.neck[None], control.eyes[None])[0]
        offsets = self.emotive.columns(control) if self.emotive is not None else None
        return self._player.frame(control.psi_emo, bones, control.root, control.lighting, offsets)

    def gaussians(self, control: FrameControl) -> Gaussians:
        """World Gaussians of one frame, lit as its emotion was recorded."""
        return Gaussians(*(torch.from_numpy(a) for a in self.arrays(control)))

    def pose(self, t: float, emotion: EmotionCurve, heard: Heard | None = None, seed: int = 0) -> Gaussians:
        """World Gaussians at a moment: the convenient way for single pictures; films compute their controls at once.

        Args:
            t: seconds on the audio clock.
            emotion: emotion and level over time.
            heard: what is being said; silence when left out.
            seed: picks blinks and head motion.
        """
        heard = heard or self.quiet()
        frame = int(t * self.fps)
        # A2ET looks ahead, so what follows the moment is computed too
        count = frame + 1 + int(np.ceil(self.a2et.spec.context * self.fps / self.a2et.spec.fps))
        return self.gaussians(self.controls_from_speech(heard, emotion, n_frames=count, seed=seed).frame(frame))

    def orbit(self, size: int, yaw: float = 0.0, pitch: float = 0.0) -> Camera:
        """The recordings' view at `size` pixels, moved around the head by yaw and pitch in radians."""
        camera = self.camera.resized(size, size)
        return camera.orbited(self._head_centre(), yaw, pitch) if yaw or pitch else camera

    def _head_centre(self) -> NDArray[np.float64]:
        """The head joint at rest, world, metres."""
        rest = self.rest
        bone = self._bones(np.zeros((1, 3), np.float32), rest.neck[None], rest.eyes[None])[0, HEAD].astype(np.float64)
        joint = bone[:, :3] @ self._joints[HEAD].double().numpy() + bone[:, 3]
        root = root_transforms(rest.root_rotation[None], rest.root_translation[None])[0].astype(np.float64)
        return np.asarray(root[:, :3] @ joint + root[:, 3])

    def _bones(self, jaw: F32, neck: F32, eyes: F32) -> F32:
        tensors = (torch.from_numpy(np.ascontiguousarray(x, np.float32)) for x in (jaw, neck, eyes))
        return np.asarray(self.head.bone_transforms(self._joints, *tensors).numpy(), np.float32)

    def _codes(self, root: F32, neck: F32) -> F32:
        """Camera codes [T, 12] about the mean of training, within its reach."""
        still = np.zeros_like(neck)
        bones = self._bones(still, neck, np.zeros((len(neck), 2, 3), np.float32))[:, NECK]
        code = camera_codes(self.camera, root, bones) - self.rest.code_mean
        reach = REACH_MARGIN * self.rest.code_reach
        return np.clip(code, -reach, reach).astype(np.float32)

    def quiet(self) -> Heard:
        """A second of features at their mean and no voice: silence without needing the speech encoder."""
        mean = self.a2et.feature_mean.numpy()
        return Heard(np.repeat(mean[None], 50, 0), np.zeros(50, np.float32), 1.0)
