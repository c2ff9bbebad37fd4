"""What drives stage 2: every training clip with the expression that A2ET makes of its sound and label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.a2et.model import A2ET
from emotalker.engine.a2et.predict import ExpressionTrack, load_a2et, predict
from emotalker.engine.avatar.build import rest_pose
from emotalker.engine.avatar.controls import audio_window, blink_coefficients, camera_codes, drive_lids
from emotalker.engine.emotion.deformation import Conditions
from emotalker.engine.emotion.labels import EMOTIONS, emotion_index
from emotalker.engine.emotion.text import LabelEmbeddings
from emotalker.engine.files import Arrays, read_arrays
from emotalker.engine.head.model import JOINTS
from emotalker.engine.training.frames import PosedClip, TrainingFrames

F32 = NDArray[np.float32]


@dataclass
class DrivenClip:
    """A training clip with what A2ET makes of its sound; T frames.

    Attributes:
        posed: pictures and tracked pose.
        heard: expression predicted from the clip's sound and label.
        speech: speech features at 50 Hz [n, S].
        heard_bones: skinning transforms with the predicted jaw [T, 6, 3, 4].
        heard_psi: predicted emotional expression with tracked lids [T, K].
        neutral_psi: predicted expression without emotion [T, K].
        camera_code: c_n less its mean over all training frames [T, 12].
        weights: shares of the eight emotions [8].
        has_sound: whether there was anything to hear; a mute clip's expression can only come from the tracker.
    """

    posed: PosedClip
    heard: ExpressionTrack
    speech: F32
    heard_bones: Tensor
    heard_psi: Tensor
    neutral_psi: Tensor
    camera_code: Tensor
    weights: F32
    has_sound: bool

    def conditions(
        self, frame: int, heard: bool, labels: LabelEmbeddings, window: int, blank: bool = False
    ) -> Conditions:
        """What the network is told about a frame, as a batch of one.

        Args:
            frame: index in the clip.
            heard: wear A2ET's expression instead of the tracked one.
            labels: tokens of emotions and levels.
            window: speech frames given to it.
            blank: keep emotion and level from it.
        """
        track = self.posed.track
        psi = self.heard_psi[frame] if heard else self.posed.psi[frame]
        emotion, intensity = labels.emotion_token(self.weights), labels.level_token(float(self.posed.clip.level))
        if blank:
            emotion, intensity = np.zeros_like(emotion), np.zeros_like(intensity)
        return Conditions(
            psi_neu=self.neutral_psi[frame][None],
            psi_emo=psi[None],
            au45=torch.tensor([float(track.au45[frame])]),
            camera_code=self.camera_code[frame][None].float(),
            audio=torch.from_numpy(audio_window(self.speech, track.fps, frame, window))[None],
            emotion=torch.from_numpy(emotion)[None],
            intensity=torch.from_numpy(intensity)[None],
            jaw_neu=torch.from_numpy(self.heard.jaw_neu[frame])[None],
            jaw_emo=torch.from_numpy((self.heard.jaw_emo if heard else track.jaw)[frame])[None],
        )


def drive_clips(frames: TrainingFrames, express_dir: Path) -> tuple[list[DrivenClip], F32]:
    """What A2ET makes of every training clip, and the mean camera code [12] that counts as zero.

    Args:
        frames: the training clips.
        express_dir: folder of the A2ET stage.
    """
    model = load_a2et(express_dir / "model.safetensors")
    head, tracks = frames.head, [p.track for p in frames.clips]
    blink = blink_coefficients(tracks, head.expression_names)
    mean = rest_pose(head, frames.subject, tracks).code_mean
    driven = []
    for posed in frames.clips:
        code = camera_codes(frames.camera, posed.root.numpy(), posed.bones[:, JOINTS.index("neck")].numpy())
        t = posed.track
        speech, has_sound = _speech_of(express_dir / "speech" / f"{posed.clip.id}.in_step.safetensors", model, len(t))
        weights = np.zeros(len(EMOTIONS), np.float32)
        weights[emotion_index(posed.clip.emotion)] = 1
        level = np.full(len(t), posed.clip.level, np.float32)
        heard = predict(model, speech["features"], speech["voice"], weights, level, t.fps, len(t))
        jaw, neck, eyes = (torch.from_numpy(x) for x in (heard.jaw_emo, t.neck, t.eyes))
        psi, neutral = (
            torch.from_numpy(drive_lids(x, t.au45, blink, head.expression_names))
            for x in (heard.psi_emo, heard.psi_neu)
        )
        bones = head.bone_transforms(frames.joints, jaw, neck, eyes)
        driven.append(
            DrivenClip(
                posed, heard, speech["features"], bones, psi, neutral, torch.from_numpy(code - mean), weights, has_sound
            )
        )  # fmt: skip
    return driven, mean


def _speech_of(cached: Path, model: A2ET, frames: int) -> tuple[Arrays, bool]:
    """Speech features and voice of a clip as the A2ET stage kept them; nothing and False for a clip without sound."""
    if cached.exists():
        return read_arrays(cached)[0], True
    nothing = {
        "features": np.zeros((frames * 2, model.spec.speech_width), np.float32),
        "voice": np.zeros(frames * 2, np.float32),
    }
    return nothing, False
