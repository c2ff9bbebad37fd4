"""What a training is said to cost, against trainings that were run."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import psutil
import pytest

from emotalker.projects import estimate as module
from emotalker.projects.estimate import (
    REFERENCE,
    MachineSpeed,
    disk_advice,
    estimate,
    known_speed,
    memory_advice,
    probe_machine,
)


def test_trainings_cost_what_they_did() -> None:
    """Of six clips of 48 s, stages of Standard and of Draft that were timed on the reference machine, within 15 %."""
    took = {"standard": {"track": 64.3, "fit": 927.5}, "draft": {"express": 120.8, "emote": 228.2}}
    for name, stages in took.items():
        cost = estimate(name, 48.32, 6, REFERENCE)
        for stage, seconds in stages.items():
            assert cost.stage_seconds[stage] == pytest.approx(seconds, rel=0.15), (name, stage)
    draft = estimate("draft", 48.32, 6, REFERENCE)
    assert draft.memory_bytes == pytest.approx(1.06e9, rel=0.1)
    assert draft.disk_bytes == pytest.approx(195e6, rel=0.15)


def test_the_tiny_twin_of_the_demo() -> None:
    """Seven clips of 28 s took 57 s: within 40 %, as starting weighs much there."""
    cost = estimate("tiny", 28.0, 7, REFERENCE)
    assert cost.seconds == pytest.approx(57, rel=0.4)


def test_better_presets_and_slower_machines_cost_more() -> None:
    """Time grows with the preset and, in each stage, with slowness; clips add time, memory and disk."""
    costs = [estimate(name, 60, 6, REFERENCE) for name in ("draft", "standard", "best")]
    assert costs[0].seconds < costs[1].seconds < costs[2].seconds
    assert costs[0].memory_bytes < costs[1].memory_bytes < costs[2].memory_bytes
    slow = dataclasses.replace(REFERENCE, picture_ms=(15.0, 37.0, 52.0), network_ms=8.0)
    for name in ("track", "fit", "express", "emote"):
        assert estimate("draft", 60, 6, slow).stage_seconds[name] > 1.5 * costs[0].stage_seconds[name]
    more = estimate("draft", 600, 60, REFERENCE)
    assert more.seconds > costs[0].seconds
    assert more.disk_bytes > costs[0].disk_bytes + 500e6


@pytest.mark.parametrize("pictures", [(7.3, 18.2, 25.5), (9.0, 9.0, 9.0), (10.0, 40.0, 30.0), (20.0, 5.0, 5.0)])
def test_odd_measurements_give_sane_times(pictures: tuple[float, ...]) -> None:
    """Noise in a measurement never makes a picture free, or a larger one much cheaper."""
    speed = MachineSpeed(pictures)
    assert speed.picture(10_000, 256) > 0.2 * pictures[0]
    assert speed.picture(60_000, 512) >= speed.picture(10_000, 512) > 0


def test_a_measurement_is_remembered_for_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured in a process once; a file of another machine or a damaged one does not count."""
    monkeypatch.setattr(psutil, "cpu_percent", lambda _: 0.0)
    cache = tmp_path / "machine.json"
    assert known_speed(cache) is REFERENCE
    probe = 'print(\'noise\'); print(\'{"picture_ms": [1, 2, 3], "network_ms": 4, "cores": 8, "measured": true}\')'
    monkeypatch.setattr(module, "_PROBE", probe)
    expected = MachineSpeed((1.0, 2.0, 3.0), 4.0, 8, True)
    assert probe_machine(cache=cache) == expected
    monkeypatch.setattr(module, "_PROBE", "raise SystemExit(3)")
    assert probe_machine(cache=cache) == expected
    assert known_speed(cache) == expected
    monkeypatch.setattr(module, "_machine", lambda: "another")
    assert known_speed(cache) is REFERENCE
    cache.write_text("{}")
    assert known_speed(cache) is REFERENCE


def test_what_was_measured_on_a_busy_machine_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts for now, and the note says so."""
    monkeypatch.setattr(psutil, "cpu_percent", lambda _: 90.0)
    monkeypatch.setattr(module, "_PROBE", f"print({REFERENCE.to_json()!r})")
    speed = probe_machine(cache=tmp_path / "machine.json")
    assert speed.busy
    assert not (tmp_path / "machine.json").exists()
    assert "were at work" in estimate("draft", 10, 1, dataclasses.replace(speed, measured=True)).note


def test_a_machine_that_cannot_be_measured_gets_the_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failing measurement costs nothing but accuracy, and is not remembered."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    assert probe_machine(cache=tmp_path / "machine.json") is REFERENCE
    assert not (tmp_path / "machine.json").exists()


@pytest.mark.slow
def test_this_machine_can_be_measured() -> None:
    """The measurement itself runs and gives times within a factor of fifty of the reference."""
    speed = module.measure(0.5)
    assert speed.measured
    assert 0.02 < speed.drawing < 50
    assert 0.02 < speed.thinking < 50


def test_too_little_room_is_said_with_figures(tmp_path: Path) -> None:
    """Disk and memory: None if there is enough, else an error with what to do, also for a folder not made yet."""
    assert disk_advice(tmp_path / "not" / "there", 1000) is None
    error = disk_advice(tmp_path / "not" / "there", 10**18)
    assert error is not None
    assert "1000000000.0 GB" in error.why
    assert memory_advice(1000) is None
    error = memory_advice(10**18)
    assert error is not None
    assert "Close other programs" in error.what_to_do
