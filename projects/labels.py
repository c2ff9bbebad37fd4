"""Emotion and level, guessed from how people name their clips."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePath

from emotalker.engine.emotion.labels import EMOTIONS, check_level, emotion_index
from emotalker.engine.errors import UserError

USUAL_LEVEL = 2.0  # of an emotional clip whose name states none: the middle of the scale

_LEVEL_WORDS = ("level", "lvl", "lv", "intensity", "strength")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")
_FOLDERS_LOOKED_AT = 2


@dataclass(frozen=True)
class LabelGuess:
    """What a file name says; `level_stated` is False if the level is only the usual one."""

    emotion: str
    level: float
    level_stated: bool


def guess_label(file: PurePath) -> LabelGuess:
    """Emotion and level of a clip by its name: "happy_level2", "sad3", "neutral_01", "M003_front_angry_level_3_001".

    A name without any word ("001.mp4") is read together with the two folders above it, as MEAD lays its clips out.

    Raises:
        UserError: if the name has no known emotion, more than one, or a level beyond 3.
    """
    tokens = _tokens(file.stem)
    if not any(token.isalpha() for token in tokens):
        folders = file.parts[:-1][-_FOLDERS_LOOKED_AT:]
        tokens = [token for folder in folders for token in _tokens(folder)] + tokens
    places = {place: name for place, token in enumerate(tokens) if (name := _emotion(token)) is not None}
    found = list(dict.fromkeys(places.values()))
    if len(found) != 1:
        raise _unclear(file.name, found)
    emotion = found[0]
    if emotion == EMOTIONS[0]:
        return LabelGuess(emotion, 0.0, True)
    level = _level(tokens, max(places))
    if level is None:
        return LabelGuess(emotion, USUAL_LEVEL, False)
    return LabelGuess(emotion, check_level(level), True)


def _tokens(text: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()
    for word in ("level", "lvl", "intensity"):
        text = text.replace(word, f" {word} ")
    return _TOKEN.findall(text)


def _emotion(token: str) -> str | None:
    if not token.isalpha():
        return None
    try:
        return EMOTIONS[emotion_index(token)]
    except UserError:
        return None  # an ordinary word


def _level(tokens: list[str], emotion_at: int) -> float | None:
    """The number behind a word for level, else a lone 0-3 right behind the emotion ("sad3", but not "sad_017")."""
    for word, number in itertools.pairwise(tokens):
        if word in _LEVEL_WORDS and number[0].isdigit():
            return float(number)
    if emotion_at + 1 < len(tokens):
        number = tokens[emotion_at + 1]
        if re.fullmatch(r"[0-3](\.\d+)?", number):
            return float(number)
    return None


def _unclear(name: str, found: list[str]) -> UserError:
    what_to_do = "Say what it shows: add it again with --emotion E --level L, or rename it, as in happy_level2.mp4."
    if found:
        return UserError(f"{name} names more than one emotion.", f"It says {' and '.join(found)}.", what_to_do)
    return UserError(f"{name} names no emotion this program knows.", f"Known are: {', '.join(EMOTIONS)}.", what_to_do)
