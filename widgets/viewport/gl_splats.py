"""Gaussians drawn by OpenGL 3.3, on whatever context is given: a window's or one without a window."""

from __future__ import annotations

from importlib import resources
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu.pipeline import GaussianArrays
from emotalker.engine.gaussians.packing import QUAD, QuadPacker

U8 = NDArray[np.uint8]
Rect = tuple[int, int, int, int]
CORNERS = np.array([-1, -1, 1, -1, -1, 1, 1, 1], np.float32)
FLOAT_BYTES = 4
ROOM = 1.25
"""Buffers are made this much larger than asked, so that a few more Gaussians in the next frame change nothing."""
FILE, WINDOW = 1.0, -1.0


def shader(name: str) -> str:
    """Text of the shader `name`, for example "splats.vert"."""
    return resources.files("emotalker.resources.shaders").joinpath(f"{name}.glsl").read_text(encoding="utf-8")


class GLSplats:
    """Draws frames of Gaussians over a background; one per context, used only while that context is current.

    `prepare` projects, sorts and uploads, `lay` puts the picture into a framebuffer, `image` reads it back.
    """

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._packer = QuadPacker()
        self._splats = context.program(vertex_shader=shader("splats.vert"), fragment_shader=shader("splats.frag"))
        self._lay = context.program(vertex_shader=shader("lay.vert"), fragment_shader=shader("lay.frag"))
        uniforms: Any = self._lay
        uniforms["splats"], uniforms["behind"] = 0, 1
        self._lay_array = context.vertex_array(self._lay, [])
        self._corners = context.buffer(CORNERS.tobytes())
        self._quads: moderngl.Buffer | None = None
        self._quad_array: moderngl.VertexArray | None = None
        self._size = (0, 0)
        self._layer: moderngl.Framebuffer | None = None
        self._textures: list[moderngl.Texture] = []

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the prepared picture; (0, 0) before the first."""
        return self._size

    def prepare(self, gaussians: GaussianArrays | None, camera: Camera, background: U8) -> None:
        """Draw a frame into a layer of its own, ready to be laid anywhere.

        Args:
            gaussians: in world space; None shows the background alone.
            camera: the view.
            background: what lies behind them, u8 [H, W, 3], of the camera's size.

        Raises:
            ValueError: if the background has another size than the camera's picture.
        """
        width, height = int(camera.width), int(camera.height)
        if background.shape != (height, width, 3):
            raise ValueError(f"the background is {background.shape}, the camera's picture {(height, width, 3)}")
        layer = self._layer_of(width, height)
        self._textures[1].write(np.ascontiguousarray(background))
        layer.use()
        self._context.viewport = (0, 0, width, height)
        layer.clear(0.0, 0.0, 0.0, 0.0)
        if gaussians is None or not len(gaussians.means):
            return
        quads = self._packer.pack(gaussians, camera)
        array = self._array_for(len(quads))
        if not len(quads) or self._quads is None:
            return
        # a fresh piece of memory: waiting until the card has read the last frame's would cost its whole frame
        self._quads.orphan()
        self._quads.write(quads)
        self._context.enable_only(moderngl.BLEND)
        self._context.blend_equation = moderngl.FUNC_ADD  # type: ignore[assignment]
        self._context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        array.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=len(quads))

    def lay(self, target: moderngl.Framebuffer, place: Rect, upside: float = WINDOW) -> None:
        """Put the prepared picture into a framebuffer.

        Args:
            target: where to.
            place: left, bottom, width and height in its pixels, counted from below as OpenGL does.
            upside: WINDOW, or FILE for a framebuffer whose first row is read as the picture's first.
        """
        if not self._textures:
            return
        target.use()
        self._context.viewport = place
        self._context.enable_only(moderngl.NOTHING)
        self._lay["upside"] = upside
        for unit, texture in enumerate(self._textures):
            texture.use(unit)
        self._lay_array.render(moderngl.TRIANGLES, vertices=3)

    def image(self) -> U8:
        """The prepared picture, u8 [H, W, 3].

        Raises:
            ValueError: if none was prepared.
        """
        width, height = self._size
        if not self._textures:
            raise ValueError("no picture was prepared")
        texture = self._context.texture((width, height), 4)
        target = self._context.framebuffer([texture])
        try:
            self.lay(target, (0, 0, width, height), FILE)
            data = target.read(components=3, alignment=1)
        finally:
            target.release()
            texture.release()
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)

    def release(self) -> None:
        """Give everything back to the card; the context must be current."""
        self._drop_layer()
        for thing in (self._quad_array, self._quads, self._lay_array, self._corners, self._splats, self._lay):
            if thing is not None:
                thing.release()
        self._quads = self._quad_array = None

    def _array_for(self, count: int) -> moderngl.VertexArray:
        size = max(count, 1) * QUAD * FLOAT_BYTES
        if self._quad_array is None or self._quads is None or self._quads.size < size:
            if self._quads is not None and self._quad_array is not None:
                self._quad_array.release()
                self._quads.release()
            self._quads = self._context.buffer(reserve=int(size * ROOM), dynamic=True)
            columns = (self._quads, "4f 4f 4f/i", "centre_axis", "axis_shape", "tint")
            self._quad_array = self._context.vertex_array(self._splats, [(self._corners, "2f", "corner"), columns])
        return self._quad_array

    def _layer_of(self, width: int, height: int) -> moderngl.Framebuffer:
        if self._layer is None or self._size != (width, height):
            self._drop_layer()
            # half floats keep colours brighter than white until the end, as the CPU renderer does
            splats = self._context.texture((width, height), 4, dtype="f2")
            behind = self._context.texture((width, height), 3, alignment=1)
            for texture in (splats, behind):
                texture.repeat_x = texture.repeat_y = False
            self._textures, self._size = [splats, behind], (width, height)
            self._layer = self._context.framebuffer([splats])
        return self._layer

    def _drop_layer(self) -> None:
        if self._layer is not None:
            self._layer.release()
            self._layer = None
        for texture in self._textures:
            texture.release()
        self._textures, self._size = [], (0, 0)
