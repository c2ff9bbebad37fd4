"""The project file survives everything."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from emotalker.engine.errors import UserError
from emotalker.projects import migrations, store
from emotalker.projects.document import SCHEMA_VERSION, ClipEntry, Consent, Manifest, RunRecord

CLIP = ClipEntry("a", "clips/a.mp4", "happy", 2.0, "ab" * 32, 7, 8, 1.5, 64, 48, 25.0, True)


def manifest(name: str = "Ada", clips: int = 1) -> Manifest:
    """A manifest with something in every field."""
    return Manifest(
        id="1",
        name=name,
        created="2026-01-01T00:00:00+00:00",
        clips=[msgspec.structs.replace(CLIP, id=f"c{i}") for i in range(clips)],
        hold_out=["c0"],
        consent=Consent(True, "Ada", "I agree.", "2026-01-01", "clips/consent.wav"),
        runs=[RunRecord("track", "draft", "cpu", "2026-01-01T00:00:00+00:00", 3.5, "finished")],
    )


def test_round_trip(tmp_path: Path) -> None:
    """What is saved is what is opened, umlauts and all, without a word."""
    store.save(tmp_path, manifest("Jörg 日本"))
    opened = store.load(tmp_path)
    assert opened.manifest == manifest("Jörg 日本")
    assert opened.notices == []
    assert "Jörg" in (tmp_path / "project.json").read_text(encoding="utf-8")


def test_five_backups_roll(tmp_path: Path) -> None:
    """The last five states are kept, newest first; the newest is the current one."""
    for number in range(9):
        store.save(tmp_path, manifest(f"state {number}"))
    names = [json.loads(backup.read_text())["name"] for backup in store.backups_of(tmp_path)]
    assert names == [f"state {number}" for number in (8, 7, 6, 5, 4)]


def test_saving_the_same_costs_no_backup(tmp_path: Path) -> None:
    """Saves that change nothing do not push older states out."""
    store.save(tmp_path, manifest("old"))
    store.save(tmp_path, manifest("new"))
    for _ in range(9):
        store.save(tmp_path, manifest("new"))
    assert len(store.backups_of(tmp_path)) == 2


@pytest.mark.parametrize("refused", [1, 2], ids=["while backing up", "while saving"])
def test_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: int) -> None:
    """A disk that is full at any write of a save gives a plain error; the saved project is the old one, whole."""
    store.save(tmp_path, manifest("old"))
    before = (tmp_path / "project.json").read_bytes()
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) >= refused:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("emotalker.engine.files.os.fsync", full)
    with pytest.raises(UserError, match="disk is full"):
        store.save(tmp_path, manifest("new"))
    monkeypatch.undo()
    assert len(calls) == refused
    assert [json.loads(b.read_text())["name"] for b in store.backups_of(tmp_path)] == ["old"]
    assert (tmp_path / "project.json").read_bytes() == before
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]
    store.save(tmp_path, manifest("new"))
    assert store.load(tmp_path).manifest.name == "new"


def test_crash_before_the_rename_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file takes the name in one step: a crash just before leaves the old one."""
    store.save(tmp_path, manifest("old"))

    def crash(source: Any, target: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("emotalker.engine.files.os.replace", crash)
    with pytest.raises(KeyboardInterrupt):
        store.save(tmp_path, manifest("new"))
    assert json.loads((tmp_path / "project.json").read_text())["name"] == "old"


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"\x00" * 400, b"[]", b'{"name": "x"}', b'{"schema_version": "1"}', b"\xff\xfe", None],
    ids=["empty", "cut", "zeros", "list", "no version", "version no number", "no text", "deleted"],
)
def test_damaged_file_is_restored_from_the_newest_good_backup(tmp_path: Path, damage: bytes | None) -> None:
    """However it was damaged, the newest whole backup takes its place, the user is told, nothing is thrown away."""
    for name in ("first", "second"):
        store.save(tmp_path, manifest(name))
    store.backups_of(tmp_path)[0].write_bytes(b"{ damaged too")
    path = tmp_path / "project.json"
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    opened = store.load(tmp_path)
    assert opened.manifest == manifest("first")
    assert [notice.level for notice in opened.notices] == ["warning"]
    assert store.load(tmp_path).notices == []
    kept = [file.read_bytes() for file in (tmp_path / "backups").glob("project.damaged-*")]
    assert kept == ([] if damage is None else [damage])


def test_file_cut_anywhere_is_noticed(tmp_path: Path) -> None:
    """A project file cut off at any byte is never taken for a whole one, and nothing that was saved is lost."""
    store.save(tmp_path, manifest("new", clips=2))
    whole = (tmp_path / "project.json").read_bytes().rstrip()
    for length in range(0, len(whole), 37):
        (tmp_path / "project.json").write_bytes(whole[:length])
        opened = store.load(tmp_path)
        assert opened.manifest == manifest("new", clips=2)
        assert opened.notices


def test_a_damaged_file_is_never_backed_up_as_good(tmp_path: Path) -> None:
    """Saving over a damaged file does not push the good backups out with it."""
    store.save(tmp_path, manifest("old"))
    store.save(tmp_path, manifest("older"))
    (tmp_path / "project.json").write_bytes(b"{")
    store.save(tmp_path, manifest("new"))
    assert [json.loads(b.read_text())["name"] for b in store.backups_of(tmp_path)] == ["new", "older", "old"]


def test_a_file_edited_by_hand_is_backed_up_before_it_is_replaced(tmp_path: Path) -> None:
    """What somebody wrote into the file is kept as well."""
    store.save(tmp_path, manifest("old"))
    (tmp_path / "project.json").write_bytes(store.encode(manifest("by hand")))
    store.save(tmp_path, manifest("new"))
    assert [json.loads(b.read_text())["name"] for b in store.backups_of(tmp_path)] == ["new", "by hand", "old"]


def test_damaged_beyond_repair_is_a_user_error_and_stays(tmp_path: Path) -> None:
    """Without a good backup the program says so and touches nothing."""
    (tmp_path / "project.json").write_bytes(b"{")
    with pytest.raises(UserError, match="damaged"):
        store.load(tmp_path)
    assert (tmp_path / "project.json").read_bytes() == b"{"


@pytest.mark.parametrize("exists", [True, False])
def test_no_project_is_a_user_error(tmp_path: Path, exists: bool) -> None:
    """The folder may be there or not: there is no project in it, and nothing is made."""
    folder = tmp_path if exists else tmp_path / "nowhere"
    with pytest.raises(UserError, match="no project") as caught:
        store.load(folder)
    assert "emotalker-cli new" in caught.value.what_to_do
    assert not list(tmp_path.iterdir())


def test_unwritable_folder_is_a_user_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only folder (simulated, since root may write anywhere) gives the advice to choose another."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("emotalker.engine.files.tempfile.mkstemp", refuse)
    with pytest.raises(UserError, match="cannot be written"):
        store.save(tmp_path, manifest())


def test_newer_layout_is_refused_and_untouched(tmp_path: Path) -> None:
    """A project of a newer program is not read half, nor replaced by a backup."""
    store.save(tmp_path, manifest("old"))
    store.save(tmp_path, manifest("new"))
    data = json.dumps({"schema_version": SCHEMA_VERSION + 1, "title": "later"}).encode()
    (tmp_path / "project.json").write_bytes(data)
    with pytest.raises(UserError, match="newer version"):
        store.load(tmp_path)
    assert (tmp_path / "project.json").read_bytes() == data


def test_older_layouts_are_migrated_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fabricated project two layouts back comes forward through both functions; the original is kept."""

    def rename(raw: dict[str, Any]) -> dict[str, Any]:
        return {**{k: v for k, v in raw.items() if k != "title"}, "name": raw["title"]}

    def date(raw: dict[str, Any]) -> dict[str, Any]:
        return {**raw, "created": f"{raw['created']}T00:00:00+00:00"}

    older = {"schema_version": 1, "id": "1", "title": "Ada", "created": "2025-05-05", "fps": 30.0}
    data = json.dumps(older).encode()
    (tmp_path / "project.json").write_bytes(data)
    monkeypatch.setattr(migrations, "MIGRATIONS", {1: rename, 2: date})
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", 3)
    monkeypatch.setattr(store, "SCHEMA_VERSION", 3)
    opened = store.load(tmp_path)
    assert (opened.manifest.name, opened.manifest.fps) == ("Ada", 30.0)
    assert opened.manifest.created == "2025-05-05T00:00:00+00:00"
    assert opened.manifest.schema_version == 3
    assert (tmp_path / "backups" / "project.layout-1.json").read_bytes() == data
    assert len(opened.notices) == 1
    assert store.load(tmp_path).notices == []


def test_a_gap_in_the_migrations_is_no_migration() -> None:
    """A layout with no way forward is not passed off as current."""
    with pytest.raises(ValueError, match="no way"):
        migrations.migrate({"schema_version": 1}, {}, target=2)
