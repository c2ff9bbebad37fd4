"""The picture on a project's card."""

from __future__ import annotations

from pathlib import Path

from emotalker.engine.errors import UserError
from emotalker.engine.files import write_bytes

COVER = "cover.png"

RENDER = 1  # in a row of previews the recording comes first, a render of it second


def make_cover(folder: Path, row: Path) -> Path:
    """Cut one render out of a row of square previews and keep it as the project's cover.

    Args:
        folder: of the project.
        row: previews side by side, as the training stages write them.

    Returns:
        Where the cover lies.

    Raises:
        UserError: if the row is no picture, or the cover cannot be written.
    """
    import cv2  # here: the gallery reads covers and has no need of it
    import numpy as np

    picture = cv2.imdecode(np.fromfile(row, np.uint8), cv2.IMREAD_COLOR) if row.is_file() else None
    if picture is None:
        raise UserError(
            f"{row.name} cannot be used as a cover.", f"There is no picture in {row}.", "Train the twin again."
        )
    left, side = tile(picture.shape[1], picture.shape[0])
    data = cv2.imencode(".png", np.ascontiguousarray(picture[:, left : left + side]))[1].tobytes()
    target = folder / COVER
    write_bytes(target, data)
    return target


def tile(width: int, height: int) -> tuple[int, int]:
    """Left edge and side of the render in a row of previews of this size, pixels; the whole of a single picture."""
    if width < 2 * height:
        return 0, width
    return RENDER * height, height
