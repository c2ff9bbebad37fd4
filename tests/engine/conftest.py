"""A tiny tracked person whose every parameter is known, as the Gaussian stages find it on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from emotalker.engine.clip import ClipInput
from emotalker.engine.synthetic.sample import SampleConfig, make_sample
from emotalker.engine.synthetic.truth import true_tracks

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
