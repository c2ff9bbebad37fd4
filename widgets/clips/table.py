"""The view of the clips' table."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from emotalker.widgets import style
from emotalker.widgets.clips.delegates import EmotionDelegate, LevelDelegate, ThumbnailDelegate, TickDelegate
from emotalker.widgets.clips.model import ClipsModel, Column

_WIDTHS = {
    Column.EMOTION: 12, Column.LEVEL: 7, Column.LENGTH: 8, Column.PICTURE: 20, Column.CHECK: 15.5, Column.HELD_OUT: 9.5,
}  # fmt: skip


class ClipsTable(QTableView):
    """Whole rows are selected; F2 or a double-click edits a label, Delete removes, Space ticks."""

    remove_requested = Signal()

    def __init__(self, model: ClipsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("clips_table")
        self.setAccessibleName("Clips")
        self.setToolTip("")
        self.setModel(model)
        self._delegates = {
            Column.NAME: ThumbnailDelegate(self),
            Column.EMOTION: EmotionDelegate(self),
            Column.LEVEL: LevelDelegate(self),
            Column.HELD_OUT: TickDelegate(self),
        }
        for column, delegate in self._delegates.items():
            self.setItemDelegateForColumn(column, delegate)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.SelectedClicked)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self._dress()
        style.notifier().changed.connect(self._dress)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete removes; Enter edits; Space ticks the held-out box of the row wherever the cursor is."""
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_requested.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            if not index.flags() & Qt.ItemFlag.ItemIsEditable:
                index = index.siblingAtColumn(Column.EMOTION)
                self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.edit(index)
        elif event.key() == Qt.Key.Key_Space and index.isValid():
            tick = index.siblingAtColumn(Column.HELD_OUT)
            out = tick.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
            state = Qt.CheckState.Unchecked if out else Qt.CheckState.Checked
            self.model().setData(tick, state, Qt.ItemDataRole.CheckStateRole)
        else:
            super().keyPressEvent(event)

    def _dress(self) -> None:
        self.setIconSize(QSize(style.space(2.25), style.space(2.25)))
        self.verticalHeader().setDefaultSectionSize(style.space(7))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(style.space(6))
        for column, width in _WIDTHS.items():
            header.resizeSection(column, max(style.space(width), header.sectionSizeHint(column)))
        self.viewport().update()
