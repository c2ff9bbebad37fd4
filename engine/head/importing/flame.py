"""FLAME 2020 and 2023: a pickle of plain arrays, read without running any of it.

Layout, as its publisher documents it: v_template [V, 3], f [F, 3], shapedirs [V, 3, 300 + E] (300 shapes of identity,
then the expressions), weights [V, 5], J_regressor [5, V]; joints are root, neck, jaw, left eye, right eye; metres,
y up, facing +z. Some releases wrap arrays in objects of the library chumpy. It has eyeballs, but no teeth, no tongue.
Pose correctives (posedirs) are not used. In a release without jaw rotation the jaw's weights are zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from emotalker.engine.assets.unpickle import SparseStub, Stub, load_pickle
from emotalker.engine.head.importing.raw import BODY, F64, LEFT_EYE, RIGHT_EYE, RawHead, checked, not_understood

FIRST_EXPRESSION = 300
JOINTS = ("root", "neck", "jaw", "eye_l", "eye_r")
STUBS = (("chumpy.ch", "Ch"), ("chumpy", "Ch"), ("chumpy.reordering", "Select"))
FIRST_TRY = 'Get "FLAME 2020" or "FLAME 2023" (generic_model.pkl or flame2023.pkl) from the publisher.'


def read_flame(path: Path, identities: int) -> RawHead:
    """The head in a FLAME pickle.

    Args:
        path: the .pkl file.
        identities: how many of its identity shapes are used at most.

    Raises:
        UserError: if it is something else, lacks an array, or asks to run code, which is never done.
    """
    model = load_pickle(path, stubs=STUBS)
    if not isinstance(model, dict):
        raise not_understood(path.name, "It is a pickle, but no dictionary of arrays.", FIRST_TRY)
    missing = [key for key in ("v_template", "f", "shapedirs") if key not in model]
    if missing:
        raise not_understood(path.name, f"It lacks {', '.join(missing)}, which every FLAME model has.", FIRST_TRY)
    template = _array(model, "v_template", path)
    shapes = _array(model, "shapedirs", path)
    if shapes.ndim != 3 or shapes.shape[2] <= FIRST_EXPRESSION:
        raise not_understood(
            path.name,
            f"Its shapes are {'x'.join(map(str, shapes.shape))}; a FLAME model of 2020 or 2023 has 300 of identity and"
            " then those of expression. Older or reduced releases hold fewer.",
            FIRST_TRY,
        )
    moved = np.moveaxis(shapes, 2, 0).astype(np.float32)
    raw = RawHead(
        name="FLAME head",
        template=template,
        triangles=_array(model, "f", path).astype(np.int64),
        identity=moved[: min(identities, FIRST_EXPRESSION)],
        expression=moved[FIRST_EXPRESSION:],
        expression_names=tuple(f"expression{k:03d}" for k in range(len(moved) - FIRST_EXPRESSION)),
        parts=np.full(len(template), BODY, np.int8),
    )
    checked(raw, path.name)
    _rig(raw, model, path)
    return checked(raw, path.name)


def _rig(raw: RawHead, model: dict[str, Any], path: Path) -> None:
    """Joints and jaw of the file, where it has them."""
    if "weights" not in model or "J_regressor" not in model:
        raw.notices.append("The file has no joints; neck, jaw and eyes turn as those of the built-in head do.")
        return
    weights, regressor = _array(model, "weights", path), _array(model, "J_regressor", path)
    count = len(raw.template)
    if weights.shape[:1] != (count,) or regressor.shape != (weights.shape[-1], count):
        raise not_understood(path.name, "Its weights and joints do not fit its vertices.", FIRST_TRY)
    if weights.shape[1] != len(JOINTS):
        raw.notices.append(
            f"The file has {weights.shape[1]} joints instead of {len(JOINTS)}; those of the built-in head are used."
        )
        return
    # joints follow the shaped vertices, so that every identity has its own
    for number, name in enumerate(JOINTS[1:], 1):
        raw.joints[name] = regressor[number] @ raw.template
        raw.joint_basis[name] = np.einsum("v,ivx->ix", regressor[number], raw.identity.astype(np.float64))
    raw.jaw = weights[:, JOINTS.index("jaw")].clip(0, 1)
    if raw.jaw.max() < 0.5:  # a release in which expressions open the mouth
        raw.jaw = None
        for table in (raw.joints, raw.joint_basis):
            table.pop("jaw")
        raw.notices.append("The file's jaw moves nothing; the jaw turns as that of the built-in head does.")
    for name, part in (("eye_l", LEFT_EYE), ("eye_r", RIGHT_EYE)):
        raw.parts[weights[:, JOINTS.index(name)] > 0.5] = part


def _array(model: dict[str, Any], key: str, path: Path) -> F64:
    """An array of the model, out of whatever object it was wrapped in."""
    value = _unwrapped(model[key])
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError) as error:
        raise not_understood(path.name, f"Its {key} is no array of numbers.", FIRST_TRY) from error
    if not np.isfinite(array).all():
        raise not_understood(path.name, f"Its {key} holds numbers that are not finite.")
    return array


def _unwrapped(value: Any, depth: int = 0) -> Any:
    """The numbers inside a sparse matrix or a chumpy object (a plain one, or a selection out of another)."""
    if isinstance(value, SparseStub):
        return value.toarray()
    if not isinstance(value, Stub) or depth > 4:
        return value
    state = value.state[0] if isinstance(value.state, tuple) and value.state else value.state
    if not isinstance(state, dict):
        return None
    if "x" in state:
        return _unwrapped(state["x"], depth + 1)
    inner, picked = _unwrapped(state.get("a"), depth + 1), state.get("idxs")
    if inner is None or picked is None:
        return None
    numbers = np.asarray(picked).ravel().astype(np.int64)
    flat = np.asarray(inner, np.float64).ravel()
    if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(flat)):
        return None
    shape = state.get("preferred_shape")
    return flat[numbers].reshape(tuple(int(n) for n in shape) if shape is not None else (-1,))
