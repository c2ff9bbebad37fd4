"""The timeline: ruler, waveform and emotion curve of a performance, edited with mouse and keys.

It shows an immutable curve, the outline of a voice, a playhead and a loop, and answers with signals; playing and
undoing are done elsewhere. What is expensive is drawn once and kept as pictures, so that a moving playhead is cheap.
"""

from emotalker.widgets.timeline.timeline import Timeline

__all__ = ["Timeline"]
