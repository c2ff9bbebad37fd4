"""Editors inside the table: a list of emotions, a box for levels; and thumbnails."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL
from emotalker.widgets import style
from emotalker.widgets.clips.model import HINT_ROLE, Index
from emotalker.widgets.clips.pictures import paint_covering
from emotalker.widgets.common.number_box import off_the_border


def emotion_box(parent: QWidget | None = None) -> QComboBox:
    """A list of the emotions; its data are the engine's names."""
    box = QComboBox(parent)
    for emotion in EMOTIONS:
        box.addItem(emotion.capitalize(), emotion)
    box.setAccessibleName("Emotion")
    box.setToolTip("What the person shows in the clip")
    return box


def level_box(parent: QWidget | None = None) -> QDoubleSpinBox:
    """A box for a level, 0 to 3."""
    box = QDoubleSpinBox(parent)
    box.setRange(0.0, MAX_LEVEL)
    box.setSingleStep(0.5)
    box.setDecimals(2)
    off_the_border(box)
    box.setAccessibleName("Level")
    box.setToolTip("How strong the emotion is: 1 a little, 2 clearly, 3 very much; anything between is fine")
    return box


class EmotionDelegate(QStyledItemDelegate):
    """Edits an emotion; choosing one ends the edit."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """The list."""
        box = emotion_box(parent)
        box.activated.connect(lambda: self._done(box))
        return box

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Show the clip's emotion."""
        assert isinstance(editor, QComboBox)
        editor.setCurrentIndex(editor.findData(index.data(Qt.ItemDataRole.EditRole)))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Ask for the emotion chosen."""
        assert isinstance(editor, QComboBox)
        model.setData(index, editor.currentData())  # type: ignore[arg-type]

    def _done(self, box: QComboBox) -> None:
        self.commitData.emit(box)
        self.closeEditor.emit(box)


class LevelDelegate(QStyledItemDelegate):
    """Edits a level."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """The box."""
        return level_box(parent)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Show the clip's level."""
        assert isinstance(editor, QDoubleSpinBox)
        editor.setValue(float(index.data(Qt.ItemDataRole.EditRole)))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Ask for the level typed."""
        assert isinstance(editor, QDoubleSpinBox)
        editor.interpretText()
        model.setData(index, editor.value())  # type: ignore[arg-type]


class TickDelegate(QStyledItemDelegate):
    """A tick without words beside it; a click anywhere in the cell is one on its box."""

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        """Take the mouse in the whole cell."""
        if not isinstance(event, QMouseEvent):
            return bool(super().editorEvent(event, model, option, index))  # type: ignore[arg-type]
        if event.button() is not Qt.MouseButton.LeftButton or not option.rect.contains(event.position().toPoint()):
            return False
        if event.type() == QEvent.Type.MouseButtonRelease:
            ticked = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) is Qt.CheckState.Checked
            state = Qt.CheckState.Unchecked if ticked else Qt.CheckState.Checked
            model.setData(index, state, Qt.ItemDataRole.CheckStateRole)  # type: ignore[arg-type]
        return True

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Leave out the empty text."""
        super().initStyleOption(option, index)
        option.displayAlignment = Qt.AlignmentFlag.AlignCenter


class ThumbnailDelegate(QStyledItemDelegate):
    """A picture, the clip's name, and what is wrong with it in the twin."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the picture as a rounded box at the left, the name beside it."""
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        icon: QIcon = index.data(Qt.ItemDataRole.DecorationRole)
        text, shown.text, shown.icon = shown.text, "", QIcon()
        widget = option.widget
        dress = widget.style() if widget is not None else QApplication.style()
        dress.drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, widget)
        box = QRectF(option.rect)
        height = box.height() - style.space(1)
        frame = QRectF(box.left() + style.space(0.5), box.top() + style.space(0.5), height * 4 / 3, height)
        large = icon.availableSizes()
        picture = max(large, key=lambda s: s.width()) if large else QSize()
        if picture.width() > 96:  # a thumbnail, not one of our icons
            paint_covering(painter, frame, icon.pixmap(picture, 1.0), style.space(0.5))
        else:
            side = round(height / 2)
            icon.paint(painter, frame.toRect().adjusted(side // 2, side // 2, -side // 2, -side // 2))
        left = frame.right() + style.space(1)
        hint = str(index.data(HINT_ROLE) or "")
        line = QRectF(left, box.top(), box.right() - left - style.space(0.5), box.height())
        line.setHeight(box.height() / (2 if hint else 1))
        colours, low, high = style.colours(), Qt.AlignmentFlag.AlignBottom, Qt.AlignmentFlag.AlignTop
        rows = [(text, colours.text, low if hint else Qt.AlignmentFlag.AlignVCenter), (hint, colours.warn, high)]
        for words, colour, place in rows:
            painter.setPen(colour)
            shortened = option.fontMetrics.elidedText(words, Qt.TextElideMode.ElideMiddle, round(line.width()))
            painter.drawText(line, place, shortened)
            line.translate(0, line.height())

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """High enough for the picture."""
        return QSize(style.space(20), style.space(7))
