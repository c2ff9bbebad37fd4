"""Labels from file names, folder-safe names."""

from __future__ import annotations

from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotalker.engine.errors import UserError
from emotalker.projects.labels import USUAL_LEVEL, guess_label
from emotalker.projects.names import clip_id

TABLE = [
    ("happy_level2.mp4", "happy", 2.0),
    ("sad3.mp4", "sad", 3.0),
    ("sad_3.mov", "sad", 3.0),
    ("neutral_01.mp4", "neutral", 0.0),
    ("neutral.mp4", "neutral", 0.0),
    ("angry-level-1.mp4", "angry", 1.0),
    ("M003_front_angry_level_3_001.mp4", "angry", 3.0),
    ("W011 front surprised level_1 014.mp4", "surprised", 1.0),
    ("HappyLevel2.MP4", "happy", 2.0),
    ("happylevel2.mp4", "happy", 2.0),
    ("joy_lvl1.mp4", "happy", 1.0),
    ("disgust level 2.5.mp4", "disgusted", 2.5),
    ("Björn fear (level 1).mkv", "fear", 1.0),
    ("level_3_contempt_take2.mp4", "contempt", 3.0),
    ("happy_level0.mp4", "happy", 0.0),
    ("M003/video/front/angry/level_3/001.mp4", "angry", 3.0),
]


@pytest.mark.parametrize(("name", "emotion", "level"), TABLE)
def test_names_people_use(name: str, emotion: str, level: float) -> None:
    """Usual ways to name a clip are understood, MEAD's among them."""
    guess = guess_label(PurePath(name))
    assert (guess.emotion, guess.level, guess.level_stated) == (emotion, level, True)


@pytest.mark.parametrize("name", ["happy.mp4", "sad_017.mp4", "angry_take_12.mp4"])
def test_level_that_is_not_stated_is_the_usual_one_and_said_so(name: str) -> None:
    """A number that is no level is not taken for one."""
    guess = guess_label(PurePath(name))
    assert (guess.level, guess.level_stated) == (USUAL_LEVEL, False)


@pytest.mark.parametrize(
    "name",
    ["bored_level2.mp4", "unhappy_level1.mp4", "view_plus30.mp4", "001.mp4", "happy_sad.mp4", "happy_level7.mp4"],
)
def test_what_cannot_be_understood_is_an_error_with_advice(name: str) -> None:
    """Unknown, ambiguous and impossible labels are never guessed around."""
    with pytest.raises(UserError) as caught:
        guess_label(PurePath(name))
    assert caught.value.what_to_do


@given(st.text(max_size=30))
def test_any_text_gives_a_label_or_a_user_error(text: str) -> None:
    """No file name breaks the guess."""
    try:
        guess = guess_label(PurePath(f"{text}.mp4"))
    except UserError:
        return
    assert 0 <= guess.level <= 3


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("happy_level2", "happy_level2"),
        ("fröhlich Größe", "froehlich_Groesse"),
        ("été à Łódź", "ete_a_odz"),
        ("../../etc/passwd", "etc_passwd"),
        ("日本", "clip"),
        ("CON", "clip_CON"),
        ("", "clip"),
    ],
)
def test_ids_are_safe_folder_names(stem: str, expected: str) -> None:
    """Umlauts, blanks, paths and device names become plain folder names."""
    assert clip_id(stem, []) == expected


@given(st.text(max_size=100), st.lists(st.text(max_size=10), max_size=5))
def test_ids_are_unique_whatever_the_case(stem: str, others: list[str]) -> None:
    """Two clips never share a folder, also on disks that ignore case."""
    taken: list[str] = []
    for text in [*others, stem, stem, stem.upper()]:
        taken.append(clip_id(text, taken))
    assert len({name.lower() for name in taken}) == len(taken)
    assert all(name.isascii() and "/" not in name and not name.startswith(".") for name in taken)
