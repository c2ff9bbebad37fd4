"""What the first start shows: the sample, and how to make a twin."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from emotalker.widgets import style
from emotalker.widgets.common import WrapLabel
from emotalker.widgets.gallery.card import Cover

SHARE = 0.5


class Welcome(QWidget):
    """Two ways to begin, the quick one first."""

    sample_requested = Signal()
    new_requested = Signal()
    open_other_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gallery_welcome_page")
        self.setAccessibleName("Welcome")
        self._picture = Cover("smile", SHARE)
        self.try_sample = _button("Try the sample twin", "primary", "See a finished twin talk; no training is needed")
        self.try_sample.setObjectName("welcome_sample")
        self.try_sample.clicked.connect(self.sample_requested)
        self._sample = self._card(
            self._picture, "See one talk",
            "A finished twin comes with the program. Let it speak, change what it feels, turn it around.",
            self.try_sample,
        )  # fmt: skip
        new = _button("New twin", "", "Make a twin from clips of a person (Ctrl+N)")
        new.setObjectName("welcome_new")
        new.clicked.connect(self.new_requested)
        self.new = new
        own = self._card(
            Cover("clips", SHARE), "Make your own",
            "You need a few short clips of one person talking: calm, and with the emotions the twin shall show. "
            "Drop them anywhere on this page.",
            new,
        )  # fmt: skip
        other = _button("Open a project…", "quiet", "Open a project's folder that was made before")
        other.setObjectName("welcome_open_other")
        other.clicked.connect(self.open_other_requested)
        title = WrapLabel("Talking twins with feelings", "title")
        text = WrapLabel("Make a 3D twin of a person from ordinary clips, give it a voice, and direct its emotions.")
        for label in (title, text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        cards = QHBoxLayout()
        cards.setSpacing(style.space(3))
        cards.addStretch(1)
        cards.addWidget(self._sample, 4)
        cards.addWidget(own, 4)
        cards.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(style.space(3), style.space(2), style.space(3), style.space(2))
        column.setSpacing(style.space(1))
        column.addStretch(1)
        column.addWidget(title)
        column.addWidget(text)
        column.addSpacing(style.space(2))
        column.addLayout(cards)
        column.addWidget(other, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)

    def set_sample(self, there: bool) -> None:
        """Offer the sample only where there is one."""
        self._sample.setVisible(there)
        self.new.setProperty("role", "" if there else "primary")
        self.new.style().unpolish(self.new)
        self.new.style().polish(self.new)

    def set_picture(self, image: QImage) -> None:
        """The face of the sample."""
        self._picture.set_picture(image)

    def _card(self, cover: Cover, title: str, text: str, button: QPushButton) -> QFrame:
        card = QFrame()
        card.setProperty("role", "card")
        card.setMaximumWidth(style.space(46))
        card.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(card)
        column.setContentsMargins(*[style.space(2)] * 4)
        column.setSpacing(style.space(1))
        column.addWidget(cover)
        column.addWidget(WrapLabel(title, "heading"))
        column.addWidget(WrapLabel(text, "muted"))
        column.addStretch(1)
        column.addWidget(button)
        return card


def _button(text: str, role: str, tip: str) -> QPushButton:
    made = QPushButton(text)
    made.setAccessibleName(text)
    made.setToolTip(tip)
    if role:
        made.setProperty("role", role)
    return made
