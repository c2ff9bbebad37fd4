"""The transport: the buttons that play a performance, the time, volume and sound device.

It shows what it is told and answers with signals; nothing here knows a player.
"""

from emotalker.widgets.transport.bar import TransportBar

__all__ = ["TransportBar"]
