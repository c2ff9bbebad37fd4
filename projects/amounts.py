"""How much of each emotion there is, and how much is enough."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.projects.document import ClipEntry

Grade = Literal["little", "draft", "good"]

ADVISED_SECONDS = 15.0  # per emotion and level, for a draft
DRAFT_SECONDS = 10.0  # what still works
GOOD_SECONDS = 60.0  # per emotion

_WORDS = {"little": "too little yet", "draft": "enough for a draft", "good": "enough for a good twin"}


@dataclass(frozen=True)
class Amount:
    """What there is of one emotion.

    Attributes:
        emotion: one of `EMOTIONS`.
        seconds: of all its clips.
        clips: how many.
        held_out: how many of them are kept back.
        levels: the levels recorded, ascending.
        grade: what the clips that are learned from suffice for.
    """

    emotion: str
    seconds: float
    clips: int
    held_out: int
    levels: tuple[float, ...]
    grade: Grade

    @property
    def sentence(self) -> str:
        """For example "Happy: 35 s in 3 clips, 1 held out - enough for a draft"."""
        out = f", {self.held_out} held out" if self.held_out else ""
        clips = f"{self.clips} clip{'' if self.clips == 1 else 's'}"
        return f"{self.emotion.capitalize()}: {spoken(self.seconds)} in {clips}{out} – {_WORDS[self.grade]}"

    @property
    def advice(self) -> str:
        """What to record next; empty when there is enough."""
        if self.grade == "good":
            return ""
        if self.grade == "draft":
            return f"1 to 2 minutes of {self.emotion} give good results."
        each = "" if self.emotion == EMOTIONS[0] else " at each level"
        return f"Record about {ADVISED_SECONDS:g} s of {self.emotion}{each}."


def amounts(clips: Sequence[ClipEntry], held_out: Collection[str] = ()) -> list[Amount]:
    """One entry per emotion that has clips, in the order of `EMOTIONS`."""
    result = []
    for emotion in EMOTIONS:
        own = [clip for clip in clips if clip.emotion == emotion]
        if not own:
            continue
        levels = tuple(sorted({clip.level for clip in own}))
        learned = sum(clip.duration for clip in own if clip.id not in held_out)
        seconds = sum(clip.duration for clip in own)
        grade = _grade(learned, len(levels))
        result.append(Amount(emotion, seconds, len(own), sum(c.id in held_out for c in own), levels, grade))
    return result


def spoken(seconds: float) -> str:
    """A duration as a person says it: "35 s", "2 min 5 s"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _grade(seconds: float, levels: int) -> Grade:
    if seconds >= GOOD_SECONDS:
        return "good"
    return "draft" if seconds >= DRAFT_SECONDS * levels else "little"
