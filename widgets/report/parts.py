"""What the report page is made of: finding cards, tables, pictures."""

from __future__ import annotations

import contextlib
from pathlib import Path

from PySide6.QtCore import QObject, QRectF, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QImageReader, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from emotalker.engine.report.tables import Table
from emotalker.engine.report.words import VERDICT_WORDS, Finding, Verdict
from emotalker.widgets import style
from emotalker.widgets.common import IconLabel, WrapLabel
from emotalker.widgets.style import ColourName

_SIGNS: dict[Verdict, tuple[str, ColourName]] = {
    "good": ("good", "good"),
    "fair": ("warning", "warn"),
    "poor": ("error", "bad"),
    "unknown": ("info", "muted"),
}

WIDEST = 2400
"""Pixels a picture is kept wide at most: more than a page shows."""


class FindingCard(QFrame):
    """A finding: sign, sentence, and where it comes from."""

    def __init__(self, finding: Finding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        word = VERDICT_WORDS[finding.verdict]
        self.setAccessibleName(f"{finding.title} ({word})")
        self.setToolTip(finding.text)
        icon, colour = _SIGNS[finding.verdict]
        sign = IconLabel(icon, 22, colour)
        sign.setToolTip(word)
        self.title, self.text = WrapLabel(finding.title, "heading"), WrapLabel(f"{word} · {finding.text}", "muted")
        texts = QVBoxLayout()
        texts.setSpacing(style.space(0.5))
        texts.addWidget(self.title)
        texts.addWidget(self.text)
        texts.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(*[style.space(1.5)] * 4)
        row.setSpacing(style.space(1))
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)


class FigureTable(QTableWidget):
    """A table of figures as high as its rows; wider ones scroll sideways."""

    def __init__(self, name: str, content: Table, parent: QWidget | None = None) -> None:
        super().__init__(len(content.rows), len(content.head), parent)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setHorizontalHeaderLabels(list(content.head))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        for r, row in enumerate(content.rows):
            for c, text in enumerate(row):
                item = QTableWidgetItem(text or "–")
                side = Qt.AlignmentFlag.AlignRight if c else Qt.AlignmentFlag.AlignLeft
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                if r in content.strong:
                    font = item.font()
                    font.setBold(True)
                    item.setFont(font)
                self.setItem(r, c, item)
        self.resizeColumnsToContents()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """High enough for all rows."""
        rows = sum(self.rowHeight(row) for row in range(self.rowCount()))
        below = self.horizontalScrollBar().sizeHint().height() + 2 * self.frameWidth()
        return QSize(super().sizeHint().width(), rows + self.horizontalHeader().sizeHint().height() + below)

    def minimumSizeHint(self) -> QSize:
        """Narrow ones scroll."""
        return QSize(style.space(20), self.sizeHint().height())


class _Decoded(QObject):
    """Brings a picture out of the thread that decoded it."""

    ready = Signal(QImage)


class _Decoding(QRunnable):
    """Decodes one file at a size, away from the window's thread."""

    def __init__(self, path: Path, size: QSize, decoded: _Decoded) -> None:
        super().__init__()
        self._path, self._size, self._decoded = path, size, decoded

    def run(self) -> None:
        """Called by the pool."""
        reader = QImageReader(str(self._path))
        reader.setScaledSize(self._size)
        image = reader.read()
        with contextlib.suppress(RuntimeError):  # the program ended meanwhile, and Qt took its objects away
            self._decoded.ready.emit(image)


class Picture(QWidget):
    """A picture file as wide as there is room, never larger than it is.

    Its place is kept at once, since its size stands at the file's beginning; it is seen as soon as it is decoded.

    Attributes:
        image: what is drawn; null until it is decoded.
    """

    def __init__(self, path: Path, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(words)
        self.setToolTip(words)
        self.image = QImage()
        self._size = QImageReader(str(path)).size()
        self._decoded = _Decoded()  # also held by the work: the last one to need it lets it go
        self._decoded.ready.connect(self._show)
        if self._size.isValid():
            scale = min(1.0, WIDEST / self._size.width())
            kept = QSize(round(self._size.width() * scale), max(round(self._size.height() * scale), 1))
            QThreadPool.globalInstance().start(_Decoding(path, kept, self._decoded))
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        """Its height follows from its width."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The height at a width."""
        if self._size.isEmpty():
            return 0
        return round(min(width, self._size.width()) * self._size.height() / self._size.width())

    def sizeHint(self) -> QSize:
        """The picture's own size, up to what a page is wide."""
        width = min(max(self._size.width(), 0), style.space(100))
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        """It may be small."""
        return QSize(style.space(20), self.heightForWidth(style.space(20)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        if self.image.isNull():
            return
        width = min(self.width(), self._size.width())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(0, 0, width, self.heightForWidth(width)), self.image, QRectF(self.image.rect()))
        painter.end()

    def _show(self, image: QImage) -> None:
        self.image = image
        if image.isNull():  # damaged behind its beginning: no empty place is kept for it
            self._size = QSize()
            self.updateGeometry()
        self.update()
