"""Live in the window: a switch, an end, one thing at a time, and words instead of a dialog where there is no sound."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PySide6.QtWidgets import QToolButton

from emotalker.engine.errors import UserError
from emotalker.engine.live import GrowingFile, LiveStats, PacedSound

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application

NOBODY = UserError("No microphone was found.", "There is none.", "Connect one.")
HAPPY = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Ears:
    """Hears without a downloaded model."""

    name, width = "whisper_tiny_en", 384

    def features(self, audio: np.ndarray) -> np.ndarray:
        return np.zeros((len(audio) // 320, self.width), np.float32)


@pytest.fixture
def sample(qtbot: QtBot, launch: Callable[..., Application], monkeypatch: pytest.MonkeyPatch) -> Application:
    """The application with the sample twin, a microphone that hums, and ears that need no model."""
    application = launch()
    application.projects.open_sample()
    qtbot.waitUntil(lambda: application.performing.voice is not None, timeout=120_000)
    application.window.show_page("perform")
    avatar, live = application.performing.loading.avatar, application.performing.live
    assert avatar is not None
    monkeypatch.setattr(avatar, "_encoder", Ears())
    hum = (0.2 * np.sin(np.arange(16000 * 60) / 9)).astype(np.float32)
    live.open_microphone = lambda name: PacedSound(hum)
    live.list_microphones = lambda: ["Desk", "Headset"]
    return application


def button(application: Application) -> QToolButton:
    """The Live switch."""
    found = application.window.perform.transport.findChild(QToolButton, "transport_live")
    assert isinstance(found, QToolButton)
    return found


def go_live(qtbot: QtBot, application: Application) -> Any:
    """Press the switch and wait for the first pictures."""
    button(application).click()
    live = application.performing.live
    qtbot.waitUntil(lambda: live.live is not None and live.live.stats().frames > 3, timeout=60_000)
    return live


def threads() -> list[str]:
    """Names of what runs for Live."""
    return [t.name for t in threading.enumerate() if t.name.startswith("live-")]


def test_on_and_off(qtbot: QtBot, sample: Application, failures: list[UserError]) -> None:
    """One press listens and shows the delay, the next ends it without a trace, and the twin stands as before."""
    page, performing = sample.window.perform, sample.performing
    assert page.live.isHidden()
    live = go_live(qtbot, sample)
    assert not page.live.isHidden()
    qtbot.waitUntil(lambda: page.live.state.startswith("Live – "), timeout=20_000)
    assert sample.studio.actions["play.live"].isChecked()
    assert sample.studio.actions["play.live_end"].isEnabled()
    assert performing.performer is not None
    assert performing.performer.arrays is live.live.arrays
    button(sample).click()
    assert page.live.isHidden()
    assert not live.on
    assert not threads()
    assert not sample.studio.actions["play.live"].isChecked()
    assert not sample.studio.actions["play.live_end"].isEnabled()
    performing.play()
    qtbot.waitUntil(lambda: performing.time > 0.3, timeout=20_000)
    performing.pause()
    assert not failures


def test_escape_ends_it(qtbot: QtBot, sample: Application) -> None:
    """The key is in the table, so it is on the sheet of shortcuts too; off, it is free for others."""
    rows = {(keys, tip) for _, keys, tip in sample.studio.actions.cheat_sheet()}
    assert any(keys == "Ctrl+L" and "microphone" in tip for keys, tip in rows)
    assert any(keys == "Esc" for keys, _ in rows)
    live = go_live(qtbot, sample)
    sample.studio.actions["play.live_end"].trigger()
    assert not live.on
    assert not button(sample).isChecked()


def test_playing_and_live_exclude_one_another(qtbot: QtBot, sample: Application) -> None:
    """Live stops the recording, which nobody must hear into the microphone; playing stops Live."""
    performing = sample.performing
    performing.play()
    qtbot.waitUntil(lambda: performing.playing, timeout=10_000)
    live = go_live(qtbot, sample)
    assert not performing.playing
    sample.studio.actions["play.toggle"].trigger()
    assert performing.playing
    assert not live.on
    performing.pause()
    live = go_live(qtbot, sample)
    sample.window.perform.timeline.scrub_started.emit()
    assert not live.on


def test_leaving_ends_it(qtbot: QtBot, sample: Application) -> None:
    """No microphone listens while another page, another twin or nobody is on show."""
    live = go_live(qtbot, sample)
    sample.window.show_page("train")
    assert not live.on
    sample.window.show_page("perform")
    go_live(qtbot, sample)
    sample.projects.close_project()
    assert not live.on
    assert not threads()
    live.switch(True)
    assert not live.on
    assert not button(sample).isChecked()


def test_the_panel_is_felt(qtbot: QtBot, sample: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Emotion and intensity reach the performance while they are dragged."""
    live = go_live(qtbot, sample)
    felt: list[tuple[Any, float]] = []
    monkeypatch.setattr(live.live, "feel", lambda weights, level: felt.append((tuple(weights), level)))
    sample.window.perform.emotion.value_previewed.emit(HAPPY, 2.5)
    assert felt[-1][1] == pytest.approx(2.5)
    assert felt[-1][0] == pytest.approx(HAPPY)


def test_no_microphone(qtbot: QtBot, sample: Application, failures: list[UserError]) -> None:
    """It says so where one looks, with what to do; trying again works once there is one; no dialog."""
    performing, strip = sample.performing, sample.window.perform.live
    with_one = performing.live.open_microphone

    class Missing(PacedSound):
        def start(self, push: Any) -> None:
            raise NOBODY

    performing.live.open_microphone = lambda name: Missing(np.zeros(1, np.float32))
    button(sample).click()
    qtbot.waitUntil(lambda: strip.state == "Not live", timeout=60_000)
    assert "No microphone was found." in strip.words
    assert "Connect one." in strip.words
    assert performing.live.on
    assert not performing.live.running
    performing.live.open_microphone = with_one
    strip.retried.emit()
    qtbot.waitUntil(lambda: strip.state.startswith("Live – "), timeout=60_000)
    performing.live.stop()
    assert not failures


def test_a_twin_that_cannot_hear(
    qtbot: QtBot, sample: Application, monkeypatch: pytest.MonkeyPatch, failures: list[UserError]
) -> None:
    """Without its speech model the words are those of the model."""

    def deaf(self: Any) -> None:
        raise UserError("The twin cannot hear on this computer.", "", "Fetch the model.")

    monkeypatch.setattr("emotalker.engine.avatar.Avatar.encoder", deaf)
    button(sample).click()
    qtbot.waitUntil(lambda: "cannot hear" in sample.window.perform.live.words, timeout=20_000)
    sample.performing.live.stop()
    assert not failures


def test_a_busy_computer_is_told(qtbot: QtBot, sample: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few pictures a second have a reason and a remedy; a healthy rate has no words."""
    live = go_live(qtbot, sample)
    strip = sample.window.perform.live
    monkeypatch.setattr(live.live, "stats", lambda: LiveStats(latency_ms=410.0, fps=8.0, frames=200, dropped=300))
    qtbot.waitUntil(lambda: "busy" in strip.words, timeout=20_000)
    assert strip.state == "Live – 410 ms"
    monkeypatch.setattr(live.live, "stats", lambda: LiveStats(latency_ms=240.0, fps=25.0, frames=900))
    qtbot.waitUntil(lambda: not strip.words, timeout=20_000)


def test_choosing_what_is_listened_to(qtbot: QtBot, sample: Application, tmp_path: Path) -> None:
    """Another microphone is opened and remembered; a file is followed, and one that does not grow is told."""
    opened: list[str | None] = []
    live = sample.performing.live
    with_one = live.open_microphone

    def note(name: str | None) -> Any:
        opened.append(name)
        return with_one(name)

    live.open_microphone = note
    go_live(qtbot, sample)
    first = live.live
    sample.window.perform.live.microphone_chosen.emit("Headset")
    qtbot.waitUntil(lambda: live.live not in (None, first), timeout=20_000)
    assert opened == [None, "Headset"]
    assert sample.settings.values.microphone == "Headset"
    file = tmp_path / "voice.wav"
    file.write_bytes(b"RIFF")
    second = live.live
    live.follow(file)
    qtbot.waitUntil(lambda: live.live not in (None, second), timeout=20_000)
    assert isinstance(live.live._source, GrowingFile)
    qtbot.waitUntil(lambda: "added to this file" in sample.window.perform.live.words, timeout=30_000)
    live.stop()
    assert not threads()
