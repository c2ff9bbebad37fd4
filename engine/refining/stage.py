"""Refining tracks with the fitted twin: every clip is followed again, now by what it looks like.

Landmarks alone leave lips, lids and jaw where a general face would have them. With stage 1 fitted, the person's own
Gaussians can be drawn over each frame and expression, jaw, gaze, head and trunk moved until the picture fits; the
landmarks and priors of the tracker stay in the balance, so that expressions keep their meaning.

The fitted head is only read. Held-out clips are refined like all others, which is what tracking them means; nothing
of them reaches the head or whatever is trained later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays, write_bytes, write_json
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.head.folder import head_of
from emotalker.engine.jobs import Event, Job, Metric, Outcome, Preview, Progress, StopToken
from emotalker.engine.media import FrameStore
from emotalker.engine.refining.clip import ClipWork, Twin
from emotalker.engine.refining.config import RefineConfig
from emotalker.engine.torch_threads import one_torch_thread
from emotalker.engine.tracking.refined import FOLDER
from emotalker.engine.tracking.track import Subject, Track
from emotalker.engine.training.frames import load_plate

STAGE = "fit"


def refine_tracks(
    clips: Sequence[ClipInput], track_dir: Path, fit_dir: Path, config: RefineConfig, stop: StopToken
) -> Job:
    """Refine the tracks of all clips, held-out ones included; clips refined before are kept.

    Writes tracks/<clip>.safetensors, tracks/<clip>.json and previews/refined_<clip>.png (recorded, tracked, refined)
    below `fit_dir`. The fitted head is not changed.

    Args:
        clips: the clips of the person.
        track_dir: folder of the tracking stage.
        fit_dir: folder of stage 1, finished.
        config: settings.
        stop: asks for an early end; the clip being refined is begun anew later.

    Raises:
        UserError: if the head is not fitted, or a file is missing or damaged.
    """
    with one_torch_thread():
        return (yield from _refine(clips, track_dir, fit_dir, config, stop))


def load_twin(fit_dir: Path, track_dir: Path) -> Twin:
    """Read what stage 1 and the tracking wrote.

    Raises:
        UserError: if the model is missing or damaged.
    """
    path = Path(fit_dir) / "model.safetensors"
    if not path.exists():
        raise UserError("The tracks cannot be refined.", "The head is not fitted yet.", "Run the stage fit first.")
    arrays, metadata = read_arrays(path)
    try:
        shapes = GaussianBlendshapes.from_arrays({k[7:]: v for k, v in arrays.items() if k.startswith("shapes.")})
        names = [clip["id"] for clip in json.loads(metadata["clips"])]
        lighting = dict(zip(names, torch.from_numpy(np.array(arrays["lighting"], np.float32))))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path.name} is not a fitted head.", "It is damaged or of another program.", "Run the stage fit again."
        ) from error
    return Twin(shapes, lighting, head_of(track_dir), Subject.load(Path(track_dir) / "subject.safetensors"))


def _refine(clips: Sequence[ClipInput], track_dir: Path, fit_dir: Path, config: RefineConfig, stop: StopToken) -> Job:
    twin = load_twin(fit_dir, track_dir)
    model = hashlib.sha256((fit_dir / "model.safetensors").read_bytes()).hexdigest()
    marks = {clip.id: _mark(track_dir, clip, model, config) for clip in clips}
    waiting = [c for c in clips if _note(fit_dir, c) != marks[c.id]]
    tracks = [Track.load(_folder(track_dir, clip) / "track.safetensors") for clip in waiting]
    total, before = sum(len(t) for t in tracks), 0
    for clip, track in zip(waiting, tracks):
        folder = _folder(track_dir, clip)
        with closing(FrameStore(folder / "frames.store")) as store:
            plate = load_plate(folder / "plate.png", config.size)
            work = ClipWork(twin, track, store, plate, twin.lighting.get(clip.id), config)
            refined = yield from _followed(work, stop, before, total)
            if refined is None:
                return Outcome.STOPPED
            facts = {"psnr_tracked": work.measure(track), "psnr_refined": work.measure(refined)}
            preview = work.preview(refined)
        refined.save(fit_dir / FOLDER / f"{clip.id}.safetensors")
        light = work.pictures.lighting.tolist()
        write_json(fit_dir / FOLDER / f"{clip.id}.json", {"mark": marks[clip.id], **facts, "lighting": light})
        path = fit_dir / "previews" / f"refined_{clip.id}.png"
        write_bytes(path, cv2.imencode(".png", preview[..., ::-1])[1].tobytes())
        before += len(track)
        yield Metric(f"{STAGE} refine", before, facts)
        yield Preview(STAGE, before, path)
    return Outcome.FINISHED


def _followed(work: ClipWork, stop: StopToken, before: int, total: int) -> Generator[Event, None, Track | None]:
    """Run a clip's work, telling how far it is; None if stopped."""
    job, told = work.run(), -1
    while not stop.requested:
        try:
            done = before + int(next(job))
        except StopIteration as end:
            track: Track = end.value
            return track
        if done > told + 8:
            told = done
            yield Progress(STAGE, done, total, "frames refined")
    job.close()
    return None


def _mark(track_dir: Path, clip: ClipInput, model: str, config: RefineConfig) -> str:
    """What a refined track was made from."""
    digest = hashlib.sha256(json.dumps([model, asdict(config)], sort_keys=True).encode())
    digest.update((_folder(track_dir, clip) / "track.safetensors").read_bytes())
    return digest.hexdigest()


def _note(fit_dir: Path, clip: ClipInput) -> Any:
    """The mark of a clip refined before; None if there is none that can be read: the clip is then refined again."""
    try:
        return json.loads((fit_dir / FOLDER / f"{clip.id}.json").read_text(encoding="utf-8"))["mark"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _folder(track_dir: Path, clip: ClipInput) -> Path:
    return Path(track_dir) / "clips" / clip.id
