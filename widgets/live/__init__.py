"""What is seen while a microphone drives the twin: delay, loudness, and where the sound comes from.

Plain values enter, signals leave; nothing here listens to anything.
"""

from emotalker.widgets.live.level_meter import LevelMeter
from emotalker.widgets.live.strip import LiveStrip

__all__ = ["LevelMeter", "LiveStrip"]
