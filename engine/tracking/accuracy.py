"""How far a track is from a known truth, and how much it shakes: figures for benchmarks and tests."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from emotalker.engine.head.model import HeadModel, axis_angle_to_matrix
from emotalker.engine.tracking.fitting.reproject import tracked_landmarks
from emotalker.engine.tracking.fitting.rotations import log_rotation
from emotalker.engine.tracking.landmark_sets import LID_GAPS_LEFT, LID_GAPS_RIGHT, LIP_GAPS
from emotalker.engine.tracking.track import Subject, Track

F64 = NDArray[np.float64]
REFERENCE = 512  # figures in pixels are those of a crop of this size
PEAK = 0.06  # radians that a jaw opens at least for its peak to count
BLINK = 0.9
# a curve of degree 2 through 7 frames: what it leaves over lies above about 5 Hz at 25 frames a second
SHAKE_WINDOW, SHAKE_DEGREE = 7, 2
REST_WINDOW = 9


def camera_points(head: HeadModel, subject: Subject, track: Track, ids: NDArray[np.integer]) -> F64:
    """Vertices `ids` of every frame in camera space [T, n, 3], metres."""
    picked = torch.from_numpy(np.asarray(ids, np.int64))
    psi, jaw, neck, eyes = (torch.from_numpy(a) for a in (track.psi, track.jaw, track.neck, track.eyes))
    with torch.no_grad():
        local = head.forward(torch.from_numpy(subject.identity), psi, jaw, neck, eyes, picked)
        turn = axis_angle_to_matrix(torch.from_numpy(track.root_rotation))
        world = local @ turn.transpose(1, 2) + torch.from_numpy(track.root_translation)[:, None]
    view = subject.camera.viewmat.astype(np.float64)
    return np.asarray(world.numpy().astype(np.float64) @ view[:3, :3].T + view[:3, 3])


def mesh_landmarks(head: HeadModel, subject: Subject, track: Track) -> F64:
    """The 478 landmarks of the tracked mesh [T, 478, 2], pixels of a crop of `REFERENCE`."""
    return np.asarray(tracked_landmarks(head, subject, track), np.float64) * (REFERENCE / track.size)


def shake(points: NDArray[np.floating], frames: NDArray[np.bool_] | None = None) -> float:
    """High-frequency energy of points [T, n, 2]: mean square of what lies above about 5 Hz, over some frames [T]."""
    smooth = savgol_filter(points, SHAKE_WINDOW, SHAKE_DEGREE, axis=0)
    energy = np.square(points - smooth).sum(-1).mean(1)
    margin = SHAKE_WINDOW // 2
    known = np.zeros(len(points), bool)
    known[margin : len(points) - margin] = True
    return float(energy[known if frames is None else known & frames].mean())


def at_rest(points: NDArray[np.floating], share: float = 0.15) -> NDArray[np.bool_]:
    """The quietest frames [T] of landmarks [T, n, 2]: middles of the windows in which they travel least."""
    smooth = savgol_filter(points, SHAKE_WINDOW, SHAKE_DEGREE, axis=0)
    count = len(points) - REST_WINDOW + 1
    travel = np.array([np.ptp(smooth[i : i + REST_WINDOW], axis=0).max() for i in range(count)])
    out = np.zeros(len(points), bool)
    out[np.argsort(travel)[: max(1, round(share * count))] + REST_WINDOW // 2] = True
    return out


def compare(head: HeadModel, true_subject: Subject, truth: Track, subject: Subject, found: Track) -> dict[str, float]:
    """Errors of a track against the truth of the same film.

    Returns:
        face_mm and lips_mm: mean distance of face and lip vertices after a rigid motion a frame and one scale, the
        camera cannot tell that; neutral_mm: the same for the face at rest; jaw_degrees, head_degrees (head against
        camera), nod_degrees and neck_degrees (head against camera, neck against trunk, both without a constant offset),
        gaze_degrees and glance_degrees (without a constant offset); jaw_peak: found over true
        opening at its peaks; lid_pixels, lip_pixels: error of the visible gaps between lids and lips; shut_pixels and
        blink_pixels: found minus true gap where the true lips or lids are shut; mesh_pixels: landmarks of the found
        mesh to those of the true one; psi: mean difference of coefficients. Pixels are those of a crop of 512.
    """
    out = _surface(head, true_subject, truth, subject, found)
    out |= _joints(truth, found, true_subject, subject)
    true_points, points = mesh_landmarks(head, true_subject, truth), mesh_landmarks(head, subject, found)
    out["mesh_pixels"] = float(np.linalg.norm(points - true_points, axis=-1).mean())
    lips, true_lips = _gap(points, LIP_GAPS[:1]), _gap(true_points, LIP_GAPS[:1])
    lids = LID_GAPS_LEFT[:1] + LID_GAPS_RIGHT[:1]
    eyes, true_eyes = _gap(points, lids), _gap(true_points, lids)
    # lips and lids that overlap look shut
    lips, true_lips, eyes, true_eyes = (np.maximum(gap, 0) for gap in (lips, true_lips, eyes, true_eyes))
    out["lip_pixels"] = float(np.abs(lips - true_lips).mean())
    out["lid_pixels"] = float(np.abs(eyes - true_eyes).mean())
    shut = truth.psi[:, head.expression_names.index("mouthPressLeft")] > 0.28
    out["shut_pixels"] = float((lips - true_lips)[shut].mean()) if shut.any() else 0.0
    blinks = truth.au45 > BLINK
    out["blink_pixels"] = float((eyes - true_eyes)[blinks].mean()) if blinks.any() else 0.0
    out["psi"] = float(np.abs(truth.psi - found.psi).mean())
    return out


def similarity(source: F64, target: F64) -> tuple[F64, float]:
    """Points [T, n, 3] moved rigidly onto others frame by frame with one common scale: the result, and that scale."""
    a, b = source - source.mean(1, keepdims=True), target - target.mean(1, keepdims=True)
    u, _, vt = np.linalg.svd(np.einsum("tni,tnj->tij", b, a))
    u[:, :, 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
    turned = a @ (u @ vt).transpose(0, 2, 1)
    scale = float((turned * b).sum() / np.square(turned).sum())
    return turned * scale + target.mean(1, keepdims=True), scale


def _surface(head: HeadModel, true_subject: Subject, truth: Track, subject: Subject, found: Track) -> dict[str, float]:
    ids = np.nonzero(head.regions["face"] & head.regions["skin"])[0]
    lips = head.regions["lips"][ids]
    target = camera_points(head, true_subject, truth, ids)
    moved, scale = similarity(camera_points(head, subject, found, ids), target)
    gaps = 1000 * np.linalg.norm(moved - target, axis=-1)
    shapes = [head.shape(torch.from_numpy(s.identity))[0].numpy()[None, ids] for s in (subject, true_subject)]
    at_rest_, _ = similarity(*(s.astype(np.float64) for s in shapes))
    neutral = 1000 * np.linalg.norm(at_rest_ - shapes[1], axis=-1)
    return {
        "face_mm": float(gaps.mean()), "lips_mm": float(gaps[:, lips].mean()), "neutral_mm": float(neutral.mean()),
        "scale": scale,
    }  # fmt: skip


def _joints(truth: Track, found: Track, true_subject: Subject, subject: Subject) -> dict[str, float]:
    jaw, true_jaw = found.jaw[:, 0], truth.jaw[:, 0]
    peaks = [
        t for t in range(3, len(true_jaw) - 3)
        if true_jaw[t] >= PEAK and true_jaw[t] == true_jaw[t - 3 : t + 4].max()
    ]  # fmt: skip
    ratios = [jaw[t - 2 : t + 3].max() / true_jaw[t] for t in peaks]
    heads, necks = [], []
    for subject_, track in ((true_subject, truth), (subject, found)):
        view = torch.from_numpy(subject_.camera.viewmat[:3, :3]).double()
        root, neck = (axis_angle_to_matrix(torch.from_numpy(a).double()) for a in (track.root_rotation, track.neck))
        heads.append(view @ root @ neck)
        necks.append(neck)
    nod, split = (log_rotation(a[1] @ a[0].transpose(1, 2)) for a in (heads, necks))
    glance = torch.from_numpy(found.eyes - truth.eyes)[..., :2]
    axes = [axis_angle_to_matrix(torch.from_numpy(t.eyes).double())[..., 2] for t in (truth, found)]
    gaze = torch.acos((axes[0] * axes[1]).sum(-1).clamp(-1, 1))
    return {
        "jaw_degrees": float(np.degrees(np.abs(jaw - true_jaw).mean())),
        "jaw_peak": float(np.median(ratios)) if ratios else 1.0,
        "head_degrees": float(torch.rad2deg(nod.norm(dim=1)).mean()),
        "nod_degrees": float(torch.rad2deg((nod - nod.mean(0)).norm(dim=1)).mean()),
        "neck_degrees": float(torch.rad2deg((split - split.mean(0)).norm(dim=1)).mean()),
        "gaze_degrees": float(torch.rad2deg(gaze).mean()),
        "glance_degrees": float(torch.rad2deg((glance - glance.mean(0)).norm(dim=-1)).mean()),
    }


def _gap(points: F64, pairs: tuple[tuple[int, int], ...]) -> F64:
    """Mean signed gap of pairs of upper and lower landmarks in every frame [T], pixels."""
    return np.asarray(np.mean([points[:, low, 1] - points[:, up, 1] for up, low in pairs], 0))
