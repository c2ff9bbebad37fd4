"""The first pass over a clip: frames are cropped, looked at and stored; nothing is fitted yet."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays, write_arrays
from emotalker.engine.jobs import Job, Outcome, Progress, StopToken
from emotalker.engine.media import FrameSource, FrameStoreWriter
from emotalker.engine.tracking.observing.crop import Sighting, cut
from emotalker.engine.tracking.observing.disturbance import Looks, blur_of, clearness, shots_of
from emotalker.engine.tracking.observing.landmarker import FaceLandmarker, FaceObservation
from emotalker.engine.tracking.observing.matte import PersonMatte

F32 = NDArray[np.float32]
STAGE = "track"
SCOUTED = 9
REPORT_EVERY = 25
COUNT_EVERY = 15  # frames between counts of the faces in the picture
VERSION = 2  # of what is observed; older observations are made again
# a face found after a loss counts as the same person when it is not further away than this, in face heights
SAME_FACE = 1.2
OBSERVED = "observed.safetensors"
FRAMES = "frames.store"


@dataclass
class Observed:
    """What the first pass saw of a clip of T frames.

    Attributes:
        landmarks: crop pixels [T, 478, 2]; lost frames are interpolated.
        blendshapes: [T, 52].
        confidence: [T], 0 where the face was lost.
        faces: most faces seen at once in the looks taken for that.
        crop: x, y, side in source pixels [3].
        shots: number of the shot that each frame belongs to, int32 [T].
        clear: how freely each landmark is seen, u8 [T, 478]; less than 255 where something is before the face.
        blur: how blurred by motion the face is [T], in [0, 1].
        others: whether somebody else's face is in the picture, u8 [T].
    """

    landmarks: F32
    blendshapes: F32
    confidence: F32
    faces: F32
    crop: F32
    shots: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    clear: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 478), np.uint8))
    blur: F32 = field(default_factory=lambda: np.zeros(0, np.float32))
    others: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))

    def __post_init__(self) -> None:
        """What was not looked at is undisturbed."""
        count = len(self.landmarks)
        if len(self.shots) != count:
            self.shots = np.zeros(count, np.int32)
        if len(self.clear) != count:
            self.clear = np.full((count, 478), 255, np.uint8)
        if len(self.blur) != count:
            self.blur = np.zeros(count, np.float32)
        if len(self.others) != count:
            self.others = np.zeros(count, np.uint8)

    @property
    def hidden(self) -> F32:
        """Share of the face that something covers in each frame [T]."""
        return np.asarray(1 - self.clear.mean(1, dtype=np.float32) / 255, np.float32)

    @property
    def longest_shot(self) -> NDArray[np.bool_]:
        """The frames [T] of the longest shot."""
        return np.asarray(self.shots == np.bincount(self.shots).argmax())

    def weight(self) -> F32:
        """How much may be learned from each frame [T], in [0, 1].

        Nothing where the face is lost, covered by a twentieth, or in another shot than the longest, whose background is
        another; less where motion blurs the face.
        """
        seen = (self.confidence > 0) & self.longest_shot
        return np.asarray(seen * np.clip(1.1 - 20 * self.hidden, 0, 1) * (1 - 0.6 * self.blur), np.float32)

    def save(self, path: Path, fps: float, size: int) -> None:
        """Write as .safetensors."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        write_arrays(path, arrays, {"fps": repr(float(fps)), "size": str(size), "version": "1"})

    @staticmethod
    def load(path: Path) -> Observed:
        """Read what `save` wrote."""
        arrays = read_arrays(path)[0]
        return Observed(**{f.name: arrays[f.name] for f in fields(Observed) if f.name in arrays})


def scout(path: Path, clip: str, fps: float, landmarker: FaceLandmarker) -> Sighting:
    """Look at a few frames spread over a clip.

    Raises:
        UserError: if none of them shows a face, or the file cannot be read.
    """
    source = FrameSource(path, fps)
    total = max(len(source), 1)
    found, width, height = [], source.info.width, source.info.height
    for k in range(SCOUTED):
        start = min(round((k + 0.5) * total / SCOUTED), total - 1)
        for _, rgb in FrameSource(path, fps, start, start + 1):
            height, width = rgb.shape[:2]
            face = landmarker.detect(rgb)
            if face is not None:
                found.append(face.points)
    if not found:
        raise no_face(clip)
    return Sighting.of(np.stack(found), width, height)


def no_face(clip: str) -> UserError:
    """The error for a clip in which nobody can be tracked."""
    return UserError(
        f"There is no face in the clip {clip}.",
        "The face detector looked at frames from its beginning to its end and found none.",
        "Take the clip out of the project, or record it again with the face well lit and looking at the camera.",
    )


def observe(
    path: Path,
    folder: Path,
    clip: str,
    crop: tuple[float, float, float],
    fps: float,
    size: int,
    stop: StopToken,
    landmarker: FaceLandmarker,
    matter: PersonMatte,
) -> Job:
    """Crop, look and store every frame of a clip into `folder`: frames.store and observed.safetensors.

    Stopped halfway it leaves nothing that counts as done; the clip is started again.
    """
    store = folder / FRAMES
    store.unlink(missing_ok=True)
    source = FrameSource(path, fps)
    total = len(source)
    landmarker.reset()
    seen: list[FaceObservation | None] = []
    counts: list[int] = []
    looks = Looks()
    last: FaceObservation | None = None
    with FrameStoreWriter(store) as writer:
        for index, rgb in source:
            if stop.requested:
                return Outcome.STOPPED
            picture = cut(rgb, crop, size)
            if looks.jumped(picture):
                landmarker.reset()
                last = None
            face = _same(landmarker.follow(picture), last)
            if face is None:
                landmarker.reset()
            last = face or last
            looks.add(picture, None if face is None else face.points)
            near = None if last is None else last.points[:, :2].mean(0)
            writer.append(picture, matter(picture, near))
            # without depth, which the fit does not use: long clips are many landmarks
            seen.append(None if face is None else replace(face, points=face.points[:, :2].copy()))
            fresh = index % COUNT_EVERY == 0
            counts.append(len(landmarker.detect_faces(picture, 0.6)) if fresh else counts[-1])
            if index % REPORT_EVERY == 0:
                yield Progress(STAGE, index, max(total, index), f"frames of {clip}")
    if all(f is None for f in seen):
        raise no_face(clip)
    observed = gathered(seen, max(counts), crop)
    observed.shots = shots_of(looks.whole, observed.confidence > 0)
    observed.clear = clearness(looks, observed.shots)
    observed.blur = blur_of(np.array(looks.sharpness), observed.shots)
    observed.others = np.array([c > 1 for c in counts], np.uint8)
    observed.save(folder / OBSERVED, fps, size)
    return Outcome.FINISHED


def gathered(seen: list[FaceObservation | None], faces: int, crop: tuple[float, float, float]) -> Observed:
    """Observations of all frames as arrays; frames without a face are interpolated and get confidence 0."""
    known = np.array([i for i, f in enumerate(seen) if f is not None])
    points = np.stack([f.points[:, :2] for f in seen if f is not None]).astype(np.float32)
    scores = np.stack([f.blendshapes for f in seen if f is not None]).astype(np.float32)
    confidence = np.array([0.0 if f is None else f.score for f in seen], np.float32)
    frames = np.arange(len(seen))
    right = np.clip(np.searchsorted(known, frames), 0, len(known) - 1)
    left = np.clip(np.searchsorted(known, frames, side="right") - 1, 0, len(known) - 1)
    gap = np.maximum(known[right] - known[left], 1)
    share = np.clip((frames - known[left]) / gap, 0, 1).astype(np.float32)

    lost = confidence <= 0

    def spread(values: F32) -> F32:
        out = values[left]
        t = share[lost].reshape(-1, *[1] * (values.ndim - 1))
        out[lost] = values[left[lost]] * (1 - t) + values[right[lost]] * t
        return out

    faces_seen = np.array([faces], np.float32)
    return Observed(spread(points), spread(scores), confidence, faces_seen, np.array(crop, np.float32))


def _same(face: FaceObservation | None, last: FaceObservation | None) -> FaceObservation | None:
    """`face` unless it is somebody else's: far from where the person was, or of quite another size."""
    if face is None or last is None:
        return face
    height = float(np.ptp(last.points[:, 1]))
    shift = float(np.linalg.norm(face.points[:, :2].mean(0) - last.points[:, :2].mean(0)))
    return face if shift < SAME_FACE * height and 0.5 < np.ptp(face.points[:, 1]) / height < 2 else None
