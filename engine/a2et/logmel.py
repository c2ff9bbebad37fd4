"""The picture of sound that Whisper reads: 80 log-mel bands, 100 columns a second."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from emotalker.engine.a2et.windows import F32, SAMPLE_RATE, slice_padded

FFT = 400
HOP = 160
MELS = 80
PEAK = 1.5
"""Where the loudest band of a recording is put (log10 power): the peak of speech as loud as Whisper knows it."""
QUIETEST_PEAK = -2.0
"""Recordings whose loudest band lies below this are not lifted further, so that silence stays silence."""
RANGE = 8.0


def _mel(hertz: np.ndarray) -> np.ndarray:
    """Slaney's mel scale: linear to 1 kHz, logarithmic above."""
    linear = hertz * 3 / 200
    return np.where(hertz < 1000, linear, 15 + np.log(np.maximum(hertz, 1e-9) / 1000) * 27 / np.log(6.4))


def mel_filters() -> Tensor:
    """Triangular mel bands of unit area [80, 201] over 0..8 kHz (Slaney's scale and normalisation)."""
    bins = np.fft.rfftfreq(FFT, 1 / SAMPLE_RATE)
    edges_mel = np.linspace(0, float(_mel(np.array(SAMPLE_RATE / 2))), MELS + 2)
    edges = np.where(edges_mel < 15, edges_mel * 200 / 3, 1000 * np.exp((edges_mel - 15) * np.log(6.4) / 27))
    rising = (bins[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins[None]) / (edges[2:] - edges[1:-1])[:, None]
    bands = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return torch.from_numpy(bands.astype(np.float32))


class LogMel:
    """Log10 mel power of pieces of a recording; a piece has the same values whether cut out or taken with the rest."""

    def __init__(self) -> None:
        self._filters = mel_filters()
        self._window = torch.hann_window(FFT)

    def power(self, audio: F32, start: int, columns: int) -> Tensor:
        """Log10 mel power [80, columns]; column i is centred on sample (start + i + 1) * 160, silence outside.

        The centres lie half a 50 Hz frame later than Whisper's own, so that feature j stands for the middle of
        [j / 50, (j + 1) / 50) as everywhere in the program.
        """
        first = (start + 1) * HOP - FFT // 2
        piece = torch.from_numpy(slice_padded(audio, first, first + (columns - 1) * HOP + FFT))
        spectrum = torch.fft.rfft(piece.unfold(0, FFT, HOP) * self._window).abs().square()
        return torch.log10((self._filters @ spectrum.T).clamp_min(1e-10))

    def peak(self, audio: F32, block: int = 6000) -> float:
        """Loudest value of `power` over the whole recording, read in blocks so that memory stays flat."""
        columns = -(-len(audio) // HOP)
        return max(
            (float(self.power(audio, i, min(block, columns - i)).max()) for i in range(0, columns, block)),
            default=-10.0,
        )

    def normalised(self, audio: F32, start: int, columns: int, peak: float) -> Tensor:
        """What the network reads, [80, columns]: range limited to 8 below the recording's `peak`."""
        return self.scaled(self.power(audio, start, columns), peak)

    @staticmethod
    def scaled(power: Tensor, peak: float) -> Tensor:
        """What the network reads of log10 mel power [80, columns] when the recording's loudest value is `peak`."""
        shifted = power - max(peak, QUIETEST_PEAK) + PEAK
        return (shifted.clamp_min(PEAK - RANGE) + 4) / 4
