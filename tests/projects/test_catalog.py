"""Cards say where a project stands without opening it, whatever state its folder is in."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import msgspec
import numpy as np
import psutil
import pytest

from emotalker.engine.errors import UserError
from emotalker.projects import Project
from emotalker.projects.catalog import card_of, cards, size_of
from emotalker.projects.cover import COVER, make_cover, tile
from emotalker.projects.document import Consent
from emotalker.projects.record import StageRecord, fingerprint_of, write_record


def _record(project: Project, stage: str, finished: bool) -> None:
    parts = {
        "clips": {c.id: c.sha256 for c in project.clips},
        "labels": {c.id: [c.emotion, c.level] for c in project.clips},
        "name": project.manifest.name,
    }
    record = StageRecord(stage, fingerprint_of(parts), parts, finished, "cpu", "2026-01-01T00:00:00+00:00", [])
    write_record(project.stage_folder(stage), record)


def _row(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    row = np.zeros((16, 96, 3), np.uint8)
    row[:, 16:32] = (10, 200, 30)
    assert cv2.imwrite(str(path), row)
    return path


def test_states_in_words(project: Project, clip: Callable[[str, int], Path]) -> None:
    """From no clips to a twin whose clips have changed, each step reads differently."""
    assert card_of(project.folder).state == "No clips yet"
    project.add([clip("happy1.mp4", 0)])
    assert card_of(project.folder).state == "1 clip, not trained"
    _record(project, "track", True)
    assert card_of(project.folder).kind == "stopped"
    _record(project, "avatar", True)
    assert card_of(project.folder).state == "Ready to perform"
    project.set_labels({"happy1": ("sad", 1.0)})
    assert card_of(project.folder).kind == "changed"
    process = psutil.Process()
    (project.folder / "training.lock").write_text(f"{process.pid} {process.create_time()!r}\n")
    assert card_of(project.folder).state == "Training now"


def test_consent_and_count(project: Project, clip: Callable[[str, int], Path]) -> None:
    """The card knows how many clips there are and whether the person agreed."""
    project.add([clip("happy1.mp4", 0), clip("sad2.mp4", 1)])
    project.set_consent(Consent(given=True, name="Ada"))
    card = card_of(project.folder)
    assert (card.clips, card.consent, card.name) == (2, True, "Ada")
    assert card.modified > 0


def test_nothing_breaks_the_catalog(project: Project, tmp_path: Path) -> None:
    """A missing folder and a project file of rubbish are cards too, in the order given, and nothing is written."""
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "project.json").write_text("{")
    found = cards([tmp_path / "nowhere", damaged, project.folder])
    assert [card.kind for card in found] == ["missing", "damaged", "empty"]
    assert sorted(os.listdir(damaged)) == ["project.json"]


def test_a_damaged_project_shows_its_backup(project: Project) -> None:
    """The card reads the backup, and leaves the mending to the opening."""
    (project.folder / "project.json").write_text("{")
    assert card_of(project.folder).name == "Ada"
    assert (project.folder / "project.json").read_text() == "{"


def test_cover_prefers_the_newest(project: Project, clip: Callable[[str, int], Path]) -> None:
    """A clip first, then the last preview row, then the cover cut from it."""
    assert card_of(project.folder).cover is None
    footage = clip("neutral.mp4", 0)
    project.add([footage])
    assert card_of(project.folder).cover == footage
    row = _row(project.folder / "runs/fit/previews/000100.png")
    assert card_of(project.folder).cover == row
    cover = make_cover(project.folder, row)
    assert card_of(project.folder).cover == cover == project.folder / COVER
    assert (cv2.imread(str(cover)) == (10, 200, 30)).all()


def test_a_cover_needs_a_picture(project: Project) -> None:
    """A row that is not there is told in words."""
    with pytest.raises(UserError, match="cannot be used as a cover"):
        make_cover(project.folder, project.folder / "none.png")
    assert tile(64, 64) == (0, 64)
    assert tile(96, 16) == (16, 16)


def test_size_counts_every_file(tmp_path: Path) -> None:
    """Sizes add up over folders."""
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/one").write_bytes(b"x" * 10)
    (tmp_path / "a/b/two").write_bytes(b"x" * 5)
    assert size_of(tmp_path) == 15
    shutil.rmtree(tmp_path / "a")
    assert size_of(tmp_path) == 0


def test_cards_are_plain_data(project: Project) -> None:
    """A card can be changed as a copy and its document stays valid."""
    card = dataclasses.replace(card_of(project.folder), sample=True)
    assert card.sample
    assert msgspec.json.decode((project.folder / "project.json").read_bytes())["name"] == card.name
