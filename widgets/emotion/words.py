"""The eight emotions in plain words and in colour."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QColor

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.widgets import style

TITLES = {
    "neutral": "Neutral",
    "happy": "Happy",
    "sad": "Sad",
    "angry": "Angry",
    "fear": "Fear",
    "disgusted": "Disgusted",
    "contempt": "Contempt",
    "surprised": "Surprised",
}
LEVEL_WORDS = ("neutral", "light", "clear", "strong")
EASING_TITLES = {"smooth": "Smooth", "linear": "Linear", "hold": "Hold, then change"}
_SHOWN = 0.05  # smaller shares are not named

# Hue in degrees and saturation; neighbours in hue differ in lightness, for eyes that do not see all hues.
_HUES = {
    "neutral": (0.0, 0.0, 0.0),
    "happy": (46.0, 0.85, 0.06),
    "sad": (214.0, 0.70, 0.0),
    "angry": (4.0, 0.75, -0.02),
    "fear": (276.0, 0.55, 0.06),
    "disgusted": (112.0, 0.45, -0.06),
    "contempt": (24.0, 0.45, -0.10),
    "surprised": (322.0, 0.65, 0.10),
}


def emotion_colour(emotion: int) -> QColor:
    """Colour of an emotion (index in `EMOTIONS`) on the theme in use; always shown with its word or shape."""
    hue, saturation, lighter = _HUES[EMOTIONS[emotion]]
    dark = style.colours().canvas.lightnessF() < 0.5
    lightness = (0.62 + lighter) if dark else (0.42 + lighter * 0.7)
    return QColor.fromHslF(hue / 360, saturation, lightness)


def strongest(weights: Sequence[float]) -> int:
    """Index of the emotion with the largest share."""
    return max(range(len(EMOTIONS)), key=lambda e: weights[e])


def emotion_words(weights: Sequence[float]) -> str:
    """Plain words: "Happy", or "Happy 70 % + Surprised 30 %" for a mix, largest share first."""
    shown = sorted((e for e in range(len(EMOTIONS)) if weights[e] >= _SHOWN), key=lambda e: -weights[e])
    if len(shown) <= 1:
        return TITLES[EMOTIONS[strongest(weights)]]
    return " + ".join(f"{TITLES[EMOTIONS[e]]} {weights[e] * 100:.0f} %" for e in shown)


def short_words(weights: Sequence[float]) -> str:
    """Fewer words: "Happy" or "Happy + Surprised", for narrow places."""
    shown = sorted((e for e in range(len(EMOTIONS)) if weights[e] >= _SHOWN), key=lambda e: -weights[e])
    return " + ".join(TITLES[EMOTIONS[e]] for e in shown[:2]) or TITLES["neutral"]
