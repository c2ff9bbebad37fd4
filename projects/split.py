"""Which clips are kept back to judge the twin: whole clips, one in ten, the same ones every time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.errors import UserError
from emotalker.projects.document import ClipEntry

FEWEST_TO_SPLIT = 4
_PART = 10


def held_out(clips: Sequence[ClipEntry], chosen: Sequence[str] = ()) -> frozenset[str]:
    """Ids of the clips no stage may learn from.

    With `chosen` exactly those; else one clip in ten, at least one from four clips on and none below. Emotions take
    turns by how many clips they have, and an emotion gives its only clip last. Depends on content and labels alone, not
    on the order of adding.
    """
    known = {clip.id for clip in clips}
    if chosen:
        return frozenset(chosen) & known
    if len(clips) < FEWEST_TO_SPLIT:
        return frozenset()
    left = {emotion: sorted((c for c in clips if c.emotion == emotion), key=_rank(clips)) for emotion in EMOTIONS}
    taken: Counter[str] = Counter()
    picked: list[str] = []
    for _ in range(max(1, round(len(clips) / _PART))):
        emotion = max(EMOTIONS, key=lambda e: (len(left[e]) > 1, len(left[e]) / (1 + taken[e])))
        picked.append(left[emotion].pop(0).id)
        taken[emotion] += 1
    return frozenset(picked)


def _rank(clips: Sequence[ClipEntry]) -> Callable[[ClipEntry], tuple[bool, float, str]]:
    """Sorts clips whose label is covered by another clip first, then middle levels (their neighbours remain)."""
    labels = Counter((clip.emotion, clip.level) for clip in clips)

    def key(clip: ClipEntry) -> tuple[bool, float, str]:
        return labels[clip.emotion, clip.level] < 2, abs(clip.level - 2.0), clip.sha256

    return key


def find_clip(clips: Sequence[ClipEntry], name: str) -> ClipEntry:
    """The clip of this id, or whose file has this name, with or without its ending.

    Raises:
        UserError: if there is none.
    """
    for clip in clips:
        file = clip.file.rsplit("/", 1)[-1]
        if name in (clip.id, file, file.rsplit(".", 1)[0]):
            return clip
    raise UserError(
        f"The project has no clip named {name}.",
        f"Its clips are: {', '.join(clip.id for clip in clips) or 'none yet'}.",
        "Use one of these names.",
    )
