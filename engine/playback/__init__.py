"""Playing a twin live: the sound's clock, what drives the face around the playhead, and frames made just in time.

Recordings, curves, views and a twin enter; frames leave through a callback, and what the viewport says it painted comes
back. No window enters, and importing this package loads neither torch nor a sound library.
"""

from emotalker.engine.playback.frames import AudioDevice, Frame, PlaybackStats
from emotalker.engine.playback.performer import Performer
from emotalker.engine.playback.sound import devices

__all__ = ["AudioDevice", "Frame", "Performer", "PlaybackStats", "devices"]
