"""A twin on disk: avatar.json says what it is, avatar.safetensors holds every number.

A twin made with a head model that the user brought has that beside it, as head.safetensors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save

from emotalker.engine.a2et.model import A2ETSpec
from emotalker.engine.a2et.predict import a2et_from_arrays
from emotalker.engine.avatar.avatar import Avatar, RestPose
from emotalker.engine.avatar.compact import pack, unpack
from emotalker.engine.avatar.emotive import Emotive
from emotalker.engine.avatar.lighting import LightTable
from emotalker.engine.camera import Camera
from emotalker.engine.emotion.labels import emotion_index
from emotalker.engine.emotion.prior import with_prior
from emotalker.engine.errors import UserError
from emotalker.engine.files import Arrays, write_bytes, write_json
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.folder import FILE as HEAD_FILE
from emotalker.engine.head.folder import head_mark, head_of, is_default, save_head
from emotalker.engine.head.linear import LinearHead

VERSION = 2
"""2 can hold compact arrays; a full twin is written as 1, which older programs read."""
JSON, ARRAYS = "avatar.json", "avatar.safetensors"
HEAD_NAME = "default"
NOTE = "Pictures and films of this twin are AI-generated and have to be labelled as such."


def save_avatar(avatar: Avatar, folder: Path, *, compact: bool = False) -> None:
    """Write a twin; avatar.json comes last, so that it is only there when the rest is.

    Args:
        avatar: the twin.
        folder: where to.
        compact: a quarter of the size, in numbers so coarse that the difference is not seen.

    Raises:
        UserError: if the folder cannot be written or the disk is full.
    """
    rest = asdict(avatar.rest)
    emotive, deformation = avatar.emotive.to_arrays() if avatar.emotive is not None else ({}, None)
    arrays: Arrays = {
        "identity": avatar.identity, "viewmat": avatar.camera.viewmat, "K": avatar.camera.K, "blink": avatar.blink,
        "plate": avatar.plate, "lighting": avatar.light.transforms,
        **{f"rest.{k}": v for k, v in rest.items()},
        **{f"shapes.{k}": v for k, v in avatar.shapes.to_arrays().items()},
        **{f"a2et.{k}": v.numpy() for k, v in avatar.a2et.state_dict().items()},
        **({} if avatar.seen is None else {"seen": avatar.seen}), **emotive,
    }  # fmt: skip
    notes = None
    if compact:
        arrays, notes = pack(arrays)
    data = save({k: np.ascontiguousarray(v) for k, v in arrays.items()})
    facts = {
        "version": 1 if notes is None else 2,
        "name": avatar.name,
        "head": HEAD_NAME if is_default(avatar.head) else head_mark(avatar.head),
        "fps": avatar.fps,
        "size": [avatar.camera.width, avatar.camera.height],
        "recorded": [list(pair) for pair in avatar.recorded],
        "lighting": [[e, level] for e, level in zip(avatar.light.emotions, avatar.light.levels)],
        "speech": avatar.speech,
        "a2et": asdict(avatar.a2et.spec),
        "deformation": deformation,
        **({} if notes is None else {"compact": notes}),
        "gaussians": len(avatar.shapes),
        "created": avatar.created,
        "note": NOTE,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    write_bytes(folder / ARRAYS, data)
    save_head(avatar.head, folder)
    write_json(folder / JSON, facts)


def load_avatar(folder: Path) -> Avatar:
    """Read a twin.

    Raises:
        UserError: if there is none, it is damaged, or of a newer program.
    """
    facts, data = _read(Path(folder))
    try:
        if int(facts["version"]) > VERSION:
            raise UserError(
                f"The twin '{facts.get('name', '')}' was made by a newer version of this program.",
                f"Its format is {facts['version']}, this version knows up to {VERSION}.",
                "Update EmoTalker Studio.",
            )
        if hashlib.sha256(data).hexdigest() != facts["sha256"]:
            raise ValueError("its checksum is wrong")
        arrays = load(data)
        return _assemble(facts, unpack(arrays, facts["compact"]) if "compact" in facts else arrays, Path(folder))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError, SafetensorError) as error:
        raise _damaged(Path(folder), f"{type(error).__name__}: {error}") from error


def _read(folder: Path) -> tuple[dict[str, Any], bytes]:
    try:
        facts = json.loads((folder / JSON).read_text(encoding="utf-8"))
        data = (folder / ARRAYS).read_bytes()
    except FileNotFoundError as error:
        raise UserError(
            f"There is no twin in {folder.name}.",
            f"{Path(error.filename or folder).name} is missing.",
            "Train the twin, or choose the folder that holds avatar.json.",
        ) from error
    except (OSError, ValueError) as error:
        raise _damaged(folder, str(error)) from error
    if not isinstance(facts, dict):
        raise _damaged(folder, f"{JSON} holds no description")
    return facts, data


def _assemble(facts: dict[str, Any], arrays: Arrays, folder: Path) -> Avatar:
    head = _head(str(facts["head"]), folder)
    if len(arrays["identity"]) != len(head.identity_basis):
        raise ValueError("it needs another head model")
    width, height = (int(n) for n in facts["size"])
    labels = [(str(e), float(level)) for e, level in facts["lighting"]]
    for emotion, _ in labels:
        emotion_index(emotion)
    shapes = GaussianBlendshapes.from_arrays(_part(arrays, "shapes."))
    deformation = facts["deformation"]
    rest = RestPose(**{f.name: arrays[f"rest.{f.name}"] for f in fields(RestPose)})
    return Avatar(
        name=str(facts["name"]),
        fps=float(facts["fps"]),
        identity=arrays["identity"],
        camera=Camera(arrays["viewmat"], arrays["K"], width, height),
        shapes=shapes,
        a2et=_a2et(facts, arrays, head.expression_names),
        speech=str(facts["speech"]),
        light=LightTable(arrays["lighting"], tuple(e for e, _ in labels), tuple(level for _, level in labels)),
        blink=arrays["blink"],
        rest=rest,
        plate=arrays["plate"],
        recorded=tuple((str(e), float(level)) for e, level in facts["recorded"]),
        emotive=None if deformation is None else Emotive.from_arrays(arrays, deformation, shapes, facts["recorded"]),
        head=head,
        seen=arrays.get("seen"),
        created=str(facts["created"]),
    )


def _head(mark: str, folder: Path) -> LinearHead:
    """The head a twin was made with, which lies beside it unless it is the built-in one."""
    if mark == HEAD_NAME:
        return load_default_head()
    head = head_of(folder)
    if head_mark(head) != mark:
        raise ValueError(f"{HEAD_FILE}, the head model it was made with, is missing or another one")
    return head


def _a2et(facts: dict[str, Any], arrays: Arrays, names: Sequence[str]) -> Any:
    spec = A2ETSpec.of(facts["a2et"])
    if spec.expressions != len(names):
        raise ValueError(f"it speaks with {spec.expressions} expressions, the head has {len(names)}")
    # a freshly made network draws random numbers it does not need; whoever loads a twin keeps their own
    with torch.random.fork_rng(devices=[]):
        model = a2et_from_arrays(_part(arrays, "a2et."), spec)
    with torch.no_grad():
        model.offsets.copy_(with_prior(model.offsets, [str(e) for e, _ in facts["recorded"]], names))
    return model


def _part(arrays: Arrays, prefix: str) -> Arrays:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def _damaged(folder: Path, why: str) -> UserError:
    return UserError(
        f"The twin in {folder.name} cannot be read.",
        f"Its files are damaged or do not belong together ({why}).",
        "Pack it again: the project's trained stages are enough for that.",
    )
