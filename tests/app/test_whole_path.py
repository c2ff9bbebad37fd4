"""From clips to film in the window, as a person would go: the one test that must never break."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from emotalker.engine import assets
from emotalker.engine.media import FrameSource, probe, read_audio
from emotalker.projects import Consent, Project

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application
    from emotalker.engine.errors import UserError

NEEDED = ("face_landmarker", "selfie_segmentation", "whisper_tiny_en")
SECONDS = 2.4


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short clips of the synthetic person and a voice no clip has."""
    from emotalker.app.cli.demo import write_speech
    from emotalker.engine.synthetic.sample import SampleConfig, sample_clips

    folder = tmp_path_factory.mktemp("footage")
    config = SampleConfig(size=192, seconds=SECONDS, emotions=("neutral", "happy"), levels=(1.0, 3.0))
    list(sample_clips(folder / "clips", config))
    write_speech(folder / "voice.wav")
    return folder


@pytest.mark.slow
@pytest.mark.assets
@pytest.mark.timeout(600)
@pytest.mark.skipif(any(assets.path(n) is None for n in NEEDED), reason="the models are not on this computer")
def test_from_clips_to_film(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], footage: Path, tmp_path: Path
) -> None:
    """New project, drop clips, label, consent, train, play, keyframe, undo, export; the MP4 is right."""
    application = launch()
    window, session = application.window, application.studio.session
    qtbot.waitUntil(lambda: application.studio.ready, timeout=120_000)

    project = make_project(application, tmp_path / "projects" / "ada", footage, qtbot)
    label_and_consent(application, project, qtbot)
    train(application, qtbot)
    assert failures == []
    assert session.twin == project.folder / "runs" / "avatar"

    play_and_edit(application, footage / "voice.wav", qtbot)
    film = export(application, tmp_path / "film.mp4", qtbot)
    assert failures == []
    check_film(film, footage / "voice.wav")
    assert window.page == "export"


def make_project(application: Application, folder: Path, footage: Path, qtbot: QtBot) -> Project:
    """A new project with the clips dropped on its page; they are checked by themselves."""
    from emotalker.widgets.newproject import NewProject

    session = application.studio.session
    application.projects.create(NewProject("Ada", folder, 25.0, [], False, None))
    assert application.window.page == "clips"
    application.window.clips.files_dropped.emit(sorted((footage / "clips").glob("*.mp4")))
    qtbot.waitUntil(lambda: len(session.project.clips) == 3, timeout=20_000)
    qtbot.waitUntil(lambda: all(c.check is not None for c in session.project.clips), timeout=90_000)
    labels = {c.id: (c.emotion, c.level) for c in session.project.clips}
    assert labels == {"neutral": ("neutral", 0.0), "happy_level1": ("happy", 1.0), "happy_level3": ("happy", 3.0)}
    return session.project


def label_and_consent(application: Application, project: Project, qtbot: QtBot) -> None:
    """A label is changed, taken back, and training is refused until the consent is there."""
    page = application.window.clips
    page.labels_changed.emit({"happy_level3": ("happy", 2.5)})
    assert application.studio.session.undo.undoText() == "Label 1 clip"
    application.studio.actions["edit.undo"].trigger()
    assert {c.id: c.level for c in project.clips}["happy_level3"] == 3.0
    ready, reason = application.training.ready()
    assert not ready
    assert "consent" in reason.lower()
    page.consent_changed.emit(Consent(True, "Ada", "I agree.", "2026-01-01"))
    assert Project.open(project.folder).manifest.consent.given
    project.set_hold_out(["neutral"])
    project.set_hold_out([])


def train(application: Application, qtbot: QtBot) -> None:
    """The tiny preset to its end; curves and previews arrive while it runs, and the window stays alive."""
    seen: set[str] = set()
    ticks: dict[object, list[float]] = {}  # of every job: the check of the clips may still be ending
    application.queue.event.connect(lambda _id, event: seen.add(type(event).__name__))
    application.queue.state_changed.connect(lambda state: ticks.setdefault(state.id, []).append(state.share))
    application.training.start("tiny")
    assert application.window.page == "train"
    qtbot.waitUntil(lambda: application.studio.job() is not None, timeout=10_000)
    qtbot.waitUntil(lambda: application.window.page == "perform", timeout=480_000)
    assert {"Progress", "Metric", "Preview", "StageStarted", "StageEnded"} <= seen
    assert all(b >= a for shares in ticks.values() for a, b in itertools.pairwise(shares))
    assert application.studio.job() is None


def play_and_edit(application: Application, voice: Path, qtbot: QtBot) -> None:
    """A voice is dropped and played; intensity moves the face; a keyframe is set, undone and set again."""
    from emotalker.app.commands.performance import SetCurve
    from emotalker.engine.emotion.curve import EmotionCurve

    page, performing, session = application.window.perform, application.performing, application.studio.session
    page.files_dropped.emit([voice])
    qtbot.waitUntil(lambda: performing.voice is not None, timeout=60_000)
    performing.play()
    qtbot.waitUntil(lambda: performing.performer.stats().shown > 10, timeout=30_000)
    assert performing.time > 0
    performing.pause()
    application.studio.do(SetCurve(EmotionCurve.constant("happy", 1.0), "Change emotion"))
    performing.seek(1.0)
    application.studio.actions["play.key"].trigger()
    performing.seek(2.0)
    page.emotion.value_edited.emit((0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 3.0, "Change intensity")
    times = [k.time for k in session.curve.keyframes]
    assert times == pytest.approx([0.0, 1.0, 2.0], abs=0.05)
    application.studio.actions["edit.undo"].trigger()
    assert len(session.curve.keyframes) == 2
    application.studio.actions["edit.redo"].trigger()
    assert len(session.curve.keyframes) == 3


def export(application: Application, out: Path, qtbot: QtBot) -> Path:
    """A film through the queue, with the dialog's own defaults for a square."""
    from emotalker.widgets.export import ExportDialog

    dialog = ExportDialog(application.exporting.facts(), application.window)
    qtbot.addWidget(dialog)
    dialog.place.setText(str(out))
    dialog.width_box.setValue(192)
    dialog.height_box.setValue(192)
    id_ = application.exporting.export(dialog.settings())
    assert id_ is not None
    qtbot.waitUntil(lambda: out.is_file(), timeout=120_000)
    return out


def check_film(film: Path, voice: Path) -> None:
    """The film is as long as the voice, sounds like it, moves, and gets happier towards its end."""
    info, sound, said = probe(film), read_audio(film), read_audio(voice)
    assert sound is not None
    assert said is not None
    assert (info.width, info.height) == (192, 192)
    assert info.duration == pytest.approx(said.duration, abs=0.05)
    count = min(len(sound.mono16k), len(said.mono16k), 32000)
    assert np.corrcoef(sound.mono16k[:count], said.mono16k[:count])[0, 1] > 0.9
    frames = np.stack([f for _, f in FrameSource(film)]).astype(int)
    assert np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3)).max() > 0.3
    assert soundfile.info(str(voice)).duration > 3
