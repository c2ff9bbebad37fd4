"""WAV files that are not finished: where the sound begins and how it is written, whatever their sizes say."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class WavLayout:
    """How sound lies in a WAV file.

    Attributes:
        start: byte where the sound begins.
        rate: Hz.
        channels: how many.
        bits: per sample.
        floating: whether samples are floating-point numbers.
    """

    start: int
    rate: int
    channels: int
    bits: int
    floating: bool

    @property
    def stride(self) -> int:
        """Bytes of one moment."""
        return self.channels * self.bits // 8

    def mono(self, data: bytes) -> F32:
        """Sound [n] of whole moments, mixed to one channel."""
        values: NDArray[Any]
        if self.floating:
            values = np.frombuffer(data, f"<f{self.bits // 8}").astype(np.float32)
        elif self.bits == 8:
            values = np.frombuffer(data, np.uint8).astype(np.float32) / 128 - 1
        elif self.bits == 24:
            # three bytes in the upper part of four, so that the sign is where it belongs
            wide = np.zeros((len(data) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            values = wide.view("<i4")[:, 0].astype(np.float32) / 2**31
        else:
            values = np.frombuffer(data, f"<i{self.bits // 8}").astype(np.float32) / 2 ** (self.bits - 1)
        return np.ascontiguousarray(values.reshape(-1, self.channels).mean(1), np.float32)


def wav_layout(head: bytes) -> WavLayout | None:
    """What the beginning of a WAV file says; None while too little of it has been written.

    Sizes are not believed: a program that still writes cannot know them.

    Raises:
        ValueError: if it is no WAV file, or of a kind that cannot be read.
    """
    if len(head) < 12:
        return None
    if head[:4] not in (b"RIFF", b"RF64") or head[8:12] != b"WAVE":
        raise ValueError("it is no WAV file")
    place, found = 12, None
    while place + 8 <= len(head):
        name, size = head[place : place + 4], struct.unpack_from("<I", head, place + 4)[0]
        if name == b"data":
            if found is None:
                raise ValueError("it does not say how its sound is written")
            return WavLayout(place + 8, *found)
        if name == b"fmt ":
            if place + 24 > len(head):
                return None
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, place + 8)
            if kind == 0xFFFE and place + 34 <= len(head):
                kind = struct.unpack_from("<H", head, place + 32)[0]
            usable = {1: (8, 16, 24, 32), 3: (32, 64)}
            if bits not in usable.get(kind, ()) or not channels or not rate:
                raise ValueError("its sound is packed in a way that cannot be followed")
            found = (rate, channels, bits, kind == 3)
        place += 8 + size + size % 2
    return None
