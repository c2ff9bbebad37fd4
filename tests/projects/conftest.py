"""Small real videos, made once, and projects holding them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.media import Mp4Writer
from emotalker.projects import Project


def film(path: Path, seed: int) -> Path:
    """A video of eight 64-pixel frames whose content depends on `seed`."""
    picture = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    with Mp4Writer(path, 64, 64, 25.0) as writer:
        for _ in range(8):
            writer.write(picture)
    return path


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Eight different videos."""
    folder = tmp_path_factory.mktemp("films")
    return [film(folder / f"{seed}.mp4", seed) for seed in range(8)]


@pytest.fixture
def clip(films: list[Path], tmp_path: Path) -> Callable[[str, int], Path]:
    """Makes a clip of a given file name in tmp_path/footage; the same number is the same content."""

    def make(name: str, number: int) -> Path:
        path = tmp_path / "footage" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(films[number], path)
        return path

    return make


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    return Project.create(tmp_path / "project", "Ada")
