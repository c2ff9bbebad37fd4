"""The eight emotions, their order, and levels."""

from __future__ import annotations

from emotalker.engine.errors import UserError

EMOTIONS = ("neutral", "happy", "sad", "angry", "fear", "disgusted", "contempt", "surprised")
MAX_LEVEL = 3.0

_ALIASES = {
    "anger": "angry",
    "joy": "happy",
    "happiness": "happy",
    "sadness": "sad",
    "fearful": "fear",
    "afraid": "fear",
    "disgust": "disgusted",
    "surprise": "surprised",
    "calm": "neutral",
}


def emotion_index(name: str) -> int:
    """Position of an emotion (or a common synonym) in `EMOTIONS`.

    Raises:
        UserError: if the program does not know the emotion.
    """
    key = name.strip().lower()
    key = _ALIASES.get(key, key)
    if key not in EMOTIONS:
        raise UserError(
            f"'{name}' is not an emotion this program knows.",
            f"Known are: {', '.join(EMOTIONS)}.",
            "Use one of these names.",
        )
    return EMOTIONS.index(key)


def check_level(level: float) -> float:
    """The level if it lies in [0, 3].

    Raises:
        UserError: if it does not.
    """
    if not 0.0 <= level <= MAX_LEVEL:
        raise UserError(f"Level {level:g} is out of range.", "Levels run from 0 to 3.", "Choose a level from 0 to 3.")
    return float(level)
