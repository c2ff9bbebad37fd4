"""A pickle from outside is read for its numbers and never obeyed."""

from __future__ import annotations

import collections
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from emotalker.engine.assets.unpickle import ForbiddenPickleError, SparseStub, Stub, load_pickle


class Hostile:
    """Asks the reader to make a file, as a stand-in for anything worse."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return (os.mkdir, (str(self.target),))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_numbers_come_back_as_they_were(protocol: int) -> None:
    """Every protocol's way of writing arrays, scalars and containers is understood, and the arrays are plain ones."""
    value = {
        "f": np.arange(12, dtype=np.float32).reshape(3, 4),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "big": np.arange(4, dtype=">i4"),
        "scalar": np.float64(2.5),
        "list": [np.ones(2, bool), "text", 3, (np.zeros(1), None)],
        "ordered": collections.OrderedDict(a=1),
        "set": {1, 2},
    }
    back = load_pickle(pickle.dumps(value, protocol=protocol))
    for key in ("f", "fortran", "big"):
        assert type(back[key]) is np.ndarray
        np.testing.assert_array_equal(back[key], value[key])
    assert back["scalar"] == 2.5
    assert type(back["list"][0]) is np.ndarray
    assert type(back["list"][3][0]) is np.ndarray
    assert back["list"][1:3] == ["text", 3]
    assert back["ordered"] == {"a": 1}
    assert back["set"] == {1, 2}


def test_sparse_matrices_are_read_as_their_parts() -> None:
    """The joint regressor of a head model is stored sparse; it must come back dense and equal."""
    dense = np.zeros((5, 9))
    dense[1, 3], dense[4, 8] = 2.0, -1.0
    for kind in (sparse.csc_matrix, sparse.csr_matrix):
        back = load_pickle(pickle.dumps({"J": kind(dense)}, protocol=2))["J"]
        assert isinstance(back, SparseStub)
        np.testing.assert_array_equal(back.toarray(), dense)


def test_a_sparse_matrix_with_forged_indices_is_refused() -> None:
    """Indices outside the matrix would read foreign memory in compiled code; they are checked first."""
    matrix = sparse.csc_matrix(np.eye(3))
    matrix.indices[0] = 1_000_000
    back = load_pickle(pickle.dumps(matrix, protocol=2))
    with pytest.raises(ForbiddenPickleError):
        back.toarray()


def test_foreign_classes_are_read_as_stubs_without_their_code() -> None:
    """Arrays wrapped in a class we do not have (chumpy) give up their state, and only if the caller named the class."""
    # Protocol 0 text as Python 2 wrote it: an object of chumpy.ch.Ch with {'x': 7}
    raw = b"ccopy_reg\n_reconstructor\n(cchumpy.ch\nCh\nc__builtin__\nobject\nNtR(dVx\nI7\nsb."
    with pytest.raises(ForbiddenPickleError, match="not read"):
        load_pickle(raw)
    back = load_pickle(raw, stubs=[("chumpy.ch", "Ch")])
    assert isinstance(back, Stub)
    assert back.state == {"x": 7}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_hostile_pickle_is_refused_and_does_nothing(tmp_path: Path, protocol: int) -> None:
    """The classic attack: a value whose reading calls a function of the system."""
    target = tmp_path / "made by the pickle"
    raw = pickle.dumps({"v_template": np.zeros(3), "x": Hostile(target)}, protocol=protocol)
    with pytest.raises(ForbiddenPickleError, match="not read") as caught:
        load_pickle(raw)
    assert not target.exists()
    assert "mkdir" in caught.value.why


@pytest.mark.parametrize(
    "raw",
    [
        b"cbuiltins\neval\n(V1+1\ntR.",
        b"cnumpy\nload\n(Vx\ntR.",
        b"cnumpy.core.multiarray\n_reconstruct\n(cbuiltins\nset\n(I0\ntVb\ntR.",
        b"c_codecs\nencode\n(Vx\nVzip\ntR.",
        b"cnumpy\ndtype\n(VO8\nI0\nI1\ntR.",
        b"ccopy_reg\n_reconstructor\n(cbuiltins\nset\nc__builtin__\nobject\nNtR.",
        b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.view\x93.",
        b"\x82\x01.",
        b"garbage",
        b"",
    ],
    ids=["eval", "numpy.load", "class", "codec", "objects", "object", "dotted", "extension", "garbage", "empty"],
)
def test_odd_requests_are_refused(raw: bytes) -> None:
    """Names off the list, listed names used for something else, and files that are no pickle at all."""
    with pytest.raises(ForbiddenPickleError):
        load_pickle(raw)


def test_arrays_of_objects_and_records_are_refused() -> None:
    """Their memory layout is described by the file and could be forged into pointers."""
    for array in (np.array([None, 1], dtype=object), np.zeros(2, dtype=[("a", "f4"), ("b", "i4")])):
        with pytest.raises(ForbiddenPickleError):
            load_pickle(pickle.dumps(array, protocol=2))


def test_one_file_cannot_change_what_the_next_one_uses() -> None:
    """Setting attributes on what a name stands for touches only that one reading."""
    # BUILD on the class itself that stands for csc_matrix: would set its `layout`.
    raw = b"\x80\x02cscipy.sparse.csc\ncsc_matrix\nN}X\x06\x00\x00\x00layoutX\x03\x00\x00\x00csrs\x86b."
    with pytest.raises(ForbiddenPickleError):
        load_pickle(raw)
    back = load_pickle(pickle.dumps(sparse.csc_matrix(np.eye(2)), protocol=2))
    assert back.layout == "csc"
