"""The parts of a project on the disk, with bars, ticks and one red button."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from emotalker.projects.storage import StorageItem
from emotalker.widgets import style
from emotalker.widgets.common import IconLabel, WrapLabel
from emotalker.widgets.training import words


class SizeBar(QWidget):
    """How much of the whole an item takes."""

    def __init__(self, share: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.share = min(max(share, 0.0), 1.0)
        self.setAccessibleName(f"{self.share:.0%} of the project")
        self.setToolTip(self.accessibleName())
        style.notifier().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """A thin line."""
        return QSize(style.space(12), style.space(1))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the groove and the part that is taken."""
        c = style.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        height = min(self.height(), style.space(0.75))
        box = QRectF(0, (self.height() - height) / 2, self.width(), height)
        painter.setBrush(c.border)
        painter.drawRoundedRect(box, height / 2, height / 2)
        box.setWidth(max(self.width() * self.share, height))
        painter.setBrush(c.accent)
        painter.drawRoundedRect(box, height / 2, height / 2)
        painter.end()


class StoragePage(QWidget):
    """Lists items; those that can be deleted have a tick.

    Attributes:
        ticks: by key of the item.
        delete: the red button.
    """

    delete_requested = Signal(object)
    """list[str]: keys of the ticked items; who receives it asks the user first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("storage_page")
        self.setAccessibleName("Storage")
        self._items: list[StorageItem] = []
        self.ticks: dict[str, QCheckBox] = {}
        title = QLabel("Storage")
        title.setProperty("role", "title")
        self._total = WrapLabel("Counting…", "muted")
        self._area = QScrollArea()
        self._area.setObjectName("storage_items")
        self._area.setAccessibleName("Parts of the project")
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._chosen = WrapLabel("", "muted")
        self.delete = QPushButton("Delete selected")
        self.delete.setObjectName("storage_delete")
        self.delete.setProperty("role", "danger")
        self.delete.setAccessibleName("Delete selected")
        self.delete.setToolTip("Delete the ticked parts for good; you are asked first")
        self.delete.clicked.connect(lambda: self.delete_requested.emit(self.chosen()))
        below = QHBoxLayout()
        below.addWidget(self._chosen, 1)
        below.addWidget(self.delete)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[style.space(2)] * 4)
        column.setSpacing(style.space(1))
        column.addWidget(title)
        column.addWidget(self._total)
        column.addWidget(self._area, 1)
        column.addLayout(below)
        self._refresh()

    def set_items(self, items: Sequence[StorageItem], free: int | None = None) -> None:
        """Show these parts.

        Args:
            items: in the order to show them.
            free: bytes free on the disk; not mentioned when None.
        """
        ticked = set(self.chosen())
        self._items = list(items)
        total = sum(item.bytes for item in items)
        text = f"This project takes {words.size(total)}."
        self._total.setText(text + (f" {words.size(free)} are free on its disk." if free is not None else ""))
        self.ticks = {}
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, style.space(1), 0)
        column.setSpacing(style.space(1))
        for deletable, heading in ((True, "Can be deleted"), (False, "Needed")):
            part = [item for item in items if item.deletable is deletable]
            if part:
                label = QLabel(heading)
                label.setProperty("role", "heading")
                column.addWidget(label)
            for item in part:
                column.addWidget(self._row(item, total, item.key in ticked))
        column.addStretch(1)
        self._area.setWidget(inner)
        self._refresh()

    def chosen(self) -> list[str]:
        """Keys of the ticked items."""
        return [key for key, tick in self.ticks.items() if tick.isChecked()]

    def _row(self, item: StorageItem, total: int, ticked: bool) -> QFrame:
        row = QFrame()
        row.setProperty("role", "card")
        column = QVBoxLayout(row)
        column.setContentsMargins(style.space(1.5), style.space(1), style.space(1.5), style.space(1))
        column.setSpacing(style.space(0.5))
        top = QHBoxLayout()
        if item.deletable:
            tick = QCheckBox(item.title)
            tick.setObjectName(f"storage_tick_{item.key}")
            tick.setAccessibleName(f"{item.title}, {words.size(item.bytes)}")
            tick.setToolTip(f"Tick to delete: {item.text}" + (f"\n{item.warning}" if item.warning else ""))
            tick.setChecked(ticked)
            tick.toggled.connect(self._refresh)
            self.ticks[item.key] = tick
            top.addWidget(tick, 1)
        else:
            top.addWidget(WrapLabel(item.title), 1)
        size = QLabel(words.size(item.bytes))
        top.addWidget(size)
        column.addLayout(top)
        column.addWidget(SizeBar(item.bytes / max(total, 1)))
        column.addWidget(WrapLabel(item.text, "muted"))
        if item.warning:
            line = QHBoxLayout()
            line.setSpacing(style.space(0.75))
            line.addWidget(IconLabel("warning", 18, "warn"), 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(WrapLabel(item.warning), 1)
            column.addLayout(line)
        return row

    def _refresh(self) -> None:
        keys = set(self.chosen())
        freed = sum(item.bytes for item in self._items if item.key in keys)
        self.delete.setEnabled(bool(keys))
        self._chosen.setText(f"{words.size(freed)} will be free." if keys else "Tick what you do not need any more.")
