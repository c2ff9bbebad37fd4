"""The page where the twin speaks: picture in the middle, emotion and scene at the side, time below."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QVBoxLayout, QWidget

from emotalker.widgets import style
from emotalker.widgets.emotion import EmotionPanel
from emotalker.widgets.pages.scene import ScenePanel
from emotalker.widgets.timeline import Timeline
from emotalker.widgets.transport import TransportBar
from emotalker.widgets.viewport import Viewport

SIDE_WIDTH = 320


class PerformPage(QWidget):
    """Arranges viewport, panels, transport and timeline; takes dropped sound anywhere."""

    files_dropped = Signal(object)
    """list[Path]: files dropped on the page; the first with sound is the new voice."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("perform_page")
        self.setAccessibleName("Perform")
        self.setAcceptDrops(True)
        self.viewport = Viewport()
        self.emotion = EmotionPanel()
        self.scene = ScenePanel()
        self.transport = TransportBar()
        self.timeline = Timeline()
        self.viewport.files_dropped.connect(self.files_dropped.emit)
        self.timeline.files_dropped.connect(self.files_dropped.emit)

        across = QSplitter(Qt.Orientation.Horizontal)
        across.setObjectName("perform_across")
        across.setChildrenCollapsible(False)
        across.addWidget(self.viewport)
        across.addWidget(self._side())
        across.setStretchFactor(0, 1)
        across.setStretchFactor(1, 0)
        across.setSizes([900, SIDE_WIDTH])

        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(style.space(1) // 2)
        column.addWidget(self.transport)
        column.addWidget(self.timeline, 1)

        down = QSplitter(Qt.Orientation.Vertical)
        down.setObjectName("perform_down")
        down.setChildrenCollapsible(False)
        down.addWidget(across)
        down.addWidget(below)
        down.setStretchFactor(0, 1)
        down.setStretchFactor(1, 0)
        down.setSizes([520, 230])
        self.splitters = (across, down)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(style.space(1), style.space(1), style.space(1), style.space(1))
        layout.addWidget(down)
        self.viewport.setMinimumSize(240, 160)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files from the desktop."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Pass on the files that were dropped."""
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.files_dropped.emit(files)

    def _side(self) -> QWidget:
        """Emotion above scene, scrolling where the window is too low for both."""
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(style.space(1), 0, style.space(1), 0)
        column.setSpacing(style.space(1))
        column.addWidget(self.emotion)
        column.addWidget(self.scene)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setObjectName("perform_side")
        scroll.setAccessibleName("Emotion and scene")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inner)
        # never narrower than what is in it: there is no way to scroll sideways
        bar = scroll.verticalScrollBar().sizeHint().width()
        scroll.setMinimumWidth(inner.minimumSizeHint().width() + bar + 2)
        return scroll
