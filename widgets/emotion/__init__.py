"""Emotion on screen: the colours and words of the eight emotions, and the panel that sets one.

The panel shows a mix and a level given to it and answers with signals, live while a slider moves and once at the end.
"""

from emotalker.widgets.emotion.panel import EmotionPanel

__all__ = ["EmotionPanel"]
