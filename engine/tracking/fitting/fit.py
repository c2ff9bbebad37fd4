"""From observations of all clips to a `Subject`, and from those of one clip to a `Track`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.head.model import HeadModel
from emotalker.engine.torch_threads import one_torch_thread
from emotalker.engine.tracking.blink import au45, calibrate, openness
from emotalker.engine.tracking.fitting.filters import smooth
from emotalker.engine.tracking.fitting.identity import Likeness, fit_likeness, start_focal
from emotalker.engine.tracking.fitting.points import FrameState, landmark_points
from emotalker.engine.tracking.fitting.reproject import tracked_landmarks
from emotalker.engine.tracking.fitting.rotations import (
    log_rotation,
    median_rotation,
    split_root_and_neck,
    trunk_rotation,
)
from emotalker.engine.tracking.fitting.sequence import fit_frames
from emotalker.engine.tracking.fitting.system import Observations, Priors, Problem, typical_eye_distance
from emotalker.engine.tracking.observing.observe import Observed
from emotalker.engine.tracking.track import Subject, Track

F32 = NDArray[np.float32]
ReadMatte = Callable[[int, int], NDArray[np.uint8]]
BLUR_DOUBT = 0.7  # of the trust in landmarks that full motion blur takes


def fit_subject(head: HeadModel, clips: Sequence[Observed], read_matte: ReadMatte, size: int, frames: int) -> Subject:
    """Identity, camera and blink calibration of a person.

    Args:
        head: the head model.
        clips: observations of the clips that may be learned from.
        read_matte: matte u8 [size, size] of (clip index, frame).
        size: side of the crops, pixels.
        frames: how many frames to sample for identity.
    """
    picks = sample_frames([c.weight() for c in clips], frames)
    seen = Observations(
        torch.from_numpy(np.stack([clips[c].landmarks[i] for c, i in picks])),
        torch.ones(len(picks)),
        torch.from_numpy(np.stack([clips[c].blendshapes[i] for c, i in picks])),
        typical_eye_distance(*(np.concatenate([getattr(c, n) for c in clips]) for n in ("landmarks", "confidence"))),
        start_focal(size),
        size / 2,
    )
    with one_torch_thread():
        likeness = fit_likeness(head, seen, [read_matte(c, i) for c, i in picks], Priors())
    known = np.concatenate([openness(c.landmarks)[c.weight() > 0] for c in clips])
    rest, shut = calibrate(known)
    return Subject(likeness.identity.numpy(), _camera(likeness, size), rest, shut)


def fit_track(head: HeadModel, subject: Subject, clip: Observed, fps: float) -> Track:
    """Expression and pose of every frame of a clip."""
    size = subject.camera.width
    distance = typical_eye_distance(clip.landmarks, clip.confidence)
    shots = [np.nonzero(clip.shots == shot)[0] for shot in np.unique(clip.shots)]
    # nothing is carried over a cut, neither by the filter nor by the fit
    filtered = np.concatenate([smooth(clip.landmarks[frames]) for frames in shots]).astype(np.float32)
    identity = torch.from_numpy(subject.identity)
    clear = None if bool((clip.clear == 255).all()) else torch.from_numpy(clip.clear.astype(np.float32) / 255)
    present = clip.confidence * (1 - BLUR_DOUBT * clip.blur)
    seen = Observations(
        torch.from_numpy(filtered), torch.from_numpy(present), torch.from_numpy(clip.blendshapes), distance,
        float(subject.camera.K[0, 0]), size / 2, clear,
    )  # fmt: skip
    with one_torch_thread():
        problem = Problem(landmark_points(head).shaped(identity), head.expression_names, Priors())
        state = FrameState.joined([fit_frames(problem, seen[slice(int(f[0]), int(f[-1]) + 1)]) for f in shots])
        track = _as_track(head, subject, state, clip, filtered, fps)
        return replace(track, reprojection=reprojection(head, subject, track) / np.float32(distance))


def reprojection(head: HeadModel, subject: Subject, track: Track) -> F32:
    """Mean distance of the fitted from the seen landmarks of every frame [T], pixels of the track's crop."""
    gap = tracked_landmarks(head, subject, track) - track.landmarks
    return np.asarray(np.linalg.norm(gap, axis=-1).mean(1), np.float32)


def sample_frames(weights: Sequence[F32], frames: int) -> list[tuple[int, int]]:
    """(clip, frame) of about `frames` frames that may be learned from, spread evenly over clips and within each."""
    chosen = np.array([i for i, w in enumerate(weights) if (w > 0).any()], int)
    if len(chosen) > frames:
        chosen = chosen[np.unique(np.linspace(0, len(chosen) - 1, frames).round().astype(int))]
    each = max(1, -(-frames // len(chosen)))
    picks = []
    for clip in chosen.tolist():
        known = np.nonzero(weights[clip] > 0)[0]
        places = np.linspace(0, len(known) - 1, each + 2)[1:-1].round().astype(int)
        picks += [(clip, int(known[p])) for p in np.unique(places)]
    return picks


def _camera(likeness: Likeness, size: int) -> Camera:
    """The crop's camera: world is the head space of the person's usual pose."""
    view = np.eye(4, dtype=np.float32)
    view[:3, :3] = median_rotation(likeness.states.rotation.double()).numpy()
    view[:3, 3] = likeness.states.translation.median(0).values.numpy()
    half = size / 2
    K = np.array([[likeness.focal, 0, half], [0, likeness.focal, half], [0, 0, 1]], np.float32)
    return Camera(view, K, size, size)


def _as_track(
    head: HeadModel, subject: Subject, state: FrameState, clip: Observed, landmarks: F32, fps: float
) -> Track:
    view = torch.from_numpy(subject.camera.viewmat).double()
    turn, shift = view[:3, :3], view[:3, 3]
    # camera space to world: the inverse of a rigid motion
    rotations = turn.T @ state.rotation.double()
    translations = (state.translation.double() - shift) @ turn
    neck_joint = head.shape(torch.from_numpy(subject.identity))[1][1].double()
    root, root_shift, neck = _trunk_and_neck(clip, rotations, translations, neck_joint)
    count = len(state)
    return Track(
        psi=state.psi.numpy(),
        jaw=state.jaw.numpy(),
        neck=log_rotation(neck).float().numpy(),
        eyes=state.eyes.numpy(),
        root_rotation=log_rotation(root).float().numpy(),
        root_translation=root_shift.float().numpy(),
        au45=au45(openness(clip.landmarks), subject.blink_open, subject.blink_closed),
        confidence=clip.confidence,
        landmarks=landmarks,
        blendshapes=clip.blendshapes,
        reprojection=np.zeros(count, np.float32),
        crop=clip.crop,
        fps=fps,
        size=subject.camera.width,
        weight=clip.weight(),
        shots=clip.shots,
    )


def _trunk_and_neck(
    clip: Observed, rotations: Tensor, translations: Tensor, joint: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Root rotation, root translation and neck rotation of every frame; each shot has a trunk of its own."""
    parts = []
    for shot in np.unique(clip.shots):
        frames = torch.from_numpy(clip.shots == shot)
        known = frames & torch.from_numpy(clip.confidence > 0)
        trunk = trunk_rotation(rotations[known if bool(known.any()) else frames])
        parts.append(split_root_and_neck(rotations[frames], translations[frames], joint, trunk))
    root, shift, neck = (torch.cat(p) for p in zip(*parts))
    return root, shift, neck
