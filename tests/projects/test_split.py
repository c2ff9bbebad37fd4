"""Which clips are held out."""

from __future__ import annotations

import hashlib
import random
from collections import Counter

import pytest

from emotalker.engine.errors import UserError
from emotalker.projects.document import ClipEntry
from emotalker.projects.split import find_clip, held_out


def entry(name: str, emotion: str, level: float) -> ClipEntry:
    """A clip without a file."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return ClipEntry(name, f"/footage/{name}.mp4", emotion, level, digest, 1, 1, 8.0, 64, 64, 25.0, True)


def clips(**counts: int) -> list[ClipEntry]:
    """So many clips of each emotion, over levels 1 to 3."""
    return [
        entry(f"{emotion}_{i}", emotion, 0.0 if emotion == "neutral" else 1.0 + i % 3)
        for emotion, count in counts.items()
        for i in range(count)
    ]


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, 0), (3, 0), (4, 1), (6, 1), (14, 1), (20, 2), (97, 10)])
def test_one_clip_in_ten_and_at_least_one_from_four_on(count: int, expected: int) -> None:
    """Nine to one by whole clips; very few clips are all needed for learning."""
    assert len(held_out(clips(happy=count))) == expected


def test_same_clips_same_split_in_any_order() -> None:
    """The split does not depend on the order of adding, so a rebuilt project judges by the same clips."""
    some = clips(happy=9, sad=9, neutral=4)
    expected = held_out(some)
    for seed in range(5):
        shuffled = random.Random(seed).sample(some, len(some))
        assert held_out(shuffled) == expected


def test_emotions_share_the_loss() -> None:
    """Emotions give held-out clips in proportion, and none loses its only clip while others can spare one."""
    some = clips(happy=20, sad=20, angry=10, fear=1)
    out = held_out(some)
    assert Counter(name.split("_")[0] for name in out) == {"happy": 2, "sad": 2, "angry": 1}


def test_a_level_with_a_twin_goes_first() -> None:
    """The held-out clip is one whose emotion and level are still learned from another clip."""
    some = [entry("a", "happy", 1), entry("b", "happy", 2), entry("c", "happy", 3), entry("d", "happy", 3)]
    assert held_out(some) <= {"c", "d"}


def test_a_choice_replaces_the_split() -> None:
    """Chosen clips are held out, exactly; names of clips no longer there are ignored."""
    some = clips(happy=6)
    assert held_out(some, ["happy_0", "happy_5", "gone"]) == {"happy_0", "happy_5"}


def test_clips_are_found_by_id_file_and_stem() -> None:
    """People name clips by their files."""
    some = clips(happy=2)
    assert find_clip(some, "happy_1").id == find_clip(some, "happy_1.mp4").id == "happy_1"
    with pytest.raises(UserError, match="no clip named"):
        find_clip(some, "sad_1")
