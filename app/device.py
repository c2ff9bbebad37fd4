"""What this computer has to train on, in a sentence; asked in a thread, as it imports torch and renders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DeviceWords:
    """What was found.

    Attributes:
        cuda: whether a CUDA card renders here.
        sentence: for the user.
    """

    cuda: bool
    sentence: str


def describe_device() -> DeviceWords:
    """Look for a graphics card that trains. Takes seconds the first time: not for the window's thread."""
    from emotalker.engine.device import choose_device

    device, sentence = choose_device("auto")
    return DeviceWords(device == "cuda", sentence)
