"""The projects a person has, as cards: what the gallery shows without opening any of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emotalker.projects.cover import COVER
from emotalker.projects.document import Manifest
from emotalker.projects.lock import is_training
from emotalker.projects.outputs import broken_outputs
from emotalker.projects.project import RUNS
from emotalker.projects.record import StageRecord, read_record
from emotalker.projects.store import MANIFEST, peek

State = Literal["ready", "changed", "broken", "training", "stopped", "untrained", "empty", "missing", "damaged"]

LEARNING = ("track", "fit", "express", "emote")
PREVIEWED = ("emote", "fit")  # the best first


@dataclass(frozen=True)
class ProjectCard:
    """What is known about a project at a glance.

    Attributes:
        folder: where it lies.
        name: what the user calls the person.
        state: where it stands, in words ("Ready to perform").
        kind: where it stands, for the program.
        cover: a picture, a row of previews (see `is_row`) or a video to show; None if there is nothing yet.
        bytes: size on disk; None until somebody counted (`size_of`).
        modified: when it was last changed, seconds since the epoch; 0 if it is missing.
        clips: how many clips it has.
        consent: whether the person shown has agreed.
        sample: whether this is the twin that comes with the program.
    """

    folder: Path
    name: str
    state: str
    kind: State
    cover: Path | None = None
    bytes: int | None = None
    modified: float = 0.0
    clips: int = 0
    consent: bool = False
    sample: bool = False


def cards(paths: Iterable[Path]) -> list[ProjectCard]:
    """The card of every project, in the order given; quick, and never fails: what cannot be read says so."""
    return [card_of(Path(path)) for path in paths]


def card_of(folder: Path) -> ProjectCard:
    """The card of one project."""
    if not (folder / MANIFEST).is_file() and peek(folder) is None:
        return ProjectCard(folder, folder.name, "Missing: the folder was moved or deleted", "missing")
    manifest = peek(folder)
    if manifest is None:
        return ProjectCard(folder, folder.name, "Cannot be read: the project file is damaged", "damaged")
    kind = _kind(folder, manifest)
    return ProjectCard(
        folder=folder,
        name=manifest.name,
        state=_words(kind, len(manifest.clips)),
        kind=kind,
        cover=_cover(folder, manifest),
        modified=_modified(folder),
        clips=len(manifest.clips),
        consent=manifest.consent.given,
    )


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; those that vanish meanwhile count nothing."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:
                continue  # deleted while counting
    return total


def is_row(picture: Path) -> bool:
    """Whether the cover is a row of square previews rather than one picture."""
    return picture.parent.name == "previews"


def _kind(folder: Path, manifest: Manifest) -> State:
    if is_training(folder):
        return "training"
    twin = read_record(folder / RUNS / "avatar")
    if twin is not None and twin.finished:
        if broken_outputs(folder / RUNS / "avatar", twin):
            return "broken"
        return "ready" if _same(twin, manifest) else "changed"
    if twin is None and (folder / RUNS / "avatar" / "avatar.json").is_file():
        return "ready"  # a twin that was not trained here: the sample
    if any(read_record(folder / RUNS / stage) is not None for stage in LEARNING):
        return "stopped"
    return "untrained" if manifest.clips else "empty"


def _words(kind: State, clips: int) -> str:
    if kind == "untrained":
        return f"{clips} clip{'' if clips == 1 else 's'}, not trained"
    return {
        "ready": "Ready to perform",
        "changed": "Ready, but the clips have changed",
        "broken": "The twin is damaged: pack it again",
        "training": "Training now",
        "stopped": "Training stopped",
        "empty": "No clips yet",
    }[kind]


def _same(twin: StageRecord, manifest: Manifest) -> bool:
    """Whether the twin was made from these clips and labels."""
    return twin.parts.get("clips") == {c.id: c.sha256 for c in manifest.clips} and twin.parts.get("labels") == {
        c.id: [c.emotion, c.level] for c in manifest.clips
    }


def _cover(folder: Path, manifest: Manifest) -> Path | None:
    rows = (sorted((folder / RUNS / stage / "previews").glob("*.png")) for stage in PREVIEWED)
    row = next((found[-1] for found in rows if found), None)
    own = folder / COVER
    if own.is_file() and (row is None or own.stat().st_mtime >= row.stat().st_mtime):
        return own
    if row is not None:
        return row
    calm = sorted(manifest.clips, key=lambda clip: clip.level)
    return next((folder / clip.file for clip in calm if (folder / clip.file).is_file()), None)


def _modified(folder: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (folder / MANIFEST, folder / RUNS) if path.exists())
    except (OSError, ValueError):
        return 0.0
