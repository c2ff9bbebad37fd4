"""The measurement of playing: real frames in a real window, and a training that is thrown away."""

from __future__ import annotations

import json
import pickle
import tempfile
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from emotalker.app import viewport_bench
from emotalker.app.bench_load import STAGE, TrainingLoad
from emotalker.engine.bench.twin import sample_twin
from emotalker.engine.jobs import Job, Metric, Outcome, StopToken
from emotalker.engine.playback import PlaybackStats


def test_figures_of_a_small_twin(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are painted at a rate, and every figure that is promised is written."""
    sample_twin(1200, 64).save(tmp_path / "twin")
    monkeypatch.setattr(viewport_bench, "SETTLE", 0.5)
    monkeypatch.setattr(viewport_bench, "_beside_training", lambda measure: (PlaybackStats(shown=7, dropped=1), 7.0))
    out = tmp_path / "figures.json"
    arguments = ["--twin", str(tmp_path / "twin"), "--seconds", "1", "--json", str(out)]
    assert viewport_bench.main(arguments) == 0
    figures = json.loads(out.read_text())["viewport"]
    assert figures["backend"] == "cpu"
    assert 5 < figures["fps"] <= 61
    assert figures["interval_ms"] > 10
    assert 0 <= figures["dropped"] < 100
    assert figures["av_offset_ms_max"] < 60
    assert figures["fps_training"] == 7
    assert figures["dropped_training"] == 12.5
    assert "p99_training_ms" in figures


def advance(job: Job, stop: StopToken) -> tuple[list[str], Outcome]:
    """Run until it trains, then ask it to stop."""
    stages = []
    while True:
        try:
            event = next(job)
        except StopIteration as end:
            return stages, end.value
        stages.append(getattr(event, "stage", ""))
        if isinstance(event, Metric) and event.stage == STAGE:
            stop.request()


@pytest.mark.slow
def test_the_training_is_real_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It trains until it is stopped, and its folder is gone; it can be sent to another process."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stop = StopToken()
    stages, outcome = advance(pickle.loads(pickle.dumps(TrainingLoad("tiny")))(stop), stop)
    assert outcome is Outcome.STOPPED
    assert {"track", STAGE} <= set(stages)
    assert not list(tmp_path.glob("emotalker-*"))
