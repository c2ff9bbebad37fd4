"""The terms of a plot as check boxes with a sample of their line."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QCheckBox, QLayout, QSizePolicy, QWidget

from emotalker.widgets import style
from emotalker.widgets.common import FlowLayout
from emotalker.widgets.plots.terms import term

_DASHES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
)
SAMPLE = QSize(28, 12)


def ink_of(number: int) -> QColor:
    """Colour of the `number`-th line in the theme; they differ in lightness too."""
    c = style.colours()
    inks = (c.accent, c.warn, c.bad, c.text, c.good, c.muted)
    return inks[number % len(inks)]


def dash_of(number: int) -> Qt.PenStyle:
    """Dashes of the `number`-th line, so that colour is not the only sign."""
    return _DASHES[number % len(_DASHES)]


class Legend(QWidget):
    """A check box per term; unticking it takes its line off the plot."""

    toggled = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plot_legend")
        self.setAccessibleName("Lines of the plot")
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._boxes: dict[str, QCheckBox] = {}
        self._flow: QLayout = FlowLayout(self, 1.5)

    def set_terms(self, terms: list[tuple[str, bool]]) -> None:
        """Show these terms, each drawn or not."""
        if [name for name, _ in terms] != list(self._boxes):
            for box in self._boxes.values():
                self._flow.removeWidget(box)
                box.hide()
                box.deleteLater()
            self._boxes = {name: self._box(name) for name, _ in terms}
            self.restyle()
            self.updateGeometry()
        for name, shown in terms:
            box = self._boxes[name]
            if box.isChecked() != shown:
                box.blockSignals(True)
                box.setChecked(shown)
                box.blockSignals(False)

    def box(self, name: str) -> QCheckBox:
        """The check box of a term."""
        return self._boxes[name]

    def restyle(self) -> None:
        """Draw the samples in the colours of the theme."""
        for number, box in enumerate(self._boxes.values()):
            box.setIcon(QIcon(_sample(number, box.devicePixelRatioF())))

    def _box(self, name: str) -> QCheckBox:
        known = term(name)
        box = QCheckBox(known.title, self)
        box.setObjectName(f"show_{name}")
        box.setAccessibleName(f"Show {known.title}")
        box.setToolTip(f"{known.tip}. Untick to take its line off the plot.")
        box.setIconSize(SAMPLE)
        box.toggled.connect(partial(self.toggled.emit, name))
        self._flow.addWidget(box)
        box.show()
        return box


def _sample(number: int, ratio: float) -> QPixmap:
    picture = QPixmap(SAMPLE * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setPen(QPen(ink_of(number), 2.5 if number == 0 else 2, dash_of(number)))
    area = QRect(0, 0, SAMPLE.width(), SAMPLE.height())
    painter.drawLine(area.left() + 1, area.center().y(), area.right() - 1, area.center().y())
    painter.end()
    return picture
