"""A twin's arrays in little room: coarse where it cannot be seen, left out where it follows from the rest.

A packed twin is about 24 MB; the sample twin that ships with the program, or one sent to a friend, need not be. Large
matrices become bytes with a scale per row, other numbers half floats, indices the smallest integers that hold them,
the background plate a JPEG. `unpack` gives the arrays back under the names, types and shapes `pack` was given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.files import Arrays

LEARNED, FIXED, MASK, EXPRESSION = (f"shapes.deltas.{n}" for n in ("learned", "fixed", "mask", "expression"))
START, SHARE = "shapes.deltas.start", "deform.share"
PLATE = "plate"
EXACT = ("identity", "viewmat", "K", "blink", "lighting", "rest.", "shapes.base.means", "labels.")
"""Arrays, or their prefixes, that stay as they are: small, or a position whose error would be seen."""
BYTES_FROM = 16_384
"""Matrices of at least as many numbers become bytes."""
PLATE_QUALITY = 95


def pack(arrays: Arrays) -> tuple[Arrays, dict[str, Any]]:
    """Small arrays, and for each name how it was stored.

    Args:
        arrays: as `emotalker.engine.avatar.folder` names them.

    Returns:
        Arrays for safetensors; `unpack` needs both.
    """
    out: Arrays = {}
    notes: dict[str, Any] = {}

    def store(name: str, how: str, values: Arrays) -> None:
        array = arrays[name]
        notes[name] = {"how": how, "dtype": str(array.dtype), "shape": list(array.shape)}
        out.update({name if not part else f"{name}#{part}": np.ascontiguousarray(v) for part, v in values.items()})

    for name, array in arrays.items():
        if name == PLATE:
            store(name, "jpeg", {"": _to_jpeg(array)})
        elif name == MASK:
            notes[name] = {"how": "ones", "dtype": str(array.dtype), "shape": list(array.shape)}
        elif name == LEARNED:
            # the mask is multiplied in, as playing does anyway
            values = array * arrays[MASK][:, None]
            store(name, "bytes of groups", _bytes_of_groups(values, arrays[EXPRESSION]))
        elif name == FIXED:
            store(name, "bytes of groups", _bytes_of_groups(array, arrays[EXPRESSION]))
        elif name == START:
            store(name, "steps", {"": _smallest(np.diff(array, prepend=0))})
        elif np.issubdtype(array.dtype, np.integer):
            store(name, "integers", {"": _smallest(array)})
        elif array.dtype == np.bool_ or name.startswith(EXACT):
            store(name, "exact", {"": array})
        elif array.ndim >= 2 and array.size >= BYTES_FROM and not name.startswith("shapes.") and name != SHARE:
            store(name, "bytes of rows", _bytes_of_rows(array))
        else:
            store(name, "half", {"": array.astype(np.float16)})
    return out, notes


def unpack(small: Arrays, notes: dict[str, Any]) -> Arrays:
    """The arrays that `pack` was given, as near as they were kept.

    Raises:
        KeyError: if one is missing.
        ValueError: if one is damaged or was stored in a way this version does not know.
    """
    integers = {k: _restored(small, k, n, None) for k, n in notes.items() if n["how"] in ("integers", "steps")}
    return integers | {k: _restored(small, k, n, integers) for k, n in notes.items() if k not in integers}


def _restored(small: Arrays, name: str, note: dict[str, Any], integers: Arrays | None) -> NDArray[Any]:
    how, dtype, shape = str(note["how"]), np.dtype(str(note["dtype"])), tuple(int(n) for n in note["shape"])
    values: NDArray[Any]
    if how == "ones":
        values = np.ones(shape)
    elif how == "jpeg":
        values = _from_jpeg(small[name])
    elif how == "steps":
        values = np.cumsum(small[name].astype(np.int64))
    elif how == "bytes of rows":
        values = small[name].reshape(shape[0], -1) * small[f"{name}#scale"].astype(np.float32)[:, None]
    elif how == "bytes of groups" and integers is not None:
        values = small[name] * small[f"{name}#scale"].astype(np.float32)[integers[EXPRESSION]]
    elif how in ("exact", "half", "integers"):
        values = small[name]
    else:
        raise ValueError(f"'{name}' is stored as '{how}', which is unknown")
    return np.ascontiguousarray(values.reshape(shape).astype(dtype))


def _bytes_of_rows(array: NDArray[Any]) -> Arrays:
    """Signed bytes and one scale per row: an error of at most 0.4 % of the row's largest number."""
    rows = array.reshape(len(array), -1)
    scale = np.maximum(np.abs(rows).max(1) / 127, 1e-12).astype(np.float32)
    return {"": np.rint(rows / scale[:, None]).clip(-127, 127).astype(np.int8), "scale": scale}


def _bytes_of_groups(rows: NDArray[Any], group: NDArray[Any]) -> Arrays:
    """Signed bytes of delta rows [R, c], and a scale for each column of each expression [K, c]."""
    count = int(group.max()) + 1 if len(group) else 1
    most = np.zeros((count, rows.shape[1]), np.float32)
    np.maximum.at(most, group, np.abs(rows))
    scale = np.maximum(most / 127, 1e-12).astype(np.float32)
    return {"": np.rint(rows / scale[group]).clip(-127, 127).astype(np.int8), "scale": scale}


def _smallest(array: NDArray[Any]) -> NDArray[Any]:
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    for kind in (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return array.astype(kind)
    return array


def _to_jpeg(image: NDArray[Any]) -> NDArray[np.uint8]:
    import cv2

    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, PLATE_QUALITY])
    if not done:
        raise ValueError("the plate cannot be stored")
    return np.asarray(data, np.uint8).reshape(-1)


def _from_jpeg(data: NDArray[Any]) -> NDArray[np.uint8]:
    import cv2

    image = cv2.imdecode(np.asarray(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("the plate is damaged")
    return np.asarray(image[..., ::-1], np.uint8)
