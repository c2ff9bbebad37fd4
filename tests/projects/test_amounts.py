"""How much is enough is said in numbers a person can act on."""

from __future__ import annotations

import pytest

from emotalker.projects.amounts import amounts, spoken
from emotalker.projects.document import ClipEntry


def _clip(name: str, emotion: str, level: float, seconds: float) -> ClipEntry:
    return ClipEntry(name, f"{name}.mp4", emotion, level, name, 1, 1, seconds, 640, 480, 25.0, True)


def test_sentences() -> None:
    """The example of the manual, in the order of the emotions."""
    clips = [_clip(f"h{k}", "happy", float(k), 35 / 3) for k in (1, 2, 3)] + [_clip("n", "neutral", 0.0, 70)]
    neutral, happy = amounts(clips)
    assert happy.sentence == "Happy: 35 s in 3 clips – enough for a draft"
    assert neutral.sentence == "Neutral: 1 min 10 s in 1 clip – enough for a good twin"
    assert "1 to 2 minutes" in happy.advice
    assert neutral.advice == ""


def test_held_out_clips_teach_nothing() -> None:
    """What is kept back does not count towards enough."""
    clips = [_clip("s1", "sad", 1.0, 12), _clip("s2", "sad", 2.0, 12)]
    assert amounts(clips)[0].grade == "draft"
    (sad,) = amounts(clips, {"s1"})
    assert (sad.grade, sad.held_out) == ("little", 1)
    assert "1 held out" in sad.sentence


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min"), (125, "2 min 5 s")])
def test_durations(seconds: float, text: str) -> None:
    """As a person says them."""
    assert spoken(seconds) == text
