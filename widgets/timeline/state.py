"""What the timeline shows: plain data, without a window."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL
from emotalker.widgets.timeline.scale import TimeScale

if TYPE_CHECKING:
    from emotalker.engine.media.peaks import Peaks

RULER = 26  # px
LANE_SHARE = 0.54  # of what is below the ruler
SHORTEST_LOOP = 0.1  # s, as the marks of the window
_TOP, _BOTTOM = 24, 12  # px of the lane above level 3 (for the words) and below level 0
_NEUTRAL = EMOTIONS.index("neutral")


@dataclass
class TimelineState:
    """Everything that is drawn.

    Attributes:
        curve: the emotion curve, live values during a drag.
        peaks: outline of the voice, None while there is none.
        playhead: seconds.
        loop: first and last second, or None.
        playing: whether the playhead moves by itself.
        voice: length of the voice, seconds; 0 while there is none.
        fps: frames per second, for nudging.
        selected: indices of chosen keyframes.
        current: the chosen keyframe that keys go on from, or None.
        scale: zoom and scroll.
        height: of the whole picture, px.
        band: the rubber band in px (x0, y0, x1, y1), or None.
    """

    curve: EmotionCurve = field(default_factory=lambda: EmotionCurve.constant("neutral", 0.0))
    peaks: Peaks | None = None
    playhead: float = 0.0
    loop: tuple[float, float] | None = None
    playing: bool = False
    voice: float = 0.0
    fps: float = 30.0
    selected: tuple[int, ...] = ()
    current: int | None = None
    scale: TimeScale = field(default_factory=TimeScale)
    height: int = 180
    band: tuple[float, float, float, float] | None = None

    @property
    def empty(self) -> bool:
        """True when there is neither a voice to perform to nor a keyframe to be seen."""
        return self.scale.duration <= 0

    @property
    def reach(self) -> float:
        """How far the picture goes, seconds: keyframes without a voice or after its end act, so they are seen."""
        keys = self.curve.keyframes
        return max(self.voice, keys[-1].time if len(keys) > 1 else 0.0)

    def clamped(self, time: float) -> float:
        """The time within what can be played."""
        return min(self.scale.clamped(time), self.voice or self.scale.duration)

    @property
    def lane_top(self) -> int:
        """Where the emotion lane begins, px."""
        return self.height - round((self.height - RULER) * LANE_SHARE)

    def y(self, level: float) -> float:
        """Pixel of a level."""
        top, bottom = self.lane_top + _TOP, self.height - _BOTTOM
        return bottom - (bottom - top) * level / MAX_LEVEL

    def levels_per_pixel(self) -> float:
        """How much level one pixel of height is."""
        return MAX_LEVEL / max(self.y(0.0) - self.y(MAX_LEVEL), 1.0)

    def key_points(self) -> list[tuple[float, float]]:
        """Pixels of every keyframe; on the curve, so that what is neutral in a mix counts as level 0."""
        return [(self.scale.x(k.time), self.y(k.level * (1.0 - k.weights[_NEUTRAL]))) for k in self.curve.keyframes]

    def key_at(self, x: float, y: float, reach: float = 10.0) -> int | None:
        """The keyframe under a pixel, the closest of several."""
        near = [(max(abs(px - x), abs(py - y)), index) for index, (px, py) in enumerate(self.key_points())]
        distance, index = min(near)
        return index if distance <= reach else None

    def loop_end_at(self, x: float, reach: float = 8.0) -> int | None:
        """0 or 1 for the start or the end of the loop under a pixel of the ruler; grips point inwards."""
        if self.loop is None:
            return None
        first, last = (self.scale.x(t) for t in self.loop)
        near = [(abs(edge - x), end) for end, edge in enumerate((first, last)) if abs(edge - x) <= reach]
        return min(near)[1] if near else None
