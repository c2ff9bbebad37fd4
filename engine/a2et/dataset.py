"""What A2ET learns from: the tracked training clips of a person, sound and expression side by side."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from emotalker.engine.a2et.config import ExpressConfig
from emotalker.engine.a2et.measure import EYE_CORNERS, LOWER_LIP, UPPER_LIP, Measure
from emotalker.engine.a2et.model import IDENTITY_SIZE
from emotalker.engine.a2et.windows import F32, FEATURE_RATE, as_tensor, sample_frames
from emotalker.engine.clip import ClipInput
from emotalker.engine.emotion.labels import EMOTIONS, emotion_index
from emotalker.engine.errors import UserError
from emotalker.engine.tracking.refined import track_path
from emotalker.engine.tracking.track import Track

SURE = 0.5
"""Frames whose face presence is below this teach nothing."""


@dataclass
class ClipSamples:
    """One training clip at the network's frame rate; T frames.

    Attributes:
        speech: speech features at 50 Hz [n, S].
        voice: probability of speech at 50 Hz [n].
        psi: expression coefficients [T, K].
        pose: jaw and neck axis-angle [T, 6], radians; the neck without its mean over the clip.
        sure: 1 for frames to learn from [T].
        openness: gap between the lips, in distances between the outer eye corners [T].
        emotion: weights over the eight emotions [8].
        level: intensity.
    """

    speech: F32
    voice: F32
    psi: F32
    pose: F32
    sure: F32
    openness: F32
    emotion: F32
    level: float

    def __len__(self) -> int:
        return len(self.psi)


def clip_samples(clip: ClipInput, track: Track, speech: F32, voice: F32, fps: float) -> ClipSamples:
    """Put sound and track of a clip on one clock of `fps` frames a second.

    Only the time both cover is used.
    """
    seconds = min(len(track) / track.fps, len(speech) / FEATURE_RATE)
    times = (np.arange(int(seconds * fps + 1e-6)) + 0.5) / fps
    sure = (track.confidence > SURE).astype(np.float32)
    # Sound cannot know where the head is turned, only how it nods along: the mean is taken out.
    neck = track.neck - np.average(track.neck, axis=0, weights=sure + 1e-6).astype(np.float32)
    eyes = np.linalg.norm(track.landmarks[:, EYE_CORNERS[0]] - track.landmarks[:, EYE_CORNERS[1]], axis=-1)
    gap = np.linalg.norm(track.landmarks[:, UPPER_LIP] - track.landmarks[:, LOWER_LIP], axis=-1) / np.maximum(
        eyes, 1e-6
    )
    emotion = np.zeros(len(EMOTIONS), np.float32)
    emotion[emotion_index(clip.emotion)] = 1
    level = 0.0 if emotion[0] else float(clip.level)
    columns = np.concatenate([track.psi, track.jaw, neck, sure[:, None], gap[:, None]], 1).astype(np.float32)
    at = sample_frames(columns, track.fps, times)
    k = track.psi.shape[1]
    steady = (at[:, k + 6] > 0.999).astype(np.float32)
    return ClipSamples(speech, voice, at[:, :k], at[:, k : k + 6], steady, at[:, k + 7], emotion, level)


def closed_mouth(clips: Sequence[ClipSamples]) -> tuple[Tensor, Tensor]:
    """Expression [K] and jaw [3] of the closed mouth: the median of the frames whose lips are nearest."""
    gap, sure = np.concatenate([c.openness for c in clips]), np.concatenate([c.sure for c in clips])
    order = np.argsort(np.where(sure > 0, gap, np.inf), kind="stable")
    picked = order[: max(5, int(0.04 * sure.sum()))]
    psi = np.median(np.concatenate([c.psi for c in clips])[picked], 0)
    jaw = np.median(np.concatenate([c.pose for c in clips])[picked, :3], 0)
    return as_tensor(psi.astype(np.float32)), as_tensor(jaw.astype(np.float32))


def neutral_frame(clips: Sequence[ClipInput], tracks: Sequence[Track], track_dir: Path, measure: Measure) -> Tensor:
    """The canonical neutral frame I_s [3, 64, 64] in [0, 1]: the calmest frame of the training clips of lowest level.

    Raises:
        UserError: if the frames of that clip cannot be read.
    """
    from emotalker.engine.media import FrameStore

    level = [0.0 if c.emotion == "neutral" else c.level for c in clips]
    best: tuple[float, int, int] | None = None
    for i in (i for i, value in enumerate(level) if value == min(level)):
        track = tracks[i]
        unrest = track.psi @ measure.weights.numpy() + 80 * np.linalg.norm(track.jaw, axis=-1) + 5 * track.au45
        unrest = np.where(track.confidence > SURE, unrest, np.inf)
        frame = int(np.argmin(unrest))
        if best is None or unrest[frame] < best[0]:
            best = (float(unrest[frame]), i, frame)
    if best is None:
        raise UserError("There is no clip to learn from.", "All clips are held out.", "Add a clip, or hold out fewer.")
    store = FrameStore(track_dir / "clips" / clips[best[1]].id / "frames.store")
    try:
        rgb, _matte = store.read(min(best[2], len(store) - 1), IDENTITY_SIZE)
    finally:
        store.close()
    return as_tensor(rgb).permute(2, 0, 1).float() / 255


def fingerprint(clips: Sequence[ClipInput], track_dir: Path, config: ExpressConfig, fit_dir: Path | None = None) -> str:
    """Checksum of everything the result depends on: labels, tracks, source files' size and date, settings."""
    digest = hashlib.sha256(json.dumps(asdict(config), sort_keys=True).encode())
    for clip in clips:
        stat = clip.path.stat() if clip.path.exists() else None
        source = [stat.st_size, stat.st_mtime_ns] if stat else None
        digest.update(json.dumps([clip.id, clip.emotion, float(clip.level), source]).encode())
        digest.update(track_path(clip.id, track_dir, fit_dir).read_bytes())
    return digest.hexdigest()
