"""GNM Head: one .npz of plain arrays.

Layout, as its publisher documents it: template_vertex_positions [V, 3], triangles [F, 3], vertex_identity_basis
[I, V, 3], expression_basis [E, V, 3] with expression_names, template_joint_positions [J, 3] and joint_identity_basis
[I, J, 3] with joint_names (neck, head and eyes: there is no jaw, it moves within the expressions), vertex_groups [G, V]
with vertex_group_names; metres, y up, facing +z. Eyeballs, teeth and tongue are part of it.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from emotalker.engine.files import Arrays
from emotalker.engine.head.importing.raw import (
    BODY,
    LEFT_EYE,
    LOWER_TEETH,
    MOUTH,
    RIGHT_EYE,
    TEETH,
    TONGUE,
    UNKNOWN,
    UPPER_TEETH,
    RawHead,
    ball,
    checked,
    not_understood,
    without_loose,
)

NEEDED = ("template_vertex_positions", "triangles", "vertex_identity_basis", "expression_basis")
OPTIONAL = (
    "expression_names", "template_joint_positions", "joint_identity_basis", "joint_names", "vertex_groups",
    "vertex_group_names",
)  # fmt: skip
MOST_BYTES = 4 << 30
ROUND = 0.15
"""Most that an eyeball differs from a ball, in parts of its radius; the cornea bulges."""
JOINT_NAMES = {"neck": "neck", "left_eye": "eye_l", "right_eye": "eye_r"}


def read_gnm(path: Path, identities: int) -> RawHead:
    """The head in a GNM archive.

    Args:
        path: the .npz file.
        identities: how many of its identity shapes are used at most.

    Raises:
        UserError: if it is something else, damaged, or lacks an array.
    """
    a = _arrays(path)
    template = np.asarray(a["template_vertex_positions"], np.float64)
    expression = np.asarray(a["expression_basis"], np.float32)
    names = tuple(str(n) for n in a.get("expression_names", ()))
    if len(names) != len(expression):
        names = tuple(f"expression{k:03d}" for k in range(len(expression)))
    raw = RawHead(
        name="GNM head",
        template=template,
        triangles=np.asarray(a["triangles"]).astype(np.int64),
        identity=np.asarray(a["vertex_identity_basis"], np.float32)[:identities],
        expression=expression,
        expression_names=names,
        parts=np.full(len(template), UNKNOWN, np.int8),
    )
    checked(raw, path.name)
    _label(raw, a)
    _joints(raw, a, path)
    return without_loose(checked(raw, path.name))


def _arrays(path: Path) -> Arrays:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MOST_BYTES:
            raise not_understood(path.name, f"It claims to hold {size >> 20} MB, far more than a head.")
        with np.load(path, allow_pickle=False) as data:
            missing = [key for key in NEEDED if key not in data.files]
            if missing:
                raise not_understood(path.name, f"It lacks {', '.join(missing)}, which every GNM Head has.")
            return {key: data[key] for key in (*NEEDED, *OPTIONAL) if key in data.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, KeyError) as error:
        raise not_understood(path.name, f"It is damaged or not a plain archive of arrays ({error}).") from error


def _label(raw: RawHead, a: Arrays) -> None:
    """Parts by the names of the vertex groups, where there are any; the rest is told by where it lies."""
    groups, names = a.get("vertex_groups"), [str(n).lower() for n in a.get("vertex_group_names", ())]
    if groups is None or np.shape(groups) != (len(names), len(raw.template)):
        return
    member = {name: np.asarray(row) > 0.5 for name, row in zip(names, groups)}
    for name, inside in member.items():
        part = _part(name)
        if part in (LEFT_EYE, RIGHT_EYE) and (inside.sum() < 8 or ball(raw.template[inside])[1] > ROUND):
            continue  # the region about an eye, not the eyeball
        if part is not None:
            raw.parts[inside & (raw.parts == UNKNOWN)] = part


def _part(group: str) -> int | None:
    for part, words in (
        (LEFT_EYE, ({"left_eye", "left_eyeball", "eye_left"})),
        (RIGHT_EYE, ({"right_eye", "right_eyeball", "eye_right"})),
        (UPPER_TEETH, ({"upper_teeth", "teeth_upper", "top_teeth"})),
        (LOWER_TEETH, ({"lower_teeth", "teeth_lower", "bottom_teeth"})),
        (TONGUE, ({"tongue"})),
        (TEETH, ({"teeth"})),
        (MOUTH, ({"gums", "teeth_and_gums", "mouth_interior"})),
        (BODY, ({"skin"})),
    ):
        if group in words:
            return part
    return None


def _joints(raw: RawHead, a: Arrays, path: Path) -> None:
    places, names = a.get("template_joint_positions"), [str(n) for n in a.get("joint_names", ())]
    if places is None or np.shape(places) != (len(names), 3):
        return
    basis = a.get("joint_identity_basis")
    for number, name in enumerate(names):
        if name in JOINT_NAMES:
            raw.joints[JOINT_NAMES[name]] = np.asarray(places[number], np.float64)
            if basis is not None and np.shape(basis)[1:] == (len(names), 3) and len(basis) >= len(raw.identity):
                raw.joint_basis[JOINT_NAMES[name]] = np.asarray(basis[: len(raw.identity), number], np.float64)
    if not {"eye_l", "eye_r"} <= set(raw.joints):
        for name in ("eye_l", "eye_r"):
            raw.joints.pop(name, None)
