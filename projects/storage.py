"""What a project takes on the disk, part by part, and how to free some of it without losing the twin."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from emotalker.engine.errors import UserError
from emotalker.engine.files import explain_os_error
from emotalker.projects.adding import CLIPS
from emotalker.projects.catalog import LEARNING, card_of, is_row, size_of
from emotalker.projects.cover import make_cover
from emotalker.projects.heads import HEADS
from emotalker.projects.lock import is_training
from emotalker.projects.pipeline import STAGES
from emotalker.projects.project import RUNS, Project
from emotalker.projects.record import read_record
from emotalker.projects.stage_job import OLD
from emotalker.projects.store import BACKUPS

EXPORTS = "films"
CHECKPOINT = "checkpoint.safetensors"

_GOING = ".deleting-"  # what a crash left half deleted is swept the next time
_TRAINED = LEARNING[1:]


@dataclass(frozen=True)
class StorageItem:
    """A part of a project on the disk.

    Attributes:
        key: names it for `delete`.
        title: what a person calls it.
        text: what it is good for.
        bytes: its size.
        deletable: whether `delete` takes it.
        warning: what is lost with it; empty if nothing.
    """

    key: str
    title: str
    text: str
    bytes: int
    deletable: bool
    warning: str = ""


def items(project: Project) -> list[StorageItem]:
    """The parts of a project that take space, what can be freed first, each the largest first."""
    found = [item for item in (*_freeable(project), *_kept(project)) if item.bytes > 0]
    return sorted(found, key=lambda item: (not item.deletable, -item.bytes))


def delete(project: Project, keys: Sequence[str]) -> int:
    """Delete parts of the project's runs for good; clips, twin and project file are never touched.

    Returns:
        Bytes freed.

    Raises:
        UserError: if the project is being trained or open read only, a part cannot be deleted, or the system refuses.
    """
    project.refuse_if_read_only()
    if is_training(project.folder):
        raise UserError(
            "Nothing was deleted: the project is being trained.",
            "The training reads and writes these files.",
            "Stop the training, or wait for its end, and try again.",
        )
    known = {item.key: item for item in _freeable(project)}
    for key in keys:
        if key not in known:
            raise UserError(f"'{key}' cannot be deleted.", "The program needs it, or it is gone.", "Choose another.")
    runs = project.folder / RUNS
    _sweep(runs)
    cover = card_of(project.folder).cover
    if "previews" in keys and cover is not None and is_row(cover):
        make_cover(project.folder, cover)  # the project keeps its face in the gallery
    freed = 0
    for key in dict.fromkeys(keys):
        for path in _paths(project, key):
            if not path.resolve().is_relative_to(runs.resolve()) or path.is_symlink():
                raise UserError(
                    f"{known[key].title} was not deleted.",
                    f"{path} is a link to another place.",
                    "Delete it in the file manager if it is not needed there.",
                )
            freed += _delete(path, runs)
    return freed


def free_space(folder: Path) -> int:
    """Bytes free on the disk that holds `folder`, which need not exist yet.

    Raises:
        UserError: if the disk cannot be asked.
    """
    try:
        return shutil.disk_usage(next(p for p in (folder, *folder.absolute().parents) if p.exists())).free
    except (OSError, StopIteration) as error:
        raise UserError(f"{folder} cannot be looked at.", f"The system said: {error}.", "Choose another folder.") from (
            error
        )


def _freeable(project: Project) -> Iterator[StorageItem]:
    folder = project.folder
    yield _item(
        project, "track", "Tracked frames", "Frames cut out of the clips, and where the face is in each of them.",
        "The twin keeps playing. Training again starts with tracking, which takes minutes to hours.",
    )  # fmt: skip
    unfinished = [name for name in _TRAINED if _unfinished(folder / RUNS / name)]
    yield _item(
        project, "checkpoints", "Checkpoints", "From these a stopped training goes on.",
        "A stopped training cannot go on and begins anew: " + ", ".join(STAGES[n].title for n in unfinished) + "."
        if unfinished else "",
    )  # fmt: skip
    yield _item(project, "previews", "Preview pictures", "Pictures made while training, for looking back.", "")
    yield _item(project, "evaluate", "Evaluations", "Measurements and films comparing the twin with clips.", "")
    old = folder / RUNS / OLD
    for run in sorted(old.iterdir(), reverse=True) if old.is_dir() else []:
        stage, _, stamp = run.name.partition("-")
        title = f"Earlier run of {_day(stamp)}: {STAGES[stage].title if stage in STAGES else run.name}"
        yield _item(
            project, f"{OLD}/{run.name}", title, "Set aside when clips or settings had changed.",
            "It cannot be brought back.",
        )  # fmt: skip


def _kept(project: Project) -> Iterator[StorageItem]:
    folder = project.folder
    models = sum(size_of(folder / RUNS / name) for name in _TRAINED)
    models -= sum(_bytes(path) for key in ("checkpoints", "previews") for path in _paths(project, key))
    models += sum(_bytes(path) for path in _paths(project, "previews") if path.parent.name == "track")
    for key, title, text, size in (
        ("models", "Trained models", "The twin is packed from these.", models),
        ("avatar", "The twin", "What performs and is exported.", size_of(folder / RUNS / "avatar")),
        (CLIPS, "Clips copied into the project", "The recordings. Remove them on the clips page.",
         size_of(folder / CLIPS)),
        (HEADS, "Head models", "Brought by you, to track with.", size_of(folder / HEADS)),
        (EXPORTS, "Exported films", "Delete them in the file manager.", size_of(folder / EXPORTS)),
        (BACKUPS, "Backups", "The last states of the project file.", size_of(folder / BACKUPS)),
    ):  # fmt: skip
        yield StorageItem(key, title, text, size, False)


def _item(project: Project, key: str, title: str, text: str, warning: str) -> StorageItem:
    size = sum(_bytes(path) for path in _paths(project, key))
    if key == "track":  # its previews are counted with the others
        size -= size_of(project.folder / RUNS / "track" / "previews")
    return StorageItem(key, title, text, size, True, warning)


def _paths(project: Project, key: str) -> list[Path]:
    """Files and folders behind a key, those that exist."""
    runs = project.folder / RUNS
    if key == "checkpoints":
        paths = [runs / name / CHECKPOINT for name in _TRAINED]
    elif key == "previews":
        paths = [runs / name / "previews" for name in LEARNING]
    elif key.startswith(f"{OLD}/"):
        paths = [runs / OLD / Path(key).name]
    else:
        paths = [runs / key]
    return [path for path in paths if path.exists()]


def _unfinished(stage: Path) -> bool:
    record = read_record(stage)
    return record is not None and not record.finished and (stage / CHECKPOINT).is_file()


def _bytes(path: Path) -> int:
    return size_of(path) if path.is_dir() else path.stat().st_size


def _day(stamp: str) -> str:
    try:
        day = datetime.strptime(stamp, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC).astimezone()
    except ValueError:
        return "an unknown day"
    return f"{day:%Y-%m-%d %H:%M}"


def _delete(path: Path, runs: Path) -> int:
    """Delete a file or folder; under its own name it is whole or gone."""
    size = _bytes(path)
    going = runs / f"{_GOING}{uuid.uuid4().hex}"
    try:
        os.rename(path, going)
        _remove(going)
    except OSError as error:
        raise explain_os_error(error, path) from error
    return size


def _sweep(runs: Path) -> None:
    for path in runs.glob(f"{_GOING}*"):
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
