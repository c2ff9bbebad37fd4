"""project.json on disk: saved whole or not at all, five backups behind it, mended from them when damaged."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from emotalker.engine.errors import UserError
from emotalker.engine.files import explain_os_error, replacing, write_bytes
from emotalker.engine.jobs import Notice
from emotalker.projects.document import SCHEMA_VERSION, Manifest
from emotalker.projects.migrations import migrate

MANIFEST = "project.json"
BACKUPS = "backups"
KEPT_BACKUPS = 5

_BACKUP_PATTERN = "project-[0-9]*.json"


@dataclass(frozen=True)
class Opened:
    """What `load` found: the manifest and what the user should hear about it."""

    manifest: Manifest
    notices: list[Notice] = field(default_factory=list)


def save(folder: Path, manifest: Manifest) -> None:
    """Write project.json, and the same content as the newest of five backups, so that damage to the one loses nothing.

    Raises:
        UserError: if the folder cannot be written or the disk is full; project.json is then as it was.
    """
    data = encode(manifest)
    before = _read(folder / MANIFEST)
    if before == data:
        return
    if before is not None and _decode(before) is not None:
        _back_up(folder, before)  # there already, unless the file was changed or copied here by hand
    backup = _back_up(folder, data)
    try:
        write_bytes(folder / MANIFEST, data)
    except BaseException:
        backup.unlink(missing_ok=True)  # a state that was not saved must not come back
        raise
    for old in backups_of(folder)[KEPT_BACKUPS:]:
        # A backup too many does no harm; one that cannot be removed must not stop a save.
        with contextlib.suppress(OSError):
            old.unlink()


def encode(manifest: Manifest) -> bytes:
    """The manifest as readable JSON, the same bytes for the same content."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def load(folder: Path) -> Opened:
    """Read project.json, migrating an older one and mending a damaged one from the newest good backup.

    The damaged or older file is kept in the backups' folder, beyond the five.

    Raises:
        UserError: no such project, one written by a newer program, or one damaged beyond its backups.
    """
    path = folder / MANIFEST
    data = _read(path)
    backups = backups_of(folder)
    if data is None and not backups:
        raise UserError(
            f"There is no project in {folder}.",
            f"The folder has no {MANIFEST}." if folder.is_dir() else "There is no such folder.",
            "Choose the folder of a twin, or make a new one"
            f' (on the command line: emotalker-cli new "{folder}" --name NAME).',
        )
    manifest = _decode(data) if data is not None else None
    if manifest is None:
        return _recover(folder, data, backups)
    version = _version(data)
    if version == SCHEMA_VERSION:
        return Opened(manifest)
    write_bytes(folder / BACKUPS / f"project.layout-{version}.json", data or b"")
    write_bytes(path, encode(manifest))
    return Opened(manifest, [Notice("project", f"The project file was brought from layout {version} to the current.")])


def current(folder: Path) -> Manifest | None:
    """The manifest in project.json as it is now; None if there is none that can be read."""
    try:
        return _decode((folder / MANIFEST).read_bytes())
    except OSError:
        return None


def peek(folder: Path) -> Manifest | None:
    """The manifest, or that of the newest good backup, without mending or writing anything; None if there is none."""
    for path in (folder / MANIFEST, *backups_of(folder)):
        try:
            manifest = _decode(path.read_bytes())
        except OSError:
            continue
        if manifest is not None:
            return manifest
    return None


def backups_of(folder: Path) -> list[Path]:
    """The rolling backups, newest first."""
    return sorted((folder / BACKUPS).glob(_BACKUP_PATTERN), reverse=True)


def _recover(folder: Path, damaged: bytes | None, backups: list[Path]) -> Opened:
    path = folder / MANIFEST
    for backup in backups:
        data = _read(backup)
        manifest = _decode(data) if data is not None else None
        if manifest is None:
            continue
        if damaged is not None:
            write_bytes(folder / BACKUPS / f"project.damaged-{_stamp()}.json", damaged)
        write_bytes(path, encode(manifest))
        what = "missing" if damaged is None else "damaged"
        saved = datetime.fromtimestamp(backup.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
        text = f"The project file was {what} and was restored from the backup of {saved}; runs and clips are untouched."
        return Opened(manifest, [Notice("project", text, "warning")])
    raise UserError(
        f"The project file {path} is damaged.",
        f"It is not a readable project, and none of its {len(backups)} backups is."
        if backups
        else "It is not a readable project, and there is no backup of it yet.",
        f"Put a copy of {MANIFEST} in its place, or make a new project and add the clips again; nothing was deleted.",
    )


def _back_up(folder: Path, data: bytes) -> Path:
    kept = backups_of(folder)
    if kept and _read(kept[0]) == data:
        return kept[0]
    path = folder / BACKUPS / f"project-{_stamp()}.json"
    write_bytes(path, data)
    return path


def copy_into(source: Path, target: Path) -> None:
    """Copy a file atomically.

    Raises:
        UserError: if the target cannot be written or the disk is full.
    """
    try:
        with replacing(target) as temporary:
            shutil.copyfile(source, temporary)
    except OSError as error:
        raise explain_os_error(error, target) from error


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(
            f"{path.name} cannot be read.",
            f"The system said: {error.strerror or error} ({path}).",
            "Check the permissions of the project's folder and try again.",
        ) from error


def _raw(data: bytes | None) -> dict[str, Any] | None:
    try:
        raw = msgspec.json.decode(data or b"")
    except msgspec.DecodeError:
        return None
    return raw if isinstance(raw, dict) else None


def _version(data: bytes | None) -> int:
    raw = _raw(data)
    return int(raw["schema_version"]) if raw else 0


def _decode(data: bytes) -> Manifest | None:
    """The manifest, migrated, or None if `data` is no whole project file."""
    raw = _raw(data)
    if raw is None:
        return None
    try:
        return msgspec.convert(migrate(raw), Manifest)
    except (ValueError, KeyError, TypeError):  # msgspec's ValidationError is a ValueError
        return None
