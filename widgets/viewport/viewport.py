"""The window onto the twin: shows frames, lets the hand move the camera, says what is going on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QImage, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from emotalker.engine.errors import UserError
from emotalker.engine.render.view import View, ViewLimits
from emotalker.widgets import style
from emotalker.widgets.common.drops import FileDrop
from emotalker.widgets.viewport.backends import BACKENDS, NO_GL, SHORT, Backend, gl_renderer
from emotalker.widgets.viewport.canvas import Canvas, ImageCanvas, device_size, image_of, letterbox
from emotalker.widgets.viewport.navigation import Navigator
from emotalker.widgets.viewport.overlay import Overlay

if TYPE_CHECKING:
    from emotalker.engine.playback import Frame, PlaybackStats
    from emotalker.widgets.viewport.gl_canvas import GLCanvas

AlphaRenderer = Callable[[], NDArray[np.uint8]]
SHORT_SIDE: dict[Backend, int] = {"cpu": 512, "gl": 1440, "cuda": 1080}
"""Pixels of the shorter side that are asked for at most: the processor keeps 40 frames a second at 512."""
WIDEST = 16 / 9
SETTLE_MS = 120
"""A window being resized asks for one new size, not for every one on the way."""
HELP = (
    "Drag to look around the head, Shift+drag or middle drag to move the picture, wheel to zoom, double-click to reset."
    "\nKeys: Ctrl+arrows, + and -, 0. The dial shows the recorded range and the camera."
)


class Viewport(QWidget):
    """Shows what `present` gives and asks for other views and sizes; it never renders the twin itself.

    With the backends "cpu" and "cuda" frames come as pictures, with "gl" as Gaussians that the graphics card draws.
    """

    presented = Signal(int, float)
    """Serial of a new frame and `time.perf_counter` when it was painted; once per frame, from the paint event."""
    view_changed = Signal(object)
    """The `View` after every step of the user."""
    render_size_changed = Signal(int, int)
    """Width and height in pixels that frames should have from now on."""
    backend_changed = Signal(str)
    backend_failed = Signal(str)
    """A sentence why OpenGL cannot go on; the processor has taken over already."""
    files_dropped = Signal(object)
    """list[Path]: files dropped on the picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("viewport")
        self.setAccessibleName("Picture of the twin")
        self.setAccessibleDescription(HELP)
        self.setToolTip(HELP)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(style.space(20), style.space(20))
        self._backend: Backend = "cpu"
        self._overlay = Overlay(self)
        self._canvas = self._add(ImageCanvas(self))
        self._navigator = Navigator(self, self.picture_rect)
        self._navigator.changed.connect(self._moved)
        drops = FileDrop(self)
        drops.hovering.connect(lambda over: self._overlay.show_now(drop=over))
        drops.dropped.connect(self.files_dropped)
        self._stats: PlaybackStats | None = None
        self._hud = True
        self._frame: Frame | None = None
        self._alpha_renderer: AlphaRenderer | None = None
        self._most: int | None = None
        self._asked = (0, 0)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._ask_size)

    @property
    def backend(self) -> Backend:
        """What draws: "cpu", "gl" or "cuda"."""
        return self._backend

    @property
    def view(self) -> View:
        """Where the camera is."""
        return self._navigator.view

    @property
    def render_size(self) -> tuple[int, int]:
        """Width and height that frames should have: the widget's shape and pixels, within what the backend can do."""
        room = device_size(self)
        wide, high = float(max(room.width(), 16)), float(max(room.height(), 16))
        wide, high = min(wide, high * WIDEST), min(high, wide * WIDEST)
        scale = min(1.0, (self._most or SHORT_SIDE[self._backend]) / min(wide, high))
        return max(round(wide * scale), 16), max(round(high * scale), 16)

    def present(self, frame: Frame) -> None:
        """Show a frame at the next paint event; one that was not painted yet is dropped for it."""
        before, self._frame = self._canvas.frame_size(), frame
        self._canvas.present(frame)
        size = self._canvas.frame_size()
        if size != before:
            self._overlay.show_now(has_picture=not size.isEmpty())
            self._show_figures()

    def clear(self) -> None:
        """Show no picture any more."""
        self._frame = self._stats = None
        self._canvas.clear()
        self._overlay.show_now(has_picture=False, figures=())

    def set_view(self, view: View) -> None:
        """Say where the camera is; emits nothing."""
        self._navigator.view = view
        self._overlay.show_now(view=view)

    def set_limits(self, limits: ViewLimits) -> None:
        """How far the recordings reach."""
        self._navigator.limits = limits
        self._overlay.show_now(limits=limits)

    def set_hud(self, shown: bool) -> None:
        """Show or hide frames per second, dropped frames, size and backend."""
        self._hud = shown
        self._show_figures()

    def set_stats(self, stats: PlaybackStats) -> None:
        """How playing goes."""
        self._stats = stats
        self._show_figures()

    def set_message(self, text: str | None, icon: str = "person") -> None:
        """Show a state in the middle ("Loading the twin..."); None shows the picture again."""
        self._overlay.show_now(message=text or None, icon=icon)
        self.setAccessibleDescription(text or HELP)

    def set_alpha_renderer(self, renderer: AlphaRenderer | None) -> None:
        """What makes the frame on show with straight alpha, u8 [H, W, 4]; see `emotalker.engine.render.still`."""
        self._alpha_renderer = renderer

    def set_render_limit(self, pixels: int | None) -> None:
        """The most pixels the shorter side of a frame should have; None leaves it to the backend."""
        self._most = pixels
        self._ask_size()

    def set_backend(self, name: str) -> None:
        """Draw with another backend; when it cannot start, `backend_failed` says why and the processor goes on.

        Raises:
            ValueError: if there is none of that name.
        """
        backend = next((b for b in BACKENDS if b == name), None)
        if backend is None:
            raise ValueError(f"no backend is called {name!r}")
        if backend == self._backend:
            return
        if backend == "gl":
            if gl_renderer() is None:
                self.set_backend("cpu")
                self.backend_failed.emit(f"{NO_GL} The processor draws it now.")
                return
            from emotalker.widgets.viewport.gl_canvas import GLCanvas

            self._swap(GLCanvas(self), backend)
        elif self._backend == "gl":
            self._swap(ImageCanvas(self), backend)
        self._backend = backend
        self._show_figures()
        self._ask_size()
        self.backend_changed.emit(backend)

    def screenshot(self, alpha: bool = False) -> QImage:
        """The frame on show at its own size, without figures and dial.

        Args:
            alpha: see-through where nothing of the person is, straight alpha; else as shown.

        Raises:
            UserError: if there is no frame, or nothing can make it see-through.
        """
        picture = self._canvas.picture()
        if picture.isNull():
            raise UserError("There is no picture to save.", "No twin is on show.", "Open a twin and try again.")
        if not alpha or picture.hasAlphaChannel():
            return picture
        if self._alpha_renderer is None:
            raise UserError(
                "The picture cannot be saved with a transparent background.",
                "What it is made of is not at hand any more.",
                "Play the twin and try again, or save it with its background.",
            )
        return image_of(self._alpha_renderer()).copy()

    def orbit_by(self, yaw: float, pitch: float) -> None:
        """Move the camera around the head by degrees."""
        self._navigator.orbit_by(yaw, pitch)

    def zoom_by(self, factor: float) -> None:
        """Make the picture larger, or smaller by a factor below 1."""
        self._navigator.zoom_by(factor)

    def pan_by(self, x: float, y: float) -> None:
        """Shift the picture right and down by shares of the recordings' width."""
        self._navigator.pan_by(x, y)

    def reset_view(self) -> None:
        """Look as the recordings did."""
        self._navigator.reset()

    def picture_rect(self) -> QRectF:
        """Where the picture lies, in logical pixels."""
        size, ratio = self._canvas.frame_size(), self.devicePixelRatioF()
        place = letterbox(QSize(*self.render_size) if size.isEmpty() else size, device_size(self))
        return QRectF(place.x() / ratio, place.y() / ratio, place.width() / ratio, place.height() / ratio)

    def release(self) -> None:
        """Give back what the backend holds; call it before the window goes."""
        self._settle.stop()
        self._canvas.release()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Everything covers the viewport; a new size is asked for once it stays."""
        self._canvas.setGeometry(self.rect())
        self._overlay.setGeometry(self.rect())
        self._settle.start()

    def event(self, event: QEvent) -> bool:
        """Show the focus when it came by key, and the help only over the dial: a talking face is no place for it."""
        kind = event.type()
        if isinstance(event, QHelpEvent) and kind == QEvent.Type.ToolTip:
            busy = self._overlay.shown.has_picture and self._overlay.shown.message is None
            if busy and not self._overlay.dial_rect().contains(event.pos()):
                event.ignore()
                return True
        elif isinstance(event, QFocusEvent):
            by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
            self._overlay.show_now(focus=kind == QEvent.Type.FocusIn and by_key)
        elif kind in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.ScreenChangeInternal):
            self._settle.start()
        return super().event(event)

    def _add(self, canvas: ImageCanvas | GLCanvas) -> Canvas:
        canvas.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        canvas.setGeometry(self.rect())
        canvas.painted.connect(self.presented)
        # from within a paint event: the canvas must not go before that is over
        canvas.failed.connect(self._gl_failed, Qt.ConnectionType.QueuedConnection)
        canvas.lower()
        canvas.show()
        return canvas

    def _swap(self, canvas: ImageCanvas | GLCanvas, backend: Backend) -> None:
        old, self._canvas = self._canvas, self._add(canvas)
        old.release()
        old.hide()
        old.deleteLater()
        if self._frame is not None:
            self._canvas.present(self._frame, announce=False)
        self._backend = backend

    def _gl_failed(self, why: str) -> None:
        if self._backend != "gl":
            return
        self._swap(ImageCanvas(self), "cpu")
        self._show_figures()
        self._ask_size()
        self.backend_changed.emit("cpu")
        self.backend_failed.emit(f"{why} The processor draws it now.")

    def _moved(self, view: View) -> None:
        self._overlay.show_now(view=view)
        self.view_changed.emit(view)

    def _ask_size(self) -> None:
        size = self.render_size
        if size != self._asked:
            self._asked = size
            self.render_size_changed.emit(*size)

    def _show_figures(self) -> None:
        size, stats, figures = self._canvas.frame_size(), self._stats, []
        if stats is not None:
            figures = [f"{stats.fps:.0f} FPS", f"{stats.dropped} dropped"]
        figures += [f"{size.width()} × {size.height()}", SHORT[self._backend]]
        self._overlay.show_now(figures=tuple(figures) if self._hud and not size.isEmpty() else ())
