"""What belongs to no page: settings, help, messages, pictures, leaving."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from emotalker.app.commands.base import choose_target, choose_target_and_kind
from emotalker.app.logs import log_folder
from emotalker.app.studio import Studio
from emotalker.app.wiring.performing import Performing
from emotalker.app.wiring.projects import ProjectsWiring, show_in_folder
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Notice
from emotalker.projects.jobstate import JobState
from emotalker.widgets import style
from emotalker.widgets.common import ErrorDialog
from emotalker.widgets.tour import Tour, TourStep

SEE_THROUGH = "PNG, see-through background (*.png)"
PICTURE_KINDS = f"PNG as shown (*.png);;{SEE_THROUGH};;JPEG (*.jpg)"
IF_STOPPED = {
    "train": "It will be stopped at its next checkpoint and can go on from there next time.",
    "export": "It will be stopped, and nothing is left of the unfinished film.",
    "other": "It will be stopped; started again, it goes on from there.",
    "check": "It will be stopped; clips that were not looked at can be checked again next time.",
}
"""What becomes of a job that the window's end stops, by its kind."""
PAGE_ACTIONS = ("home", "clips", "train", "perform", "export", "report")

TOUR = (
    TourStep("viewport", "This is a twin", "Drag to look around, turn the wheel to come closer, double-click to go "
             "back. The small arc shows what the recordings saw."),
    TourStep("emotion_panel", "Let it feel", "Choose an emotion and how strong it is, also while it speaks."),
    TourStep("timeline", "Over time", "Keyframes on this lane let the emotion change. Drop any sound or video here: "
             "it is the new voice."),
    TourStep("transport_bar", "Play", "Space plays and pauses. J, K and L shuttle, I and O mark in and out."),
    TourStep("workflow_bar", "Make your own", "Prepare clips of one person, train, perform, export: these steps lead "
             "through."),
)  # fmt: skip


class ShellWiring(QObject):
    """Connects menus, settings, messages and the end."""

    def __init__(self, studio: Studio, performing: Performing, projects: ProjectsWiring) -> None:
        super().__init__(studio)
        self.studio, self.window = studio, studio.window
        self._performing, self._projects = performing, projects
        self._tour: Tour | None = None
        self.closing = False
        actions = studio.actions
        for id_, slot in {
            "file.quit": self.window.close,
            "file.screenshot": self.save_picture,
            "edit.undo": lambda: self._step(back=True),
            "edit.redo": lambda: self._step(back=False),
            "edit.settings": self.settings,
            "help.keys": self.keys,
            "help.tour": self.tour,
            "help.report": lambda: self.report(""),
            "help.logs": lambda: show_in_folder(log_folder()),
            "help.about": self.about,
        }.items():
            actions.on(id_, slot)
        for page in PAGE_ACTIONS:
            actions.on(f"page.{page}", lambda page=page: self.window.show_page(page))
        actions["view.hud"].toggled.connect(self._hud_toggled)
        actions["view.hud"].setChecked(studio.settings.values.hud)
        actions["view.fullscreen"].toggled.connect(self._fullscreen_toggled)
        self.window.workflow.page_requested.connect(self.window.show_page)
        self.window.page_changed.connect(self._page_changed)
        self.window.ask_before_closing(self.may_close)
        studio.session.project_changed.connect(self._project_changed)
        studio.notifier.notice.connect(self._notice)
        studio.notifier.failed.connect(self._failed)
        studio.settings.changed.connect(self._setting_changed)
        if studio.settings.values.expert:
            self.window.show_log(True)
        self._project_changed(None)

    # ---- messages ----

    def _notice(self, notice: Notice) -> None:
        self.window.log.add(notice)
        self.window.toasts.show_toast(notice.text, notice.level)

    def _failed(self, error: UserError, details: str) -> None:
        remedy = self.studio.remedy_of(error)
        dialog = ErrorDialog(error, details, self.window, remedy.text if remedy is not None else "")
        dialog.report_requested.connect(lambda: self.report(details))
        if remedy is not None:
            dialog.remedy_requested.connect(remedy.do)
        dialog.exec()
        dialog.deleteLater()

    def _step(self, *, back: bool) -> None:
        try:
            self.studio.session.step(back=back)
        except UserError as error:
            self.studio.fail(error)

    # ---- dialogs ----

    def settings(self) -> None:
        """Show the settings; they take effect at once."""
        from emotalker.widgets.settings import SettingsDialog

        dialog = SettingsDialog(self.studio.settings.values, self.window)
        dialog.changed.connect(lambda name, value: self.studio.settings.set(**{name: value}))
        dialog.exec()
        dialog.deleteLater()

    def keys(self) -> None:
        """Show all keys."""
        from emotalker.widgets.help import CheatSheet

        sheet = CheatSheet(self.studio.actions.cheat_sheet(), self.window)
        sheet.exec()
        sheet.deleteLater()

    def about(self) -> None:
        """Show version and licences."""
        from emotalker.widgets.about import AboutDialog

        dialog = AboutDialog(self.window)
        dialog.exec()
        dialog.deleteLater()

    def report(self, details: str) -> None:
        """Collect what helps to find a fault, and let the user look through it before it is saved."""
        from emotalker.app.problem import collect, default_name, write_report
        from emotalker.widgets.problem import ProblemDialog

        hidden = self._names_to_hide()
        dialog = ProblemDialog(collect(details, self.studio.settings.values, hidden), self.window)
        if dialog.exec():
            target = choose_target(self.window, "Save the report", Path.home() / default_name(), "Zip (*.zip)")
            if target is not None:
                try:
                    write_report(target, dialog.files())
                except UserError as error:
                    self.studio.fail(error)
                else:
                    self.studio.tell(f"The report is in {target.name}.")
        dialog.deleteLater()

    def tour(self) -> None:
        """Show what is where on the perform page."""
        if self._tour is not None:
            return
        self.window.show_page("perform")
        self._tour = Tour(self.window, list(TOUR))
        self._tour.finished.connect(self._tour_over)
        self._tour.start()

    def end_tour(self) -> None:
        """Put the tour away."""
        if self._tour is not None:
            self._tour.skip()

    def _tour_over(self, _whole: bool) -> None:
        self.studio.settings.set(tour_done=True)
        if self._tour is not None:
            self._tour.deleteLater()
            self._tour = None

    def save_picture(self) -> None:
        """Save the twin as it is shown, or see-through where nothing of it is."""
        project = self.studio.session.project
        if project is None:
            return
        self._performing.pause()
        start = project.folder / f"{project.manifest.name} {datetime.now():%Y-%m-%d %H%M%S}.png"
        target, kind = choose_target_and_kind(self.window, "Save picture", start, PICTURE_KINDS)
        if target is None:
            return
        try:
            picture = self.window.perform.viewport.screenshot(alpha=kind == SEE_THROUGH)
            if not picture.save(str(target)):
                raise UserError(
                    f"{target.name} was not saved.",
                    "The folder cannot be written, or the ending is no picture format.",
                    "Choose another folder, and a name that ends in .png or .jpg.",
                )
        except UserError as error:
            self.studio.fail(error)
            return
        self.studio.tell(f"{target.name} is saved.")

    # ---- state ----

    def _project_changed(self, project: object) -> None:
        pages = {"home"} if project is None else set(PAGE_ACTIONS)
        self.window.workflow.set_enabled(frozenset(pages))
        if project is None:
            self.window.workflow.set_done(frozenset())

    def _page_changed(self, page: str) -> None:
        if page != "perform":
            self._performing.pause()
        if page == "home":
            self._projects.refresh_gallery()

    def _hud_toggled(self, on: bool) -> None:
        self.window.perform.viewport.set_hud(on)
        self.studio.settings.set(hud=on)

    def _fullscreen_toggled(self, on: bool) -> None:
        if on != self.window.isFullScreen():
            self.window.showFullScreen() if on else self.window.showNormal()

    def _setting_changed(self, name: str) -> None:
        values = self.studio.settings.values
        if name == "expert":
            self.window.show_log(values.expert)
        if name in ("theme", "scale"):
            app = QApplication.instance()
            assert isinstance(app, QApplication)
            style.apply(app, values.theme, values.scale)

    def _names_to_hide(self) -> list[str]:
        project = self.studio.session.project
        names = [Path(p).name for p in self.studio.settings.values.recent]
        if project is not None:
            names += [project.manifest.name, *(c.id for c in project.clips)]
            names += [Path(c.file).name for c in project.clips]
        return names

    # ---- the end ----

    def may_close(self) -> bool:
        """Whether the window may close; a running job is stopped, after asking.

        The window stays alive, and closes by itself, while the job comes to its checkpoint; who closes it once more
        does not wait for that.
        """
        if self.closing:
            return True
        jobs = [s for s in self.studio.queue.states() if not s.phase.over]
        if jobs and not self._ask_to_stop(jobs[0], len(jobs)):
            return False
        self.closing = True
        self.studio.settings.set(layout=self.window.layout_state())
        self.studio.queue.wind_up()
        if not self._at_work():
            return True
        self.window.set_usable(False)
        self.studio.queue.ended.connect(self._close_when_over)
        self.studio.tell("The window closes as soon as the work done is saved. Close it again to wait no longer.")
        return False

    def _at_work(self) -> bool:
        return any(not s.phase.over for s in self.studio.queue.states())

    def _close_when_over(self) -> None:
        if not self._at_work():
            # not from inside the queue's own signal, whose other listeners still want to hear it
            QTimer.singleShot(0, self.window, self.window.close)

    def _ask_to_stop(self, job: JobState, count: int) -> bool:
        box = QMessageBox(self.window)
        box.setObjectName("close_box")
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("A job is running")
        more = f" {count - 1} more wait and will be dropped." if count > 1 else ""
        box.setText(f"{job.title} is not finished.")
        box.setInformativeText(IF_STOPPED.get(job.kind, "It will be stopped.") + more)
        stop = box.addButton("Stop and close", QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        stop.setToolTip("Stop the job and close")
        stay.setToolTip("Keep the window open (Esc)")
        box.setDefaultButton(stay)
        box.exec()
        return box.clickedButton() is stop
