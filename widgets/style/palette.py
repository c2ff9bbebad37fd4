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


def _made(**values: str) -> Colours:
    return Colours(**{name: QColor(value) for name, value in values.items()})


# good, warn and bad differ in lightness and along blue-yellow, the axis that red-green colour-blind eyes keep
PALETTES: dict[ThemeName, Colours] = {
    "dark": _made(
        window="#1b1d21",
        panel="#23262b",
        raised="#2c3036",
        border="#444b54",
        text="#e8eaed",
        muted="#a7afb9",
        accent="#3fb6c9",
        accent_text="#06181b",
        good="#3fc9a8",
        warn="#f5cf5b",
        bad="#ff8272",
        selection="#1d4a53",
        canvas="#131417",
    ),
    "light": _made(
        window="#f1f2f4",
        panel="#fafbfc",
        raised="#ffffff",
        border="#b9c0c8",
        text="#1c1f23",
        muted="#545c66",
        accent="#0b7285",
        accent_text="#ffffff",
        good="#00625c",
        warn="#936500",
        bad="#9c1030",
        selection="#c3e4ea",
        canvas="#dfe2e6",
    ),
    "contrast": _made(
        window="#000000",
        panel="#000000",
        raised="#141414",
        border="#ffffff",
        text="#ffffff",
        muted="#dcdcdc",
        accent="#5ce1ff",
        accent_text="#000000",
        good="#4dffc3",
        warn="#ffe94d",
        bad="#ff9d8f",
        selection="#00485c",
        canvas="#000000",
    ),
}


def mixed(a: QColor, b: QColor, share: float) -> QColor:
    """A colour `share` of the way from `a` to `b`."""
    return QColor.fromRgbF(
        a.redF() + (b.redF() - a.redF()) * share,
        a.greenF() + (b.greenF() - a.greenF()) * share,
        a.blueF() + (b.blueF() - a.blueF()) * share,
    )
