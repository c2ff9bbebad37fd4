"""Files that are no heads, damaged or hostile are refused in words, and nothing of them runs."""

from __future__ import annotations

import builtins
import os
import pickle
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotalker.engine.errors import UserError
from emotalker.engine.head.importing import import_head
from emotalker.engine.head.importing.raw import in_metres, scaled
from emotalker.engine.head.importing.reader import read_raw


class Asks:
    """Pickles as a call of anything with anything."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return (self.call, self.arguments)


class AsksLater(Asks):
    """The same by way of an object's state."""

    def __reduce__(self) -> Any:
        return (Asks, (print,), {"state": Asks(self.call, *self.arguments)})


def small_flame(**changes: Any) -> dict[str, Any]:
    """A pickle that has what a FLAME file has, though no human could wear it."""
    count = 200
    rng = np.random.default_rng(0)
    model = {
        "v_template": rng.normal(size=(count, 3)), "f": rng.integers(0, count, (300, 3)),
        "shapedirs": rng.normal(size=(count, 3, 310)) * 1e-3,
    }  # fmt: skip
    return {**model, **changes}


@pytest.mark.parametrize("place", ["alone", "value", "key", "nested", "state", "array"])
@pytest.mark.parametrize("call", ["system", "eval", "exec", "getattr", "import", "popen", "open"])
def test_a_hostile_flame_file_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, call: str
) -> None:
    """Whatever a pickle asks to run and wherever it hides that, it is refused and leaves no trace."""
    witness = tmp_path / "witness"
    shell = f"touch {witness}"
    asks = {
        "system": Asks(os.system, shell),
        "eval": Asks(eval, f"__import__('os').mkdir({str(witness)!r})"),
        "exec": Asks(exec, f"import os; os.mkdir({str(witness)!r})"),
        "getattr": Asks(getattr, os, "system"),
        "import": Asks(builtins.__import__, "this"),
        "popen": Asks(subprocess.Popen, ["touch", str(witness)]),
        "open": Asks(open, str(witness), "w"),
    }
    evil = asks[call]
    if call == "getattr":
        evil = Asks(getattr, shutil, "rmtree") if place != "alone" else Asks(getattr, os.path, "join")
    if place == "state":
        evil = AsksLater(evil.call, *evil.arguments)
    if place == "alone":
        content: Any = evil
    elif place == "value":
        content = small_flame(shapedirs=evil)
    elif place == "key":
        content = {**small_flame(), (1, evil): 2}
    elif place == "array":
        content = small_flame(weights=np.array([evil, 1], object))
    else:
        content = small_flame(posedirs=[{"deep": ({"deeper": [evil]},)}])
    path = tmp_path / "generic_model.pkl"
    try:
        path.write_bytes(pickle.dumps(content, protocol=2))
    except (TypeError, pickle.PicklingError):  # modules cannot be pickled; ask for them by name instead
        path.write_bytes(b"\x80\x02cbuiltins\ngetattr\ncos\nsystem\nX\x04\x00\x00\x00name\x86R.")
    ran: list[str] = []
    for owner, name in ((os, "system"), (os, "mkdir"), (shutil, "rmtree"), (subprocess, "Popen")):
        monkeypatch.setattr(owner, name, lambda *_, n=name: ran.append(n))
    with pytest.raises(UserError) as caught:
        import_head(path, landmarker=None)
    assert caught.value.what_to_do
    assert not witness.exists()
    assert not ran


def test_bytes_of_a_pickle_that_call_without_names(tmp_path: Path) -> None:
    """Opcodes that build objects of our own stubs and call them get nowhere either."""
    for code in (
        b"cchumpy.ch\nCh\n)R(dX\x01\x00\x00\x00xcos\nsystem\nsb.",
        b"ccopyreg\n_reconstructor\n(cos\nsystem\nc__builtin__\nobject\nNtR.",
        b"cnumpy.core.multiarray\n_reconstruct\n(cos\nsystem\n(K\x00tC\x01btR.",
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.",
    ):
        path = tmp_path / "generic_model.pkl"
        path.write_bytes(code)
        with pytest.raises(UserError):
            import_head(path, landmarker=None)


def test_every_cut_of_a_pickle_is_damaged(tmp_path: Path) -> None:
    """A file that ends early is refused wherever it ends."""
    whole = pickle.dumps(small_flame(), protocol=2)
    path = tmp_path / "generic_model.pkl"
    for length in np.linspace(0, len(whole) - 1, 25).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError):
            import_head(path, landmarker=None)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"shapedirs": np.zeros((200, 3, 20))}, "300 of identity"),
        ({"shapedirs": np.zeros((200, 310))}, "300 of identity"),
        ({"v_template": np.zeros((190, 3)), "f": np.zeros((300, 3), np.uint32)}, "identity shapes"),
        ({"v_template": np.full((200, 3), np.nan)}, "not finite"),
        ({"f": np.full((300, 3), 500)}, "do not exist"),
        ({"f": np.full((300, 3), -1)}, "do not exist"),
        ({"weights": np.zeros((200, 5)), "J_regressor": np.zeros((4, 200))}, "do not fit"),
        ({"v_template": "text"}, "no array of numbers"),
        ({}, "eyeballs"),
    ],
)
def test_a_flame_file_of_the_wrong_size_says_so(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    """Older releases, arrays that do not fit and things without eyes are told apart in the message."""
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(pickle.dumps(small_flame(**changes), protocol=2))
    with pytest.raises(UserError, match="generic_model") as caught:
        import_head(path, landmarker=None)
    assert says in caught.value.why


@pytest.mark.parametrize("key", ["v_template", "f", "shapedirs"])
def test_a_missing_array_is_named(tmp_path: Path, key: str) -> None:
    """The message says which array is not there."""
    model = small_flame()
    del model[key]
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(pickle.dumps(model, protocol=2))
    with pytest.raises(UserError) as caught:
        import_head(path, landmarker=None)
    assert key in caught.value.why


def test_a_flame_file_without_joints_is_rigged_like_the_built_in_head(tmp_path: Path, stranger, chumpy) -> None:
    """No weights, no regressor, or only some of the joints: eyes are found by their shape, the jaw is taken over."""
    from_file = import_flame_without(tmp_path, stranger, chumpy)
    assert from_file.jaw is None
    found = in_metres(from_file, "x")
    for name, number in (("eye_l", 4), ("eye_r", 5)):
        assert np.linalg.norm(found.joints[name] - stranger.joints[number]) < 1e-3
    assert any("joints" in n for n in from_file.notices)


def import_flame_without(tmp_path: Path, stranger: Any, chumpy: Any) -> Any:
    """A FLAME file without joints, as read."""
    from emotalker.engine.head.importing.flame import read_flame

    s = stranger.without(("teeth_upper", "teeth_lower", "tongue", "interior"))
    shapes = np.moveaxis(np.concatenate([s.identity, np.zeros((200, *s.points.shape)), s.expression[:4]]), 0, 2)
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(pickle.dumps({"v_template": s.points, "f": s.triangles, "shapedirs": chumpy(shapes)}, protocol=2))
    return read_flame(path, 20)


@pytest.mark.parametrize("protocol", [0, 1, 2, 4])
def test_chumpy_objects_of_every_protocol_are_read(tmp_path: Path, chumpy: Any, protocol: int) -> None:
    """A file that is whole is read to the end, as Python 2 or 3 wrote it: what it lacks is eyes, not arrays."""
    model = small_flame()
    wrapped = {key: chumpy(value) for key, value in model.items()}
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(pickle.dumps(wrapped, protocol=protocol))
    np.testing.assert_array_equal(read_raw(path).template, model["v_template"])
    with pytest.raises(UserError) as caught:
        import_head(path, landmarker=None)
    assert "eyeballs" in caught.value.why


def test_a_flame_release_without_a_jaw_takes_ours(tmp_path: Path, stranger: Any) -> None:
    """Weights of zero at the jaw mean that the built-in head's jaw is taken over, and that is said."""
    s = stranger.without(("teeth_upper", "teeth_lower", "tongue", "interior"))
    count = len(s.points)
    weights = np.zeros((count, 5))
    weights[:, 3], weights[:, 4] = s.regions["eye_l"], s.regions["eye_r"]
    weights[:, 1] = 1 - weights.sum(1)
    regressor = np.stack(
        [np.full(count, 1 / count)] * 3 + [s.regions[e] / s.regions[e].sum() for e in ("eye_l", "eye_r")]
    )
    shapes = np.zeros((count, 3, 301))
    model = {
        "v_template": s.points,
        "f": s.triangles,
        "shapedirs": shapes,
        "weights": weights,
        "J_regressor": regressor,
    }
    path = tmp_path / "flame2023_no_jaw.pkl"
    path.write_bytes(pickle.dumps(model, protocol=4))
    raw = read_raw(path)
    assert raw.jaw is None
    assert "jaw" not in raw.joints
    assert "eye_l" in raw.joints
    assert any("jaw" in notice for notice in raw.notices)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_a_damaged_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    """An .npz that is none says so."""
    path = tmp_path / "gnm_head.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match="gnm_head"):
        import_head(path, landmarker=None)


def test_an_archive_with_objects_or_without_arrays_is_refused(tmp_path: Path) -> None:
    """Pickled objects inside an .npz are not read; a missing array is named."""
    path = tmp_path / "gnm_head.npz"
    evil = np.array([Asks(os.mkdir, str(tmp_path / "witness"))], object)
    np.savez(path, template_vertex_positions=evil, triangles=evil, vertex_identity_basis=evil, expression_basis=evil)
    with pytest.raises(UserError):
        import_head(path, landmarker=None)
    assert not (tmp_path / "witness").exists()
    np.savez(path, triangles=np.zeros((1, 3)))
    with pytest.raises(UserError) as caught:
        import_head(path, landmarker=None)
    assert "template_vertex_positions" in caught.value.why


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    """A folder without the neutral mesh, a file of an unknown ending, and nothing at all."""
    (tmp_path / "text.txt").write_text("hello")
    for path in (tmp_path, tmp_path / "text.txt", tmp_path / "gone.pkl"):
        with pytest.raises(UserError) as caught:
            import_head(path, landmarker=None)
        assert caught.value.what_to_do


def test_a_kit_with_a_file_of_another_mesh_is_refused(head_files: dict[str, Path], tmp_path: Path) -> None:
    """A shape with other vertices, or with a damaged line, is named."""
    kit = tmp_path / "kit"
    shutil.copytree(head_files["ict"] / "FaceXModel", kit)
    odd = kit / "mouthPucker.obj"
    lines = odd.read_text().splitlines()
    for text in ("\n".join(lines[:50]), "\n".join([*lines[:50], "v 1 x 2", *lines[51:]])):
        odd.write_text(text)
        with pytest.raises(UserError, match="mouthPucker"):
            read_raw(kit)


@pytest.mark.parametrize("factor", [1.0, 10.0, 100.0, 1000.0])
def test_any_usual_unit_is_understood(head_files: dict[str, Path], factor: float) -> None:
    """Metres to millimetres are told apart by how far the eyes are from each other."""
    raw = scaled(in_metres(read_raw(head_files["gnm"]), "x"), factor)
    eyes = in_metres(raw, "x").joints
    assert np.linalg.norm(eyes["eye_l"] - eyes["eye_r"]) == pytest.approx(0.0566, abs=0.003)


def test_no_usual_unit_is_refused(head_files: dict[str, Path]) -> None:
    """A head the size of a house is none."""
    with pytest.raises(UserError, match="not a head model"):
        in_metres(scaled(in_metres(read_raw(head_files["gnm"]), "x"), 30.0), "x")
