"""The head a folder was made with: its own head.safetensors, or the built-in head where it has none."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.files import Arrays, read_arrays, write_arrays
from emotalker.engine.head.default import DefaultHead, load_default_head
from emotalker.engine.head.linear import LinearHead
from emotalker.engine.head.model import JOINTS

FILE = "head.safetensors"
VERSION = "1"
LANDMARKS = 478
_TENSORS = ("template", "identity_basis", "expression_basis", "joints", "weights", "joint_basis")
_TABLES = ("triangles", "landmark_triangles", "landmark_barycentrics", "mirror")
_NEEDED = ("face", "skin", "lips", "eyes", "teeth_upper", "teeth_lower", "tongue", "scalp", "ears", "neck", "neck_ring")


def head_of(folder: Path) -> LinearHead:
    """The head a tracking or twin folder was made with; the built-in one unless the folder holds head.safetensors.

    A head from a file is remembered as long as the file does not change; do not change it in place.

    Raises:
        UserError: if the folder's head is damaged.
    """
    return load_head(Path(folder) / FILE) if (Path(folder) / FILE).exists() else load_default_head()


def load_head(path: Path) -> LinearHead:
    """The head in a file that `save_head` wrote, on the CPU in float32.

    Raises:
        UserError: if the file is missing, damaged, or of a newer program.
    """
    path = Path(path)
    try:
        facts = path.stat()
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error
    return _load(path.absolute(), facts.st_mtime_ns, facts.st_size)


def save_head(head: LinearHead, folder: Path) -> None:
    """Write `head` into `folder`, or for the built-in head remove the one that is there: it needs no file.

    Raises:
        UserError: if the folder cannot be written or the disk is full.
    """
    path = Path(folder) / FILE
    if is_default(head):
        path.unlink(missing_ok=True)
        return
    if not path.exists() or head_mark(head_of(folder)) != head_mark(head):
        write_head(head, path)


def write_head(head: LinearHead, path: Path) -> None:
    """Write `head` as one .safetensors file, whatever its name.

    Raises:
        UserError: if it cannot be written or the disk is full.
    """
    facts = {"version": VERSION, "name": head.name, "expression_names": json.dumps(head.expression_names)}
    write_arrays(path, _arrays_of(head), {**facts, "regions": json.dumps(list(head.regions))})


def is_default(head: object) -> bool:
    """Whether this is the built-in head."""
    return isinstance(head, DefaultHead)


def head_mark(head: LinearHead) -> str:
    """What tells one head from another: the name of the built-in one, a checksum of every number of others."""
    if is_default(head):
        return head.name
    digest = hashlib.sha256(json.dumps([head.name, head.expression_names, list(head.regions)]).encode())
    for name, values in sorted(_arrays_of(head).items()):
        digest.update(f"{name} {values.shape} {values.dtype}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _arrays_of(head: LinearHead) -> Arrays:
    arrays: Arrays = {name: getattr(head, name).detach().cpu().numpy().astype(np.float32) for name in _TENSORS}
    arrays |= {name: getattr(head, name) for name in _TABLES}
    return arrays | {"regions": np.stack(list(head.regions.values())).astype(np.uint8)}


@functools.lru_cache(maxsize=4)
def _load(path: Path, _modified: int, _size: int) -> LinearHead:
    arrays, facts = read_arrays(path)
    try:
        if facts["version"] != VERSION:
            raise UserError(
                "The head model was saved by a newer version of this program.",
                f"{path.name} has the format {facts['version']}, this version knows {VERSION}.",
                "Update EmoTalker Studio.",
            )
        names = json.loads(facts["regions"])
        values: dict[str, Any] = {n: torch.from_numpy(arrays[n].astype(np.float32)) for n in _TENSORS}
        values |= {n: _table(n, arrays[n]) for n in _TABLES}
        return checked(
            LinearHead(
                name=facts["name"],
                expression_names=tuple(str(n) for n in json.loads(facts["expression_names"])),
                regions={str(n): mask.astype(np.bool_) for n, mask in zip(names, arrays["regions"])},
                **values,
            )
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def _table(name: str, values: NDArray) -> NDArray:
    return values.astype(np.float32 if name == "landmark_barycentrics" else np.int32)


def checked(head: LinearHead) -> LinearHead:
    """The same head, after making sure that its arrays fit together.

    Raises:
        ValueError: if they do not: wrong shapes, indices out of range, numbers that are not finite, a missing region.
    """
    v, k, j = len(head.template), len(head.expression_names), len(JOINTS)
    wanted = {
        "template": (v, 3), "identity_basis": (len(head.identity_basis), v, 3), "expression_basis": (k, v, 3),
        "joints": (j, 3), "weights": (v, j), "joint_basis": (len(head.identity_basis), j, 3),
    }  # fmt: skip
    for name, shape in wanted.items():
        tensor = getattr(head, name)
        if tuple(tensor.shape) != shape or not torch.isfinite(tensor).all():
            raise ValueError(f"{name} is {tuple(tensor.shape)}, not {shape}, or not finite")
    for name, values, most in (
        ("triangles", head.triangles, v),
        ("landmark_triangles", head.landmark_triangles, len(head.triangles)),
        ("mirror", head.mirror, v),
    ):
        if values.size and (values.min() < 0 or values.max() >= most):
            raise ValueError(f"{name} points beyond the head")
    if head.triangles.ndim != 2 or head.triangles.shape[1] != 3 or len(head.mirror) not in (0, v):
        raise ValueError("the triangles or the mirror have a wrong shape")
    if head.landmark_triangles.shape != (LANDMARKS,) or head.landmark_barycentrics.shape != (LANDMARKS, 3):
        raise ValueError("the landmarks have a wrong shape")
    missing = [name for name in _NEEDED if name not in head.regions]
    if missing or any(mask.shape != (v,) for mask in head.regions.values()):
        raise ValueError(f"the regions are incomplete: {missing}")
    return head


def _damaged(path: Path, why: str) -> UserError:
    return UserError(
        f"The head model {path.name} cannot be read.",
        f"The file is missing or damaged ({why}).",
        "Bring the head into the project again, or choose the built-in one, and run the tracking again.",
    )
