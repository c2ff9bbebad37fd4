"""Plain predictors of a recorded frame that use its tracking: the nearest training frame, and a textured mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.camera import Camera
from emotalker.engine.head.model import HeadModel
from emotalker.engine.media import FrameStore
from emotalker.engine.metrics.baselines import FrameKey
from emotalker.engine.render.mesh import MeshFrame, interpolate, rasterize_mesh
from emotalker.engine.tracking.overlay import posed_vertices
from emotalker.engine.tracking.track import Subject, Track

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
TEXTURE_FRAMES = 24
SURE = 0.5


def nearest_by_expression(held: Track, training: Sequence[tuple[Path, Track]]) -> list[FrameKey | None]:
    """For each frame of a track the training frame whose expression and pose are nearest, without seeing the picture.

    Distances are Euclidean over psi, jaw, neck and root, each divided by its spread over the training frames and
    weighted so that every group counts the same.

    Args:
        held: the recorded clip's track, T frames.
        training: frame store and track of every training clip; frames in which no face was seen are left out.

    Returns:
        A key for each frame; None where no training frame shows a face.
    """
    rows: list[list[F32]] = []
    keys: list[FrameKey] = []
    for path, track in training:
        for index in np.nonzero(track.confidence > SURE)[0].tolist():
            keys.append((path, index))
        rows.append([group[track.confidence > SURE] for group in _groups(track)])
    if not keys:
        return [None] * len(held)
    columns = []
    for own, theirs in zip(_groups(held), ([np.concatenate(parts) for parts in zip(*rows)])):
        scale = np.maximum(theirs.std(0), 1e-4) * np.sqrt(theirs.shape[1])
        columns.append((own / scale, theirs / scale))
    ours, others = (np.concatenate(side, 1).astype(np.float64) for side in zip(*columns))
    squared = (others**2).sum(1)[None] - 2 * ours @ others.T
    return [keys[int(k)] for k in squared.argmin(1)]


def _groups(track: Track) -> list[F32]:
    """Expression and pose of a track as matrices [T, D]."""
    pose = np.concatenate([track.neck, track.root_rotation, track.root_translation * 10], 1)
    return [track.psi, track.jaw, pose]


@dataclass
class TexturedMesh:
    """The tracked head mesh wearing the mean texture of some training frames; what moves beyond it is not drawn.

    Attributes:
        head: the head model.
        subject: the person.
        camera: the view at the size of the pictures.
        chart: pixels [V, 2] of the vertices in the picture that holds the texture.
        texture: that picture, u8 [S, S, 3].
    """

    head: HeadModel
    subject: Subject
    camera: Camera
    chart: F32
    texture: U8

    @staticmethod
    def of(head: HeadModel, subject: Subject, training: Sequence[tuple[Path, Track]], size: int) -> TexturedMesh | None:
        """Collect the texture from frames spread over the training clips; None if no frame shows a face.

        Args:
            head: the head model.
            subject: the person.
            training: frame store and track of every training clip.
            size: side of the pictures.
        """
        camera = subject.camera.resized(size, size)
        known = [(path, track, np.nonzero(track.confidence > SURE)[0]) for path, track in training]
        known = [k for k in known if len(k[2])]
        if not known:
            return None
        first = known[0]
        rest = posed_vertices(head, subject, first[1], int(first[2][0]))
        chart_frame = rasterize_mesh(rest, head.triangles, camera)
        total = np.zeros((size, size, 3), np.float64)
        count = 0
        each = -(-TEXTURE_FRAMES // len(known))
        for path, track, frames in known:
            with FrameStore(path) as store:
                usable = frames[frames < len(store)]
                for place in np.linspace(0, len(usable) - 1, each).round().astype(int):
                    index = int(usable[place])
                    pixels = camera.project(posed_vertices(head, subject, track, index)).astype(np.float32)
                    total += _sampled(store.read(index, size)[0], chart_frame, head, pixels)
                    count += 1
        texture = np.rint(total / max(count, 1)).astype(np.uint8)
        return TexturedMesh(head, subject, camera, camera.project(rest).astype(np.float32), texture)

    def draw(self, track: Track, index: int, behind: U8) -> U8:
        """The mesh in the pose of a tracked frame, over the picture `behind` u8 [S, S, 3]."""
        frame = rasterize_mesh(posed_vertices(self.head, self.subject, track, index), self.head.triangles, self.camera)
        drawn = _sampled(self.texture, frame, self.head, self.chart)
        return np.where(frame.mask[..., None], drawn, behind)


def _sampled(picture: U8, frame: MeshFrame, head: HeadModel, pixels: F32) -> U8:
    """What the pixels of a mesh frame show in another picture, where its vertices lie at `pixels` [V, 2]."""
    where = interpolate(frame, head.triangles, pixels) - np.float32(0.5)
    x, y = (np.ascontiguousarray(where[..., k]) for k in range(2))
    out = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)
