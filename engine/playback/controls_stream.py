"""What drives the face at any moment, worked out in pieces around the playhead.

A piece holds a second of drive, with what A2ET needs to know of the seconds around it, so that it is what driving the
whole recording at once gives. After a change of the curve only the piece at the playhead is needed at once, however
long the recording is.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import fields

import numpy as np

from emotalker.engine.avatar import Avatar, Controls, FrameControl, Heard
from emotalker.engine.avatar.controls import audio_window_at
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.torch_threads import one_torch_thread

PIECE = 25
"""Frames of A2ET in a piece: a second."""
FINE = 4
"""Moments per frame of A2ET that a piece holds: a lid falls within 90 ms, which straight lines between 40 ms would not
follow. What is between two moments is interpolated."""
KEEP = 24
ENDLESS = 4 * 3600.0
"""Seconds of performance without a voice."""
_MOVING = tuple(f.name for f in fields(Controls) if f.name not in ("speech", "window", "fps"))


class ControlsStream:
    """Drive of one performance; for one thread.

    Args:
        avatar: the twin.
        heard: what it says; None keeps silent without an end.
        curve: emotion over time.
        seed: picks blinks and head motion.
    """

    def __init__(self, avatar: Avatar, heard: Heard | None, curve: EmotionCurve, seed: int = 0) -> None:
        self.avatar, self.heard, self.curve, self.seed = avatar, heard, curve, seed
        self._heard = heard if heard is not None else avatar.quiet()
        self._said = avatar.utterance(self._heard, None if heard is not None else ENDLESS)
        self._audio = self._heard.features
        if heard is None:
            # one row shown many times takes no memory
            row = self._audio[:1]
            self._audio = np.broadcast_to(row, (int(ENDLESS * 50), row.shape[1]))
        self._rate = self._said.rate * FINE
        self._pieces: OrderedDict[int, Controls] = OrderedDict()

    def with_curve(self, curve: EmotionCurve, seed: int) -> ControlsStream:
        """The same recording under another curve: nothing is heard again."""
        other = object.__new__(ControlsStream)
        other.__dict__.update(self.__dict__)
        other.curve, other.seed, other._pieces = curve, seed, OrderedDict()
        return other

    def at(self, time: float) -> FrameControl:
        """The drive at a moment in seconds on the audio clock."""
        count = self._said.length * FINE
        place = min(max(time * self._rate - FINE / 2, 0.0), count - FINE)
        low = int(place)
        number = min(low // (PIECE * FINE), (self._said.length - 1) // PIECE)
        piece = self._piece(number)
        row = low - number * PIECE * FINE
        low, high, share = row, min(row + 1, len(piece) - 1), place - math.floor(place)
        values = {}
        for name in _MOVING:
            column = getattr(piece, name)
            values[name] = column[low] if not share else column[low] + share * (column[high] - column[low])
        values["au45"], values["level"] = float(values["au45"]), float(values["level"])
        return FrameControl(**values, audio=audio_window_at(self._audio, time, piece.window))

    def ready(self, time: float) -> bool:
        """Whether the piece of a moment has been worked out."""
        return self._number(time) in self._pieces

    def prepare(self, time: float) -> None:
        """Work out the piece of a moment."""
        self._piece(self._number(time))

    def _number(self, time: float) -> int:
        frame = int(max(time * self._said.rate - 0.5, 0.0))
        return min(frame, self._said.length - 1) // PIECE

    def _piece(self, number: int) -> Controls:
        piece = self._pieces.get(number)
        if piece is None:
            piece = self._pieces[number] = self._work_out(number)
            while len(self._pieces) > KEEP:
                self._pieces.popitem(last=False)
        else:
            self._pieces.move_to_end(number)
        return piece

    def _work_out(self, number: int) -> Controls:
        """A piece: the middles of its frames, FINE moments for each, and the first middle of the next piece."""
        said = self._said
        start = number * PIECE
        stop = min(start + PIECE + 1, said.length)
        weights, level = self.curve.sample(said.times(*said.context(start, stop)))
        with one_torch_thread():
            columns = said.columns(start, stop, weights, level)
            times = (start + 0.5 + np.arange((stop - start - 1) * FINE + 1) / FINE) / said.rate
            face = said.at(columns, start, times, self._rate)
            shares, levels = self.curve.sample(times)
            return self.avatar.driven(face, times, shares, levels, self._heard, self.seed)
