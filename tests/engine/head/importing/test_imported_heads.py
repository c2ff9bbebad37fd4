"""Heads of every kind come out as the program's own: same frame, same names, same movements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.folder import checked, head_mark, head_of, save_head
from emotalker.engine.head.importing import ImportedHead, Retarget, import_head
from emotalker.engine.head.linear import LinearHead
from emotalker.engine.synthetic.sample import sample_identity

Imported = Callable[[str], ImportedHead]
KINDS = ("flame", "gnm", "ict")
MOUTH = {"upper": 13, "lower": 14, "left": 291, "right": 61}
LIDS = {"Left": (386, 374), "Right": (159, 145)}
REAL = Path(__file__).parents[5] / "shared" / "data" / "ict_facekit_sample"


def landmarks(head: LinearHead, jaw: float = 0.0, **psi: float) -> np.ndarray:
    """The 478 landmarks of a face, millimetres."""
    amounts = torch.zeros(1, len(head.expression_names))
    for name, amount in psi.items():
        amounts[0, head.expression_names.index(name)] = amount
    calm = torch.zeros(len(head.identity_basis))
    turn = torch.tensor([[jaw, 0.0, 0.0]])
    return 1000 * head.pose_landmarks(calm, amounts, turn, torch.zeros(1, 3), torch.zeros(1, 2, 3))[0].numpy()


def truth(jaw: float = 0.0, **psi: float) -> np.ndarray:
    """The same of the person the files were made from, on the built-in head."""
    head = load_default_head()
    amounts = torch.zeros(1, len(head.expression_names))
    for name, amount in psi.items():
        amounts[0, head.expression_names.index(name)] = amount
    identity = torch.from_numpy(sample_identity())
    turn = torch.tensor([[jaw, 0.0, 0.0]])
    return 1000 * head.pose_landmarks(identity, amounts, turn, torch.zeros(1, 3), torch.zeros(1, 2, 3))[0].numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_whole_head_in_the_programs_frame(imported: Imported, kind: str) -> None:
    """Metres, upright, facing +z, origin at the head joint, all regions, weights that sum to one, 62 known names."""
    head = checked(imported(kind).head)
    default = load_default_head()
    assert head.expression_names == default.expression_names
    assert torch.allclose(head.joints[2], torch.zeros(3), atol=1e-6)
    person = default.shape(torch.from_numpy(sample_identity()))[1]
    assert (head.joints - (person - person[2]))[1:].norm(dim=1).max() < 0.006
    np.testing.assert_allclose(head.weights.sum(1), 1, atol=1e-5)
    for region in ("face", "ears", "lips", "teeth_upper", "teeth_lower", "tongue", "neck_ring", "interior"):
        assert head.regions[region].any(), region
    assert head.regions["eye_l"].sum() == head.regions["eye_r"].sum() > 0
    assert head.template[head.regions["eye_l"], 0].min() > 0 > head.template[head.regions["eye_r"], 0].max()


@pytest.mark.parametrize("kind", KINDS)
def test_landmarks_sit_where_the_person_has_them(imported: Imported, kind: str) -> None:
    """Against the person the file was made from, the landmarks are off by a millimetre at most on average."""
    found, known = landmarks(imported(kind).head), truth()
    gap = np.linalg.norm((found - found[:468].mean(0)) - (known - known[:468].mean(0)), axis=1)
    assert gap[:468].mean() < 1.0
    assert gap[468:].max() < 2.5


@pytest.mark.parametrize("kind", KINDS)
def test_the_jaw_opens_the_mouth(imported: Imported, kind: str) -> None:
    """The lower lip goes down as far as the person's does, the upper lip and the eyes stay."""
    head = imported(kind).head
    moved, known = landmarks(head, jaw=0.2) - landmarks(head), truth(jaw=0.2) - truth()
    assert moved[MOUTH["lower"], 1] == pytest.approx(known[MOUTH["lower"], 1], abs=2.0)
    assert moved[MOUTH["lower"], 1] < -8
    assert abs(moved[MOUTH["upper"], 1]) < 1.5
    assert np.abs(moved[468:]).max() < 0.01
    lower, upper = (head.regions[f"teeth_{side}"] for side in ("lower", "upper"))
    assert (head.weights[lower, 3] > 0.99).all()
    assert (head.weights[upper, 2] > 0.99).all()


@pytest.mark.parametrize("kind", KINDS)
def test_blinks_and_smiles_do_what_they_say(imported: Imported, kind: str) -> None:
    """A blink shuts its own lid and not the other; a smile widens the mouth."""
    head = imported(kind).head
    calm, known = landmarks(head), truth()
    for side, other in (("Left", "Right"), ("Right", "Left")):
        blink, right = landmarks(head, **{f"eyeBlink{side}": 1.0}), truth(**{f"eyeBlink{side}": 1.0})
        for name, part in ((side, 1.0), (other, 0.0)):
            upper, lower = LIDS[name]
            closed = (calm[upper] - calm[lower])[1] - (blink[upper] - blink[lower])[1]
            expected = (known[upper] - known[lower])[1] - (right[upper] - right[lower])[1]
            assert closed == pytest.approx(expected, abs=1.5)
            assert (closed > 5) == bool(part)
    smile, right = (f(mouthSmileLeft=1.0, mouthSmileRight=1.0) for f in (lambda **p: landmarks(head, **p), truth))
    width, expected = (x[MOUTH["left"], 0] - x[MOUTH["right"], 0] for x in (smile - calm, right - known))
    assert width == pytest.approx(expected, rel=0.25)
    assert width > 4


@pytest.mark.parametrize("kind", KINDS)
def test_teeth_and_eyes_keep_their_shape(imported: Imported, kind: str) -> None:
    """Expressions leave alone what only joints may move."""
    head = imported(kind).head
    still = np.any([head.regions[r] for r in ("eyes", "teeth_upper", "teeth_lower", "tongue")], axis=0)
    assert head.expression_basis[:, still].abs().max() == 0


def test_what_flame_lacks_is_behind_its_lips(imported: Imported) -> None:
    """Teeth and cavity taken over lie inside the mouth, and the user is told."""
    got = imported("flame")
    assert any("teeth" in n and "cavity" in n for n in got.notices)
    template = got.head.template.numpy()
    lips = template[got.head.regions["lips"]]
    for region in ("teeth_upper", "teeth_lower", "interior"):
        inside = template[got.head.regions[region]]
        if region == "interior":
            inside = inside[inside[:, 1] < 0]
        assert np.median(inside[:, 2]) < lips[:, 2].max() - 0.004
        assert np.abs(inside[:, 0]).max() < 0.045


def test_flame_joints_follow_the_person(imported: Imported, stranger) -> None:
    """Joints come from the shaped vertices: a wider face has its jaw where the regressor says."""
    head = imported("flame").head
    identity = torch.zeros(len(head.identity_basis))
    identity[0] = 2.0
    rest, joints = head.shape(identity)
    eye = rest[head.regions["eye_l"]].mean(0)
    before = head.template[head.regions["eye_l"]].mean(0)
    assert (joints[4] - head.joints[4]).norm() > 2e-4
    torch.testing.assert_close(joints[4] - head.joints[4], eye - before, atol=4e-4, rtol=0.1)


def test_named_shapes_are_taken_as_they_are(imported: Imported, stranger) -> None:
    """ICT's own shapes are used one to one, both sides of a divided one added; what is missing is said."""
    got = imported("ict")
    table = got.retarget
    names, own = table.names, table.own_names
    row = table.matrix[names.index("mouthSmileLeft")]
    assert own[int(row.argmax())] == "mouthSmile_L"
    assert row.sum() == 1
    both = table.matrix[names.index("browInnerUp")]
    assert {own[i] for i in np.nonzero(both)[0]} == {"browInnerUp_L", "browInnerUp_R"}
    assert table.residual[names.index("mouthSmileLeft")] == 0
    assert table.borrowed[names.index("cheekSquintLeft")]
    assert any("4 of 100 identities" in notice for notice in got.notices)


@pytest.mark.parametrize("kind", ["flame", "gnm"])
def test_anonymous_shapes_make_every_expression(imported: Imported, kind: str) -> None:
    """A basis nobody named still gives nearly all expressions, and says how well."""
    table = imported(kind).retarget
    assert np.median(table.residual) < 0.2
    assert table.borrowed.sum() <= 3
    assert (np.abs(table.jaw).max() > 0.1) == (kind == "gnm")


def test_coefficients_go_there_and_back(imported: Imported) -> None:
    """A track in the head's own basis gives the same faces again: mouth and lids within a millimetre."""
    got = imported("gnm")
    table, head = got.retarget, got.head
    psi = np.zeros((3, 62), np.float32)
    psi[1, table.names.index("mouthSmileLeft")] = 0.8
    psi[2, table.names.index("eyeBlinkRight")] = 1.0
    jaw = np.zeros((3, 3), np.float32)
    jaw[:, 0] = (0.0, 0.15, 0.05)
    back, opened = table.from_own(table.to_own(psi, jaw))
    assert back.min() >= 0
    assert back.max() <= 1
    still = torch.zeros(3, 3), torch.zeros(3, 2, 3)
    calm = torch.zeros(len(head.identity_basis))
    faces = [head.pose_landmarks(calm, *map(torch.from_numpy, x), *still) for x in ((psi, jaw), (back, opened))]
    gap = 1000 * (faces[0] - faces[1]).norm(dim=-1)
    assert gap.mean() < 0.5
    assert gap.max() < 3
    assert opened[1, 0] == pytest.approx(0.15, abs=0.04)


def test_a_table_is_kept_on_disk(imported: Imported, tmp_path: Path) -> None:
    """The correspondence survives saving."""
    table = imported("gnm").retarget
    table.save(tmp_path / "retarget.safetensors")
    again = Retarget.load(tmp_path / "retarget.safetensors")
    assert again.own_names == table.own_names
    np.testing.assert_array_equal(again.matrix, table.matrix)


def test_a_head_is_kept_on_disk(imported: Imported, tmp_path: Path) -> None:
    """A folder's own head is found again to the bit; the built-in one needs no file and removes another's."""
    head = imported("ict").head
    save_head(head, tmp_path)
    again = head_of(tmp_path)
    assert head_mark(again) == head_mark(head)
    assert head_mark(again) != head_mark(load_default_head())
    save_head(load_default_head(), tmp_path)
    assert not (tmp_path / "head.safetensors").exists()
    assert head_of(tmp_path) is load_default_head()


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="the sample of the ICT-FaceKit is not beside the checkout")
def test_the_real_kit_works() -> None:
    """Real files of the ICT-FaceKit give a head that opens its mouth, smiles its own smile and says what it lacks."""
    got = import_head(REAL, landmarker=None)
    head = checked(got.head)
    moved = landmarks(head, jaw=0.2) - landmarks(head)
    assert moved[MOUTH["lower"], 1] < -8
    assert abs(moved[MOUTH["upper"], 1]) < 2
    assert (landmarks(head, eyeBlinkLeft=1.0) - landmarks(head))[386, 1] < -4
    assert got.retarget.residual[got.retarget.names.index("mouthSmileLeft")] == 0
    assert any("3 of 100 identities" in n for n in got.notices)
