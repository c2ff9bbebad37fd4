"""The dialog that shows the tracked head over a clip, frame by frame, and says where the tracker was unsure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from emotalker.engine.errors import UserError
from emotalker.widgets import style
from emotalker.widgets.clips.loader import Loader
from emotalker.widgets.common import LabelledSlider, WrapLabel, close_buttons
from emotalker.widgets.tracking.curve import ConfidenceCurve

OPENING = "Reading the track…"
MOST = 8
"""Problems said in full; more are counted."""


class TrackedClip(Protocol):
    """A tracked clip to be looked at, as the engine offers it."""

    @property
    def count(self) -> int:
        """Number of frames T."""
        ...

    @property
    def confidence(self) -> NDArray[np.float32]:
        """How sure the tracker was [T], in [0, 1]."""
        ...

    @property
    def problems(self) -> Sequence[str]:
        """What the user should know, a sentence each."""
        ...

    def frame(self, index: int) -> NDArray[np.uint8]:
        """The frame with landmarks beside the frame with the mesh, u8 [S, 2 S, 3]."""
        ...


class _Picture(QWidget):
    """A picture as large as there is room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tracking_picture")
        self.setToolTip("Left: points seen (green) and points of the fitted head (red). Right: the fitted head.")
        self._image = QImage()
        style.notifier().changed.connect(self.update)

    def set_image(self, image: QImage) -> None:
        """Show another picture."""
        self._image = image
        self.update()

    @property
    def image(self) -> QImage:
        """The picture shown; null before the first."""
        return self._image

    def sizeHint(self) -> QSize:
        """Twice as wide as high."""
        return QSize(style.space(110), style.space(55))

    def minimumSizeHint(self) -> QSize:
        """Large enough to see a face."""
        return QSize(style.space(50), style.space(25))

    def paintEvent(self, event: QPaintEvent) -> None:
        """In the middle, in its own shape."""
        del event
        painter = QPainter(self)
        painter.fillRect(self.rect(), style.colours().canvas)
        if not self._image.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
            painter.drawImage(QRectF(left, top, size.width(), size.height()), self._image)
        painter.end()


class TrackingDialog(QDialog):
    """Picture, curve, slider and what the tracker has to say; everything is read and drawn in a thread of its own.

    Args:
        clip: its name.
        open_clip: reads the track; called in the thread, where heavy imports may happen.
        parent: the window it belongs to.
    """

    def __init__(self, clip: str, open_clip: Callable[[], TrackedClip], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tracking_dialog")
        self.setWindowTitle(f"Tracking of {clip}")
        self._view: TrackedClip | None = None
        self._wanted, self._busy = 0, False
        self._loader = Loader(self)
        self._loader.loaded.connect(self._loaded)
        self.picture, self.curve = _Picture(), ConfidenceCurve()
        self.curve.sought.connect(self.go_to)
        self.message = WrapLabel(OPENING, "muted")
        self.message.setObjectName("tracking_message")
        self.slider: LabelledSlider | None = None
        self._below = QVBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(*[style.space(2)] * 4)
        column.setSpacing(style.space(1))
        column.addWidget(self.picture, 1)
        column.addWidget(self.curve)
        column.addLayout(self._below)
        bottom = QHBoxLayout()
        bottom.setSpacing(style.space(2))
        bottom.addWidget(self.message, 1)
        bottom.addWidget(close_buttons(self, "tracking_close", "Close (Esc)"), 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(bottom)
        self.resize(style.space(112), style.space(82))
        self._loader.load("open", lambda: _told(open_clip))

    @property
    def frame(self) -> int:
        """The frame asked for last."""
        return self._wanted

    def go_to(self, frame: int) -> None:
        """Show a frame, counted from 0."""
        if self._view is None or self.slider is None:
            return
        self._wanted = min(max(frame, 0), self._view.count - 1)
        self.slider.set_value(self._wanted + 1)
        self.curve.set_frame(self._wanted)
        self._draw()

    def _loaded(self, key: object, result: object) -> None:
        if isinstance(result, UserError):
            self.message.setText(f"{result.what} {result.why} {result.what_to_do}")
            self._busy = False
        elif key == "open":
            self._opened(result)  # type: ignore[arg-type]
        elif isinstance(result, QImage):
            self._busy = False
            self.picture.set_image(result)
            if key != ("frame", self._wanted):
                self._draw()  # the slider went on meanwhile; frames in between are left out

    def _opened(self, view: TrackedClip) -> None:
        self._view = view
        self.curve.set_values(view.confidence)
        self.message.setText(_sentences(view.problems) or "The tracker found nothing to complain about.")
        slider = self.slider = LabelledSlider(
            "Frame", 1.0, float(max(view.count, 2)), 1.0, step=1.0, decimals=0, suffix=f" of {view.count}",
            tooltip="Frame of the clip; arrow keys go one by one",
        )  # fmt: skip
        slider.setEnabled(view.count > 1)
        slider.value_changed.connect(lambda value: self.go_to(round(value) - 1))
        self._below.addWidget(slider)
        slider.slider.setFocus()
        # the frame the tracker was least sure of is what one comes to see
        self.go_to(int(np.argmin(view.confidence)) if view.count else 0)

    def _draw(self) -> None:
        view, frame = self._view, self._wanted
        if view is not None and not self._busy and view.count:
            self._busy = True
            self._loader.load(("frame", frame), lambda: _told(lambda: _image(view.frame(frame))))


def _told(make: Callable[[], object]) -> object:
    """What `make` gives, or the error to be told in its place."""
    try:
        return make()
    except UserError as error:
        return error


def _image(rgb: NDArray[np.uint8]) -> QImage:
    height, width = rgb.shape[:2]
    data = np.ascontiguousarray(rgb)
    return QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _sentences(problems: Sequence[str]) -> str:
    shown = "\n".join(problems[:MOST])
    return f"{shown}\nand {len(problems) - MOST} more" if len(problems) > MOST else shown
