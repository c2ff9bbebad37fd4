"""What can be done to the clips."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QWhatsThis, QWidget

from emotalker.widgets import style
from emotalker.widgets.common import Busy, FlowLayout

HELD_OUT = (
    "Held-out clips are never learned from. After the training the twin is compared with them, which shows how well it "
    "does with something it has not seen. The program keeps back one clip in ten; tick others to choose yourself, "
    "or remove all ticks to let the program choose again."
)


class ClipsToolbar(QWidget):
    """Add, remove, check again, find missing, help on held-out clips."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("clips_toolbar")
        self.setAccessibleName("Clip tools")
        row = FlowLayout(self)
        self._icons: dict[QPushButton, str] = {}
        self.add = self._button("Add clips…", "add", "Choose video files (Ctrl+I); or drop them anywhere on this page")
        self.add.setProperty("role", "primary")
        self.remove = self._button("Remove", "remove", "Take the selected clips out; their files stay (Delete)")
        self.check = self._button("Check again", "check", "Look at the selected clips again, or at all")
        self.relink = self._button("Find missing…", "search", "Look for moved files in a folder, by their content")
        self.help = self._button("Held out?", "help", HELD_OUT)
        self.help.setProperty("role", "quiet")
        self.help.clicked.connect(self._explain)
        for button in (self.add, self.remove, self.check, self.relink, self.help):
            row.addWidget(button)
        self.busy = Busy(24, "Checking clips")
        row.addWidget(self.busy)
        self.busy.hide()
        self._dress()
        style.notifier().changed.connect(self._dress)

    def set_selected(self, selected: int, clips: int) -> None:
        """How many clips are selected, of how many."""
        self.remove.setEnabled(selected > 0)
        self.check.setEnabled(clips > 0)
        self.check.setText(f"Check {selected} again" if 0 < selected < clips else "Check all again")
        self.check.setAccessibleName(self.check.text())

    def set_missing(self, count: int) -> None:
        """How many files are gone."""
        self.relink.setVisible(count > 0)
        self.relink.setText(f"Find {count} missing…")
        self.relink.setAccessibleName(f"Find {count} missing")

    def set_busy(self, busy: bool) -> None:
        """Whether clips are being looked at."""
        self.busy.setVisible(busy)

    def _button(self, text: str, icon: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(f"clips_{icon}")
        button.setAccessibleName(text.rstrip("…"))
        button.setToolTip(tip)
        self._icons[button] = icon
        return button

    def _dress(self) -> None:
        c = style.colours()
        for button, icon in self._icons.items():
            primary = button is self.add
            button.setIcon(style.pixmap(icon, 18, c.accent_text, 2.0) if primary else style.icon(icon))

    def _explain(self) -> None:
        QWhatsThis.showText(self.help.mapToGlobal(self.help.rect().bottomLeft()), HELD_OUT, self.help)
