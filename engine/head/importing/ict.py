"""ICT-FaceKit: a folder of Wavefront OBJ files of one topology.

Layout, as its publisher documents it: FaceXModel/generic_neutral_mesh.obj, identityNNN.obj (the neutral face wearing
one unit of an identity shape), and one file per expression under its ARKit name, _L and _R for the sides; centimetres,
y up, facing +z. Materials tell the parts apart. Tear fluid, the shadow of the lids and lashes are left out: Gaussians
show them better than meshes.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from emotalker.engine.errors import UserError
from emotalker.engine.head.importing.raw import (
    BODY,
    F64,
    I64,
    LEFT_EYE,
    MOUTH,
    RIGHT_EYE,
    TEETH,
    UNKNOWN,
    RawHead,
    checked,
    not_understood,
    triangulated,
    without_loose,
)

NEUTRAL = "generic_neutral_mesh.obj"
SUBFOLDER = "FaceXModel"
WHOLE = (100, 53)
"""Identities and expressions of the whole kit."""
DROPPED = ("lacrimal", "eyeblend", "eyeocclusion", "eyelashes")
PARTS = {
    "gumstongue": MOUTH, "teeth": TEETH, "scleraleft": LEFT_EYE, "irisleft": LEFT_EYE, "scleraright": RIGHT_EYE,
    "irisright": RIGHT_EYE,
}  # fmt: skip
MOST_BYTES = 64 << 20


def kit_folder(path: Path) -> Path | None:
    """The folder of the OBJ files in or below `path`; None if `path` is no such kit."""
    for folder in (path, path / SUBFOLDER):
        if (folder / NEUTRAL).is_file():
            return folder
    return None


def read_ict(folder: Path, identities: int, program_names: tuple[str, ...]) -> RawHead:
    """The head in a folder of the kit; shapes whose files are missing are simply not there.

    Args:
        folder: where the OBJ files lie.
        identities: how many identity shapes are used at most.
        program_names: the program's own expression names, to be recognised.

    Raises:
        UserError: if a file is damaged or does not belong to the others.
    """
    template, triangles, materials = read_obj(folder / NEUTRAL)
    files = sorted(p for p in folder.glob("*.obj") if p.name != NEUTRAL)
    person = [p for p in files if re.fullmatch(r"identity\d+", p.stem)]
    faces = [p for p in files if p not in person]

    def shapes(paths: list[Path]) -> F64:
        out = np.zeros((len(paths), *template.shape), np.float32)
        for number, path in enumerate(paths):
            points = read_obj(path, only_points=True)[0]
            if points.shape != template.shape:
                raise not_understood(
                    path.name, f"It has {len(points)} vertices, {NEUTRAL} has {len(template)}.", "Get the kit again."
                )
            out[number] = points - template
        return out

    parts = np.full(len(template), UNKNOWN, np.int8)
    dropped = np.zeros(len(template), bool)
    for material, faces_of in materials.items():
        name = material.lower().removeprefix("m_")
        if name in PARTS:
            parts[triangles[faces_of]] = PARTS[name]
        elif any(word in name for word in DROPPED):
            dropped[triangles[faces_of]] = True
        elif name in ("face", "backhead"):
            parts[triangles[faces_of]] = BODY
    names = tuple(p.stem for p in faces)
    raw = RawHead(
        name="ICT-FaceKit head",
        template=template,
        triangles=triangles,
        identity=shapes(person[:identities]).astype(np.float32),
        expression=shapes(faces).astype(np.float32),
        expression_names=names,
        parts=parts,
        named=named_shapes(names, program_names),
        jaw_open=tuple(i for i, n in enumerate(names) if n == "jawOpen"),
    )
    if len(person) < WHOLE[0] or len(faces) < WHOLE[1]:
        raw.notices.append(
            f"Only part of the ICT-FaceKit is there: {len(person)} of {WHOLE[0]} identities and {len(faces)} of"
            f" {WHOLE[1]} expressions. What is missing is taken over from the built-in head."
        )
    return without_loose(checked(raw, folder.name), dropped)


def named_shapes(own: tuple[str, ...], program: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Which of a kit's expressions are which of the program's: by name, _L and _R meaning Left and Right.

    A shape without sides in the program, such as browInnerUp, is the sum of both sides of the kit's; with one side
    missing it counts as not there.
    """
    place = {name: number for number, name in enumerate(own)}
    found = {}
    for name in program:
        sided = re.sub(r"Left$", "_L", re.sub(r"Right$", "_R", name))
        for names in ((name,), (sided,), (f"{name}_L", f"{name}_R")):
            if all(n in place for n in names):
                found[name] = tuple(place[n] for n in names)
                break
    return found


def read_obj(path: Path, *, only_points: bool = False) -> tuple[F64, I64, dict[str, I64]]:
    """Vertices [V, 3], triangles [F, 3] and the triangles of each material of a Wavefront OBJ file.

    Raises:
        UserError: if it cannot be read.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise not_understood(path.name, "It is far larger than a head.")
        text = path.read_text(encoding="latin-1")
        rows = [line.split()[1:4] for line in text.splitlines() if line.startswith("v ")]
        points = np.array(rows, np.float64).reshape(-1, 3)
        if only_points:
            return points, np.zeros((0, 3), np.int64), {}
        polygons: list[tuple[int, ...]] = []
        material, of_material = "", []
        for line in text.splitlines():
            if line.startswith("usemtl"):
                material = line[6:].strip()
            elif line.startswith("f "):
                corners = (int(word.split("/")[0]) for word in line.split()[1:])
                polygons.append(tuple(n - 1 if n > 0 else n + len(points) for n in corners))
                of_material += [material] * (len(polygons[-1]) - 2)
    except (OSError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise not_understood(path.name, f"The file is damaged ({error}).", "Get the kit again.") from error
    labels = np.array(of_material)
    return points, triangulated(polygons), {name: np.nonzero(labels == name)[0] for name in dict.fromkeys(of_material)}
