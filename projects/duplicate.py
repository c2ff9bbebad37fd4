"""A second project with the same clips and runs, to try something without losing what there is."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from emotalker.engine.errors import UserError
from emotalker.engine.files import explain_os_error
from emotalker.engine.jobs import Job, Notice, Outcome, Progress, StopToken
from emotalker.projects.lock import LOCK
from emotalker.projects.names import clip_id
from emotalker.projects.opened import OPEN
from emotalker.projects.project import RUNS
from emotalker.projects.store import BACKUPS, MANIFEST, encode, peek
from emotalker.projects.twin_name import rename_twin

STAGE = "duplicate"
_CHUNK = 8 << 20
_CLONE = 0x40049409  # FICLONE: btrfs and xfs share the blocks instead of copying them
_SPARE = 64 << 20  # bytes left free


@dataclass(frozen=True)
class DuplicateJob:
    """Call it with a stop token to get the job; picklable.

    Attributes:
        source: folder of the project to copy.
        target: folder of the copy; must not exist.
        name: of the copy.
    """

    source: Path
    target: Path
    name: str

    def __call__(self, stop: StopToken) -> Job:
        """Copy everything but locks and backups; the target appears when it is whole, a stop leaves nothing behind.

        Raises:
            UserError: if there is no project, the target exists, or the disk is full.
        """
        files = list(_files(self.source))
        total = sum(path.stat().st_size for path in files)
        self._check(total)
        partial = self.target.with_name(f".{self.target.name}.partial")
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            done = 0
            for path in files:
                copy = partial / path.relative_to(self.source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                for step in _copied(path, copy):
                    done += step
                    yield Progress(STAGE, done >> 20, max(total >> 20, 1), "MB")
                    if stop.requested:
                        return Outcome.STOPPED
            self._sign(partial)
            os.replace(partial, self.target)
        except OSError as error:
            raise explain_os_error(error, self.target) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        yield Notice(STAGE, f"The copy lies in {self.target}.")
        return Outcome.FINISHED

    def _check(self, total: int) -> None:
        if peek(self.source) is None:
            raise UserError(
                f"{self.source.name} cannot be duplicated.", f"There is no project in {self.source}.", "Choose another."
            )
        if not self.name.strip():
            raise UserError("The copy has no name.", "The name given is empty.", "Type a name.")
        if self.target.exists():
            raise UserError(f"{self.target} is there already.", "A copy needs a new folder.", "Choose another name.")
        above = next(p for p in self.target.parents if p.exists())
        free = shutil.disk_usage(above).free
        if free < total + _SPARE:
            raise UserError(
                "There is too little space for a copy.",
                f"It needs {total / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free at {above}.",
                "Free some space, for example on the storage page, or choose another disk.",
            )

    def _sign(self, folder: Path) -> None:
        """Make the copy a project of its own: new id, new name, also in the twin, so that it is not packed again."""
        manifest = peek(self.source)
        assert manifest is not None  # `_check` read it
        name = self.name.strip()
        changed = msgspec.structs.replace(
            manifest, id=str(uuid.uuid4()), name=name, created=datetime.now(UTC).isoformat(timespec="seconds")
        )
        (folder / MANIFEST).write_bytes(encode(changed))
        rename_twin(folder / RUNS / "avatar", name)


def copy_place(source: Path, name: str) -> Path:
    """A folder beside `source` for a copy called `name`, unlike any that is there."""
    taken = [path.name for path in source.parent.iterdir()]
    return source.parent / clip_id(name, taken)


def copy_name(name: str, taken: set[str]) -> str:
    """A name for a copy: "Ada copy", "Ada copy 2"."""
    candidate, number = f"{name} copy", 2
    while candidate in taken:
        candidate, number = f"{name} copy {number}", number + 1
    return candidate


def _files(folder: Path) -> Iterator[Path]:
    """Files worth copying; what begins with a dot is half written."""
    for root, folders, names in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(n for n in folders if not n.startswith(".") and not (here == folder and n == BACKUPS))
        for name in sorted(names):
            path = here / name
            if not name.startswith(".") and name not in (LOCK, OPEN, MANIFEST) and path.is_file():
                yield path


def _copied(source: Path, target: Path) -> Iterator[int]:
    """Copy a file, yielding the bytes of each step."""
    with open(source, "rb") as reader, open(target, "wb") as writer:
        if _cloned(reader, writer):
            yield os.fstat(reader.fileno()).st_size
        else:
            while chunk := reader.read(_CHUNK):
                writer.write(chunk)
                yield len(chunk)
    # Clips are recognised by size and time stamp before their content is read again.
    shutil.copystat(source, target)


def _cloned(reader: BinaryIO, writer: BinaryIO) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    with contextlib.suppress(OSError):  # a file system that cannot: copied instead
        fcntl.ioctl(writer.fileno(), _CLONE, reader.fileno())
        return True
    return False
