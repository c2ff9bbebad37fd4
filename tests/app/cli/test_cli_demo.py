"""demo, on small stages and borrowed clips."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emotalker.engine.media import read_audio
from emotalker.engine.synthetic import sample
from emotalker.projects import Project


@pytest.fixture
def filming(monkeypatch: pytest.MonkeyPatch, footage: Path) -> list[str]:
    """Copies clips instead of painting them; lists what was filmed."""
    filmed: list[str] = []

    def sample_clips(out: Path, config: sample.SampleConfig) -> Iterator[str]:
        out.mkdir(parents=True, exist_ok=True)
        for clip in sorted(footage.iterdir()):
            shutil.copyfile(clip, out / clip.name)
            filmed.append(clip.stem)
            yield clip.stem

    monkeypatch.setattr(sample, "sample_clips", sample_clips)
    return filmed


def test_demo_goes_from_clips_to_film(run: Callable, engine: Any, filming: list[str], tmp_path: Path) -> None:
    """Clips, all stages at the tiny preset, a film; the folder it worked in is gone."""
    result = run("demo", "--out", "film.mp4")
    assert result.exit_code == 0, result.stderr
    assert len(filming) == 6
    assert [stage for stage, _ in engine.log] == ["track", "fit", "express", "emote", "avatar"]
    assert json.loads((tmp_path / "film.mp4").read_text())[:3] == ["speech.wav", "happy", 2.5]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "logs"]


def test_kept_demo_goes_on(run: Callable, engine: Any, filming: list[str], tmp_path: Path) -> None:
    """With --keep the project stays; the same command again films and trains nothing twice."""
    for _ in range(2):
        assert run("demo", "--out", "film.mp4", "--keep", "kept").exit_code == 0
    assert len(filming) == 6
    assert len(engine.log) == 5
    project = Project.open(tmp_path / "kept" / "project")
    assert project.manifest.preset == "tiny"
    assert project.held_out()
    speech = read_audio(tmp_path / "kept" / "speech.wav")
    assert speech is not None
    assert speech.duration == pytest.approx(5.0, abs=0.01)
    assert not speech.silent


def test_demo_refuses_a_bad_name_before_any_work(run: Callable, engine: Any, filming: list[str]) -> None:
    """A film that is no MP4 is refused before five minutes of work."""
    assert run("demo", "--out", "film.gif").exit_code == 1
    assert filming == []
    assert engine.log == []
