"""How a preview picture is to be cut: which stage puts what beside what."""

from __future__ import annotations

from dataclasses import dataclass

# what a stage writes side by side for each fixed frame; the recording is always the first
_PARTS = {
    "track": ("Seen points", "Fitted head"),
    "fit": ("Recorded", "Twin"),
    "emote": ("Recorded", "Twin, moved like the recording", "Twin, moved by the voice"),
}


@dataclass(frozen=True)
class Tiles:
    """The cut of one picture.

    Attributes:
        parts: what stands side by side, the recording first.
        frames: how many fixed frames are in the picture.
        side: width of a tile, pixels.
    """

    parts: tuple[str, ...]
    frames: int
    side: int

    def box(self, frame: int, part: int) -> tuple[int, int, int, int]:
        """Left, top, width, height of a tile in pixels."""
        return (frame * len(self.parts) + part) * self.side, 0, self.side, self.side


def tiles_of(stage: str, width: int, height: int) -> Tiles:
    """The cut of a stage's preview of this size; a picture of an unknown stage or shape is shown whole."""
    parts = _PARTS.get(stage, ())
    count = round(width / height) if height else 0
    if not parts or count * height != width or count % len(parts):
        return Tiles(("Preview",), 1, width)
    return Tiles(parts, count // len(parts), height)


def has_history(stage: str) -> bool:
    """Whether later previews of a stage show the same frames, further on; tracking shows another clip each time."""
    return stage != "track"
