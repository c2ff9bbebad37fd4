"""Files that are either whole or not there: atomic writes, safetensors and JSON."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.errors import UserError

Arrays = dict[str, NDArray[Any]]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on a clean exit it is fsynced and takes the name, else it is removed.

    Raises:
        UserError: if the disk is full or the folder cannot be written; `path` is then as it was.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise explain_os_error(error, path) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Find out, before long work, whether a file can be written at `path`; leaves nothing behind.

    Tried, not asked: what a system says about permissions is not always so.

    Raises:
        UserError: if a folder lies there, or nothing can be written in its folder or where that would be made.
    """
    path = Path(path).absolute()
    if path.is_dir():
        raise UserError(
            f"{path.name or path} could not be saved: it is a folder.",
            f"{path} is a folder, and a file cannot take its place.",
            "Add a file name.",
        )
    try:
        place = path.parent
        while not place.exists():
            place = place.parent
        handle, name = tempfile.mkstemp(prefix=".emotalker", dir=place)
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        raise explain_os_error(error, path) from error


def explain_os_error(error: OSError, path: Path) -> UserError:
    """What a person should read when `path` could not be written."""
    if error.errno == errno.ENOSPC:
        return UserError(
            f"{path.name} could not be saved: the disk is full.",
            f"There is no space left in {path.parent}. The older version of the file is untouched.",
            "Free some space (old runs can be deleted) and try again.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(
            f"{path.name} could not be saved: the folder cannot be written.",
            f"The system does not allow writing in {path.parent}.",
            "Choose another folder, or change its permissions, and try again.",
        )
    return UserError(
        f"{path.name} could not be saved.",
        f"The system said: {error.strerror or error}.",
        "Check the disk and try again.",
    )


def write_bytes(path: Path, data: bytes) -> None:
    """Write a small file atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as readable JSON, atomically."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode())


def write_arrays(path: Path, arrays: Arrays, metadata: dict[str, str] | None = None) -> None:
    """Write arrays as one .safetensors file, atomically; `metadata` holds small strings (JSON where structured)."""
    from safetensors.numpy import save

    write_bytes(path, save({k: np.ascontiguousarray(v) for k, v in arrays.items()}, metadata=metadata))


def read_arrays(path: Path) -> tuple[Arrays, dict[str, str]]:
    """Arrays and metadata of a .safetensors file.

    Raises:
        UserError: if the file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="np") as source:
            metadata = dict(source.metadata() or {})
            return {name: source.get_tensor(name) for name in source.keys()}, metadata  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(
            f"{Path(path).name} cannot be read.",
            f"The file is missing or damaged ({error}).",
            "Run the stage that makes it again; earlier checkpoints are kept beside it.",
        ) from error
