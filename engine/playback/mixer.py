"""What the loudspeaker gets, sample by sample: the recording with its loop, soft starts and stops, and scrub grains."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from emotalker.engine.playback.clock import F32, Loop

RAMP = 0.005
"""Seconds over which sound comes and goes, so that it does not click."""
GRAIN = 0.06
"""Seconds of a scrub grain."""


@dataclass(frozen=True)
class Program:
    """What is to be played; replaced as a whole, so that the sound thread never sees half a change.

    Attributes:
        samples: float32 [n, channels] at the device's rate and channels.
        rate: Hz.
        serial: rises when the place changes; the same serial goes on where it is.
        start: sample to begin at.
        loop: samples [first, end) to play again and again.
        playing: whether the recording sounds.
        volume: factor.
        grain: sample in the middle of the latest grain, and its serial.
    """

    samples: F32
    rate: int
    serial: int = 0
    start: int = 0
    loop: tuple[int, int] | None = None
    playing: bool = False
    volume: float = 1.0
    grain: tuple[int, int] = (0, 0)


@dataclass
class Mixer:
    """The sound thread's own state."""

    place: int = 0
    gain: float = 0.0
    played: int = 0
    """Samples given since the program's start."""
    _serial: int = -1
    _grain: int = 0
    _pieces: list[F32] = field(default_factory=list)

    def fill(self, program: Program, out: F32) -> int:
        """Write the next samples into `out` [n, channels]; how many came before them since the start is returned."""
        if program.serial != self._serial:
            self._serial, self.place, self.played = program.serial, program.start, 0
        before = self.played
        target = program.volume if program.playing else 0.0
        if program.playing or self.gain > 0:
            after = self._copy(program, out)
            # what fades out after a pause is no progress: going on starts at the very place
            if program.playing:
                self.place = after
                self.played += len(out)
            self._shape(out, target, program.rate)
        else:
            out[:] = 0
        self._mix_grains(program, out)
        return before

    def _copy(self, program: Program, out: F32) -> int:
        samples, place, done = program.samples, self.place, 0
        end = len(samples)
        loop = program.loop if program.loop is not None and place < program.loop[1] else None
        while done < len(out):
            until = end if loop is None else loop[1]
            count = min(len(out) - done, until - place)
            if count <= 0:
                if loop is None:
                    out[done:] = 0
                    break
                place = loop[0]
                continue
            out[done : done + count] = samples[place : place + count]
            place, done = place + count, done + count
        return loop[0] if loop is not None and place >= loop[1] else place

    def _shape(self, out: F32, target: float, rate: int) -> None:
        if self.gain == target == 1.0:
            return
        if self.gain != target:
            count = min(max(int(RAMP * rate), 1), len(out))
            ramp = np.linspace(self.gain, target, count, dtype=np.float32)[:, None]
            out[:count] *= ramp
            out[count:] *= target
            self.gain = target
        else:
            out *= target

    def _mix_grains(self, program: Program, out: F32) -> None:
        middle, serial = program.grain
        if serial != self._grain:
            self._grain = serial
            # never more than two at once, however fast the mouse moves: two windows half over each other are even
            if len(self._pieces) < 2:
                self._pieces.append(grain_of(program.samples, middle, program.rate) * program.volume)
        for i, piece in enumerate(self._pieces):
            count = min(len(piece), len(out))
            out[:count] += piece[:count]
            self._pieces[i] = piece[count:]
        if self._pieces:
            self._pieces = [p for p in self._pieces if len(p)]


def grain_of(samples: F32, middle: int, rate: int) -> F32:
    """A grain [n, channels] around a sample, rising from and falling to nothing."""
    count = int(GRAIN * rate)
    window = np.hanning(count + 2)[1:-1].astype(np.float32)[:, None]
    first = middle - count // 2
    piece = np.zeros((count, samples.shape[1]), np.float32)
    a, b = max(first, 0), min(first + count, len(samples))
    if b > a:
        piece[a - first : b - first] = samples[a:b]
    return piece * window


def loop_samples(loop: Loop | None, rate: int, count: int) -> tuple[int, int] | None:
    """A loop in whole samples."""
    if loop is None:
        return None
    first, end = round(loop[0] * rate), min(round(loop[1] * rate), count)
    return (first, end) if end > first else None
