"""The page with all twins."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from emotalker.projects.catalog import ProjectCard, size_of
from emotalker.projects.store import MANIFEST
from emotalker.widgets import style
from emotalker.widgets.clips.loader import Loader
from emotalker.widgets.clips.pictures import small_picture
from emotalker.widgets.common import WrapLabel
from emotalker.widgets.common.drops import FileDrop
from emotalker.widgets.gallery.card import TwinCard
from emotalker.widgets.gallery.grid import CardGrid
from emotalker.widgets.gallery.new_card import NewCard
from emotalker.widgets.gallery.welcome import Welcome
from emotalker.widgets.gallery.words import matches, order

COVER_SIDE = 480  # pixels; sharp on a card at twice the density


class GalleryPage(QWidget):
    """All twins as cards; the first start shows the sample and how to begin instead.

    Attributes:
        search: the field that narrows the cards.
        welcome: what is shown while there is no project of the user's own.
    """

    open_requested = Signal(object)
    """Path of a project."""
    new_requested = Signal()
    open_other_requested = Signal()
    sample_requested = Signal()
    rename_requested = Signal(object, str)
    duplicate_requested = Signal(object)
    trash_requested = Signal(object)
    """Path of a project; who receives it asks the user."""
    show_in_folder_requested = Signal(object)
    files_dropped = Signal(object)
    """list[Path]: videos and folders for a new twin."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gallery_page")
        self.setAccessibleName("Your twins")
        FileDrop(self).dropped.connect(self._dropped)
        self._cards: list[TwinCard] = []
        self._known: dict[Path, int] = {}
        self._covers: dict[tuple[Path, float], QImage] = {}
        self._loader = Loader(self)
        self._loader.loaded.connect(self._loaded)
        self.search = QLineEdit()
        self.new_card = NewCard()
        self.new_card.clicked.connect(self.new_requested)
        self.new_card.moved_focus.connect(lambda key: self._move(self.new_card, key))
        self.welcome = Welcome()
        self.welcome.sample_requested.connect(self.sample_requested)
        self.welcome.new_requested.connect(self.new_requested)
        self.welcome.open_other_requested.connect(self.open_other_requested)
        self._nothing = WrapLabel("No twin matches what you typed.", "muted")
        self._nothing.hide()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(_scrolling(self.welcome, "gallery_welcome"))
        self._stack.addWidget(self._all())

    def set_cards(self, cards: list[ProjectCard]) -> None:
        """Show these projects; covers and sizes follow when they are read. The focus stays where it was."""
        focused = next((card.card.folder for card in self._cards if card.hasFocus()), None)
        for old in self._cards:
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._cards = []
        for card in order(cards):
            self._cards.append(self._made(card))
            self._grid.addWidget(self._cards[-1])
            if card.folder == focused:
                self._cards[-1].setFocus()
        own = any(not card.sample for card in cards)
        self.welcome.set_sample(any(card.sample for card in cards))
        self._stack.setCurrentIndex(1 if own else 0)
        self._filter(self.search.text())

    def cards(self) -> list[TwinCard]:
        """The cards shown, in their order."""
        return [card for card in self._cards if not card.isHidden()]

    def _dropped(self, files: list[Path]) -> None:
        """Open a dropped project; pass on everything else as clips of a new twin."""
        if len(files) == 1 and (files[0] / MANIFEST).is_file():
            self.open_requested.emit(files[0])
        else:
            self.files_dropped.emit(files)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc empties the search field."""
        if event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
        else:
            super().keyPressEvent(event)

    def _all(self) -> QWidget:
        title = QLabel("Your twins")
        title.setProperty("role", "title")
        self.search.setObjectName("gallery_search")
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search twins")
        self.search.setToolTip("Show only twins whose name or state holds these words")
        self.search.setClearButtonEnabled(True)
        for clear in self.search.findChildren(QToolButton):  # Qt's own, and nameless
            clear.setObjectName("gallery_search_clear")
            clear.setAccessibleName("Clear the search")
            clear.setToolTip("Show all twins (Esc)")
        self.search.setMaximumWidth(style.space(36))
        self.search.textChanged.connect(self._filter)
        other = QPushButton("Open a project…")
        other.setObjectName("gallery_open_other")
        other.setAccessibleName("Open a project")
        other.setToolTip("Open a project's folder that is not listed here")
        other.clicked.connect(self.open_other_requested)
        head = QHBoxLayout()
        head.setSpacing(style.space(1.5))
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self.search, 1)
        head.addWidget(other)
        inner = QWidget()
        self._grid = CardGrid(inner)
        self._grid.addWidget(self.new_card)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(style.space(3), style.space(2), style.space(3), 0)
        column.setSpacing(style.space(2))
        column.addLayout(head)
        column.addWidget(self._nothing)
        column.addWidget(_scrolling(inner, "gallery_scroll"), 1)
        return page

    def _made(self, card: ProjectCard) -> TwinCard:
        made = TwinCard(card)
        folder = card.folder
        made.opened.connect(self.sample_requested.emit if card.sample else lambda: self.open_requested.emit(folder))
        made.renamed.connect(lambda name: self.rename_requested.emit(folder, name))
        made.duplicated.connect(lambda: self.duplicate_requested.emit(folder))
        made.trashed.connect(lambda: self.trash_requested.emit(folder))
        made.shown_in_folder.connect(lambda: self.show_in_folder_requested.emit(folder))
        made.moved_focus.connect(lambda key: self._move(made, key))
        if card.bytes is None and card.kind != "missing":
            if folder in self._known:
                made.set_size(self._known[folder])
            self._loader.load(("size", folder), lambda: size_of(folder))
        cover = card.cover
        if cover is not None:
            key = (cover, card.modified)
            if key in self._covers:
                self._loaded(("cover", folder, key), self._covers[key], [made])
            else:
                self._loader.load(("cover", folder, key), lambda: small_picture(cover, COVER_SIDE))
        return made

    def _loaded(self, key: tuple[object, ...], result: object, cards: list[TwinCard] | None = None) -> None:
        for card in cards or self._cards:
            if card.card.folder != key[1]:
                continue
            if isinstance(result, QImage):
                card.cover.set_picture(result)
                if card.card.sample:
                    self.welcome.set_picture(result)
            elif isinstance(result, int) and result:
                card.set_size(result)
        if isinstance(result, QImage):
            self._covers[key[2]] = result  # type: ignore[index]
        elif isinstance(result, int) and result:  # the sample has none before it is opened
            self._known[key[1]] = result  # type: ignore[index]

    def _filter(self, text: str) -> None:
        for card in self._cards:
            card.setVisible(matches(card.card, text))
        self.new_card.setVisible(not text.strip())
        self._nothing.setVisible(bool(text.strip()) and not self.cards())
        self._grid.invalidate()

    def _move(self, start: QWidget, key: int) -> None:
        """Move the focus to the neighbour that an arrow points at."""
        shown: list[QWidget] = [w for w in (self.new_card, *self._cards) if not w.isHidden()]
        columns = self._grid.columns(self._grid.geometry().width())
        step = {
            Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -columns, Qt.Key.Key_Down: columns,
            Qt.Key.Key_Home: -len(shown), Qt.Key.Key_End: len(shown),
        }[Qt.Key(key)]  # fmt: skip
        place = shown.index(start) + step
        if abs(step) >= len(shown) or 0 <= place < len(shown):
            target = shown[min(max(place, 0), len(shown) - 1)]
            target.setFocus(Qt.FocusReason.TabFocusReason)
            self._scroll_to(target)

    def _scroll_to(self, card: QWidget) -> None:
        area = self.findChild(QScrollArea, "gallery_scroll")
        if area is not None:
            area.ensureWidgetVisible(card)


def _scrolling(inner: QWidget, name: str) -> QScrollArea:
    area = QScrollArea()
    area.setObjectName(name)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inner)
    return area
