"""The colours of the three themes, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtGui import QColor

ThemeName = Literal["dark", "light", "contrast"]
ColourName = Literal["text", "muted", "accent", "accent_text", "good", "warn", "bad"]


@dataclass(frozen=True)
class Colours:
    """What each colour is for; text colours reach 4.5:1 on window, panel and raised.

    Attributes:
        window: behind everything.
        panel: cards, docks, tables.
        raised: buttons, fields, menus.
        border: lines between and around them.
        text: what is read.
        muted: what is read second.
        accent: the one colour that calls: primary buttons, sliders, the playhead, the focus ring.
        accent_text: text on the accent.
        good: fine, finished.
        warn: worth a look.
        bad: wrong, or about to delete.
        selection: behind selected rows and text.
        canvas: around pictures and behind plots.
    """

    window: QColor
    panel: QColor
    raised: QColor
    border: QColor
    text: QColor
    muted: QColor
    accent: QColor
    accent_text: QColor
    good: QColor
    warn: QColor
    bad: QColor
    selection: QColor
    canvas: QColor


# good, warn and bad differ in lightness and along blue-yellow, the axis that red-green colour-blind eyes keep
_THEMES: tuple[ThemeName, ...] = ("dark", "light", "contrast")
_TABLE = {
    "window": ("#1b1d21", "#f1f2f4", "#000000"),
    "panel": ("#23262b", "#fafbfc", "#000000"),
    "raised": ("#2c3036", "#ffffff", "#141414"),
    "border": ("#444b54", "#b9c0c8", "#ffffff"),
    "text": ("#e8eaed", "#1c1f23", "#ffffff"),
    "muted": ("#a7afb9", "#545c66", "#dcdcdc"),
    "accent": ("#3fb6c9", "#0b7285", "#5ce1ff"),
    "accent_text": ("#06181b", "#ffffff", "#000000"),
    "good": ("#3fc9a8", "#00625c", "#4dffc3"),
    "warn": ("#f5cf5b", "#936500", "#ffe94d"),
    "bad": ("#ff8272", "#9c1030", "#ff9d8f"),
    "selection": ("#1d4a53", "#c3e4ea", "#00485c"),
    "canvas": ("#131417", "#dfe2e6", "#000000"),
}

PALETTES: dict[ThemeName, Colours] = {
    theme: Colours(**{name: QColor(row[column]) for name, row in _TABLE.items()})
    for column, theme in enumerate(_THEMES)
}


def mixed(a: QColor, b: QColor, share: float) -> QColor:
    """A colour `share` of the way from `a` to `b`."""
    return QColor.fromRgbF(
        a.redF() + (b.redF() - a.redF()) * share,
        a.greenF() + (b.greenF() - a.greenF()) * share,
        a.blueF() + (b.blueF() - a.blueF()) * share,
    )
