"""The pinhole camera shared by tracking, training, viewport and export."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in OpenCV axes: x right, y down, z forward; pixel centres lie at +0.5.

    Attributes:
        viewmat: world to camera, float32 [4, 4], metres.
        K: intrinsics in pixels, float32 [3, 3], no skew.
        width: image width in pixels.
        height: image height in pixels.
    """

    viewmat: NDArray[np.float32]
    K: NDArray[np.float32]
    width: int
    height: int

    def resized(self, width: int, height: int) -> Camera:
        """The same view on another pixel grid."""
        scale = np.diag([width / self.width, height / self.height, 1.0]).astype(np.float32)
        return Camera(self.viewmat, (scale @ self.K).astype(np.float32), width, height)

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixels [..., 2] of world points [..., 3], metres."""
        p = np.asarray(points, np.float64) @ self.viewmat[:3, :3].T.astype(np.float64) + self.viewmat[:3, 3]
        uv = p @ self.K.T.astype(np.float64)
        return uv[..., :2] / uv[..., 2:3]

    def orbited(self, pivot: NDArray[np.floating], yaw: float, pitch: float) -> Camera:
        """The camera moved around `pivot` (world, metres [3]) by yaw and pitch in radians, still looking at it.

        Positive yaw moves the camera to its own right (the subject shows its left side), positive pitch moves it up.
        """
        cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
        turn_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        turn_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        view = self.viewmat.astype(np.float64)
        centre = view[:3, :3] @ np.asarray(pivot, np.float64) + view[:3, 3]
        turned = turn_x @ turn_y
        out = np.eye(4)
        out[:3, :3] = turned @ view[:3, :3]
        out[:3, 3] = turned @ (view[:3, 3] - centre) + centre
        return Camera(out.astype(np.float32), self.K, self.width, self.height)
