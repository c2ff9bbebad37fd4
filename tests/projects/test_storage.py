"""Space can be freed, but never at the cost of clips, twin or a training under way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from emotalker.engine.errors import UserError
from emotalker.projects import Project
from emotalker.projects.record import StageRecord, write_record
from emotalker.projects.storage import delete, free_space, items


@pytest.fixture
def full(project: Project, clip: Callable[[str, int], Path]) -> Project:
    """A project with something of every kind."""
    project.add([clip("happy1.mp4", 0)], copy=True)
    runs = project.folder / "runs"
    for name, size in (
        ("track/clips/happy1/frames.bin", 5000), ("fit/checkpoint.safetensors", 3000), ("fit/model.safetensors", 700),
        ("emote/checkpoint.safetensors", 2000), ("avatar/avatar.safetensors", 900), ("evaluate/report.json", 50),
        ("old/fit-20260102T030405000000/model.safetensors", 400),
    ):  # fmt: skip
        (runs / name).parent.mkdir(parents=True, exist_ok=True)
        (runs / name).write_bytes(b"x" * size)
    (runs / "fit/previews").mkdir()
    cv2.imwrite(str(runs / "fit/previews/000100.png"), np.full((16, 96, 3), 7, np.uint8))
    write_record(runs / "fit", StageRecord("fit", "", {}, True, "cpu", ""))
    write_record(runs / "emote", StageRecord("emote", "", {}, False, "cpu", ""))
    return project


def test_every_part_is_listed(full: Project) -> None:
    """Freeable parts first; what is lost is said where something is lost."""
    found = {item.key: item for item in items(full)}
    old = "old/fit-20260102T030405000000"
    assert {k for k, i in found.items() if i.deletable} == {"track", "checkpoints", "previews", "evaluate", old}
    assert {k for k, i in found.items() if not i.deletable} == {"models", "avatar", "clips", "backups"}
    assert found["checkpoints"].bytes == 5000
    assert "learning the emotions" in found["checkpoints"].warning
    assert "tracking" in found["track"].warning
    assert "2026-01-0" in found[old].title
    assert [i.deletable for i in items(full)] == sorted((i.deletable for i in items(full)), reverse=True)


def test_delete_frees_what_was_asked(full: Project) -> None:
    """Clips, models and twin stay; the card keeps a cover when previews go."""
    runs = full.folder / "runs"
    freed = delete(full, ["checkpoints", "track", "previews", "old/fit-20260102T030405000000"])
    assert freed >= 10400
    assert not (runs / "track").exists()
    assert not (runs / "fit/checkpoint.safetensors").exists()
    assert not (runs / "old/fit-20260102T030405000000").exists()
    assert (runs / "fit/model.safetensors").stat().st_size == 700
    assert (runs / "avatar/avatar.safetensors").exists()
    assert full.missing() == []
    assert (full.folder / "cover.png").is_file()
    assert not list(runs.glob(".deleting-*"))


@pytest.mark.parametrize("key", ["avatar", "clips", "backups", "models", "old/../../clips", "nonsense"])
def test_other_keys_are_refused(full: Project, key: str) -> None:
    """Nothing outside the list of freeable parts can be named."""
    with pytest.raises(UserError, match="cannot be deleted"):
        delete(full, [key])
    assert full.missing() == []


def test_a_link_out_of_the_project_is_left_alone(full: Project, tmp_path: Path) -> None:
    """A run that is a link to another disk is not followed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    (full.folder / "runs/old/fit-elsewhere").symlink_to(outside)
    with pytest.raises(UserError, match="was not deleted"):
        delete(full, ["old/fit-elsewhere"])
    assert (outside / "precious").exists()


def test_nothing_is_deleted_while_training(full: Project) -> None:
    """The lock of a living process refuses."""
    process = psutil.Process()
    (full.folder / "training.lock").write_text(f"{process.pid} {process.create_time()!r}\n")
    with pytest.raises(UserError, match="being trained"):
        delete(full, ["track"])
    assert (full.folder / "runs/track").exists()


def test_half_deleted_rests_are_swept(full: Project) -> None:
    """What a crash left is gone after the next deletion."""
    rest = full.folder / "runs/.deleting-x"
    rest.mkdir()
    delete(full, ["evaluate"])
    assert not rest.exists()


def test_free_space_of_a_folder_to_be(tmp_path: Path) -> None:
    """Asked for a folder that is not there yet, the disk above answers."""
    assert free_space(tmp_path / "a/b/c") > 0
