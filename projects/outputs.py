"""What a finished stage leaves for the others, and whether it is still there and whole: a cheap look, no checksum."""

from __future__ import annotations

import json
from pathlib import Path

from emotalker.projects.record import StageRecord

DONE = "done.json"
"""The stages' own mark beside a result."""

_NEEDED = {
    "track": ("subject.safetensors",),
    "avatar": ("avatar.json", "avatar.safetensors"),
}
_MODEL = ("model.safetensors",)
_MORE = ("head.safetensors", "clips/*/track.safetensors")


def outputs_of(stage: str, folder: Path) -> list[str]:
    """The result files in a stage's folder, relative, with forward slashes."""
    patterns = (*_NEEDED.get(stage, _MODEL), *_MORE)
    return sorted({path.relative_to(folder).as_posix() for pattern in patterns for path in folder.glob(pattern)})


def broken_outputs(folder: Path, record: StageRecord) -> list[str]:
    """Names of result files that are gone or cannot be read; those of a stage that did not finish are not looked at.

    A record of an older program does not say which files there were; then those every such stage leaves are meant.
    """
    if not record.finished:
        return []
    names = record.outputs
    if names is None:
        names = sorted({*_NEEDED.get(record.stage, _MODEL), *outputs_of(record.stage, folder)})
    return [name for name in names if not is_whole(folder / name)]


def discard(folder: Path, names: list[str]) -> None:
    """Take broken results away, with the marks that say they are done: what made them makes them anew.

    Raises:
        OSError: if one cannot be deleted.
    """
    for name in names:
        for path in (folder / name, (folder / name).parent / DONE):
            path.unlink(missing_ok=True)


def is_whole(file: Path) -> bool:
    """Whether a file is there and, for JSON and safetensors, has its whole length."""
    try:
        if file.suffix == ".json":
            return isinstance(json.loads(file.read_text(encoding="utf-8")), dict)
        if file.suffix == ".safetensors":
            return _is_whole_safetensors(file)
        return file.is_file()
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False


def _is_whole_safetensors(file: Path) -> bool:
    """The header gives the end of every array; the format is eight bytes of its length, the header, the numbers."""
    size = file.stat().st_size
    with open(file, "rb") as source:
        length = int.from_bytes(source.read(8), "little")
        if not 0 < length <= size - 8:
            return False
        header = json.loads(source.read(length))
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    return size == 8 + length + max(ends, default=0)
