"""Starting and ending the window."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from emotalker.app import logs
from emotalker.app.keys import KeyGuard
from emotalker.app.main_window import TITLE, MainWindow
from emotalker.app.notify import Notifier
from emotalker.app.recovery import CrashSentinel, QuitOnSignals
from emotalker.app.session import Session
from emotalker.app.settings import SettingsStore
from emotalker.app.studio import Parts, Studio
from emotalker.app.tasks import Tasks
from emotalker.app.wiring.exporting import ExportWiring
from emotalker.app.wiring.performing import Performing
from emotalker.app.wiring.projects import ProjectsWiring
from emotalker.app.wiring.reporting import ReportWiring
from emotalker.app.wiring.shell import ShellWiring
from emotalker.app.wiring.tracking import TrackingWiring
from emotalker.app.wiring.training import TrainingWiring
from emotalker.app.worker import JobQueue
from emotalker.engine.jobs import Notice
from emotalker.projects.sample import has_sample
from emotalker.widgets import style

TRACE = "EMOTALKER_TRACE_START"
"""Names a file that gets the moments, in seconds since 1970, at which window and talking twin were there."""


class Application:
    """Everything that runs, put together; `close` takes it apart again.

    Args:
        app: Qt's application.
        folders: projects to open, the first of them at once.
        first_run: whether to open the sample twin by itself the first time.
    """

    def __init__(self, app: QApplication, folders: list[Path] | None = None, *, first_run: bool = True) -> None:
        self._app, self._folders = app, folders or []
        self._first_run = first_run
        self._trace: dict[str, float] = {}
        self._signals: QuitOnSignals | None = None
        self.settings = SettingsStore()
        values = self.settings.values
        style.apply(app, values.theme, values.scale)
        self.notifier = Notifier()
        self.sentinel = CrashSentinel()
        self.crashed = self.sentinel.start()
        self.tasks = Tasks(self.notifier.report)
        self.window = MainWindow()
        self.queue = JobQueue()
        parts = Parts(self.settings, Session(), self.tasks, self.notifier, self.queue, self.window)
        self.studio = Studio(parts)
        self.performing = Performing(self.studio)
        self.projects = ProjectsWiring(self.studio)
        self.training = TrainingWiring(self.studio, self.projects)
        self.tracking = TrackingWiring(self.studio)
        self.exporting = ExportWiring(self.studio, self.performing)
        self.reporting = ReportWiring(self.studio)
        self.shell = ShellWiring(self.studio, self.performing, self.projects)
        self.guard = KeyGuard(app)
        self.performing.loading.twin_failed.connect(self.training.twin_failed)
        self.settings.not_saved.connect(self.notifier.report)
        self.studio.session.project_changed.connect(self._note_project)
        self.performing.talking.connect(lambda: self._note_time("talking"))
        self.window.shown.connect(self._shown)
        self.window.restore_layout(values.layout)
        self.projects.refresh_gallery()

    def start(self) -> None:
        """Show the window; everything heavy follows once it is there."""
        self.notifier.install()
        self._signals = QuitOnSignals(self.window)
        self.window.show()

    def close(self) -> None:
        """End every thread and process and say that the end was a normal one; what fails leaves the rest to be done."""
        with contextlib.ExitStack() as last_first:
            last_first.callback(self._app.removeEventFilter, self.guard)
            last_first.callback(self.notifier.uninstall)
            if self._signals is not None:
                last_first.callback(self._signals.close)
            last_first.callback(self.sentinel.stop)
            last_first.callback(self.settings.flush)
            last_first.callback(self.projects.opened.close)
            last_first.callback(self.studio.close)
            last_first.callback(self.tasks.close)
            last_first.callback(self.queue.shutdown, 5.0)
            last_first.callback(self.settings.flush)  # what follows may take long
            last_first.callback(self.performing.close)

    def _shown(self) -> None:
        self._note_time("window")
        # the first picture of the window comes before any import, so that it is there at once
        QTimer.singleShot(0, self.window, self._begin)

    def _begin(self) -> None:
        self.tasks.run(load_engine, lambda _: self.studio.engine_is_ready())
        for notice in self.settings.notices:
            self.notifier.tell(notice)
        if self._folders:
            self.projects.open(self._folders[0])
        elif self.crashed is not None and self.crashed.project is not None:
            self._recover(self.crashed.project)
        elif self._first_run and not self.settings.values.tour_done and has_sample():
            self.projects.open_sample(self._welcome)

    def _recover(self, project: Path) -> None:
        """Open what was open when the program ended without being closed."""
        if (project / "project.json").is_file() and self.projects.open(project):
            text = "The program was not closed properly last time. Your project is open as it was saved last."
            if self.settings.values.crash_reports:
                report = "Report a problem…"
                self.window.toasts.show_toast(text, "warning", report, lambda: self.shell.report("crashed"))
            else:
                self.notifier.tell(Notice("recovery", text, "warning"))

    def _welcome(self) -> None:
        self.performing.play_when_ready()
        self.shell.tour()

    def _note_project(self, project: object) -> None:
        self.sentinel.note_project(getattr(project, "folder", None))

    def _note_time(self, what: str) -> None:
        """Write down when something happened, for measuring the start."""
        target = os.environ.get(TRACE)
        if target and what not in self._trace:
            self._trace[what] = time.time()
            Path(target).write_text(json.dumps(self._trace), encoding="utf-8")


def load_engine() -> None:
    """Import what is heavy and warm its kernels, in a thread."""
    import emotalker.engine.avatar
    import emotalker.engine.playback  # noqa: F401
    from emotalker.engine.gaussians.cpu import warm_up

    warm_up()


def main(arguments: list[str] | None = None) -> int:
    """Run the window until it is closed; returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if any(a in ("-h", "--help") for a in given):
        print("usage: emotalker [PROJECT_FOLDER]\nOpens the studio; emotalker-cli --help shows the command line.")
        return 0
    logs.start()
    app = QApplication([sys.argv[0], *[a for a in given if a.startswith("-")]])
    app.setApplicationName("EmoTalker Studio")
    app.setApplicationDisplayName(TITLE)
    app.setDesktopFileName("emotalker")
    app.setWindowIcon(style.icon("app"))
    application = Application(app, [Path(a) for a in given if not a.startswith("-")])
    application.start()
    try:
        return app.exec()
    finally:
        try:
            application.close()
        finally:
            logs.stop()
