"""Packing a twin out of what the stages left in their folders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.a2et.predict import load_a2et
from emotalker.engine.avatar.avatar import Avatar, RestPose
from emotalker.engine.avatar.clips import read_plate
from emotalker.engine.avatar.controls import NECK, blink_coefficients, camera_codes, root_transforms
from emotalker.engine.avatar.emotive import Emotive
from emotalker.engine.avatar.folder import save_avatar
from emotalker.engine.avatar.lighting import LightTable
from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.head.folder import head_of
from emotalker.engine.head.model import HeadModel
from emotalker.engine.tracking.refined import track_of
from emotalker.engine.tracking.track import Subject, Track

F32 = NDArray[np.float32]
SHOWN, SEEN_BEYOND, SEEN_LEAST = 3, 1.25, 0.05
"""Frames that must show a coefficient; how far beyond it what was learned still holds, and the least of that."""
LOOKED_AT, BESIDE, INVISIBLE = 24, 0.02, -15.0
"""Frames of a clip that show what its picture held, how far beside it still counts as inside, in shares of its width,
and the opacity before activation of what never was."""
SURE = 0.5
"""Frames whose face presence is below this say nothing about the person."""


def build(
    track_dir: Path,
    fit_dir: Path,
    express_dir: Path,
    emote_dir: Path | None,
    out: Path,
    clips: Sequence[ClipInput],
    name: str,
) -> Path:
    """Pack a twin; held-out clips leave no trace in it.

    Args:
        track_dir: folder of the tracking stage.
        fit_dir: folder of stage 1.
        express_dir: folder of the A2ET stage.
        emote_dir: folder of stage 2; None plays stage 1 alone.
        out: folder of the twin.
        clips: the project's clips.
        name: of the person.

    Returns:
        `out`.

    Raises:
        UserError: if a stage's result is missing or damaged, every clip is held out, or `out` cannot be written.
    """
    used = [clip for clip in clips if not clip.held_out]
    if not used:
        raise UserError(
            "The twin cannot be packed.", "Every clip is held out.", "Let at least one clip be learned from."
        )
    head = head_of(track_dir)
    subject = Subject.load(track_dir / "subject.safetensors")
    tracks = [track_of(clip.id, track_dir, fit_dir) for clip in used]
    shapes, light = _fitted(fit_dir / "model.safetensors")
    emotive, mean_code = None, None
    if emote_dir is not None:
        shapes = own_shapes(emote_dir / "model.safetensors") or shapes
        emotive, mean_code = stage_two(emote_dir / "model.safetensors", shapes)
    hide_outside(shapes, head, subject, tracks)
    _, express = read_arrays(express_dir / "model.safetensors")
    avatar = Avatar(
        name=name,
        fps=tracks[0].fps,
        identity=subject.identity,
        camera=subject.camera,
        shapes=shapes,
        a2et=load_a2et(express_dir / "model.safetensors"),
        speech=express.get("speech", "whisper_tiny_en"),
        light=light,
        blink=blink_coefficients(tracks, head.expression_names),
        rest=rest_pose(head, subject, tracks, mean_code),
        plate=read_plate(track_dir / "clips" / used[0].id / "plate.png"),
        recorded=tuple(dict.fromkeys((clip.emotion, float(clip.level)) for clip in used)),
        emotive=emotive,
        head=head,
        seen=seen_expressions(tracks),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    save_avatar(avatar, out)
    return out


def seen_expressions(tracks: Sequence[Track]) -> F32:
    """Coefficients up to which the Gaussians know each expression [K]: what a few frames showed, and a little more."""
    psi = np.concatenate([t.psi[t.confidence > SURE] for t in tracks])
    few = min(SHOWN, len(psi))
    largest = np.sort(psi, axis=0)[-few] if few else np.ones(psi.shape[1])
    return np.maximum(SEEN_BEYOND * largest, SEEN_LEAST).astype(np.float32)


def hide_outside(shapes: GaussianBlendshapes, head: HeadModel, subject: Subject, tracks: Sequence[Track]) -> int:
    """Make Gaussians invisible that lay outside the picture in all training frames; returns how many.

    Nothing ever told what they should look like, and a wider or turned view would show it.

    Args:
        shapes: of stage 1; opacities are changed in place.
        head: the head model the tracks were made with.
        subject: identity and camera.
        tracks: of the training clips; some frames of each are looked at.
    """
    joints, camera = head.shape(torch.from_numpy(subject.identity))[1], subject.camera
    seen = np.zeros(len(shapes), bool)
    for track in tracks:
        some = np.unique(np.linspace(0, len(track) - 1, LOOKED_AT).round().astype(int))
        jaw, neck, eyes = (torch.from_numpy(np.asarray(getattr(track, n)[some])) for n in ("jaw", "neck", "eyes"))
        bones = head.bone_transforms(joints, jaw, neck, eyes)
        roots = root_transforms(track.root_rotation[some], track.root_translation[some])
        for bone, root in zip(bones, roots):
            x, y = camera.project(shapes.pose(shapes.base, bone, torch.from_numpy(root)).means.detach().numpy()).T[:2]
            edge = BESIDE * camera.width
            seen |= (x > -edge) & (x < camera.width + edge) & (y > -edge) & (y < camera.height + edge)
    with torch.no_grad():
        shapes.base.logit_opacities[torch.from_numpy(~seen)] = INVISIBLE
    return int((~seen).sum())


def rest_pose(head: HeadModel, subject: Subject, tracks: Sequence[Track], mean_code: F32 | None = None) -> RestPose:
    """Medians of the pose over the frames whose face was seen, and mean and reach of their camera codes.

    Args:
        head: the head model the tracks were made with.
        subject: identity and camera.
        tracks: of the training clips.
        mean_code: the camera code stage 2 took as its zero [12]; the frames' own mean when left out.
    """
    sure = np.concatenate([t.confidence for t in tracks]) > SURE
    if not sure.any():
        sure[:] = True
    neck, eyes, turn, shift = (
        np.concatenate([getattr(t, name) for t in tracks])[sure]
        for name in ("neck", "eyes", "root_rotation", "root_translation")
    )
    joints = head.shape(torch.from_numpy(subject.identity))[1]
    necks = torch.from_numpy(neck)
    still = torch.zeros_like(necks)
    bones = head.bone_transforms(joints, still, necks, torch.zeros(len(neck), 2, 3))[:, NECK].numpy()
    code = camera_codes(subject.camera, root_transforms(turn, shift), bones)
    mean = code.mean(0, dtype=np.float64).astype(np.float32) if mean_code is None else mean_code
    neck, eyes, turn, shift = (np.median(values, axis=0).astype(np.float32) for values in (neck, eyes, turn, shift))
    return RestPose(neck, eyes, turn, shift, mean, np.abs(code - mean).max(0))


def _fitted(path: Path) -> tuple[GaussianBlendshapes, LightTable]:
    """The Gaussian head of stage 1 and the light of its clips.

    Raises:
        UserError: if the file is missing or not what stage 1 writes.
    """
    arrays, metadata = read_arrays(path)
    try:
        shapes = GaussianBlendshapes.from_arrays({k[7:]: v for k, v in arrays.items() if k.startswith("shapes.")})
        labels = json.loads(metadata["clips"])
        emotions, levels = (tuple(clip[key] for clip in labels) for key in ("emotion", "level"))
        return shapes, LightTable(arrays["lighting"], emotions, tuple(float(level) for level in levels))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            "The fitted head cannot be read.",
            f"{path.name} is not what the fit stage writes ({type(error).__name__}: {error}).",
            "Run the fit stage again.",
        ) from error


def own_shapes(path: Path) -> GaussianBlendshapes | None:
    """The Gaussians a stage 2 brought along because it did without those of stage 1 (ablation); None otherwise.

    Raises:
        UserError: if the file is missing.
    """
    arrays, _ = read_arrays(path)
    own = {k.removeprefix("shapes."): v for k, v in arrays.items() if k.startswith("shapes.")}
    return GaussianBlendshapes.from_arrays(own) if own else None


def stage_two(path: Path, shapes: GaussianBlendshapes) -> tuple[Emotive | None, F32 | None]:
    """Stage 2's network and its mean camera code; nothing where it was switched off (ablation).

    Raises:
        UserError: if the file is missing or not what stage 2 writes.
    """
    arrays, metadata = read_arrays(path)
    if metadata.get("egd") == "off":
        return None, None
    try:
        return Emotive.from_arrays(arrays, json.loads(metadata["spec"]), shapes), arrays["mean_code"]
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise UserError(
            "The emotional deformation cannot be read.",
            f"{path.name} does not fit the fitted head ({type(error).__name__}: {str(error).splitlines()[0]}).",
            "Run the emote stage again.",
        ) from error
