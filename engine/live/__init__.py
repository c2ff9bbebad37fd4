"""Live: a microphone or a growing file drives a twin while somebody speaks.

Sound and looks enter; frames leave through a callback. No window enters.
"""

from emotalker.engine.live.live import Live
from emotalker.engine.live.meter import LiveStats
from emotalker.engine.live.microphone import InputDevice, Microphone, microphones
from emotalker.engine.live.sound import Ring, Source
from emotalker.engine.live.sources import GrowingFile, PacedSound

__all__ = [
    "GrowingFile",
    "InputDevice",
    "Live",
    "LiveStats",
    "Microphone",
    "PacedSound",
    "Ring",
    "Source",
    "microphones",
]
