"""Reading pickles from outside without ever running what they ask for.

A pickle is a small program: it may import and call anything. Here every name it may use is on a list, every name on the
list leads to code of ours, and that code is made anew for each file, so that a hostile file can neither call something
harmful nor change something that a later file would use.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.errors import UserError

AllowList = Mapping[tuple[str, str], Any]

_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_PLAIN_KINDS = "biufcSU"  # numbers, bytes and text; never objects or records, whose layout a file could forge
_SPARSE_CLASSES = ("csc_matrix", "csr_matrix", "csc_array", "csr_array")


class ForbiddenPickleError(UserError):
    """The pickle asks for something that is not on the list, or is damaged."""

    def __init__(self, what: str, why: str, what_to_do: str = "") -> None:
        super().__init__(
            what, why, what_to_do or "Get the file again from its publisher; do not use a copy of unknown origin."
        )

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str, str]]:
        """Survive the trip out of a child process."""
        return (type(self), (self.what, self.why, self.what_to_do))


class Stub:
    """Stands for an object of a foreign class: its state as the file gives it, none of its code.

    Attributes:
        state: what the pickle would have handed to the object, usually its attribute dictionary.
    """

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        """Keep the state and do nothing with it."""
        object.__setattr__(self, "state", state)


class SparseStub(Stub):
    """A scipy sparse matrix as stored: `state` has data, indices, indptr and the shape."""

    layout = "csc"

    def toarray(self) -> NDArray[Any]:
        """The dense matrix.

        Raises:
            ForbiddenPickleError: if the indices do not fit the shape.
        """
        from scipy import sparse

        try:
            state = dict(self.state)
            shape = tuple(int(n) for n in state["_shape" if "_shape" in state else "shape"])
            parts = tuple(np.asarray(state[key]) for key in ("data", "indices", "indptr"))
            build = sparse.csc_array if self.layout == "csc" else sparse.csr_array
            matrix = build(parts, shape=shape)
            matrix.check_format(full_check=True)
        except (ValueError, TypeError, KeyError) as error:
            raise ForbiddenPickleError(
                "A sparse matrix in the file is damaged.", f"Its parts do not fit ({error})."
            ) from error
        return matrix.toarray()


class _DtypeStub:
    """A dtype of plain numbers; the byte order is the only part of its state that is believed."""

    def __init__(self, spec: str) -> None:
        self.dtype = np.dtype(spec)
        if self.dtype.kind not in _PLAIN_KINDS:
            raise pickle.UnpicklingError(f"arrays of type {spec!r} are not read")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order, subdtype, names, fields = state[1:5]
        if subdtype is not None or names or fields:
            raise pickle.UnpicklingError("arrays of records are not read")
        if order in ("<", ">", "="):
            self.dtype = self.dtype.newbyteorder(order)


def numpy_names() -> dict[tuple[str, str], Any]:
    """A fresh allow-list for numpy arrays and scalars and for scipy's compressed sparse matrices."""

    class ArrayMarker:
        """What `numpy.ndarray` means in a file: a word, not a constructor."""

    class Array(np.ndarray):  # type: ignore[type-arg]
        def __setstate__(self, state: tuple[Any, ...]) -> None:  # type: ignore[override]
            _version, shape, dtype, fortran, data = state
            if isinstance(data, str):
                data = data.encode("latin1")  # Python 2 wrote its bytes as text
            super().__setstate__((1, tuple(shape), dtype.dtype, bool(fortran), bytes(data)))  # type: ignore[arg-type]

    def reconstruct(kind: Any, _shape: Any, _typecode: Any) -> NDArray[Any]:
        if kind is not ArrayMarker:
            raise pickle.UnpicklingError("an array of an unknown class")
        return np.ndarray.__new__(Array, (0,), "b")

    def from_buffer(data: Any, dtype: Any, shape: Any, order: str) -> NDArray[Any]:
        return np.frombuffer(bytes(data), dtype.dtype).reshape(tuple(shape), order="F" if order == "F" else "C")

    def scalar(dtype: Any, data: Any) -> Any:
        raw = data.encode("latin1") if isinstance(data, str) else bytes(data)
        return np.frombuffer(raw, dtype.dtype, count=1)[0]

    def make_dtype(spec: str, *_flags: Any) -> _DtypeStub:
        return type("Dtype", (_DtypeStub,), {})(str(spec))

    names: dict[tuple[str, str], Any] = {("numpy", "ndarray"): ArrayMarker, ("numpy", "dtype"): make_dtype}
    for module in _ARRAY_MODULES:
        names[module, "_reconstruct"] = reconstruct
        names[module, "scalar"] = scalar
    for module in ("numpy.core.numeric", "numpy._core.numeric"):
        names[module, "_frombuffer"] = from_buffer
    for kind in _SPARSE_CLASSES:
        stub = type(kind, (SparseStub,), {"layout": kind[:3]})
        for module in (f"scipy.sparse.{kind[:3]}", f"scipy.sparse._{kind[:3]}"):
            names[module, kind] = stub
    return names


def plain_names() -> dict[tuple[str, str], Any]:
    """A fresh allow-list for the containers that Python itself writes by name."""

    def encode(text: str, codec: str = "latin1") -> bytes:
        if codec not in ("latin1", "latin-1"):
            raise pickle.UnpicklingError(f"text in the codec {codec!r} is not read")
        return text.encode("latin1")

    def python2_object(cls: Any, base: Any, _state: Any) -> Any:
        if base is not object or not (isinstance(cls, type) and issubclass(cls, Stub)):
            raise pickle.UnpicklingError("an object of an unknown class")
        return object.__new__(cls)

    names: dict[tuple[str, str], Any] = {("_codecs", "encode"): encode, ("collections", "OrderedDict"): OrderedDict}
    for module in ("builtins", "__builtin__"):
        names.update({(module, kind.__name__): kind for kind in (set, frozenset, complex, slice, object)})
    for module in ("copyreg", "copy_reg"):
        names[module, "_reconstructor"] = python2_object
    return names


def stub_names(classes: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """Allow-list entries that read objects of the given foreign classes, (module, name), as `Stub`s."""
    return {(module, name): type(name, (Stub,), {}) for module, name in classes}


class AllowListUnpickler(pickle.Unpickler):
    """An unpickler that knows exactly the names in `allowed` and no others."""

    def __init__(self, source: BinaryIO, allowed: AllowList, *, encoding: str = "latin1") -> None:
        super().__init__(source, encoding=encoding)
        self._allowed = allowed

    def find_class(self, module: str, name: str) -> Any:
        """What stands for `module.name` here; refuses everything that is not listed."""
        if (module, name) not in self._allowed:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return self._allowed[module, name]


def _plain(value: Any) -> Any:
    """Turn our array class back into plain arrays, in place for the containers that a file may hold."""
    todo: list[Any] = [value]
    seen: set[int] = set()
    while todo:
        holder = todo.pop()
        if id(holder) in seen:
            continue
        seen.add(id(holder))
        children: list[tuple[Any, Callable[[Any], None]]] = []
        if isinstance(holder, dict):
            children = [(v, lambda new, h=holder, k=k: h.__setitem__(k, new)) for k, v in holder.items()]  # type: ignore[misc]
        elif isinstance(holder, list):
            children = [(v, lambda new, h=holder, k=k: h.__setitem__(k, new)) for k, v in enumerate(holder)]  # type: ignore[misc]
        elif isinstance(holder, Stub):
            children = [(holder.state, lambda new, h=holder: setattr(h, "state", new))]  # type: ignore[misc]
        for child, put in children:
            if isinstance(child, np.ndarray):
                put(child.view(np.ndarray))
            elif isinstance(child, tuple) and any(isinstance(item, np.ndarray) for item in child):
                put(tuple(item.view(np.ndarray) if isinstance(item, np.ndarray) else item for item in child))
            else:
                todo.append(child)
    return value.view(np.ndarray) if isinstance(value, np.ndarray) else value


def load_pickle(
    source: Path | bytes,
    *,
    stubs: Iterable[tuple[str, str]] = (),
    extra: AllowList | None = None,
    encoding: str = "latin1",
) -> Any:
    """Read a pickle of numbers: dictionaries, lists, numpy arrays, sparse matrices, and nothing that can act.

    Args:
        source: a file or its bytes.
        stubs: foreign classes, (module, name), to be read as `Stub`s that only keep their state.
        extra: further names; their values must be safe to call with anything.
        encoding: how text written by Python 2 is read; "latin1" keeps its arrays whole.

    Returns:
        The value, with plain numpy arrays.

    Raises:
        ForbiddenPickleError: if it needs any other name, or is damaged. Nothing of it was run.
    """
    allowed = {**plain_names(), **numpy_names(), **stub_names(stubs), **(extra or {})}
    name = source.name if isinstance(source, Path) else "The data"
    try:
        raw = source.read_bytes() if isinstance(source, Path) else source
        return _plain(AllowListUnpickler(io.BytesIO(raw), allowed, encoding=encoding).load())
    except ForbiddenPickleError:
        raise
    except MemoryError as error:
        raise ForbiddenPickleError(
            f"{name} was not read.", "It claims to be larger than the memory of this computer."
        ) from error
    except Exception as error:  # a hostile pickle can raise anything at all from inside the unpickler
        raise ForbiddenPickleError(f"{name} was not read.", f"It is not a plain file of numbers: {error}.") from error
