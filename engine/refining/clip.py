"""One clip being refined: its pictures, its light, and its frames chunk by chunk."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.head.model import HeadModel
from emotalker.engine.media import FrameStore
from emotalker.engine.refining.config import RefineConfig
from emotalker.engine.refining.light import LightFit
from emotalker.engine.refining.picture import PictureTerm, Recorded
from emotalker.engine.refining.pose import Unknowns, refined_track, unknowns_of
from emotalker.engine.refining.solve import refine_chunk
from emotalker.engine.tracking.fitting.points import landmark_points
from emotalker.engine.tracking.fitting.system import Observations, Priors, Problem, typical_eye_distance
from emotalker.engine.tracking.landmark_sets import LIDS_LEFT, LIDS_RIGHT, LIPS
from emotalker.engine.tracking.track import Subject, Track
from emotalker.engine.training.loss.losses import psnr_of

U8 = NDArray[np.uint8]
CHUNK, AHEAD = 96, 6
"""Frames refined together, and how many beyond them are looked at."""
LIGHT_FRAMES = 12
MEASURED = 24
"""Frames on which the gain is measured."""
SHOWN = 3
"""Frames in the preview."""
MARGIN = 0.25
"""Rim around mouth and eyes that counts as detail, as a share of their width."""


@dataclass(frozen=True)
class Twin:
    """The fitted head; only read.

    Attributes:
        shapes: Gaussians and deltas.
        lighting: colour transform [3, 4] of each training clip, by its id.
        head: the head model.
        subject: identity and camera.
    """

    shapes: GaussianBlendshapes
    lighting: dict[str, Tensor]
    head: HeadModel
    subject: Subject


class ClipWork:
    """A clip being refined.

    Args:
        twin: the fitted head.
        track: as the tracking stage left it.
        store: the clip's frames.
        plate: its background u8 [S, S, 3] at `config.size`.
        lighting: its colour transform [3, 4]; None fits one to its frames, which the head never sees.
        config: settings.
    """

    def __init__(
        self, twin: Twin, track: Track, store: FrameStore, plate: U8, lighting: Tensor | None, config: RefineConfig
    ) -> None:
        self.twin, self.track, self.store, self.config = twin, track, store, config
        identity = torch.from_numpy(twin.subject.identity)
        self.joints = twin.head.shape(identity)[1]
        self.start = unknowns_of(track, self.joints, twin.subject.camera)
        self.problem = Problem(landmark_points(twin.head).shaped(identity), twin.head.expression_names, Priors())
        self.pictures = PictureTerm(
            twin.shapes, self.joints, twin.subject.camera.resized(config.size, config.size),
            torch.from_numpy(plate).float() / 255, torch.eye(3, 4), config.weight,
        )  # fmt: skip
        self.pictures.lighting = self._own_light() if lighting is None else lighting

    def __len__(self) -> int:
        return min(len(self.store), len(self.track))

    def run(self) -> Generator[float, None, Track]:
        """Refine all frames; yields how many are done, returns the refined track."""
        done: list[Unknowns] = []
        for first in range(0, len(self), CHUNK):
            own, last = min(CHUNK, len(self) - first), min(first + CHUNK + AHEAD, len(self))
            before = (self.start[first - 1 : first], done[-1][-1:]) if done else None
            chunk = refine_chunk(
                self.problem, self._seen(first, last), self.pictures,
                [self.recorded(i) for i in range(first, last)], self.start[first:last], before, self.config.iterations,
            )  # fmt: skip
            while True:
                try:
                    yield first + next(chunk) * own
                except StopIteration as end:
                    done.append(end.value[:own])
                    break
        if len(self) < len(self.start):
            done.append(self.start[len(self) :])
        return refined_track(self.track, Unknowns.joined(done), self.joints, self.twin.subject.camera)

    def recorded(self, frame: int) -> Recorded:
        """What a frame shows, and where it counts."""
        size = self.config.size
        image = self.store.read(frame, size)[0].astype(np.float32) / np.float32(255)
        points = self.track.landmarks[frame] * np.float32(size / self.track.size)
        weights = np.ones((size, size), np.float32)
        for part in (LIPS, LIDS_LEFT, LIDS_RIGHT):
            low, high = points[list(part)].min(0), points[list(part)].max(0)
            rim = MARGIN * (high - low).max()
            (x0, y0), (x1, y1) = (np.clip(edge, 0, size).astype(int) for edge in (low - rim, high + rim))
            weights[y0:y1, x0:x1] = self.config.weight_detail
        return Recorded(torch.from_numpy(image), torch.from_numpy(weights))

    def measure(self, track: Track) -> float:
        """PSNR of the whole picture, dB, mean over some frames."""
        state = unknowns_of(track, self.joints, self.twin.subject.camera)
        frames = self._spread(MEASURED)
        return float(np.mean([psnr_of(self.pictures.picture(state, i), self._image(i)) for i in frames]))

    def preview(self, track: Track) -> U8:
        """Recorded, tracked and refined picture of a few frames, side by side."""
        refined = unknowns_of(track, self.joints, self.twin.subject.camera)
        rows = []
        for i in self._spread(SHOWN):
            row = [self._image(i), self.pictures.picture(self.start, i), self.pictures.picture(refined, i)]
            rows.append(torch.cat(row, 1))
        return np.asarray(torch.cat(rows, 0).clamp(0, 1).numpy() * 255 + 0.5, np.uint8)

    def _own_light(self) -> Tensor:
        """The clip's light, from its frames as tracked."""
        fit = LightFit()
        self.pictures.lighting = torch.eye(3, 4)
        for i in self._spread(LIGHT_FRAMES):
            fit.add(*self.pictures.unlit(self.start, i), self.pictures.plate, self._image(i))
        return fit.solve()

    def _image(self, frame: int) -> Tensor:
        return torch.from_numpy(self.store.read(frame, self.config.size)[0].astype(np.float32) / np.float32(255))

    def _spread(self, count: int) -> list[int]:
        """Up to `count` frames with a face, spread over the clip; any frames if there is none."""
        sure = np.nonzero(self.track.confidence[: len(self)] > 0.5)[0]
        sure = sure if len(sure) else np.arange(len(self))
        return [int(i) for i in sure[np.unique(np.linspace(0, len(sure) - 1, count).round().astype(int))]]

    def _seen(self, first: int, last: int) -> Observations:
        t = self.track
        distance = typical_eye_distance(t.landmarks, t.confidence) if (t.confidence > 0).any() else t.size / 4
        points, present, scores = (torch.from_numpy(a[first:last]) for a in (t.landmarks, t.confidence, t.blendshapes))
        camera = self.twin.subject.camera
        return Observations(
            points, present, scores, distance, float(camera.K[0, 0]) * t.size / camera.width, t.size / 2
        )
