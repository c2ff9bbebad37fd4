"""What lies behind the person: the recorded plate, a colour, a picture or a checker board."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.render.view import View, picture_matrix

U8 = NDArray[np.uint8]
PLATE, CHECKER, TRANSPARENT = "plate", "checker", "transparent"
IMAGE = "image:"
GREEN = "#00b140"
CHECKER_CELL = 16
_CHECKER_SHADES = (150, 190)
_BLUR = 1 / 24
"""Standard deviation of the blur beside the plate, as a share of the picture: an edge there must not draw the eye."""


def backdrop(spec: str, plate: U8, view: View, width: int, height: int) -> U8:
    """The background of a picture, u8 [height, width, 3].

    The plate moves with zoom and pan, as the recorded wall does; where the picture is wider or higher than the
    recording, its edge goes on, blurred. A picture file covers the whole picture and stays still.

    Args:
        spec: "plate", a colour "#rrggbb", "checker", "transparent" (drawn as a checker board) or "image:PATH".
        plate: recorded background u8 [S, S, 3].
        view: the view.
        width: pixels.
        height: pixels.

    Raises:
        UserError: if `spec` is none of these, or the picture file cannot be read.
    """
    if spec == PLATE:
        return _plate(plate, view, width, height)
    if spec in (CHECKER, TRANSPARENT):
        y, x = np.mgrid[0:height, 0:width] // CHECKER_CELL
        shade = np.array(_CHECKER_SHADES, np.uint8)[(x + y) % 2]
        return np.repeat(shade[..., None], 3, 2)
    if spec.startswith(IMAGE):
        return _cover(_picture(Path(spec.removeprefix(IMAGE))), width, height)
    return np.full((height, width, 3), colour_of(spec), np.uint8)


def backdrop_or_plate(spec: str, plate: U8, view: View, width: int, height: int) -> tuple[U8, UserError | None]:
    """As `backdrop`, but with the plate, and why, where what is asked for cannot be shown."""
    try:
        return backdrop(spec, plate, view, width, height), None
    except UserError as error:
        return _plate(plate, view, width, height), error


def check_backdrop(spec: str) -> str:
    """`spec`, if it is a background.

    Raises:
        UserError: if it is not.
    """
    if spec in (PLATE, CHECKER, TRANSPARENT):
        return spec
    if spec.startswith(IMAGE):
        _picture(Path(spec.removeprefix(IMAGE)))
        return spec
    colour_of(spec)
    return spec


def colour_of(spec: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of "#rrggbb".

    Raises:
        UserError: if it is no colour.
    """
    try:
        if len(spec) != 7 or spec[0] != "#":
            raise ValueError(spec)
        red, green, blue = bytes.fromhex(spec[1:])
    except ValueError as error:
        raise UserError(
            f"'{spec}' is no background.",
            "Known are plate, checker, transparent, image:FILE, and colours like #00ff00.",
            "Use one of these.",
        ) from error
    return red, green, blue


def _plate(plate: U8, view: View, width: int, height: int) -> U8:
    matrix = picture_matrix(view, len(plate), width, height)
    # cv2 counts pixel centres from 0, the rest of the program from 0.5
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    affine = (np.linalg.inv(shift) @ matrix @ shift)[:2]
    scale = float(matrix[0, 0])
    source = plate
    if scale < 0.75:
        # warping alone would skip pixels and make a textured wall flicker when the camera zooms
        side = max(1, round(len(plate) * scale))
        source = np.asarray(cv2.resize(plate, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        affine = (np.linalg.inv(shift) @ matrix @ np.diag([len(plate) / side, len(plate) / side, 1]) @ shift)[:2]
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    edge = cv2.warpAffine(source, affine, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE)
    inside = _inside(matrix, len(plate), width, height)
    if inside == (0, 0, width, height):
        return np.asarray(edge, np.uint8)
    soft = cv2.GaussianBlur(edge, (0, 0), _BLUR * max(width, height))
    x0, y0, x1, y1 = inside
    mask = np.zeros((height, width), np.float32)
    mask[y0:y1, x0:x1] = 1
    share = np.asarray(cv2.GaussianBlur(mask, (0, 0), max(_BLUR * min(width, height) / 4, 0.5)), np.float32)[..., None]
    share[y0:y1, x0:x1] = np.maximum(share[y0:y1, x0:x1], 0.5) * 2 - 1
    return (edge * share + soft * (1 - share) + 0.5).clip(0, 255).astype(np.uint8)


def _inside(matrix: NDArray[np.float64], size: int, width: int, height: int) -> tuple[int, int, int, int]:
    """The part of the picture the plate covers: left, top, right, bottom."""
    low, high = matrix[:2, 2], matrix[:2, 2] + matrix[0, 0] * size
    x0, y0 = np.clip(np.ceil(low - 0.01), 0, [width, height]).astype(int)
    x1, y1 = np.clip(np.floor(high + 0.01), 0, [width, height]).astype(int)
    return int(x0), int(y0), int(x1), int(y1)


def _cover(picture: U8, width: int, height: int) -> U8:
    """The middle of `picture`, scaled so that it covers the whole frame."""
    rows, columns = picture.shape[:2]
    scale = max(width / columns, height / rows)
    size = max(width, round(columns * scale)), max(height, round(rows * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    large = cv2.resize(picture, size, interpolation=method)
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(large[y : y + height, x : x + width], np.uint8)


@lru_cache(maxsize=2)
def _picture(path: Path) -> U8:
    try:
        data = np.fromfile(path, np.uint8)  # cv2.imread cannot open every path on Windows
    except OSError as error:
        raise UserError(
            f"The background picture {path.name} cannot be opened.",
            f"The system said: {error.strerror or error}.",
            "Choose the picture again, or another background.",
        ) from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if image is None:
        raise UserError(
            f"The background picture {path.name} cannot be read.",
            "It is no picture in a known format (PNG, JPEG, WebP, TIFF), or it is damaged.",
            "Choose another picture.",
        )
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
