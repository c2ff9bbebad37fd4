"""Labels that wrap, and icons and lights that follow the theme."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from emotalker.widgets import style
from emotalker.widgets.style import ColourName

Role = Literal["", "title", "heading", "muted", "badge", "good", "warn", "bad"]
Light = Literal["green", "yellow", "red"]


class WrapLabel(QLabel):
    """Text that wraps, can be selected, and takes the height it needs."""

    def __init__(self, text: str = "", role: Role = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumWidth(style.space(8))
        if role:
            self.setProperty("role", role)

    def set_role(self, role: Role) -> None:
        """Dress the text as another role."""
        self.setProperty("role", role or None)
        self.style().unpolish(self)
        self.style().polish(self)


class IconLabel(QLabel):
    """An icon of ours as a picture, sharp on every screen and in the colours of the theme."""

    def __init__(self, name: str, size: int = 20, colour: ColourName = "text", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._size, self._colour = name, size, colour
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._draw()
        style.notifier().changed.connect(self._draw)

    def set_icon(self, name: str, colour: ColourName | None = None) -> None:
        """Show another icon, perhaps in another colour."""
        self._name, self._colour = name, colour or self._colour
        self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw anew for the screen that it is shown on."""
        super().showEvent(event)
        self._draw()

    def _draw(self) -> None:
        size = round(self._size * style.notifier().scale)
        colour = getattr(style.colours(), self._colour)
        self.setPixmap(style.pixmap(self._name, size, colour, self.devicePixelRatioF()))


_LIGHTS: dict[Light, tuple[str, ColourName, str]] = {
    "green": ("good", "good", "Good"),
    "yellow": ("warning", "warn", "Usable"),
    "red": ("error", "bad", "Not usable"),
}


class TrafficLight(QWidget):
    """Green, yellow or red, said by an icon and a word as well."""

    def __init__(self, light: Light | None = None, word: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.light: Light | None = None
        self._icon, self._word = IconLabel("more", 18, "muted"), QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(style.space(0.75))
        row.addWidget(self._icon)
        row.addWidget(self._word, 1)
        self.set_light(light, word)

    def set_light(self, light: Light | None, word: str = "") -> None:
        """Show a light.

        Args:
            light: None while it is not known.
            word: said beside it; the usual one when empty.
        """
        icon, colour, usual = ("more", "muted", "Not checked") if light is None else _LIGHTS[light]
        self.light = light
        self._icon.set_icon(icon, colour)  # type: ignore[arg-type]
        self._word.setText(word or usual)
        self._word.setProperty("role", colour)
        self._word.style().unpolish(self._word)
        self._word.style().polish(self._word)
        self.setAccessibleName(self._word.text())
        self.setToolTip(self._word.text())

    @property
    def text(self) -> str:
        """The word beside the light."""
        return self._word.text()
