"""The strip that is always there says what runs, in any width."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from emotalker.projects.jobstate import JobState, Phase
from emotalker.widgets.training import JobBar

JOB = JobState(7, "train", "Training Ada", Phase.RUNNING, "emote", "learning the emotions", 1200, 2000, "steps", 9.7,
               812.0, 84.0, 900.0, 0.81, "Going on from step 500.")  # fmt: skip


@pytest.fixture
def bar(qtbot: QtBot) -> JobBar:
    made = JobBar()
    qtbot.addWidget(made)
    made.resize(1280, 44)
    made.show()
    return made


def visible(bar: JobBar) -> set[str]:
    return {name for name, label in bar.facts.items() if label.isVisible()}


def test_an_idle_bar_says_so(bar: JobBar) -> None:
    """Nothing but a sentence."""
    assert bar.phase.text() == "No job is running"
    assert not bar.progress.isVisible()
    assert not bar.stop.isVisible()


def test_a_running_job_is_told_in_full(bar: JobBar) -> None:
    """Stage, speed, times and share, with a word for the phase."""
    bar.set_state(JOB)
    assert (bar.phase.text(), bar.title.text()) == ("Running", "Training Ada")
    assert visible(bar) == {"stage", "rate", "elapsed", "eta_stage", "eta"}
    assert bar.facts["rate"].text() == "9.7 steps/s"
    assert bar.facts["eta"].text() == "about 15 min left"
    assert bar.progress.text() == "81 %"


def test_a_job_of_one_stage_tells_its_time_once(bar: JobBar) -> None:
    """Where the stage ends with the job, one sentence says both, also in the tooltip."""
    bar.set_state(replace(JOB, kind="export", eta=84.0, eta_stage=84.0))
    assert "eta_stage" not in visible(bar)
    assert bar.text().count("about 1 min") + bar.text().count("about 85 s") <= 1
    assert "Until the job ends" in bar.text()
    assert "Until the stage ends" not in bar.text()


@pytest.mark.parametrize("width", [1280, 850, 600, 420])
def test_lesser_facts_give_way(bar: JobBar, qtbot: QtBot, width: int) -> None:
    """Buttons and phase are whole at any width; the tooltip has everything."""
    bar.set_state(replace(JOB, title="Training a twin with a rather long name indeed"))
    bar.resize(width, 44)
    qtbot.wait(20)
    assert bar.width() == width
    for part in (bar.phase, bar.title, bar.pause, bar.stop, bar.progress):
        assert part.isVisible()
        assert part.geometry().right() <= width
    for label in bar.facts.values():
        assert not label.isVisible() or label.width() >= label.sizeHint().width()
    if width <= 850:
        assert "elapsed" not in visible(bar)
    for text in (
        "learning the emotions",
        "1,200 of 2,000 steps",
        "13 min 32 s",
        "about 15 min",
        "rather long name indeed",
    ):
        assert text in bar.toolTip()


def test_the_buttons_name_the_job(bar: JobBar, qtbot: QtBot) -> None:
    """Pause, go on, stop; a click elsewhere, or Enter, asks for the page."""
    bar.set_state(JOB)
    with qtbot.waitSignal(bar.pause_requested) as paused:
        bar.pause.click()
    bar.set_state(replace(JOB, phase=Phase.PAUSED))
    with qtbot.waitSignal(bar.resume_requested) as resumed:
        bar.pause.click()
    with qtbot.waitSignal(bar.stop_requested) as stopped:
        bar.stop.click()
    assert paused.args == resumed.args == stopped.args == [7]
    with qtbot.waitSignal(bar.clicked):
        qtbot.mouseClick(bar, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(bar.clicked):
        qtbot.keyClick(bar, Qt.Key.Key_Return)


def test_a_failure_stays_until_it_is_put_away(bar: JobBar, qtbot: QtBot) -> None:
    """Nobody misses it by looking away; once dismissed it does not come back."""
    failed = replace(JOB, phase=Phase.FAILED, message="The computer ran out of memory.")
    bar.set_state(failed)
    bar.set_state(None)
    assert bar.phase.text() == "Failed"
    assert bar.facts["message"].text() == "The computer ran out of memory."
    assert not bar.pause.isVisible()
    with qtbot.waitSignal(bar.dismissed):
        bar.close_button.click()
    assert bar.phase.text() == "No job is running"
    bar.set_state(failed)
    assert bar.phase.text() == "No job is running"
    bar.set_state(replace(JOB, id=8))
    assert bar.phase.text() == "Running"


def test_a_long_failure_is_shortened_in_sight_only(bar: JobBar) -> None:
    """The tooltip keeps the whole sentence, also after the window grew again."""
    text = "The computer ran out of memory while it learned the emotions. " * 3
    bar.set_state(replace(JOB, phase=Phase.FAILED, message=text))
    bar.resize(850, 44)
    assert bar.facts["message"].text().endswith("…")
    assert text in bar.toolTip()
    assert bar.close_button.geometry().right() <= 850
    bar.resize(3000, 44)
    assert bar.facts["message"].text() == text
