"""What the parts of the application share: one place to do commands, to tell and to fail."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from emotalker.app.commands.base import Command
from emotalker.app.main_window import MainWindow
from emotalker.app.notify import Notifier
from emotalker.app.session import Session
from emotalker.app.settings import SettingsStore
from emotalker.app.tasks import Tasks
from emotalker.app.worker import JobQueue
from emotalker.engine.jobs import Notice
from emotalker.projects.jobstate import JobState, Phase

log = logging.getLogger(__name__)


@dataclass
class Parts:
    """What a `Studio` is made of."""

    settings: SettingsStore
    session: Session
    tasks: Tasks
    notifier: Notifier
    queue: JobQueue
    window: MainWindow


class Studio(QObject):
    """The running application.

    Attributes:
        settings: what the user set.
        session: what is open.
        tasks: short work off the window's thread.
        notifier: the channel of errors and notices.
        queue: long work in a child process.
        window: what is on the screen.
        actions: the table of actions.
    """

    engine_ready = Signal()
    """Everything heavy is imported and its kernels are warm."""

    def __init__(self, parts: Parts, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings, self.session, self.tasks = parts.settings, parts.session, parts.tasks
        self.notifier, self.queue, self.window = parts.notifier, parts.queue, parts.window
        self.actions = parts.window.actions_table
        self._busy = False
        self.ready = False
        session = self.session
        for signal in (session.project_changed, session.manifest_changed, session.selection_changed,
                       session.twin_changed):  # fmt: skip
            signal.connect(self._refresh)
        session.undo.indexChanged.connect(self._undo_moved)
        self.queue.state_changed.connect(self._refresh)
        self._refresh()

    def do(self, command: Command | None, done: Callable[[], None] | None = None, gesture: str = "") -> None:
        """Do a command on the open project as one undoable step; None (a dialog that was left) does nothing.

        A slow one runs off the window's thread, and no other edit of the clips starts before it is done.

        Args:
            command: what to do.
            done: called afterwards, unless it failed.
            gesture: see `Session.edit`.
        """
        project = self.session.project
        if command is None or project is None or (command.slow and self._busy):
            return
        try:
            if command.slow:
                before = project.manifest
                self._set_busy(True)
                self.tasks.run(lambda: command.do(project), lambda _: self._adopt(command, before, done), self._failed)
                return
            self.session.edit(command.name, command.do, gesture)
        except Exception as error:
            self.fail(error)
            return
        if done is not None:
            done()

    def tell(self, text: str, level: str = "info") -> None:
        """Say a sentence in the corner of the window."""
        self.notifier.tell(Notice("window", text, level))

    def fail(self, error: BaseException) -> None:
        """Tell the user of an error, and the log."""
        self.notifier.report(error)

    def engine_is_ready(self) -> None:
        """Let everybody who waits for the engine begin."""
        self.ready = True
        self.engine_ready.emit()

    def job(self) -> JobState | None:
        """The job that runs or is paused, if any."""
        return next((s for s in self.queue.states() if not s.phase.over and s.phase is not Phase.QUEUED), None)

    def _adopt(self, command: Command, before: object, done: Callable[[], None] | None) -> None:
        self._set_busy(False)
        self.session.adopt(command.name, before)  # type: ignore[arg-type]
        if done is not None:
            done()

    def _failed(self, error: BaseException) -> None:
        self._set_busy(False)
        self.session.announce()
        self.fail(error)

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._refresh()

    def _undo_moved(self) -> None:
        stack = self.session.undo
        for id_, text, name in (("edit.undo", "&Undo", stack.undoText()), ("edit.redo", "&Redo", stack.redoText())):
            self.actions[id_].setText(f"{text} {name[:1].lower()}{name[1:]}" if name else text)
        self._refresh()

    def _refresh(self, *_: object) -> None:
        self.actions.set_flags(self.flags())

    def flags(self) -> set[str]:
        """Which conditions of the table of actions hold now."""
        session, project, job = self.session, self.session.project, self.job()
        up = {"idle"} if not self._busy else set()
        if project is not None:
            up.add("project")
            up |= {"clips"} if project.clips else set()
            up |= {"missing"} if project.missing() else set()
        up |= {"selection"} if session.selection else set()
        up |= {"twin"} if session.twin is not None else set()
        up |= {"voice"} if session.performance.voice else set()
        up |= {"undo"} if session.undo.canUndo() else set()
        up |= {"redo"} if session.undo.canRedo() else set()
        if job is None:
            up.add("no-job")
        else:
            up |= {"job", "paused" if job.phase is Phase.PAUSED else "running"}
        return up
