"""Hearing while somebody speaks: what `SpeechFeatures`, the voice detector and A2ET make of the last 1.6 seconds.

A recording is heard as a whole: its loudness, the mean of its features and what follows each sound are known. Here all
three are taken from what has been said so far, and the face shown is the one of 0.2 s ago, so that a little of what
follows is known.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.a2et.model import A2ET
from emotalker.engine.a2et.predict import ExpressionTrack, Utterance
from emotalker.engine.a2et.speech import SpeechEncoder, SpeechFeatures
from emotalker.engine.a2et.voice import VoiceListener
from emotalker.engine.a2et.windows import FEATURE_RATE, SAMPLES_PER_FEATURE, as_tensor
from emotalker.engine.errors import UserError
from emotalker.engine.live.sound import Ring

F32 = NDArray[np.float32]
WINDOW = 80
"""Speech features heard at once: 1.6 s."""
LOOK_AHEAD = 10
"""Speech features heard after a frame begins: 0.2 s."""
MARGIN = 480
"""Samples before the window that the first columns of its log-mel picture reach into."""
MEMORY = 1500
"""Features whose mean is taken: the last half minute of speech, so that another speaker is soon another one."""
FORGETTING = 0.2
"""Fall of the loudness the picture is scaled by while somebody speaks, log10 of power a second: a knock against the
microphone, a hundred times as strong as the voice, is forgotten after ten seconds of speech."""
FIRST_PEAK = -2.0
MEAN_EVERY = 5
"""Frames between new means."""


@dataclass
class Moment:
    """What one frame is driven by.

    Attributes:
        frame: its number at the model's rate, from the beginning of the sound.
        time: its middle, seconds.
        face: expression, jaw and neck, one frame.
        speech: features of the window [80, S].
        place: seconds from the beginning of the window to the middle of the frame.
        voice: probability of speech at 50 Hz up to where it is heard for the frame [2]; the newest two values.
        parts: seconds that each part of the work took.
    """

    frame: int
    time: float
    face: ExpressionTrack
    speech: F32
    place: float
    voice: F32
    parts: dict[str, float] = field(default_factory=dict)


class Ears:
    """Hears for one twin; for one thread.

    Args:
        model: a trained A2ET at 25 frames a second.
        encoder: the speech encoder it was trained with.
        ring: where the sound comes in; at least `Ears.seconds` long.

    Raises:
        UserError: if the model has another rate, as projects of 30 frames a second once made them.
    """

    seconds = WINDOW / FEATURE_RATE + 0.6

    def __init__(self, model: A2ET, encoder: SpeechFeatures, ring: Ring) -> None:
        if FEATURE_RATE % model.spec.fps:
            raise UserError(
                "This twin cannot play live.",
                f"Its speech was learned at {model.spec.fps:g} frames a second by an earlier version of the program.",
                "Train the twin again; only learning to speak and what follows is done anew.",
            )
        self._model, self._encoder, self._ring = model, encoder, ring
        self._per_frame = round(FEATURE_RATE / model.spec.fps)
        self._sound = np.zeros(WINDOW * SAMPLES_PER_FEATURE + MARGIN, np.float32)
        self._voices = VoiceListener()
        self._voice = np.zeros(WINDOW, np.float32)
        self._heard = 0
        self._peak = FIRST_PEAK
        self._said = np.zeros((MEMORY, model.spec.speech_width), np.float32)
        self._weights = np.zeros(MEMORY, np.float32)
        self._rows = 0
        self._mean = model.mean_of(torch.zeros(0, model.spec.speech_width), torch.zeros(0))
        self._frames = 0

    @property
    def ahead(self) -> int:
        """Samples that are heard after a frame begins."""
        return LOOK_AHEAD * SAMPLES_PER_FEATURE

    def needs(self, frame: int) -> int:
        """Samples that must have come before a frame can be heard."""
        return (self._per_frame * frame + LOOK_AHEAD) * SAMPLES_PER_FEATURE

    def newest(self) -> int:
        """The latest frame that can be heard now; negative before the first."""
        return (self._ring.count // SAMPLES_PER_FEATURE - LOOK_AHEAD) // self._per_frame

    def hear(self, frame: int, weights: F32, level: F32) -> Moment | None:
        """What the face does in a frame; frames must come in order, and some may be left out.

        Args:
            frame: number at the model's rate; `needs` says when.
            weights: emotion of the frames that the window shows, the newest last [40, 8]; the newest entries belong to
                what follows the frame.
            level: intensity of the same frames [40].

        Returns:
            None if its sound is gone already.
        """
        begin = time.perf_counter()
        stop = self.needs(frame)
        if not self._ring.read(stop, self._sound):
            return None
        self._hear_voice(stop)
        voiced = time.perf_counter()
        features = self._features(stop)
        encoded = time.perf_counter()
        self._learn_mean(features)
        rows = WINDOW // self._per_frame
        said = Utterance(self._model, features, self._voice, rows, mean=self._mean)
        at = rows - LOOK_AHEAD // self._per_frame
        first, last = said.context(at, at + 1)
        columns = said.columns(at, at + 1, weights[first:last], level[first:last])
        fps = self._model.spec.fps
        place = (at + 0.5) / fps
        face = said.at(columns, at, np.array([place]), fps)
        end = time.perf_counter()
        parts = {"voice": voiced - begin, "features": encoded - voiced, "expression": end - encoded}
        return Moment(frame, (frame + 0.5) / fps, face, features, place, self._voice[-LOOK_AHEAD:][:2], parts)

    def _hear_voice(self, stop: int) -> None:
        """Probability of speech of the window's features, the newest ones held from what the detector knows."""
        fresh = min(stop - self._heard, len(self._sound))
        self._voices.push(self._sound[len(self._sound) - fresh :], stop - fresh)
        self._heard = stop
        first = stop // SAMPLES_PER_FEATURE - WINDOW
        self._voice = self._voices.at((np.arange(first, first + WINDOW) + 0.5) / FEATURE_RATE)

    def _features(self, stop: int) -> F32:
        if not isinstance(self._encoder, SpeechEncoder):
            # networks that read sound as it is even out its loudness themselves
            return self._encoder.features(self._sound[MARGIN:])
        power = self._encoder.power(self._sound, MARGIN, WINDOW)
        if float(self._voice.max()) > 0.5:
            self._peak -= FORGETTING / self._model.spec.fps
        self._peak = max(self._peak, float(power.max()), FIRST_PEAK)
        return self._encoder.heard(power, self._peak)

    def _learn_mean(self, features: F32) -> None:
        """Remember the features that are as old as the frame: every one once, and only where somebody speaks."""
        at = WINDOW - LOOK_AHEAD
        for row in range(at, at + self._per_frame):
            if self._voice[row] > 0.1:
                place = self._rows % MEMORY
                self._said[place], self._weights[place] = features[row], self._voice[row]
                self._rows += 1
        self._frames += 1
        if self._frames % MEAN_EVERY == 1:
            count = min(self._rows, MEMORY)
            with torch.inference_mode():
                self._mean = self._model.mean_of(as_tensor(self._said[:count]), as_tensor(self._weights[:count]))
