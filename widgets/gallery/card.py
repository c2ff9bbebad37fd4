"""One project as a card."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from emotalker.projects.catalog import ProjectCard
from emotalker.widgets import style
from emotalker.widgets.clips.pictures import paint_covering
from emotalker.widgets.common import IconLabel, WrapLabel
from emotalker.widgets.gallery.grid import MOVES
from emotalker.widgets.gallery.words import ICONS, last_used
from emotalker.widgets.training import words

COVER_SHARE = 0.72  # height of a cover for its width


class Cover(QWidget):
    """The picture of a card, or an icon in outline; `share` is its height for its width."""

    def __init__(self, icon: str = "person", share: float = COVER_SHARE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon, self._share = icon, share
        self._pixmap: QPixmap | None = None
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        style.notifier().changed.connect(self.update)

    @property
    def has_picture(self) -> bool:
        """Whether there is more than the outline."""
        return self._pixmap is not None

    def set_picture(self, image: QImage) -> None:
        """Show a picture."""
        self._pixmap = QPixmap.fromImage(image)
        self.update()

    def hasHeightForWidth(self) -> bool:
        """Pictures keep their shape."""
        return True

    def heightForWidth(self, width: int) -> int:
        """A little wider than high."""
        return round(width * self._share)

    def sizeHint(self) -> QSize:
        """At the width of a narrow card."""
        return QSize(style.space(22), self.heightForWidth(style.space(22)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, or the outline on the canvas colour."""
        c = style.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect())
        if self._pixmap is not None:
            paint_covering(painter, box, self._pixmap, style.space(0.5))
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(c.canvas)
            painter.drawRoundedRect(box, style.space(0.5), style.space(0.5))
            side = style.space(7)
            picture = style.pixmap(self._icon, side, c.muted, self.devicePixelRatioF())
            painter.drawPixmap(round(box.center().x() - side / 2), round(box.center().y() - side / 2), picture)
        painter.end()


class TwinCard(QFrame):
    """Cover, name, state, size and when it was last used, with everything one can do to it.

    Args:
        card: what to show.

    Attributes:
        card: what is shown.
        cover: the picture.
    """

    opened = Signal()
    renamed = Signal(str)
    duplicated = Signal()
    trashed = Signal()
    shown_in_folder = Signal()
    moved_focus = Signal(int)
    """A key of the arrows, as Qt.Key."""

    def __init__(self, card: ProjectCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = card
        self.setObjectName("twin_card")
        self.setProperty("role", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.cover = Cover()
        self.name = WrapLabel(card.name, "heading")
        self.editor = QLineEdit()
        self.editor.setObjectName("twin_card_name")
        self.editor.setAccessibleName("New name")
        self.editor.setToolTip("Type a name; Enter keeps it, Esc leaves the old one")
        self.editor.hide()
        self.editor.returnPressed.connect(self._finish_rename)
        self.editor.installEventFilter(self)
        self.about = QLabel()
        self.about.setProperty("role", "muted")
        self.about.setWordWrap(True)
        self.menu = self._menu()
        column = QVBoxLayout(self)
        column.setContentsMargins(*[style.space(1.5)] * 4)
        column.setSpacing(style.space(0.75))
        column.addWidget(self.cover)
        top = QHBoxLayout()
        top.addWidget(self.name, 1)
        top.addWidget(self.editor, 1)
        if card.sample:
            badge = QLabel("Sample")
            badge.setProperty("role", "badge")
            badge.setToolTip("This twin comes with the program: try everything with it")
            top.addWidget(badge, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(top)
        icon, colour = ICONS[card.kind]
        row = QHBoxLayout()
        row.setSpacing(style.space(0.75))
        row.addWidget(IconLabel(icon, 18, colour), 0, Qt.AlignmentFlag.AlignTop)  # type: ignore[arg-type]
        row.addWidget(WrapLabel(card.state), 1)
        column.addLayout(row)
        column.addWidget(self.about)
        column.addStretch(1)
        column.addLayout(self._buttons())
        self.set_size(card.bytes)

    @property
    def can_open(self) -> bool:
        """Whether there is something to open."""
        return self.card.kind != "missing"

    def set_size(self, size: int | None) -> None:
        """Say how much disk it takes; None while that is being counted."""
        parts = [last_used(self.card.modified), words.size(size) if size is not None else ""]
        self.about.setText(" · ".join(part for part in parts if part))
        self.about.setVisible(bool(self.about.text()))
        self.setAccessibleName(", ".join(part for part in (self.card.name, self.card.state, *parts) if part))
        self.setToolTip(f"{self.card.name}\n{self.card.folder}\nEnter opens, F2 renames, Delete moves to the trash")

    def start_rename(self) -> None:
        """Edit the name in its place."""
        if not self.can_open or self.card.sample:
            return
        self.editor.setText(self.card.name)
        self.name.hide()
        self.editor.show()
        self.editor.selectAll()
        self.editor.setFocus()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Leave the name's field by Esc or by going elsewhere."""
        if watched is self.editor:
            if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
                if event.key() == Qt.Key.Key_Escape:
                    self._end_rename()
                    self.setFocus()
                    return True
            elif event.type() == QEvent.Type.FocusOut and self.editor.isVisible():
                self._finish_rename()
        return super().eventFilter(watched, event)  # type: ignore[arg-type]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, F2 renames, Delete throws away, arrows go to a neighbour."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._open()
        elif key == Qt.Key.Key_F2:
            self.start_rename()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and not self.card.sample:
            self.trashed.emit()
        elif key in MOVES:
            self.moved_focus.emit(int(key))
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._open()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show all that can be done."""
        self.menu.popup(event.globalPos())

    def _open(self) -> None:
        if self.can_open:
            self.opened.emit()

    def _buttons(self) -> QHBoxLayout:
        go = QPushButton("Open")
        go.setObjectName("twin_card_open")
        go.setAccessibleName(f"Open {self.card.name}")
        go.setToolTip(f"Open {self.card.name} (Enter)")
        go.setEnabled(self.can_open)
        go.clicked.connect(self._open)
        more = QToolButton()
        more.setObjectName("twin_card_more")
        self._more = more
        self._dress()
        style.notifier().changed.connect(self._dress)
        more.setProperty("role", "quiet")
        more.setAccessibleName(f"More about {self.card.name}")
        more.setToolTip("Rename, duplicate, show in folder, move to trash")
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        more.setMenu(self.menu)
        row = QHBoxLayout()
        row.addWidget(go, 1)
        row.addWidget(more)
        return row

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setObjectName("twin_card_menu")
        menu.setToolTipsVisible(True)
        here, own = self.can_open, not self.card.sample
        readable = here and self.card.kind != "damaged"
        for text, icon, slot, enabled, tip in (
            ("Open", "open", self._open, here, "Go on with this twin (Enter)"),
            ("Rename", "rename", self.start_rename, readable and own, "Call it something else (F2)"),
            ("Duplicate", "duplicate", self.duplicated.emit, readable, "A copy to try something with"),
            ("Show in folder", "folder", self.shown_in_folder.emit, here, "Open the file manager there"),
            ("Move to trash…" if here else "Remove from this list", "trash", self.trashed.emit, own,
             "Asks first; clips outside the project's folder stay (Delete)"),
        ):  # fmt: skip
            action = menu.addAction(style.icon(icon), text, slot)
            action.setEnabled(enabled)
            action.setToolTip(tip)
        return menu

    def _dress(self) -> None:
        self._more.setIcon(style.icon("more"))

    def _finish_rename(self) -> None:
        wanted = self.editor.text().strip()
        self._end_rename()
        if wanted and wanted != self.card.name:
            self.name.setText(wanted)
            self.renamed.emit(wanted)

    def _end_rename(self) -> None:
        self.editor.hide()
        self.name.show()
