"""The check of a clip before any long work: a few looks at the picture and the level of the sound."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.media import AudioTrack, FrameSource, MediaInfo, probe, read_audio
from emotalker.engine.tracking.observing.landmarker import FaceLandmarker, FaceObservation
from emotalker.engine.tracking.quality import Light, Measures, judge

LOOKS = 6
FEWEST_LOOKS = 2
ENOUGH_SECONDS = 2.5  # a check may not keep the user waiting: big files get fewer looks
SURE = 0.6
MUCH_SMALLER = 0.45


@dataclass(frozen=True)
class ClipCheck:
    """The verdict on a clip.

    Attributes:
        light: "green", "yellow" (usable) or "red" (cannot be used).
        findings: one sentence per finding, the worst first, each with what to do.
        measures: what the verdict rests on.
    """

    light: Light
    findings: list[str]
    measures: Measures


def check_clip(path: Path) -> ClipCheck:
    """Look at a clip and judge it; takes about a second.

    Raises:
        UserError: if the file is missing, damaged or no video.
    """
    path = Path(path)
    info = probe(path)
    faces, counts = _looks(path, info)
    sound = read_audio(path) if info.has_audio else None
    found = [f for f in faces if f is not None]
    loudness, clipped = _levels(sound)
    measures = Measures(
        width=info.width,
        height=info.height,
        fps=info.fps,
        seconds=info.duration,
        looks=len(faces),
        with_face=len(found) / max(len(faces), 1),
        with_more=float(np.mean([c > 1 for c in counts])) if counts else 0.0,
        face_height=float(np.median([f.height for f in found])) if found else 0.0,
        cut_off=float(np.mean([f.cut_off for f in found])) if found else 0.0,
        sharpness=float(np.median([f.sharpness for f in found])) if found else 0.0,
        brightness=float(np.median([f.brightness for f in found])) if found else 0.0,
        has_sound=sound is not None,
        loudness=loudness,
        clipped=clipped,
    )
    return ClipCheck(*judge(measures), measures)


@dataclass(frozen=True)
class _Look:
    height: float
    cut_off: bool
    sharpness: float
    brightness: float


@lru_cache(maxsize=1)
def _landmarker() -> FaceLandmarker:
    return FaceLandmarker()


def _looks(path: Path, info: MediaInfo) -> tuple[list[_Look | None], list[int]]:
    """What is seen in some frames spread over the clip, and how many faces of comparable size are in each."""
    started = time.monotonic()
    total = max(len(FrameSource(path)), 1)
    # from the middle outwards: if time runs out, what was seen is not just the beginning
    places = sorted(((k + 0.5) / LOOKS for k in range(LOOKS)), key=lambda p: abs(p - 0.5))
    landmarker = _landmarker()
    looks: list[_Look | None] = []
    counts = []
    for place in places:
        if len(looks) >= FEWEST_LOOKS and time.monotonic() - started > ENOUGH_SECONDS:
            break
        start = min(int(place * total), total - 1)
        for _, rgb in FrameSource(path, start=start, stop=start + 1):
            boxes = landmarker.detect_faces(rgb, SURE)
            largest = max((b.height for b in boxes), default=0.0)
            counts.append(sum(b.height > MUCH_SMALLER * largest for b in boxes))
            face = landmarker.detect(rgb)
            looks.append(None if face is None else _look(rgb, face))
    return looks, counts


def _look(rgb: NDArray[np.uint8], face: FaceObservation) -> _Look:
    height, width = rgb.shape[:2]
    low, high = face.points[:, :2].min(0), face.points[:, :2].max(0)
    cut_off = bool((low < -2).any() or high[0] > width + 2 or high[1] > height + 2)
    x0, y0 = np.clip(low, 0, [width - 2, height - 2]).astype(int)
    x1, y1 = np.clip(np.ceil(high), [x0 + 2, y0 + 2], [width, height]).astype(int)
    grey = cv2.cvtColor(np.ascontiguousarray(rgb[y0:y1, x0:x1]), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (256, 256), interpolation=cv2.INTER_AREA)
    sharpness = float(cv2.Laplacian(small, cv2.CV_32F).var())
    return _Look(float(high[1] - low[1]), cut_off, sharpness, float(np.median(grey)))


def _levels(sound: AudioTrack | None) -> tuple[float, float]:
    """Level of the speech in dB and share of clipped samples."""
    if sound is None or sound.silent or len(sound.mono16k) < 800:
        return -120.0, 0.0
    blocks = sound.mono16k[: len(sound.mono16k) // 800 * 800].reshape(-1, 800)
    level = float(np.percentile(np.sqrt((blocks.astype(np.float64) ** 2).mean(1)), 95))
    clipped = float((np.abs(sound.original) >= 0.999).mean())
    return max(20 * float(np.log10(max(level, 1e-6))), -120.0), clipped
