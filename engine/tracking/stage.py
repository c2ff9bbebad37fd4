"""The tracking stage: from clips to a subject and one track per clip, resumable clip by clip."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.files import write_json
from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.folder import head_mark, load_head, save_head
from emotalker.engine.head.linear import LinearHead
from emotalker.engine.head.model import HeadModel
from emotalker.engine.jobs import Job, Metric, Notice, Outcome, Preview, Progress, StopToken
from emotalker.engine.media import FrameStore
from emotalker.engine.tracking.fitting.fit import fit_subject, fit_track
from emotalker.engine.tracking.observing.crop import Sighting, crops
from emotalker.engine.tracking.observing.disturbance import spells
from emotalker.engine.tracking.observing.landmarker import FaceLandmarker
from emotalker.engine.tracking.observing.matte import PersonMatte
from emotalker.engine.tracking.observing.observe import FRAMES, OBSERVED, STAGE, VERSION, Observed, observe, scout
from emotalker.engine.tracking.observing.plate import background_plate, write_plate
from emotalker.engine.tracking.overlay import draw
from emotalker.engine.tracking.track import Subject, Track

SUBJECT = "subject.safetensors"
SUBJECT_NOTE = "subject.json"
CLIPS = "clips"
DONE = "done.json"
COVERED = 0.04  # share of the face that is covered above which the user is told
BLURRY, MUCH_BLUR = 0.6, 0.15  # blur of a frame, and share of such frames, from which the user is told
POOR = 0.03  # mean reprojection in eye distances above which the user is warned


@dataclass(frozen=True)
class TrackConfig:
    """How to track.

    Attributes:
        fps: frames per second of all tracks.
        size: side of the square crops, pixels.
        identity_frames: how many frames of all clips the identity is fitted to.
    """

    fps: float = 25.0
    size: int = 512
    identity_frames: int = 32


def track(
    clips: Sequence[ClipInput], out: Path, config: TrackConfig, stop: StopToken, head_file: Path | None = None
) -> Job:
    """Track all clips of a person into `out`.

    Writes subject.safetensors and clips/<id>/{frames.store, plate.png, track.safetensors, done.json}. Identity, camera
    and blink calibration are learned from the clips that are not held out. Clips finished before are kept. A head model
    of the user's is written beside the subject as head.safetensors, where the later stages find it.

    Raises:
        UserError: if a clip cannot be read or has no face, or nothing may be learned from.
    """
    out = Path(out)
    if not any(not c.held_out for c in clips):
        raise UserError(
            "There is no clip to learn from.",
            "All clips of the project are held out for evaluation, or there is none.",
            "Add a clip, or hold out fewer.",
        )
    head = load_default_head() if head_file is None else load_head(head_file)
    save_head(head, out)
    if head_file is not None:
        yield Notice(STAGE, f"Tracking with the {head.name} of the project; the twin will hold a copy of that head.")
    looked = yield from _look(clips, out, config, stop)
    if not looked:
        return Outcome.STOPPED
    subject, digest = yield from _subject(head, clips, out, config)
    for number, clip in enumerate(clips):
        if stop.requested:
            return Outcome.STOPPED
        yield Progress(STAGE, number, len(clips), "clips fitted")
        yield from _finish(head, subject, digest, clip, out, config, number)
    yield Progress(STAGE, len(clips), len(clips), "clips fitted")
    return Outcome.FINISHED


def clip_folder(out: Path, clip: str) -> Path:
    """Where the files of a clip lie below the stage's folder."""
    return Path(out) / CLIPS / clip


def _look(clips: Sequence[ClipInput], out: Path, config: TrackConfig, stop: StopToken) -> Any:
    """The first pass over all clips; returns False when stopped."""
    landmarker: FaceLandmarker | None = None
    sightings: dict[str, Sighting] = {}
    for clip in clips:
        if stop.requested:
            return False
        note = clip_folder(out, clip.id) / "sighting.json"
        known = _read_json(note)
        if known is not None and known.get("source") == _source(clip):
            sightings[clip.id] = Sighting(**known["sighting"])
            continue
        landmarker = landmarker or FaceLandmarker()
        sightings[clip.id] = scout(clip.path, clip.id, config.fps, landmarker)
        write_json(note, {"source": _source(clip), "sighting": dataclasses.asdict(sightings[clip.id])})
    matter: PersonMatte | None = None
    for number, (clip, crop) in enumerate(zip(clips, crops(sightings).values())):
        folder = clip_folder(out, clip.id)
        state = {"source": _source(clip), "crop": list(crop), "fps": config.fps, "size": config.size}
        state["version"] = VERSION
        if (folder / OBSERVED).exists() and _read_json(folder / "observed.json") == state:
            continue
        landmarker, matter = landmarker or FaceLandmarker(), matter or PersonMatte()
        for name in (DONE, "observed.json", OBSERVED):
            (folder / name).unlink(missing_ok=True)
        yield Progress(STAGE, number, len(clips), "clips seen")
        outcome = yield from observe(
            clip.path, folder, clip.id, crop, config.fps, config.size, stop, landmarker, matter
        )
        if outcome is Outcome.STOPPED:
            return False
        write_json(folder / "observed.json", state)
    return True


def _subject(head: LinearHead, clips: Sequence[ClipInput], out: Path, config: TrackConfig) -> Any:
    """The person, fitted or kept from before, and a digest of what they were fitted to."""
    learned = [c for c in clips if not c.held_out]
    states = [_read_json(clip_folder(out, c.id) / "observed.json") for c in learned]
    told = {
        "clips": [c.id for c in learned],
        "observed": states,
        "frames": config.identity_frames,
        "head": head_mark(head),
    }
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    note = _read_json(out / SUBJECT_NOTE)
    if note is not None and note.get("digest") == digest and (out / SUBJECT).exists():
        return Subject.load(out / SUBJECT), digest
    yield Notice(STAGE, f"Fitting the head to {len(learned)} clips.")
    stores = [FrameStore(clip_folder(out, c.id) / FRAMES) for c in learned]
    try:
        observed = [Observed.load(clip_folder(out, c.id) / OBSERVED) for c in learned]

        def matte(clip: int, frame: int) -> NDArray[np.uint8]:
            return stores[clip].read(frame)[1]

        subject = fit_subject(head, observed, matte, config.size, config.identity_frames)
    finally:
        for store in stores:
            store.close()
    subject.save(out / SUBJECT)
    write_json(out / SUBJECT_NOTE, {"digest": digest, "clips": told["clips"]})
    return subject, digest


def _finish(
    head: HeadModel, subject: Subject, digest: str, clip: ClipInput, out: Path, config: TrackConfig, number: int
) -> Any:
    """Fit one clip and write its files, unless that was done before."""
    folder = clip_folder(out, clip.id)
    before = _read_json(folder / DONE)
    if before is not None and before.get("subject") == digest:
        return
    observed = Observed.load(folder / OBSERVED)
    fitted = fit_track(head, subject, observed, config.fps)
    fitted.save(folder / "track.safetensors")
    with FrameStore(folder / FRAMES) as store:
        write_plate(folder / "plate.png", background_plate(store, observed.longest_shot))
        preview = out / "previews" / f"{clip.id}.png"
        frame = int(np.argmin(np.abs(fitted.reprojection - np.median(fitted.reprojection))))
        write_plate(preview, draw(head, subject, fitted, frame, store.read(frame)[0]))
    for text in warnings(clip.id, observed, fitted):
        yield Notice(STAGE, text, "warning")
    error = float(fitted.reprojection[fitted.confidence > 0].mean())
    write_json(folder / DONE, {"subject": digest, "frames": len(fitted), "reprojection": error})
    yield Metric(STAGE, number, {"reprojection": error, "frames": float(len(fitted))})
    yield Preview(STAGE, number, preview)


def warnings(clip: str, observed: Observed, fitted: Track) -> list[str]:
    """What the user should know about a tracked clip."""
    out = []
    lost = int((observed.confidence <= 0).sum())
    if lost:
        out.append(f"{clip}: the face was lost in {lost} of {len(fitted)} frames; the motion there is guessed.")
    fps = fitted.fps
    if observed.others.any():
        times = spells(observed.others > 0, fps)
        out.append(f"{clip}: more than one face is in the picture ({times}); the largest one was followed.")
    covered = (observed.hidden > COVERED) & (observed.confidence > 0)
    if covered.any():
        times = spells(covered, fps)
        out.append(f"{clip}: something, perhaps a hand, is before the face ({times}); the twin does not learn from it.")
    cuts = np.nonzero(np.diff(observed.shots))[0] + 1
    if len(cuts):
        times = ", ".join(f"{t / fps:.1f} s" for t in cuts[:4]) + (" and more" if len(cuts) > 4 else "")
        longest = np.nonzero(observed.longest_shot)[0]
        out.append(
            f"{clip}: the clip is cut ({times}). Every shot is tracked by itself, and the twin's looks are learned from"
            f" the longest ({longest[0] / fps:.1f}-{(longest[-1] + 1) / fps:.1f} s)."
        )
    blurred = float((observed.blur > BLURRY).mean())
    if blurred > MUCH_BLUR:
        out.append(f"{clip}: motion blurs the face in {100 * blurred:.0f} % of the frames; more light helps.")
    error = float(fitted.reprojection[observed.confidence > 0].mean())
    if error > POOR:
        out.append(f"{clip}: the head fits the face only roughly ({100 * error:.1f} % of the eye distance off).")
    return out


def _source(clip: ClipInput) -> dict[str, Any]:
    """What tells whether a clip's file is still the same."""
    try:
        size = clip.path.stat().st_size
    except OSError as error:
        raise UserError(
            f"The file of the clip {clip.id} cannot be opened.",
            f"{clip.path}: {error.strerror or error}.",
            "Put the file back, or take the clip out of the project.",
        ) from error
    return {"path": str(clip.path), "bytes": size}


def _read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object, or None if there is none that can be read: the work is then done again."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
