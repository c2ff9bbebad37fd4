"""The traffic lights of clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.media import Mp4Writer
from emotalker.engine.synthetic.sample import SampleClip
from emotalker.engine.tracking.check import check_clip
from emotalker.engine.tracking.quality import Measures, judge

GOOD = Measures(
    width=1080, height=1080, fps=25, seconds=12, looks=6, with_face=1, with_more=0, face_height=400, cut_off=0,
    sharpness=40, brightness=110, has_sound=True, loudness=-25, clipped=0,
)  # fmt: skip


def test_a_good_clip_is_green() -> None:
    """Nothing to complain about means no finding at all."""
    assert judge(GOOD) == ("green", [])


def test_vertical_phone_video_is_fine() -> None:
    """Nobody needs to turn the phone."""
    assert judge(replace(GOOD, width=1080, height=1920))[0] == "green"


@pytest.mark.parametrize(
    ("change", "light", "word"),
    [
        ({"with_face": 0.0}, "red", "face"),
        ({"with_more": 1.0}, "yellow", "one person"),
        ({"face_height": 40.0}, "red", "nearer"),
        ({"face_height": 100.0}, "yellow", "nearer"),
        ({"seconds": 1.0}, "red", "record"),
        ({"seconds": 4.0}, "yellow", "short"),
        ({"fps": 8.0}, "red", "25"),
        ({"fps": 15.0}, "yellow", "25"),
        ({"has_sound": False}, "yellow", "sound"),
        ({"loudness": -120.0}, "yellow", "microphone"),
        ({"loudness": -50.0}, "yellow", "low"),
        ({"clipped": 0.05}, "yellow", "level"),
        ({"sharpness": 1.0}, "yellow", "focus"),
        ({"brightness": 10.0}, "yellow", "dark"),
        ({"cut_off": 1.0}, "yellow", "room"),
    ],
)
def test_faults_get_a_light_and_a_remedy(change: dict[str, float], light: str, word: str) -> None:
    """Each fault alone has its colour, and one finding that says what to do."""
    found, texts = judge(replace(GOOD, **change))
    assert found == light
    assert len(texts) == 1
    assert word in texts[0]


def test_the_worst_comes_first() -> None:
    """With several faults the light is the worst one's, and so is the first sentence."""
    light, texts = judge(replace(GOOD, loudness=-50.0, fps=8.0))
    assert light == "red"
    assert "8 frames" in texts[0]
    assert len(texts) == 2


@pytest.mark.assets
@pytest.mark.usefixtures("models")
def test_a_film_of_a_face(film: list[SampleClip]) -> None:
    """A real look at a clip: the face is found and measured; only its length is faulted."""
    result = check_clip(film[0].clip.path)
    assert result.measures.with_face == 1
    assert 60 < result.measures.face_height < 200
    assert result.measures.has_sound
    assert any("s long" in text for text in result.findings)


@pytest.mark.assets
@pytest.mark.usefixtures("models")
def test_two_and_no_faces(film: list[SampleClip], tmp_path: Path) -> None:
    """Two people side by side are noticed, and so is a picture of nobody."""
    from emotalker.engine.media import FrameSource

    both, nobody = tmp_path / "two people.mp4", tmp_path / "nobody ü.mp4"
    with Mp4Writer(both, 512, 256, 25) as two, Mp4Writer(nobody, 256, 256, 25) as none:
        for _, rgb in FrameSource(film[0].clip.path, stop=12):
            two.write(np.concatenate([rgb, rgb[:, ::-1]], 1))
            none.write(np.full_like(rgb, 90))
    assert any("one person" in text for text in check_clip(both).findings)
    result = check_clip(nobody)
    assert result.light == "red"
    assert any("No face" in text for text in result.findings)
