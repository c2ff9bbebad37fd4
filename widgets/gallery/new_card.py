"""The card behind which a new twin begins."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from emotalker.widgets import style
from emotalker.widgets.gallery.grid import MOVES


class NewCard(QAbstractButton):
    """A dashed card with a plus."""

    moved_focus = Signal(int)
    """A key of the arrows, as Qt.Key."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gallery_new")
        self.setText("New twin")
        self.setAccessibleName("New twin")
        self.setToolTip("Make a twin from clips of a person (Ctrl+N); or drop video files anywhere on this page")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        style.notifier().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """About as large as a card."""
        return QSize(style.space(25), style.space(28))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses, arrows go to a neighbour."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif key in MOVES:
            self.moved_focus.emit(int(key))
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw border, plus and words."""
        c = style.colours()
        active = self.underMouse() or self.hasFocus() or self.isDown()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(c.accent if active else c.border, 2)
        if not self.hasFocus():
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(c.raised if active else c.window)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), style.space(0.75), style.space(0.75))
        side, middle = style.space(6), self.rect().center()
        icon = style.pixmap("add", side, c.accent, self.devicePixelRatioF())
        painter.drawPixmap(middle.x() - side // 2, middle.y() - side - style.space(1), icon)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(c.text)
        box = QRectF(style.space(1), middle.y(), self.width() - style.space(2), painter.fontMetrics().height() * 1.4)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.text())
        painter.setFont(self.font())
        painter.setPen(c.muted)
        box = QRectF(style.space(1), box.bottom(), self.width() - style.space(2), self.height() - box.bottom())
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(box, int(flags), "From clips of a person. Drop videos anywhere here.")
        painter.end()
