"""Pictures of every page of the window, on the synthetic sample, for looking at and for the README.

    python tests/screens.py OUT [--theme dark] [--size 1280x800] [--scale 1.0] [--project DIR]

Needs a screen; without one it starts itself under Xvfb. A project of the synthetic person can be given (as
`emotalker-cli demo --keep` makes it), then clips and training have something to show.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from emotalker.app.main import Application

SETTLE_MS = 500
LONGEST_MS = 60_000
SPOKEN_MS, SPOKEN_S = 100, 10


def main() -> int:
    """Drive the window through its pages and save what it looks like."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--theme", default="dark", choices=["dark", "light", "contrast"])
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--project", type=Path)
    given = parser.parse_args()
    if not os.environ.get("DISPLAY") and sys.platform == "linux" and shutil.which("xvfb-run"):
        command = ["xvfb-run", "-a", "-s", "-screen 0 2560x1440x24", sys.executable, *sys.argv]
        return subprocess.run(command, check=False).returncode
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EMOTALKER_CONFIG"] = str(Path(folder) / "config")
        os.environ["EMOTALKER_LOGS"] = str(Path(folder) / "logs")
        return take(given, Path(folder))


def take(given: argparse.Namespace, folder: Path) -> int:
    """Start the application, save a picture of each state, end it."""
    from PySide6.QtWidgets import QApplication

    from emotalker.app.main import Application

    app = QApplication([])
    application = Application(app, first_run=False)
    application.settings.set(projects_folder=str(folder / "projects"), theme=given.theme, scale=given.scale)
    width, height = (int(n) for n in given.size.split("x"))
    application.window.resize(width, height)
    screens = Screens(application, given.out, folder)  # a timer alone would not keep it alive
    screens.run(given.project)
    return app.exec()


class Screens:
    """Goes from state to state, with time for each to settle, and saves what it sees.

    Args:
        application: not started yet.
        out: folder of the pictures.
        folder: for whatever is made on the way.
    """

    def __init__(self, application: Application, out: Path, folder: Path) -> None:
        self.application, self.out, self.folder = application, out, folder
        self.window = application.window
        self._shown: QWidget | None = None
        self._steps: list[Callable[[], object]] = []

    def run(self, project: Path | None) -> None:
        """Begin with the sample; the rest follows by itself, then the application ends."""
        from PySide6.QtCore import QTimer

        self._steps = [*self._sample(), *(self._trained(project) if project is not None else []), *self._dialogs()]
        self.application.start()
        QTimer.singleShot(SETTLE_MS, self._begin)

    def save(self, name: str, widget: QWidget | None = None) -> None:
        """Save a picture of the window or of a dialog."""
        self.window.toasts.hide()  # what this machine lacks is no part of the page
        (widget or self.window).grab().save(str(self.out / f"{name}.png"))

    def _sample(self) -> list[Callable[[], object]]:
        perform, shell, page = self.application.performing, self.application.shell, self.window.show_page
        return [
            lambda: page("home"), lambda: self.save("1-twins"),
            lambda: page("perform"), perform.play, _wait, _wait, _wait, perform.pause,
            lambda: perform.seek(3.4), _wait, lambda: self.save("4-perform"),
            lambda: shell.tour(), lambda: self.save("4-tour"), lambda: shell.end_tour(),
            lambda: self._speak(self.folder / "live.wav"), lambda: perform.live.follow(self.folder / "live.wav"),
            lambda: perform.live.switch(True), *[_wait] * 5, lambda: self.save("4-live"), perform.live.stop,
        ]  # fmt: skip

    def _speak(self, file: Path) -> None:
        """Write the sample's voice into a file for some seconds, as a program that records would."""
        import soundfile

        from emotalker.engine.avatar.sample import load_sample
        from emotalker.engine.media import read_audio

        audio = read_audio(load_sample().voice_path)
        assert audio is not None  # the sample speaks
        sound, step = audio.mono16k, 16000 * SPOKEN_MS // 1000
        made = soundfile.SoundFile(file, "w", 16000, 1, subtype="PCM_16")
        made.write(sound[:step])
        made.flush()

        def speak() -> None:
            with made:
                for start in range(step, min(len(sound), 16000 * SPOKEN_S), step):
                    time.sleep(SPOKEN_MS / 1000)
                    made.write(sound[start : start + step])
                    made.flush()

        threading.Thread(target=speak, daemon=True).start()

    def _trained(self, project: Path) -> list[Callable[[], object]]:
        clips, page = self.window.clips, self.window.show_page
        return [
            lambda: self.application.projects.open(project), lambda: page("clips"), _wait, _wait,
            lambda: clips.select([clips.model.clips[0].id]), lambda: self.save("2-prepare"), clips.show_consent,
            lambda: self.save("2-consent"), lambda: page("train"), _wait, _wait, _wait, _wait,
            lambda: self.save("3-train"), lambda: self._show(self._tracking), _wait, _wait, _wait, _wait,
            lambda: self._save_shown("3-tracking"), lambda: page("report"), _wait, _wait, _wait, _wait,
            lambda: self.save("6-report"),
        ]  # fmt: skip

    def _tracking(self) -> QWidget:
        from emotalker.engine.tracking.view import TrackView
        from emotalker.widgets.tracking import TrackingDialog

        project = self.application.studio.session.project
        assert project is not None  # the step before opened it
        clip = project.clips[0].id
        return TrackingDialog(clip, lambda: TrackView(project.stage_folder("track"), clip), self.window)

    def _dialogs(self) -> list[Callable[[], object]]:
        from emotalker.engine.errors import UserError
        from emotalker.widgets.about import AboutDialog
        from emotalker.widgets.common import ErrorDialog
        from emotalker.widgets.export import ExportDialog
        from emotalker.widgets.help import CheatSheet
        from emotalker.widgets.newproject import NewProjectDialog
        from emotalker.widgets.settings import SettingsDialog

        application, window = self.application, self.window
        silent = UserError("The voice is silent.", "Nothing in it rises above noise.", "Choose another recording.")
        made: dict[str, Callable[[], QWidget]] = {
            "5-dialog": lambda: ExportDialog(application.exporting.facts(), window),
            "6-settings": lambda: SettingsDialog(application.settings.values, window),
            "6-keys": lambda: CheatSheet(application.studio.actions.cheat_sheet(), window),
            "6-about": lambda: AboutDialog(window),
            "6-new": lambda: NewProjectDialog(self.folder / "projects", window),
            "6-error": lambda: ErrorDialog(silent, "Traceback (most recent call last): …", window),
        }
        steps: list[Callable[[], object]] = [lambda: window.show_page("export"), lambda: self.save("5-export")]
        for name, make in made.items():
            steps += [functools.partial(self._show, make), functools.partial(self._save_shown, name)]
        return steps

    def _show(self, make: Callable[[], QWidget]) -> None:
        self._shown = make()
        self._shown.show()

    def _save_shown(self, name: str) -> None:
        assert self._shown is not None  # the step before showed it
        self.save(name, self._shown)
        self._shown.close()
        self._shown.deleteLater()

    def _begin(self) -> None:
        self.application.projects.open_sample()
        self._wait_for_voice(LONGEST_MS)

    def _wait_for_voice(self, left: int) -> None:
        from PySide6.QtCore import QTimer

        if self.application.performing.voice is None and left > 0:
            QTimer.singleShot(100, lambda: self._wait_for_voice(left - 100))
        else:
            self._go_on()

    def _go_on(self) -> None:
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication

        if self._steps:
            QTimer.singleShot(SETTLE_MS, self._go_on)  # also when the step fails: it is told, and the rest follows
            self._steps.pop(0)()
            return
        self.application.shell.closing = True
        self.window.close()
        self.application.close()
        QApplication.quit()


def _wait() -> None:
    """A step in which nothing is done but waiting."""


if __name__ == "__main__":
    sys.exit(main())
