"""A tiny tracked person whose every parameter is known, as the Gaussian stages find it on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.a2et.predict import save_a2et
from emotalker.engine.bench.twin import sample_twin
from emotalker.engine.clip import ClipInput
from emotalker.engine.files import write_arrays
from emotalker.engine.synthetic.sample import SampleConfig, make_sample
from emotalker.engine.synthetic.truth import true_tracks
from emotalker.engine.training.combine import Person

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
    sample, track_dir = list(make_sample(folder / "film", config)), folder / "track"
    true_tracks(sample, track_dir)
    return TrackedPerson([c.clip for c in sample], track_dir)


@pytest.fixture(scope="session")
def fitted(person: TrackedPerson) -> Callable[..., Person]:
    """Finished stages before the emotional one: true tracks, an untrained head, an untrained A2ET without sound."""

    def make(folder: Path, name: str, gaussians: int, width: int = 12) -> Person:
        twin = sample_twin(gaussians, SIZE, width)
        arrays = {f"shapes.{k}": v for k, v in twin.shapes.to_arrays().items()}
        taught = [c for c in person.clips if not c.held_out]
        labels = json.dumps([{"id": c.id, "emotion": c.emotion, "level": c.level} for c in taught])
        lighting = np.stack([np.eye(3, 4, dtype=np.float32)] * len(taught))
        write_arrays(folder / "fit" / "model.safetensors", arrays | {"lighting": lighting}, {"clips": labels})
        save_a2et(twin.a2et, folder / "express" / "model.safetensors", {"speech": "ear"})
        return Person(name, tuple(person.clips), person.track_dir, folder / "fit", folder / "express", folder / "out")

    return make
