"""What the parts of the application share: one place to do commands, to tell and to fail."""

from __future__ import annotations

from collections import deque
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
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Notice
from emotalker.projects import Manifest, Project
from emotalker.projects.jobstate import JobState, Phase


@dataclass
class Parts:
    """What a `Studio` is made of."""

    settings: SettingsStore
    session: Session
    tasks: Tasks
    notifier: Notifier
    queue: JobQueue
    window: MainWindow


@dataclass(frozen=True)
class Remedy:
    """What mends a failure.

    Attributes:
        text: on the button.
        do: mends it.
    """

    text: str
    do: Callable[[], object]


@dataclass
class _Slow:
    """A slow command that waits or is being done.

    Attributes:
        command: what to do.
        project: the project it was asked for.
        done: called afterwards, if that project is open then.
        draft: what it works on.
        before: the draft's document when it began.
    """

    command: Command
    project: Project
    done: Callable[[], None] | None
    draft: Project | None = None
    before: Manifest | None = None


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
        self._slow: deque[_Slow] = deque()
        self._working: _Slow | None = None
        self._missing = False
        self._remedies: deque[tuple[BaseException, Remedy]] = deque(maxlen=4)  # a dialog may wait for the one before
        self.ready = self._live = False
        session = self.session
        for signal in (session.project_changed, session.manifest_changed):
            signal.connect(self._look)
        self.window.page_changed.connect(self._look)
        self.window.activated.connect(self._look)
        for signal in (session.selection_changed, session.twin_changed):
            signal.connect(self._refresh)
        session.undo.indexChanged.connect(self._undo_moved)
        self.queue.state_changed.connect(self._refresh)
        self._refresh()

    def do(self, command: Command | None, done: Callable[[], None] | None = None, gesture: str = "") -> None:
        """Do a command on the open project as one undoable step; None (a dialog that was left) does nothing.

        A slow one works on a draft off the window's thread, one after the other; what is edited meanwhile is kept, and
        so is its result when another project is open by then.

        Args:
            command: what to do.
            done: called afterwards, unless it failed.
            gesture: see `Session.edit`.
        """
        project = self.session.project
        if command is None or project is None:
            return
        if command.slow:
            self._slow.append(_Slow(command, project, done))
            self._start_slow()
            return
        try:
            self.session.edit(command.name, command.do, gesture)
        except Exception as error:
            self.fail(error)
            return
        if done is not None:
            done()

    def close(self) -> None:
        """Keep what a slow command has done when the program ends; call it when the tasks are over."""
        self._slow.clear()
        if self._working is not None:
            self._keep(self._working)
            self._working = None
        # a stack that still holds steps tells so once more while it is taken down
        self.session.undo.blockSignals(True)

    def tell(self, text: str, level: str = "info") -> None:
        """Say a sentence in the corner of the window."""
        self.notifier.tell(Notice("window", text, level))

    def fail(self, error: BaseException, remedy: Remedy | None = None) -> None:
        """Tell the user of an error in what they did just now, and the log; a remedy is offered with it."""
        if remedy is not None:
            self._remedies.append((error, remedy))
        self.notifier.report(error, always=isinstance(error, UserError))

    def remedy_of(self, error: BaseException) -> Remedy | None:
        """What was offered with the error that is being told."""
        return next((remedy for failed, remedy in self._remedies if failed is error), None)

    def engine_is_ready(self) -> None:
        """Let everybody who waits for the engine begin."""
        self.ready = True
        self.engine_ready.emit()

    def job(self) -> JobState | None:
        """The job that runs or is paused, if any."""
        return next((s for s in self.queue.states() if not s.phase.over and s.phase is not Phase.QUEUED), None)

    def current(self, project: Project) -> Project:
        """The open project if it is the same one: it may have been closed and opened again meanwhile."""
        open_ = self.session.project
        return open_ if open_ is not None and open_.folder == project.folder else project

    def _start_slow(self) -> None:
        if self._working is not None or not self._slow:
            return
        work = self._working = self._slow.popleft()
        # not the draft of when it was asked for: the one before it has changed the clips since
        work.draft = self.current(work.project).draft()
        work.before, draft = work.draft.manifest, work.draft
        self._refresh()
        self.tasks.run(lambda: work.command.do(draft), lambda _: self._slow_over(), self._slow_over)

    def _slow_over(self, error: BaseException | None = None) -> None:
        work, self._working = self._working, None
        if work is None:
            return
        kept = self._keep(work)
        self._refresh()
        if error is not None:
            self.fail(error)
        elif kept and work.done is not None and self.current(work.project) is self.session.project:
            work.done()
        self._start_slow()

    def _keep(self, work: _Slow) -> bool:
        """Bring what was done on the draft into the project; whether it could be saved."""
        assert work.draft is not None
        assert work.before is not None
        try:
            project = self.current(work.project)
            if project is self.session.project:
                self.session.adopt(work.command.name, work.before, work.draft.manifest)
            else:
                project.adopt(work.before, work.draft.manifest)
        except Exception as error:
            self.fail(error)
            return False
        return True

    def _undo_moved(self) -> None:
        stack = self.session.undo
        for id_, text, name in (("edit.undo", "&Undo", stack.undoText()), ("edit.redo", "&Redo", stack.redoText())):
            self.actions[id_].setText(f"{text} {name[:1].lower()}{name[1:]}" if name else text)
        self._refresh()

    def _look(self, *_: object) -> None:
        """Look for the clips' files; not whenever a job tells of itself, since their disk may be slow."""
        project = self.session.project
        self._missing = project is not None and bool(project.missing())
        self._refresh()

    def _refresh(self, *_: object) -> None:
        self.actions.set_flags(self.flags())

    def set_live(self, live: bool) -> None:
        """Whether a microphone drives the twin."""
        if live != self._live:
            self._live = live
            self._refresh()

    def flags(self) -> set[str]:
        """Which conditions of the table of actions hold now."""
        session, project, job = self.session, self.session.project, self.job()
        up = {"idle"} if self._working is None else set()
        if project is not None:
            up.add("project")
            up |= {"clips"} if project.clips else set()
            up |= {"missing"} if self._missing else set()
        up |= {"selection"} if session.selection else set()
        up |= {"twin"} if session.twin is not None else set()
        up |= {"voice"} if session.performance.voice else set()
        up |= {"live"} if self._live else set()
        up |= {"undo"} if session.undo.canUndo() else set()
        up |= {"redo"} if session.undo.canRedo() else set()
        if job is None:
            up.add("no-job")
        else:
            up |= {"job", "paused" if job.phase is Phase.PAUSED else "running"}
        return up
