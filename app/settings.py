"""What the user set, kept in a small file that can be broken, old or newer without stopping the program."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from emotalker.engine.errors import UserError
from emotalker.engine.files import write_bytes
from emotalker.engine.jobs import Notice

SCHEMA_VERSION = 1
CONFIG_VARIABLE = "EMOTALKER_CONFIG"
FILE = "settings.json"
SAVE_DELAY_MS = 400
MAX_RECENT = 40


class Settings(msgspec.Struct, frozen=True):
    """Everything a user may set.

    Attributes:
        theme: "dark", "light" or "contrast".
        scale: size of text and controls, on top of the screen's.
        recent: folders of projects, newest first.
        projects_folder: where new projects go; empty for the place in the user's documents.
        preset: name of the training preset chosen last.
        render_backend: what draws the twin; "auto" takes the best that works.
        audio_device: name of the output; empty for the system's.
        microphone: name of the input that Live listens to; empty for the system's.
        render_size: longest side of the twin in pixels.
        pause_training_while_playing: give all of the machine to playback.
        tour_done: whether the tour was seen.
        hud: show frames per second on the picture.
        layout: where window, docks and splitters were, base64 by name.
        expert: show panels and numbers for experts.
        crash_reports: offer a report after a crash.
    """

    theme: Literal["dark", "light", "contrast"] = "dark"
    scale: Annotated[float, msgspec.Meta(ge=0.75, le=2.0)] = 1.0
    recent: list[str] = []
    projects_folder: str = ""
    preset: str = "standard"
    render_backend: Literal["auto", "cpu", "gl", "cuda"] = "auto"
    audio_device: str = ""
    microphone: str = ""
    render_size: Annotated[int, msgspec.Meta(ge=128, le=2048)] = 512
    pause_training_while_playing: bool = False
    tour_done: bool = False
    hud: bool = True
    layout: dict[str, str] = {}
    expert: bool = False
    crash_reports: bool = True


Raw = dict[str, Any]
MIGRATIONS: Mapping[int, Callable[[Raw], Raw]] = {}
"""From layout n to n + 1; numbered, never changed once released."""


def settings_folder() -> Path:
    """The folder of settings: `EMOTALKER_CONFIG` if set, else the system's place for them."""
    chosen = os.environ.get(CONFIG_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return platformdirs.user_config_path("emotalker", appauthor=False)


def load(path: Path) -> tuple[Settings, list[Notice]]:
    """Read settings; what cannot be read is set back, and said.

    Args:
        path: the file; it need not exist.

    Returns:
        The settings, and what the user should hear.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Settings(), []
    except OSError as error:
        return Settings(), [_told(f"The settings could not be read ({error.strerror}), so the usual ones are in use.")]
    try:
        raw = json.loads(data)
        version = raw.pop("schema_version")
        if not isinstance(version, int) or isinstance(version, bool):
            raise ValueError("the layout has no number")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return Settings(), [_quarantine(path)]
    while version < SCHEMA_VERSION and version in MIGRATIONS:
        raw = MIGRATIONS[version](raw)
        version += 1
    values, bad = _read(raw)
    if not bad:
        return values, []
    names = ", ".join(name.replace("_", " ") for name in bad)
    return values, [_told(f"These settings could not be read and were set back: {names}.")]


def _read(raw: Raw) -> tuple[Settings, list[str]]:
    """Take each value that fits; unknown keys are of a newer program and dropped without a word."""
    good: Raw = {}
    bad = []
    for name, kind in get_type_hints(Settings, include_extras=True).items():
        if name in raw:
            try:
                good[name] = msgspec.convert(raw[name], kind)
            except msgspec.ValidationError:
                bad.append(name)
    return Settings(**good), bad


def _quarantine(path: Path) -> Notice:
    kept = path.with_name(f"settings.broken-{datetime.now():%Y%m%d-%H%M%S}.json")
    try:
        os.replace(path, kept)
    except OSError:
        return _told("The settings file is damaged and cannot be moved away, so the usual settings are in use.")
    return _told(f"The settings file was damaged; the usual settings are in use, and it was kept as {kept.name}.")


def _told(text: str) -> Notice:
    return Notice("settings", text, "warning")


class SettingsStore(QObject):
    """The settings in use; a change is told at once and written a moment later.

    Attributes:
        path: the file.
        values: what is set now.
        notices: what the user should hear about how they were read.
    """

    changed = Signal(str)
    """Name of a setting that changed."""
    not_saved = Signal(object)
    """UserError: the file could not be written; told once until it can be written again."""

    def __init__(self, path: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = path if path is not None else settings_folder() / FILE
        self.values, self.notices = load(self.path)
        self._unsaved = False
        self._failing = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_DELAY_MS)
        self._timer.timeout.connect(self.flush)

    @property
    def projects_root(self) -> Path:
        """Where new projects go."""
        if self.values.projects_folder:
            return Path(self.values.projects_folder)
        import platformdirs

        return platformdirs.user_documents_path() / "EmoTalker"

    def set(self, **values: object) -> None:
        """Set one or more settings by name.

        Raises:
            ValueError: for a name or a value that does not exist.
        """
        before = self.values
        fields = {**msgspec.structs.asdict(before), **values}
        try:
            after = msgspec.convert(fields, Settings, strict=True)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from error
        unknown = values.keys() - msgspec.structs.asdict(before).keys()
        if unknown:
            raise ValueError(f"there is no setting {sorted(unknown)}")
        self.values = msgspec.structs.replace(after, recent=after.recent[:MAX_RECENT])
        different = [name for name in values if getattr(before, name) != getattr(self.values, name)]
        if different:
            self._unsaved = True
            self._timer.start()
        for name in different:
            self.changed.emit(name)

    def flush(self) -> None:
        """Write what is not written yet."""
        self._timer.stop()
        if not self._unsaved:
            return
        fields = {"schema_version": SCHEMA_VERSION, **msgspec.structs.asdict(self.values)}
        try:
            write_bytes(self.path, msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n")
        except UserError as error:
            if not self._failing:
                self._failing = True
                self.not_saved.emit(error)
            return
        self._unsaved = self._failing = False
