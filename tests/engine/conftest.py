"""A tiny tracked person whose every parameter is known, as the Gaussian stages find it on disk."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotalker.engine.clip import ClipInput
from emotalker.engine.media import FrameSource, FrameStoreWriter
from emotalker.engine.synthetic.sample import SampleConfig, make_sample

SIZE = 96


@dataclass(frozen=True)
class TrackedPerson:
    """Where the clips and their tracks lie."""

    clips: list[ClipInput]
    track_dir: Path


@pytest.fixture(scope="session")
def person(tmp_path_factory: pytest.TempPathFactory) -> TrackedPerson:
    """Two clips of the sample person with true tracks, mattes by difference from the plain background."""
    folder = tmp_path_factory.mktemp("person")
    config = SampleConfig(size=SIZE, seconds=1.0, emotions=("neutral", "happy"), levels=(2.0,))
    sample = make_sample(folder / "film", config)
    track_dir = folder / "track"
    for clip in sample:
        place = track_dir / "clips" / clip.clip.id
        place.mkdir(parents=True)
        truth = folder / "film" / "truth"
        shutil.copy(truth / f"{clip.clip.id}.safetensors", place / "track.safetensors")
        shutil.copy(truth / "subject.safetensors", track_dir / "subject.safetensors")
        pictures = [picture for _, picture in FrameSource(clip.clip.path)]
        plate = np.repeat(np.mean([p[:, 1:3] for p in pictures], (0, 2))[:, None], SIZE, 1)
        writer = FrameStoreWriter(place / "frames.store")
        for picture in pictures:
            writer.append(picture, np.uint8(255) * (np.abs(picture - plate).max(-1) > 16).astype(np.uint8))
        writer.close()
        cv2.imwrite(str(place / "plate.png"), plate[..., ::-1].astype(np.uint8))
    return TrackedPerson([c.clip for c in sample], track_dir)
