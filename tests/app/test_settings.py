"""Settings survive everything that can happen to their file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from emotalker.app import settings as module
from emotalker.app.settings import Settings, SettingsStore, load, settings_folder
from emotalker.engine.errors import UserError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "config" / "settings.json"


def write(path: Path, **fields: object) -> None:
    """A file with these values."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"schema_version": module.SCHEMA_VERSION, **fields}))


def test_a_change_is_told_at_once_and_saved_a_moment_later(path: Path, qtbot: QtBot) -> None:
    """Dragging a slider must not write a hundred files."""
    store = SettingsStore(path)
    said: list[str] = []
    store.changed.connect(said.append)
    store.set(theme="light", hud=True)
    assert said == ["theme"]
    assert not path.exists()
    qtbot.waitUntil(path.exists)
    assert load(path) == (Settings(theme="light"), [])


def test_everything_comes_back(path: Path, qtbot: QtBot) -> None:
    """Saved on close, read at the next start."""
    store = SettingsStore(path)
    store.set(scale=1.5, recent=["/a/b"], layout={"window": "AAAA"}, audio_device="USB", render_size=768)
    store.flush()
    again = SettingsStore(path)
    assert again.values == store.values
    assert again.notices == []


def test_without_a_change_nothing_is_written(path: Path, qtbot: QtBot) -> None:
    """Looking leaves no trace."""
    store = SettingsStore(path)
    store.set(theme="dark")
    store.flush()
    assert not path.exists()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"theme": "light"}', '{"schema_version": "x"}', "\x00\xff"]
)
def test_a_broken_file_is_kept_aside(path: Path, content: str, qtbot: QtBot) -> None:
    """The program starts, says so, and nothing is lost."""
    path.parent.mkdir()
    path.write_bytes(content.encode("latin-1"))
    store = SettingsStore(path)
    assert store.values == Settings()
    assert [n.level for n in store.notices] == ["warning"]
    kept = list(path.parent.glob("settings.broken-*.json"))
    assert len(kept) == 1
    assert kept[0].read_bytes() == content.encode("latin-1")
    assert not path.exists()


def test_bad_values_are_set_back_one_by_one(path: Path) -> None:
    """One mistake does not cost the others; keys of a newer program are dropped without a word."""
    write(path, theme="sepia", scale=9, render_size=256, tour_done=True, recent=[1], of_tomorrow=True)
    values, notices = load(path)
    assert values == Settings(render_size=256, tour_done=True)
    assert len(notices) == 1
    assert all(name in notices[0].text for name in ("theme", "scale", "recent"))


def test_older_layouts_are_brought_up_step_by_step(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbered migrations, in order."""
    write(path, colours="light")
    monkeypatch.setattr(module, "SCHEMA_VERSION", 3)
    monkeypatch.setattr(
        module,
        "MIGRATIONS",
        {1: lambda raw: {"look": raw["colours"]}, 2: lambda raw: {"theme": raw["look"]}},
    )
    assert load(path) == (Settings(theme="light"), [])


def test_a_wrong_name_or_value_is_refused(path: Path, qtbot: QtBot) -> None:
    """A fault of the caller must not reach the file."""
    store = SettingsStore(path)
    for wrong in ({"thme": "dark"}, {"theme": "sepia"}, {"render_size": 1}, {"hud": "yes"}):
        with pytest.raises(ValueError, match=r".+"):
            store.set(**wrong)
    assert store.values == Settings()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told_once(path: Path, qtbot: QtBot) -> None:
    """Not at every change."""
    path.parent.mkdir(mode=0o500)
    store = SettingsStore(path)
    said: list[UserError] = []
    store.not_saved.connect(said.append)
    for scale in (1.1, 1.2):
        store.set(scale=scale)
        store.flush()
    assert len(said) == 1


def test_a_failed_save_is_told_and_tried_again(path: Path, qtbot: QtBot) -> None:
    """A file stands where the folder should be, then it is gone."""
    path.parent.write_text("in the way")
    store = SettingsStore(path)
    said: list[UserError] = []
    store.not_saved.connect(said.append)
    store.set(scale=1.1)
    store.flush()
    store.flush()
    assert len(said) == 1
    path.parent.unlink()
    store.flush()
    assert load(path)[0].scale == 1.1


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests and portable installations need it."""
    monkeypatch.setenv("EMOTALKER_CONFIG", str(tmp_path))
    assert settings_folder() == tmp_path
    assert SettingsStore().path == tmp_path / "settings.json"
