"""Which kind of head a file is, and reading it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.embedding import Landmarker
from emotalker.engine.head.importing.assemble import ImportedHead, assemble_head
from emotalker.engine.head.importing.flame import read_flame
from emotalker.engine.head.importing.gnm import read_gnm
from emotalker.engine.head.importing.ict import kit_folder, read_ict
from emotalker.engine.head.importing.raw import RawHead, not_understood

IDENTITIES = 100
"""Identity shapes used at most: what clips of one camera can tell apart, and as many as the built-in head has."""
ENDINGS = (".pkl", ".npz", ".obj")
LICENCE = (
    "Such files have licences of their own; some allow research only, and what is made with them falls under that too."
    " The program ships none. The project and the twin made with this head each keep a copy of it in their own folders;"
    " it goes nowhere else."
)


def import_head(path: Path, landmarker: Landmarker | Literal["auto"] | None = "auto") -> ImportedHead:
    """A head model that the user brought, as the program's own; takes from seconds to a minute.

    Everything is brought to metres, y up, facing +z, the origin at the head joint; the neck is cut where the built-in
    head's is; the program's joints, regions and 62 expressions are made for it.

    Args:
        path: a FLAME 2020 or 2023 pickle, a GNM Head archive, or the folder (or any OBJ file) of an ICT-FaceKit.
        landmarker: finds the 478 landmarks in a picture; "auto" takes the program's own where its model is on this
            computer; None takes the landmarks over from the built-in head.

    Raises:
        UserError: if it is none of these, damaged, or asks to run code, which is never done.
    """
    path = Path(path).expanduser()
    raw = read_raw(path)
    return assemble_head(raw, load_default_head(), path.name, _own_landmarker() if landmarker == "auto" else landmarker)


def read_raw(path: Path) -> RawHead:
    """The head in a file or folder, as that describes it.

    Raises:
        UserError: if it is no head model, damaged, or asks to run code.
    """
    default = load_default_head()
    if not path.exists():
        raise UserError(
            f"The head model {path.name} cannot be found.", f"There is no {path}.", "Check the path, or choose a file."
        )
    try:
        if path.is_dir() or path.suffix.lower() == ".obj":
            folder = kit_folder(path if path.is_dir() else path.parent)
            if folder is None:
                raise not_understood(path.name, "The folder has no generic_neutral_mesh.obj, so it is no ICT-FaceKit.")
            return read_ict(folder, IDENTITIES, default.expression_names)
        if path.suffix.lower() == ".npz":
            return read_gnm(path, IDENTITIES)
        if path.suffix.lower() == ".pkl":
            return read_flame(path, IDENTITIES)
    except MemoryError as error:
        raise not_understood(path.name, "It claims to be larger than the memory of this computer.") from error
    except (ValueError, TypeError, IndexError, KeyError, OverflowError) as error:
        # arrays of any shape can lie in such a file; whatever does not fit together ends here
        raise not_understood(path.name, f"Its arrays do not fit together ({error}).") from error
    raise not_understood(path.name, f"Files ending in '{path.suffix}' are not known.")


def _own_landmarker() -> Landmarker | None:
    """The program's landmark finder; None where its model cannot be had."""
    from emotalker.engine.tracking.observing.landmarker import FaceLandmarker

    try:
        landmarker = FaceLandmarker()
    except UserError:  # no model and no network: closest points serve
        return None

    def find(rgb: NDArray[np.uint8]) -> NDArray[np.floating] | None:
        face = landmarker.detect(rgb)
        return None if face is None else face.points

    return find
