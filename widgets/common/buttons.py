"""Buttons that say what they do: one with an icon that follows the theme, one that closes a dialog."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QWidget

from emotalker.widgets import style


class IconButton(QPushButton):
    """A push button that says what it does and redraws its icon when the theme changes.

    Args:
        name: object name.
        text: on the button.
        tip: what it does, a sentence; tooltip and accessible name.
        icon: name of an icon.
        role: "primary", "danger" or "quiet"; empty for a plain one.
        parent: Qt's owner.
    """

    def __init__(
        self, name: str, text: str, tip: str, icon: str, role: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self.setObjectName(name)
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self._icon = icon
        if role:
            self.setProperty("role", role)
        # a method, not a lambda: Qt forgets it together with the button
        style.notifier().changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        colour = {"primary": "accent_text", "danger": "bad"}.get(self.property("role") or "", "text")
        self.setIcon(style.icon(self._icon, colour))  # type: ignore[arg-type]


def close_buttons(dialog: QDialog, name: str, tip: str) -> QDialogButtonBox:
    """The row with the one button of a dialog that only shows something.

    Args:
        dialog: is closed by it.
        name: object name of the button.
        tip: its tooltip, with the key.
    """
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, dialog)
    close = buttons.button(QDialogButtonBox.StandardButton.Close)
    close.setObjectName(name)
    close.setAccessibleName("Close")
    close.setToolTip(tip)
    buttons.rejected.connect(dialog.reject)
    return buttons
