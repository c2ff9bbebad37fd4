"""Files of every kind of head, made from the built-in one: another mesh, other units, another place, another basis."""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial.transform import Rotation

from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.importing import ImportedHead, import_head
from emotalker.engine.head.importing.mouth import cavity_vertices
from emotalker.engine.synthetic.sample import sample_identity

F64 = NDArray[np.float64]
TILT, PLACE = 0.12, np.array([0.01, 0.21, -0.03])
KINDS = ("flame", "gnm", "ict")
NAMED = (
    "eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft", "mouthSmileRight", "mouthPucker", "mouthFunnel", "browDownLeft",
    "browDownRight", "mouthLeft", "mouthRight", "mouthFrownLeft", "mouthFrownRight",
)  # fmt: skip


@dataclass
class Stranger:
    """The sample person's head on a mesh of its own.

    Attributes:
        points: [V, 3], metres, tilted and moved.
        triangles: [F, 3].
        identity: [100, V, 3].
        expression: the built-in head's 62 [62, V, 3].
        jaw_open: movement per radian of the jaw [V, 3].
        weights: [V, 6].
        joints: [6, 3].
        regions: masks of the parts.
    """

    points: F64
    triangles: NDArray[np.int64]
    identity: F64
    expression: F64
    jaw_open: F64
    weights: F64
    joints: F64
    regions: dict[str, NDArray[np.bool_]]

    def without(self, names: tuple[str, ...]) -> Stranger:
        """The head without some regions."""
        gone = np.any([self.regions[n] for n in names], axis=0)
        faces = self.triangles[~gone[self.triangles].any(1)]
        keep = np.unique(faces)
        return Stranger(
            self.points[keep], np.searchsorted(keep, faces), self.identity[:, keep], self.expression[:, keep],
            self.jaw_open[keep], self.weights[keep], self.joints, {n: m[keep] for n, m in self.regions.items()},
        )  # fmt: skip


def make_stranger() -> Stranger:
    """Vertices slid within their triangles and shuffled, so that none is where the built-in head has one."""
    head, rng = load_default_head(), np.random.default_rng(5)
    rest, joints = (x.double().numpy() for x in head.shape(torch.from_numpy(sample_identity())))
    count = len(rest)
    faces = head.triangles.astype(np.int64)
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
    unique, uses = np.unique(edges, axis=0, return_counts=True)
    triple, shares = np.repeat(np.arange(count)[:, None], 3, 1), np.tile([1.0, 0.0, 0.0], (count, 1))
    for face in rng.permutation(faces):
        slide = rng.uniform(0, 0.25, 2)
        for turn in range(3):
            triple[face[turn]] = np.roll(face, -turn)
            shares[face[turn]] = [1 - slide.sum(), *slide]
    still = np.unique(unique[uses == 1])
    shares[still] = [1.0, 0.0, 0.0]
    order = rng.permutation(count)

    def slid(values: F64) -> F64:
        return np.einsum("...vkc,vk->...vc", values[..., triple, :], shares)[..., order, :]

    turn = Rotation.from_rotvec([TILT, 0, 0]).as_matrix()
    arms = rest - joints[3]
    opened = np.cross([1.0, 0.0, 0.0], arms) * head.weights.double().numpy()[:, 3:4]
    place = np.argsort(order)
    hollow = np.zeros(count, bool)
    hollow[cavity_vertices(head)] = True
    regions = {**head.regions, "cavity": hollow & ~head.regions["lips"]}
    return Stranger(
        points=slid(rest) @ turn.T + PLACE,
        triangles=rng.permutation(place[faces]),
        identity=slid(head.identity_basis.double().numpy()) @ turn.T,
        expression=slid(head.expression_basis.double().numpy()) @ turn.T,
        jaw_open=slid(opened) @ turn.T,
        weights=slid(head.weights.double().numpy()),
        joints=joints @ turn.T + PLACE,
        regions={name: mask[order] for name, mask in regions.items()},
    )


class Ch:
    """Looks in a pickle like the class of that name in chumpy."""

    def __init__(self, x: Any) -> None:
        self.x = x


@pytest.fixture
def chumpy(monkeypatch: pytest.MonkeyPatch) -> type[Ch]:
    """A class that pickles as chumpy.ch.Ch; the module exists during the test only."""
    return pretend_chumpy(monkeypatch)


def pretend_chumpy(monkeypatch: pytest.MonkeyPatch) -> type[Ch]:
    """See `chumpy`."""
    package, module = types.ModuleType("chumpy"), types.ModuleType("chumpy.ch")
    kind = type("Ch", (Ch,), {"__module__": "chumpy.ch", "__qualname__": "Ch"})
    module.Ch = kind  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "chumpy", package)
    monkeypatch.setitem(sys.modules, "chumpy.ch", module)
    return kind


def flame_model(stranger: Stranger) -> dict[str, Any]:
    """The arrays of a FLAME pickle: eyes, but neither teeth nor tongue nor cavity; expressions nobody named."""
    s = stranger.without(("teeth_upper", "teeth_lower", "tongue", "interior", "cavity"))
    rng = np.random.default_rng(1)
    mixed = np.tensordot(rng.normal(size=(70, len(s.expression))), s.expression, 1) / 8
    shapes = np.concatenate([s.identity, np.zeros((200, *s.points.shape)), mixed])
    regressor = np.zeros((5, len(s.points)))
    for row, joint in enumerate((0, 1, 3, 4, 5)):
        near = np.argsort(((s.points - s.joints[joint]) ** 2).sum(1))[:80]
        rows = np.concatenate([s.points[near].T, np.ones((1, 80))])
        regressor[row, near] = np.linalg.lstsq(rows, np.append(s.joints[joint], 1.0), rcond=None)[0]
    weights = np.stack([s.weights[:, 0], s.weights[:, 1] + s.weights[:, 2], *s.weights[:, 3:].T], 1)
    return {
        "v_template": s.points, "f": s.triangles.astype(np.uint32), "shapedirs": np.moveaxis(shapes, 0, 2),
        "posedirs": np.zeros((4, 3, 36)), "J_regressor": sparse.csc_matrix(regressor), "weights": weights,
        "kintree_table": np.array([[4294967295, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.uint32), "bs_style": "lbs",
    }  # fmt: skip


def write_flame(path: Path, model: dict[str, Any], wrap: type[Ch]) -> Path:
    """A FLAME pickle as Python 2 wrote it, its shapes inside chumpy objects."""
    wrapped = {**model, **{key: wrap(model[key]) for key in ("v_template", "shapedirs") if key in model}}
    path.write_bytes(pickle.dumps(wrapped, protocol=2))
    return path


def gnm_arrays(stranger: Stranger) -> dict[str, Any]:
    """The arrays of a GNM archive: everything is there but a jaw, which expressions open."""
    s, rng = stranger, np.random.default_rng(2)
    shapes = np.concatenate([s.expression, 0.3 * s.jaw_open[None]])
    mixed = np.tensordot(rng.normal(size=(75, len(shapes))), shapes, 1) / 8
    groups = {"left_eye": "eye_l", "right_eye": "eye_r", "tongue": "tongue", "ears": "ears"}
    members = np.stack([s.regions[r] for r in groups.values()]).astype(np.float32)
    teeth = (s.regions["teeth_upper"] | s.regions["teeth_lower"])[None].astype(np.float32)
    picked = [1, 2, 4, 5]
    return {
        "version": "3.0", "template_vertex_positions": s.points.astype(np.float32),
        "triangles": s.triangles.astype(np.int32), "vertex_identity_basis": s.identity.astype(np.float32),
        "expression_basis": mixed.astype(np.float32),
        "expression_names": np.array([f"lower_face_region_{k:03d}" for k in range(75)]),
        "joint_names": np.array(["neck", "head", "left_eye", "right_eye"]),
        "template_joint_positions": s.joints[picked], "joint_identity_basis": np.zeros((100, 4, 3)),
        "vertex_groups": np.concatenate([members, teeth]), "vertex_group_names": np.array([*groups, "teeth"]),
        "skinning_weights": s.weights[:, picked].T,
    }  # fmt: skip


def write_obj(path: Path, points: F64, faces: str) -> None:
    """A Wavefront file in centimetres."""
    rows = "\n".join(f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in (100 * points).tolist())
    path.write_text(f"# a face\n{rows}\n{faces}")


def write_ict(folder: Path, stranger: Stranger, identities: int = 4) -> Path:
    """A folder of the ICT-FaceKit layout with some of its files."""
    place = folder / "FaceXModel"
    place.mkdir(parents=True)
    s, names = stranger, load_default_head().expression_names
    kinds = {
        "M_ScleraLeft": "eye_l", "M_ScleraRight": "eye_r", "M_GumsTongue": "tongue",
        "M_Teeth": ("teeth_upper", "teeth_lower"),
    }  # fmt: skip
    left, text = np.ones(len(s.triangles), bool), []
    for material, regions in kinds.items():
        chosen = np.any([s.regions[r] for r in ([regions] if isinstance(regions, str) else regions)], 0)
        mine = chosen[s.triangles].all(1)
        left &= ~mine
        text += [f"usemtl {material}", *(f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in (s.triangles[mine] + 1).tolist())]
    text = ["usemtl M_Face", *(f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in (s.triangles[left] + 1).tolist()), *text]
    write_obj(place / "generic_neutral_mesh.obj", s.points, "\n".join(text))
    for number in range(identities):
        write_obj(place / f"identity{number:03d}.obj", s.points + s.identity[number], "")
    for name in NAMED:
        file = name.replace("Left", "_L").replace("Right", "_R") if len(name) > 10 else name
        write_obj(place / f"{file}.obj", s.points + s.expression[names.index(name)], "")
    inner = s.expression[names.index("browInnerUp")]
    half = 1 / (1 + np.exp(-(s.points[:, :1] - PLACE[0]) / 0.005))
    write_obj(place / "browInnerUp_L.obj", s.points + inner * half, "")
    write_obj(place / "browInnerUp_R.obj", s.points + inner * (1 - half), "")
    write_obj(place / "jawOpen.obj", s.points + 0.3 * s.jaw_open, "")
    return folder


@pytest.fixture(scope="session")
def stranger() -> Stranger:
    """The sample person on a mesh of its own."""
    return make_stranger()


@pytest.fixture(scope="session")
def head_files(tmp_path_factory: pytest.TempPathFactory, stranger: Stranger) -> dict[str, Path]:
    """One file or folder of each kind."""
    folder = tmp_path_factory.mktemp("heads")
    with pytest.MonkeyPatch.context() as patch:
        flame = write_flame(folder / "generic_model.pkl", flame_model(stranger), pretend_chumpy(patch))
    np.savez(folder / "gnm_head.npz", **gnm_arrays(stranger))
    return {"flame": flame, "gnm": folder / "gnm_head.npz", "ict": write_ict(folder / "ICT-FaceKit", stranger)}


@pytest.fixture(scope="session")
def imported(head_files: dict[str, Path]) -> Callable[[str], ImportedHead]:
    """The head of each kind, imported once, without any face model."""
    known: dict[str, ImportedHead] = {}

    def get(kind: str) -> ImportedHead:
        if kind not in known:
            known[kind] = import_head(head_files[kind], landmarker=None)
        return known[kind]

    return get
