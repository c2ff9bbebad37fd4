"""A tracking stage's folder that holds the truth about films of the sample person, for trials of what follows it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from emotalker.engine.media import FrameSource, FrameStoreWriter
from emotalker.engine.synthetic.sample import SampleClip

PERSON = 16
"""Difference from the plain background, of 255, from which a pixel shows the person."""


def true_tracks(films: Sequence[SampleClip], folder: Path) -> None:
    """Write frames, mattes, plates and tracks of films into `folder` as if they had been tracked without error.

    Mattes are found by difference from the background, which must be plain along each row of the picture.

    Args:
        films: of the sample person; all of the same size.
        folder: made if missing.

    Raises:
        UserError: if a film cannot be read.
    """
    for film in films:
        place = folder / "clips" / film.clip.id
        place.mkdir(parents=True)
        shutil.copy(film.truth, place / "track.safetensors")
        shutil.copy(film.subject, folder / "subject.safetensors")
        pictures = [picture for _, picture in FrameSource(film.clip.path)]
        edge = np.mean([p[:, 1:3] for p in pictures], (0, 2))
        plate = np.repeat(edge[:, None], pictures[0].shape[1], 1)
        with closing(FrameStoreWriter(place / "frames.store")) as writer:
            for picture in pictures:
                writer.append(picture, np.uint8(255) * (np.abs(picture - plate).max(-1) > PERSON).astype(np.uint8))
        cv2.imwrite(str(place / "plate.png"), plate[..., ::-1].astype(np.uint8))
