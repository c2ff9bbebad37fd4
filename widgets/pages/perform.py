"""The page where the twin speaks: picture in the middle, emotion and scene at the side, time below."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QVBoxLayout, QWidget

from emotalker.widgets import style
from emotalker.widgets.common.drops import FileDrop
from emotalker.widgets.common.wheel import WheelScrolls
from emotalker.widgets.emotion import EmotionPanel
from emotalker.widgets.live import LiveStrip
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
        FileDrop(self).dropped.connect(self.files_dropped)
        self.viewport = Viewport()
        self.emotion = EmotionPanel()
        self.scene = ScenePanel()
        self.transport = TransportBar()
        self.live = LiveStrip()
        self.live.hide()
        self.timeline = Timeline()
        self.viewport.files_dropped.connect(self.files_dropped.emit)
        self.timeline.files_dropped.connect(self.files_dropped.emit)
        # with the focus on the picture, Space plays and Ctrl+Z takes back an edit, not letters
        self.emotion.left.connect(lambda: self.viewport.setFocus(Qt.FocusReason.OtherFocusReason))

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
        column.addWidget(self.live)
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

    def _side(self) -> QWidget:
        """Emotion above scene, scrolling where the window is too low for both."""
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(style.space(1), 0, style.space(1), 0)
        column.setSpacing(style.space(1))
        column.addWidget(self.emotion)
        column.addWidget(self.scene)
        column.addStretch(1)
        WheelScrolls(inner)
        scroll = _SideArea()
        scroll.setObjectName("perform_side")
        scroll.setAccessibleName("Emotion and scene")
        scroll.setWidget(inner)
        return scroll


class _SideArea(QScrollArea):
    """Scrolls up and down only, so it is never narrower than what is in it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def minimumSizeHint(self) -> QSize:
        """As wide as the widget inside and the bar beside it."""
        inside = self.widget()
        assert inside is not None  # set right after the area is made
        return QSize(inside.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width() + 2, 80)

    def sizeHint(self) -> QSize:
        """A little wider than needed."""
        return self.minimumSizeHint().expandedTo(QSize(SIDE_WIDTH, 400))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask for another width when what is inside wants one, as after a change of the theme's scale."""
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
