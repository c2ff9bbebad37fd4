"""Running a job in the foreground: progress, Ctrl-C, and how it ended."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any, Self

from emotalker.engine.jobs import Event, Job, Metric, Notice, Outcome, Preview, Progress, StopToken

logger = logging.getLogger("emotalker.cli")

_SECONDS_BETWEEN_LINES = 10.0  # where there is no terminal to redraw


class Stopped(Exception):
    """The user stopped a job; the text says how to go on."""


@contextlib.contextmanager
def stoppable() -> Iterator[StopToken]:
    """A stop token that Ctrl-C requests; a second Ctrl-C raises KeyboardInterrupt."""
    token = StopToken()

    def handle(signum: int, frame: FrameType | None) -> None:
        if token.requested:
            raise KeyboardInterrupt
        token.request()
        # Written past every buffer: a print here could meet another print half-way.
        with contextlib.suppress(OSError):
            os.write(2, b"\nStopping as soon as the work done so far is saved (Ctrl-C again aborts at once) ...\n")

    if threading.current_thread() is not threading.main_thread():
        yield token
        return
    caught = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handle) for number in caught}
    try:
        yield token
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Reporter:
    """Shows the events of jobs: a bar with rate and time left on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as TimeLeft

        self._console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
        )
        more = (TimeElapsedColumn(), TimeLeft(), TextColumn("{task.fields[figures]}", style="dim"))
        self._bars = Progress(*columns, *more, console=self._console, disable=not self._console.is_terminal)
        self._tasks: dict[tuple[str, str], Any] = {}
        self._figures = ""
        self._measured = ""
        """The stage that the figures are of."""
        self._last_line = 0.0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def run(self, job: Job) -> Outcome:
        """Iterate `job` to its end."""
        while True:
            try:
                event = next(job)
            except StopIteration as end:
                return end.value if isinstance(end.value, Outcome) else Outcome.FINISHED
            self.show(event)

    def show(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, Metric):
            self._measured = event.stage
            self._figures = "  ".join(f"{name} {value:.4g}" for name, value in list(event.values.items())[:3])
        elif isinstance(event, Notice):
            logger.info("%s: %s", event.stage, event.text)
            self.say(event.text, "yellow" if event.level == "warning" else None)
        elif isinstance(event, Preview):
            logger.info("%s: preview %s", event.stage, event.path)

    def say(self, text: str, style: str | None = None) -> None:
        """Print a sentence above the bars."""
        from rich.text import Text

        # A style given to print() would also colour the bars that are redrawn with it.
        self._console.print(Text(text, style=style or ""), soft_wrap=True)

    def _progress(self, event: Progress) -> None:
        if event.stage != self._measured.partition(" ")[0]:  # a stage may measure parts of itself: "fit refine"
            self._figures = ""  # of the stage before
        now = time.monotonic()
        if not self._console.is_terminal:
            if event.done >= event.total or now - self._last_line > _SECONDS_BETWEEN_LINES:
                self._last_line = now
                self.say(f"{event.stage}: {event.done} of {event.total} {event.unit}  {self._figures}".rstrip())
            return
        key = (event.stage, event.unit)
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(event.stage, total=event.total, unit=event.unit, figures="")
        figures = self._figures
        self._bars.update(self._tasks[key], completed=event.done, total=event.total, figures=figures)
