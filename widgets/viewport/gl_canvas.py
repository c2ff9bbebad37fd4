"""The viewport's backend for graphics cards: Gaussians drawn by OpenGL straight into the window."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import moderngl
import numpy as np
from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QImage, QOpenGLContext, QSurfaceFormat
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QWidget

from emotalker.widgets import style
from emotalker.widgets.viewport.backends import core_format
from emotalker.widgets.viewport.canvas import device_size, image_of, letterbox, too_late
from emotalker.widgets.viewport.gl_splats import GLSplats

if TYPE_CHECKING:
    from emotalker.engine.playback import Frame

log = logging.getLogger(__name__)
PATIENCE = 60
"""Frames that may come before the context: a window that is being shown needs a few; one that needs more has none."""


class QtFunctions:
    """Finds OpenGL's functions for moderngl through Qt: right for GLX, EGL, Wayland, WGL and CGL alike."""

    def __init__(self, context: QOpenGLContext) -> None:
        self._context = context

    def load(self, name: str) -> int:
        """Address of a function; 0 when there is none."""
        return int(self._context.getProcAddress(name.encode()) or 0)  # type: ignore[arg-type, call-overload]

    def release(self) -> None:
        """The context is Qt's; nothing to do."""

    def __enter__(self) -> QtFunctions:
        return self

    def __exit__(self, *args: object) -> None:
        return None


class GLCanvas(QOpenGLWidget):
    """Draws each frame's Gaussians over its background; a frame with a picture alone shows the picture."""

    painted = Signal(int, float)
    failed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gl_canvas")
        self.setFormat(core_format(QSurfaceFormat.defaultFormat()))
        self._frame: Frame | None = None
        self._waiting: int | None = None
        self._announce = True
        self._prepared = False
        self._shown_at = 0.0
        self._unseen = 0
        self._broken = False
        self._context: moderngl.Context | None = None
        self._splats: GLSplats | None = None

    def present(self, frame: Frame, announce: bool = True) -> None:
        """Show the frame."""
        if self._broken or (frame.image is None and frame.arrays is None):
            return
        self._frame, self._waiting, self._announce = frame, frame.serial, announce
        self._unseen += self.isVisible()
        if self._unseen > PATIENCE and not self.isValid():
            self._fail("the system gives no OpenGL 3.3 context to this window")
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._frame = self._waiting = None
        self.update()

    def frame_size(self) -> QSize:
        """Size of the frame on show, pixels."""
        if self._frame is None:
            return QSize()
        height, width = self._frame.background.shape[:2]
        return QSize(width, height)

    def picture(self) -> QImage:
        """The frame on show, read back from the card."""
        if self._frame is None or self._splats is None or self._context is None:
            return QImage()
        self.makeCurrent()
        try:
            with self._context:
                if self._waiting is not None or not self._prepared:
                    self._prepare(self._frame)
                return image_of(self._splats.image()).copy()
        finally:
            self.doneCurrent()

    def release(self) -> None:
        """Give everything back to the card."""
        self._frame = self._waiting = None
        if self._context is not None:
            self.makeCurrent()
            self._drop()
            self.doneCurrent()

    def initializeGL(self) -> None:
        """Set up on a new context: the first, or another after the window was moved or the old one was lost."""
        self._drop()
        context = self.context()
        try:
            functions: Any = QtFunctions(context)
            self._context = moderngl.create_context(require=330, context=functions)
            self._splats = GLSplats(self._context)
        except Exception as error:
            # whatever a driver throws means the same: this canvas cannot show anything, and the viewport falls back
            log.exception("OpenGL could not be set up")
            self._fail(str(error))
            return
        self._prepared = False
        context.aboutToBeDestroyed.connect(self._lose)

    def paintGL(self) -> None:
        """Draw the newest frame, or lay the last one again."""
        if self._broken or self._splats is None or self._context is None:
            return
        self._unseen = 0
        if self._waiting is not None and self._frame is not None and self._prepared:
            if too_late(self._frame, self._shown_at):
                self._waiting = None
            else:
                self._prepared = False
        try:
            with self._context:
                self._draw(self._splats, self._context)
        except Exception as error:
            log.exception("OpenGL stopped drawing")
            self._fail(str(error))
            return
        if self._waiting is not None:
            fresh, self._waiting, self._shown_at = self._waiting, None, time.perf_counter()
            if self._announce:
                self.painted.emit(fresh, self._shown_at)

    def _draw(self, splats: GLSplats, context: moderngl.Context) -> None:
        # Qt makes a new framebuffer when the widget changes its size: never keep it
        window = context.detect_framebuffer(self.defaultFramebufferObject())
        if self._frame is not None and not self._prepared:
            self._prepare(self._frame)
        room = device_size(self)
        window.use()
        context.viewport = (0, 0, room.width(), room.height())
        bare = style.colours().canvas
        window.clear(bare.redF(), bare.greenF(), bare.blueF(), 1.0)
        if self._frame is not None:
            place = letterbox(QSize(*splats.size), room)
            below = room.height() - place.y() - place.height()
            splats.lay(window, (place.x(), below, place.width(), place.height()))
        if context.error != "GL_NO_ERROR":
            raise RuntimeError("the graphics driver reports an error")

    def _prepare(self, frame: Frame) -> None:
        if self._splats is None:
            return
        background = frame.background
        if frame.arrays is None and frame.image is not None:
            background = np.ascontiguousarray(frame.image[..., :3])
        self._splats.prepare(frame.arrays, frame.camera, background)
        self._prepared = True

    def _lose(self) -> None:
        """Qt is about to destroy the context: give everything back while it lives; `initializeGL` comes again."""
        self.makeCurrent()
        self._drop()
        self.doneCurrent()

    def _drop(self) -> None:
        if self._splats is not None:
            self._splats.release()
        if self._context is not None:
            self._context.release()
        self._splats = self._context = None

    def _fail(self, why: str) -> None:
        if not self._broken:
            self._broken = True
            self.failed.emit(f"The graphics card cannot show the twin: {why}.")
