"""The train page says what is missing, starts with one button, and shows what the stages measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QLabel, QLineEdit, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from emotalker.engine.jobs import Metric, Notice, Preview
from emotalker.projects.document import RunRecord
from emotalker.projects.estimate import Estimate
from emotalker.projects.jobstate import JobState, Phase, StageEnded, StageStarted
from emotalker.projects.pipeline import StageState, StageStatus
from emotalker.widgets.training import PresetChoice, TrainPage

CHOICES = [
    PresetChoice("tiny", "Tiny", "For tests."),
    PresetChoice("draft", "Draft", "Fast.", Estimate({}, 700.0, 1_100_000_000, 400_000_000, "Roughly.")),
    PresetChoice("standard", "Standard", "Sharp.", None, modified=True),
]
JOB = JobState(3, "train", "Training Ada", Phase.RUNNING, "fit", "fitting the neutral twin", 1200, 6000, "steps", 9.7,
               130.0, 500.0, 1500.0, 0.2)  # fmt: skip


@pytest.fixture
def page(qtbot: QtBot) -> TrainPage:
    made = TrainPage()
    qtbot.addWidget(made)
    made.resize(1280, 660)
    made.set_presets(CHOICES)
    made.set_preset("draft")
    made.show()
    return made


def button(page: TrainPage, name: str) -> QPushButton:
    found = page.findChild(QPushButton, name)
    assert found is not None
    return found


def test_the_start_button_starts_with_the_chosen_preset(page: TrainPage, qtbot: QtBot) -> None:
    """One primary button, reachable by keyboard."""
    start = button(page, "train_start")
    assert start.text() == "Start training"
    with qtbot.waitSignal(page.start_requested) as started:
        qtbot.keyClick(start, Qt.Key.Key_Space)
    assert started.args == ["draft"]
    with qtbot.waitSignal(page.preset_changed) as changed:
        page.findChild(QRadioButton, "preset_standard").click()
    assert changed.args == ["standard"]


def test_choosing_from_code_does_not_signal(page: TrainPage, qtbot: QtBot) -> None:
    """The owner is not told what it said itself; the hidden preset appears once it is chosen."""
    assert page.findChild(QRadioButton, "preset_tiny") is None
    with qtbot.assertNotEmitted(page.preset_changed):
        page.set_preset("tiny")
    assert page.findChild(QRadioButton, "preset_tiny").isChecked()
    with qtbot.waitSignal(page.start_requested) as started:
        button(page, "train_start").click()
    assert started.args == ["tiny"]


def test_presets_say_what_they_cost(page: TrainPage) -> None:
    """Time, memory and disk in words; a changed preset says so."""
    texts = [label.text() for label in page.setup.presets.findChildren(QLabel)]
    assert {"about 12 min", "1.1 GB memory", "0.4 GB disk", "modified"} <= set(texts)


def test_what_is_missing_is_said(page: TrainPage) -> None:
    """A disabled button never stands without a reason."""
    page.set_ready(False, "The consent is missing.")
    hint = page.findChild(QLabel, "train_hint")
    assert not button(page, "train_start").isEnabled()
    assert hint.isVisible()
    assert hint.text() == "The consent is missing."
    page.set_ready(True, "")
    assert button(page, "train_start").isEnabled()
    assert not hint.isVisible()


def test_stages_have_words_and_reasons(page: TrainPage, statuses: Callable[..., list[StageStatus]]) -> None:
    """A stopped stage is continued; when all is done the page says where to go."""
    page.set_stages(statuses(track=StageState.DONE, fit=StageState.PARTIAL, express=StageState.STALE))
    assert [page.setup.stages.word(s) for s in ("track", "fit", "express", "avatar")] == [
        "done",
        "begun",
        "again",
        "to do",
    ]
    assert button(page, "train_start").text() == "Continue training"
    page.set_stages([replace(s, state=StageState.DONE) for s in statuses()])
    assert not button(page, "train_start").isEnabled()
    assert "Perform" in page.findChild(QLabel, "train_hint").text()


def test_a_running_job_can_be_paused_and_stopped(page: TrainPage, qtbot: QtBot) -> None:
    """Start gives way to Pause and Stop; a pause turns Pause into Go on."""
    page.set_job(JOB)
    assert not button(page, "train_start").isVisible()
    with qtbot.waitSignal(page.pause_requested):
        button(page, "train_pause").click()
    page.set_job(replace(JOB, phase=Phase.PAUSED))
    assert button(page, "train_pause").text() == "Go on"
    with qtbot.waitSignal(page.resume_requested):
        button(page, "train_pause").click()
    with qtbot.waitSignal(page.stop_requested):
        button(page, "train_stop").click()
    page.set_job(replace(JOB, phase=Phase.STOPPING))
    assert not button(page, "train_stop").isEnabled()
    assert "kept" in page.findChild(QLabel, "train_hint").text()
    page.set_job(None)
    assert button(page, "train_start").isVisible()


def test_progress_and_time_of_stages(page: TrainPage) -> None:
    """The running stage has a bar with numbers; an ended one says how long it took."""
    page.set_job(JOB)
    assert page.setup.stages.word("fit") == "running"
    assert page.setup.stages._rows["fit"].bar.text() == "1,200 of 6,000 steps"
    assert page.cards.card("speed").figure.text() == "9.7 steps/s"
    assert page.cards.card("left").figure.text() == "25 min"
    page.add_event(StageEnded(RunRecord("track", "draft", "cpu", "2026-01-01T00:00:00Z", 130.0, "finished")))
    assert "2 min 10 s" in page.log.text.toPlainText()


def test_metrics_reach_plot_cards_and_words(page: TrainPage, qtbot: QtBot) -> None:
    """Figures follow the stage that runs."""
    page.add_event(StageStarted("fit", "fitting the neutral twin", 0, 3))
    for step in range(20, 4001, 20):
        page.add_event(Metric("fit", step, {"loss": 5 / step, "psnr": 20 + step / 400, "gaussians": 8000.0}))
    qtbot.waitUntil(lambda: page.cards.card("loss").figure.text() != "–", timeout=2000)
    assert page.plot.stage == "fit"
    assert page.cards.card("quality").figure.text().endswith("dB")
    assert page.cards.card("gaussians").figure.text() == "8,000"
    assert "still improving" in page.plot.findChild(QLabel, "plot_trend").text()
    page.add_event(StageStarted("express", "learning to speak", 1, 3))
    page.add_event(Metric("express", 10, {"loss": 3.0, "error_mm": 1.2}))
    assert page.plot.stage == "express"
    qtbot.waitUntil(lambda: page.cards.card("quality").figure.text() == "1.20 mm", timeout=2000)


def test_history_is_shown_after_a_restart(page: TrainPage, qtbot: QtBot, runs: Path) -> None:
    """Curves and pictures of finished and stopped runs are there again; a torn last line does no harm."""
    page.load_history(runs)
    assert page.plot.stages() == ["fit", "emote"]
    assert page.plot.stage == page.previews.stage == "emote"
    assert len(page.plot.series("fit", "loss")) == 60
    assert page.cards.card("best").figure.text() != "–"
    qtbot.waitUntil(lambda: bool(page.previews.view._pictures), timeout=2000)
    page.clear()
    assert page.plot.stages() == []
    assert page.cards.card("loss").figure.text() == "–"
    page.load_history(runs / "nowhere")
    assert page.plot.stages() == []


def test_a_flood_of_events_leaves_the_page_alive(page: TrainPage, qtbot: QtBot) -> None:
    """Twenty thousand events are taken in within a few seconds, the log stays bounded."""
    page.log.text.setMaximumBlockCount(100)
    for step in range(1, 20_001):
        page.add_event(Metric("fit", step, {"loss": 1 / step, "l1": 0.5 / step}))
        if step % 100 == 0:
            page.add_event(Notice("fit", f"line {step}"))
    qtbot.wait(50)
    assert page.log.text.blockCount() <= 100
    assert page.plot.redraws < 10


def test_the_log_is_found_and_copied(page: TrainPage, qtbot: QtBot) -> None:
    """Experts unfold it, search it and take it along."""
    page.add_event(Notice("track", "The face is small.", "warning"))
    page.add_event(Notice("fit", "Going on from step 500."))
    assert not page.log.isVisible()
    page._fold.click()
    assert page.log.isVisible()
    qtbot.keyClicks(page.log.search, "step 500")
    assert page.log.text.textCursor().selectedText() == "step 500"
    qtbot.keyClicks(page.log.search, "zzz")
    assert page.log._found.text() == "not found"
    assert "Warning: The face is small." in page.log.text.toPlainText()


def test_every_control_has_a_name_and_a_tooltip(page: TrainPage, runs: Path, qtbot: QtBot) -> None:
    """For screen readers, and for everybody who wonders what a button does."""
    page.load_history(runs)
    qtbot.waitUntil(lambda: bool(page.previews.view._pictures), timeout=2000)
    nameless = [
        (type(w).__name__, w.objectName())
        for kind in (QAbstractButton, QAbstractSlider, QLineEdit)
        for w in page.findChildren(kind)
        if w.isVisible() and w.objectName() and not w.objectName().startswith("qt_")
        and not (w.toolTip() and (w.accessibleName() or getattr(w, "text", str)()))
    ]  # fmt: skip
    assert nameless == []


@pytest.mark.parametrize(("width", "height"), [(850, 480), (1280, 660), (1920, 940)])
def test_nothing_is_wider_than_the_page(page: TrainPage, runs: Path, qtbot: QtBot, width: int, height: int) -> None:
    """No sideways scrolling at any of the sizes people have; from 1280 on, no scrolling while it runs."""
    page.load_history(runs)
    page.set_job(JOB)
    page.resize(width, height)
    qtbot.wait(50)
    assert page.horizontalScrollBar().maximum() == 0
    if width >= 1280:
        assert page.verticalScrollBar().maximum() == 0


def test_previews_arrive_with_events(page: TrainPage, qtbot: QtBot, runs: Path) -> None:
    """A picture that a stage wrote is on the page a moment later."""
    page.add_event(Preview("fit", 500, runs / "fit" / "previews" / "000500.png"))
    qtbot.waitUntil(lambda: bool(page.previews.view._pictures), timeout=2000)
    assert [name for name, _ in page.previews.view._pictures] == ["Recorded", "Twin"]
