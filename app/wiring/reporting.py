"""The report: when the twin can be judged, the job that does it, and where the page is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from emotalker.app.studio import Studio
from emotalker.app.wiring.projects import show_in_folder
from emotalker.app.worker import JobSpec
from emotalker.engine.errors import UserError
from emotalker.projects import Project
from emotalker.projects.evaluate_job import EVALUATE, PAGE, EvaluateJob, is_outdated, read_report, untrained
from emotalker.projects.jobstate import JobEnd, JobState, Phase
from emotalker.projects.split import FEWEST_TO_SPLIT
from emotalker.widgets.report import ReportState

WAITING = "Waiting for the job before it."


class ReportWiring(QObject):
    """Connects the report page with the queue."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.studio, self.session, self.page = studio, studio.session, studio.window.report
        self._jobs: dict[Path, tuple[int, str]] = {}
        """By the project's folder: the number of the job that judges it, and how far it is."""
        self._remedy_page = ""
        self._untrained: tuple[Path | None, str] = (None, "")
        """The project last looked at, and why its twin is not as the project is now."""
        page = self.page
        page.evaluate_requested.connect(self.evaluate)
        page.remedy_requested.connect(self._mend)
        page.browser_requested.connect(self._open)
        page.folder_requested.connect(self._show_folder)
        studio.queue.state_changed.connect(self._state_changed)
        studio.queue.ended.connect(self._ended)
        studio.window.page_changed.connect(lambda page: self.refresh() if page == "report" else None)
        for signal in (self.session.project_changed, self.session.twin_changed, self.session.manifest_changed):
            signal.connect(self._changed)

    def evaluate(self, ablations: bool = False) -> int | None:
        """Put an evaluation of the open project into the queue; its job's number, None if it is refused."""
        project = self.session.project
        if project is None or project.folder in self._jobs:
            return None
        job = EvaluateJob(project.folder, ablations=ablations)
        try:
            job.check(project)
            self._refuse_untrained(project)
        except UserError as error:
            self.studio.fail(error)
            return None
        spec = JobSpec("other", f"Judging {project.manifest.name}", job, project.folder)
        id_ = self.studio.queue.submit(spec)
        self._jobs[project.folder] = (id_, WAITING)
        self.refresh()
        return id_

    def refresh(self) -> None:
        """Show what is known of the open project, and look anew whether its twin is up to date."""
        self._show()
        project = self.session.project
        if project is None:
            return

        def looked(reason: str) -> None:
            if self.session.project is project and self._untrained != (project.folder, reason):
                self._untrained = (project.folder, reason)
                self._show()

        # off the window's thread: the records of all stages are read, and the presets with the engine
        self.studio.tasks.run(lambda: untrained(project), looked)

    def _show(self) -> None:
        project = self.session.project
        if project is None:
            self.page.set_state(ReportState())
            return
        title, text, remedy, self._remedy_page = _missing(project, self.session.twin is not None, self._reason(project))
        report = read_report(project)
        _, busy = self._jobs.get(project.folder, (0, ""))
        outdated = report is not None and is_outdated(project, report)
        folder = project.stage_folder(EVALUATE)
        self.page.set_state(ReportState(report, folder, outdated, (title, text), remedy, busy))

    def _reason(self, project: Project) -> str:
        """Why the twin is not as the project is now, as far as is known."""
        return self._untrained[1] if self._untrained[0] == project.folder else ""

    def _refuse_untrained(self, project: Project) -> None:
        reason = self._reason(project)
        if reason:
            raise UserError("The twin is not as the project is now.", reason, "Train it on the page Train.")

    def _changed(self, _: Any) -> None:
        # files are read only while somebody looks
        if self.studio.window.page == "report":
            self.refresh()

    def _state_changed(self, state: JobState) -> None:
        folder = self._judged_by(state.id)
        if folder is None or state.phase.over:
            return
        now = (state.id, _busy(state))
        if now != self._jobs[folder]:
            self._jobs[folder] = now
            if self.studio.window.page == "report":
                self._show()

    def _ended(self, id_: int, end: JobEnd) -> None:
        folder = self._judged_by(id_)
        if folder is None:
            self._changed(None)  # a training that ended may have brought the twin up to date
            return
        del self._jobs[folder]
        if end.phase is Phase.FINISHED:
            self.studio.tell("The report is ready.")
        elif end.phase is Phase.STOPPED:
            self.studio.tell("The evaluation was stopped; started again, it goes on from there.")
        self.refresh()

    def _judged_by(self, id_: int) -> Path | None:
        """Folder of the project that a job judges; None for any other job."""
        return next((folder for folder, (number, _) in self._jobs.items() if number == id_), None)

    def _mend(self) -> None:
        if self._remedy_page:
            self.studio.window.show_page(self._remedy_page)
        else:
            self.evaluate(self.page.ablations.isChecked())

    def _open(self) -> None:
        project = self.session.project
        if project is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(project.stage_folder(EVALUATE) / PAGE)))

    def _show_folder(self) -> None:
        project = self.session.project
        if project is not None:
            show_in_folder(project.stage_folder(EVALUATE) / PAGE)


def _missing(project: Project, twin: bool, untrained: str) -> tuple[str, str, str, str]:
    """Why nothing can be judged, as title and text, what the button says, and the page it leads to."""
    if project.read_only:
        return "The project is open read only", "Another window has it open; evaluate it there.", "", ""
    if not project.clips:
        text = "A twin is judged on clips of the person that it never learned from; this project has no clips."
        return "Nothing to judge by", text, "Go to Prepare", "clips"
    if not project.held_out():
        text = (
            f"With fewer than {FEWEST_TO_SPLIT} clips the twin learns from all of them. Add clips, or tick one as held "
            "out on the page Prepare, then train again: a clip it has learned from would flatter it."
        )
        return "No clip is held out", text, "Go to Prepare", "clips"
    if not twin:
        text = "The twin is judged as soon as it is trained."
        return "There is no twin yet", text, "Go to Train", "train"
    if project.missing():
        text = "The twin is judged beside the recordings. Find the missing clips on the page Prepare."
        return "Some clips cannot be found", text, "Go to Prepare", "clips"
    if untrained:
        return "The twin is not up to date", f"{untrained} Train it first, then judge it.", "Go to Train", "train"
    return "", "", "Evaluate", ""


def _busy(state: JobState) -> str:
    """How far an evaluation is."""
    if state.phase is Phase.QUEUED:
        return WAITING
    what = state.stage_title or "getting ready"
    amount = f", {state.done} of {state.total} {state.unit}" if state.total else ""
    return f"{state.phase.value.capitalize()}: {what}{amount}."
