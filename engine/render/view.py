"""How a twin is looked at: plain data shared by the viewport, the document and the export."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from emotalker.engine.errors import UserError

if TYPE_CHECKING:
    from emotalker.engine.avatar import Avatar
    from emotalker.engine.camera import Camera

MOST_YAW, MOST_PITCH = 60.0, 40.0
LEAST_ZOOM, MOST_ZOOM = 0.5, 4.0
MOST_PAN = 1.0
# A head turned by some degrees has shown what the camera would see from there, and a little beyond is still good.
LEAST_LIMIT, LIMIT_MARGIN = 10.0, 6.0


@dataclass(frozen=True)
class View:
    """A camera relative to that of the recordings.

    Attributes:
        yaw: degrees around the head; positive moves the camera to its own right.
        pitch: degrees; positive raises the camera.
        zoom: size on the picture; 1 is as recorded.
        pan_x: shift of the picture to the right, in shares of the recordings' width.
        pan_y: shift of the picture downwards, in shares of the recordings' height.
        framing: "fit" shows the whole recorded square in a picture of another shape, "fill" covers the picture with it.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    zoom: float = 1.0
    pan_x: float = 0.0
    pan_y: float = 0.0
    framing: Literal["fit", "fill"] = "fit"

    def clipped(self) -> View:
        """The nearest view that can be drawn sensibly."""
        return View(
            _clip(self.yaw, MOST_YAW), _clip(self.pitch, MOST_PITCH),
            min(max(self.zoom, LEAST_ZOOM), MOST_ZOOM), _clip(self.pan_x, MOST_PAN), _clip(self.pan_y, MOST_PAN),
            self.framing,
        )  # fmt: skip


@dataclass(frozen=True)
class ViewLimits:
    """How far the recordings show the head turned: beyond it a twin is guessed.

    Attributes:
        yaw: degrees to either side.
        pitch: degrees up and down.
    """

    yaw: float = LEAST_LIMIT
    pitch: float = LEAST_LIMIT


def picture_matrix(view: View, size: int, width: int, height: int) -> np.ndarray:
    """Where pixels of the recorded square land in a picture, float64 [3, 3].

    Args:
        view: the view; only zoom, pan and framing matter here, as orbiting is no movement of the picture.
        size: side of the recorded square, pixels.
        width: of the picture, pixels.
        height: of the picture, pixels.
    """
    cover = max(width, height) if view.framing == "fill" else min(width, height)
    scale = cover / size
    zoomed = scale * view.zoom
    x = width / 2 + view.pan_x * cover - zoomed * size / 2
    y = height / 2 + view.pan_y * cover - zoomed * size / 2
    return np.array([[zoomed, 0, x], [0, zoomed, y], [0, 0, 1]], np.float64)


def camera_of(avatar: Avatar, view: View, width: int, height: int) -> Camera:
    """The camera that sees `avatar` as `view` says, on a picture of width times height pixels.

    Raises:
        UserError: if the picture has no pixels.
    """
    if width < 1 or height < 1:
        raise UserError("The picture has no size.", f"It would be {width} x {height} pixels.", "Choose a larger one.")
    from emotalker.engine.camera import Camera

    size = avatar.camera.width
    base = avatar.orbit(size, math.radians(view.yaw), math.radians(view.pitch))
    matrix = picture_matrix(view, size, width, height)
    return Camera(base.viewmat, (matrix @ base.K.astype(np.float64)).astype(np.float32), width, height)


def limits_of(avatar: Avatar) -> ViewLimits:
    """How far from the front the recordings saw the head, read from the camera codes of training."""
    # the code is R|t of the head seen from the camera: a turn by an angle moves entries that are 0 from the front by
    # its sine
    reach = np.asarray(avatar.rest.code_reach, np.float64).reshape(3, 4)
    yaw, pitch = max(reach[0, 2], reach[2, 0]), max(reach[1, 2], reach[2, 1])
    return ViewLimits(_degrees(yaw), _degrees(pitch))


def _degrees(sine: float) -> float:
    return max(LEAST_LIMIT, math.degrees(math.asin(min(float(sine), 0.7))) + LIMIT_MARGIN)


def _clip(value: float, most: float) -> float:
    return min(max(value, -most), most)
