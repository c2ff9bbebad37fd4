"""What a trained stage 2 has been told of, so that it is never asked about anything else.

A network answers wildly to a label, or to a strength of one, that no frame it learned from carried. Between the labels
it knows, its tokens are interpolated; an emotion it never met is given to it as a blank label, which training shows it
now and then (`Stage2Config.blank_labels`): then it goes by the movement of the face and the sound alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL, emotion_index
from emotalker.engine.emotion.text import LabelEmbeddings

F32 = NDArray[np.float32]
NEUTRAL = EMOTIONS.index("neutral")
FULL_BLANK = 1.0
"""Level from which an emotion that was never recorded is a blank label alone; below, it comes out of neutral."""


@dataclass(frozen=True)
class Known:
    """Labels of the frames a network learned from.

    Attributes:
        labels: (index of the emotion, level) of every training clip, each once; neutral has level 0.
        blank: whether it has seen frames without a label.
    """

    labels: tuple[tuple[int, float], ...]
    blank: bool

    @staticmethod
    def of(recorded: Iterable[Sequence[Any]], blank: bool) -> Known:
        """From pairs of an emotion's name and a level.

        Raises:
            UserError: if an emotion is unknown.
        """
        pairs = {(emotion_index(str(e)), float(level)) for e, level in recorded}
        return Known(tuple(sorted((e, 0.0 if e == NEUTRAL else level) for e, level in pairs)), blank)

    def recorded(self, emotion: int) -> bool:
        """Whether any training clip showed that emotion."""
        return any(e == emotion for e, _ in self.labels)

    def to_json(self) -> dict[str, Any]:
        """A value for a JSON file; `from_json` reads it."""
        return {"labels": [[EMOTIONS[e], level] for e, level in self.labels], "blank": self.blank}

    @staticmethod
    def from_json(value: dict[str, Any]) -> Known:
        """What `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: if it is something else.
        """
        return Known.of(value["labels"], bool(value["blank"]))


@dataclass(frozen=True)
class KnownTokens:
    """Tokens of any weights and level, made of those the network has seen.

    Attributes:
        labels: tokens of all labels.
        known: which of them the network has seen.
    """

    labels: LabelEmbeddings
    known: Known

    def __call__(self, weights: NDArray[np.floating], level: float) -> tuple[F32, F32]:
        """f_e [64] and f_s [64] of shares of the eight emotions [8] and a level; continuous in both.

        At a label that was recorded alone they are its own tokens. Between two recorded levels of an emotion, and
        between neutral and its lowest one, they lie on the straight line; above the highest they stay.
        """
        out = np.zeros(2 * self.labels.emotion.shape[1], np.float32)
        for emotion in np.nonzero(np.asarray(weights) > 0)[0]:
            levels, tokens = self._anchors[int(emotion)]
            place = float(np.interp(min(level, MAX_LEVEL), levels, np.arange(len(levels))))
            low = min(int(place), max(len(levels) - 2, 0))
            high = min(low + 1, len(levels) - 1)
            share = np.float32(place - low)
            out += np.float32(weights[emotion]) * ((1 - share) * tokens[low] + share * tokens[high])
        half = len(out) // 2
        return out[:half], out[half:]

    @cached_property
    def _anchors(self) -> list[tuple[list[float], F32]]:
        """For each emotion the levels at which it has tokens, from 0 up, and the tokens f_e | f_s there."""
        rest = self._token(NEUTRAL, 0.0) if self.known.recorded(NEUTRAL) or not self.known.blank else self._blank
        out: list[tuple[list[float], F32]] = []
        for emotion in range(len(EMOTIONS)):
            levels = sorted({lv for e, lv in self.known.labels if e == emotion and lv > 0})
            if emotion == NEUTRAL:
                anchors, tokens = [0.0], [rest]
            elif levels:
                anchors, tokens = [0.0, *levels], [rest, *(self._token(emotion, level) for level in levels)]
            elif self.known.blank:
                anchors, tokens = [0.0, FULL_BLANK], [rest, self._blank]
            else:  # never told of a frame without a label: a neutral one is the nearest it knows
                anchors, tokens = [0.0], [rest]
            out.append((anchors, np.stack(tokens)))
        return out

    def _token(self, emotion: int, level: float) -> F32:
        return np.concatenate([self.labels.emotion[emotion], self.labels.level_token(level)])

    @property
    def _blank(self) -> F32:
        return np.zeros(2 * self.labels.emotion.shape[1], np.float32)
