"""Gallery, import and clips: opening, making, labelling, consent, storage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QFile, QObject, QUrl
from PySide6.QtGui import QDesktopServices

from emotalker.app.commands.base import choose_folder, count_of
from emotalker.app.commands.clips import AddClips, HoldOut, LabelClips, RelinkClips, RemoveClips
from emotalker.app.commands.person import Rename, SetConsent, SetHead
from emotalker.app.session import Session
from emotalker.app.studio import Studio
from emotalker.app.wiring.opening import OpenProjects
from emotalker.app.worker import JobSpec
from emotalker.engine.errors import UserError
from emotalker.projects import Manifest, Project
from emotalker.projects.catalog import ProjectCard, card_of, cards
from emotalker.projects.document import ClipEntry
from emotalker.projects.sample import FOLDER as SAMPLE_FOLDER
from emotalker.projects.sample import NAME, has_sample, sample_project
from emotalker.projects.train_job import CheckJob
from emotalker.widgets.common import confirm
from emotalker.widgets.newproject import NewProject, NewProjectDialog

RECENT = 40


class ProjectsWiring(QObject):
    """Connects gallery, clips page and the dialogs about projects."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.studio, self.session, self.window = studio, studio.session, studio.window
        self._checking: set[str] = set()
        self.opened = OpenProjects(self.window)
        self._connect_gallery()
        self._connect_clips()
        actions = studio.actions
        for id_, slot in {
            "file.new": self.new,
            "file.open": self.open_other,
            "file.sample": self.open_sample,
            "file.import": lambda: self.add_clips(AddClips.ask(self.window)),
            "file.rename": self._rename_open,
            "file.storage": self.storage,
            "file.show": lambda: show_project(self.session),
            "file.close": self.close_project,
            "clips.remove": lambda: self.remove_clips(self.session.selection),
            "clips.check": lambda: self.check([c.id for c in self._clips()]),
            "clips.relink": self.relink,
        }.items():
            actions.on(id_, slot)
        self.session.project_changed.connect(self._project_changed)
        self.session.manifest_changed.connect(self._manifest_changed)
        self.session.twin_changed.connect(lambda _: self._show_done())

    def _connect_gallery(self) -> None:
        gallery = self.window.gallery
        gallery.open_requested.connect(self.open)
        gallery.new_requested.connect(self.new)
        gallery.open_other_requested.connect(self.open_other)
        gallery.sample_requested.connect(self.open_sample)
        gallery.rename_requested.connect(self._rename)
        gallery.duplicate_requested.connect(self.duplicate)
        gallery.trash_requested.connect(self.trash)
        gallery.show_in_folder_requested.connect(show_in_folder)
        gallery.files_dropped.connect(self.new)

    def _connect_clips(self) -> None:
        page = self.window.clips
        page.add_requested.connect(lambda: self.add_clips(AddClips.ask(self.window)))
        page.files_dropped.connect(lambda files: self.add_clips(AddClips(files)))
        page.labels_changed.connect(lambda labels: self.studio.do(LabelClips(labels)))
        page.remove_requested.connect(self.remove_clips)
        page.hold_out_changed.connect(lambda clips: self.studio.do(HoldOut(clips)))
        page.check_requested.connect(self.check)
        page.relink_requested.connect(self.relink)
        page.play_requested.connect(self._play_clip)
        page.consent_changed.connect(lambda consent: self.studio.do(SetConsent(consent)))
        self.window.activated.connect(page.look_again)
        page.selection_changed.connect(lambda clips: self.session.select(tuple(clips)))

    # ---- projects ----

    @property
    def sample_folder(self) -> Path:
        """Where the sample twin's project is, or will be."""
        return self.studio.settings.projects_root / SAMPLE_FOLDER

    def refresh_gallery(self) -> None:
        """Show all known projects, the sample first."""
        recent = [Path(p) for p in self.studio.settings.values.recent]
        sample = self.sample_folder
        shown = cards([p for p in recent if p != sample])
        self.window.gallery.set_cards([*_sample_card(sample), *shown])

    def open(self, folder: Path) -> bool:
        """Open a project and show the page where the work goes on; whether it could be opened."""
        try:
            project = Project.open(folder)
        except UserError as error:
            self.studio.fail(error)
            self.refresh_gallery()
            return False
        if not self._show(project):
            return False
        for notice in project.notices:
            self.studio.notifier.tell(notice)
        return True

    def open_other(self) -> None:
        """Let the user choose a project's folder."""
        folder = choose_folder(self.window, "Open a project folder", self.studio.settings.projects_root)
        if folder is not None:
            self.open(folder)

    def open_sample(self, then: Callable[[], None] | None = None) -> None:
        """Open the sample twin, making its project the first time."""
        root = self.studio.settings.projects_root

        def opened(project: Project) -> None:
            if self._show(project) and then is not None:
                then()

        self.studio.tasks.run(lambda: sample_project(root), opened)

    def close_project(self) -> None:
        """Go back to all twins."""
        self.session.open(None)
        self.refresh_gallery()
        self.window.show_page("home")

    def new(self, files: Sequence[Path] = ()) -> None:
        """Ask for a person and clips, and make the project."""
        dialog = NewProjectDialog(self.studio.settings.projects_root, self.window)
        dialog.set_files(list(files))
        accepted = dialog.exec()
        wanted = dialog.result_project() if accepted else None
        dialog.deleteLater()
        if wanted is not None:
            self.create(wanted)

    def create(self, wanted: NewProject) -> None:
        """Make the project the wizard describes and add its clips."""
        try:
            project = Project.create(wanted.folder, wanted.name, wanted.fps)
            if wanted.consent is not None:
                project.set_consent(wanted.consent)
        except UserError as error:
            self.studio.fail(error)
            return
        self._show(project, "clips")
        if wanted.head is not None:
            self.studio.do(SetHead(wanted.head))
        if wanted.files:
            labels = {f.path: (f.emotion, f.level) for f in wanted.files}
            self.add_clips(AddClips([f.path for f in wanted.files], labels, wanted.copy))

    def duplicate(self, folder: Path) -> None:
        """Copy a project beside it, as a job with progress."""
        from emotalker.projects.duplicate import DuplicateJob, copy_name, copy_place

        if not (folder / "project.json").is_file():
            if folder == self.sample_folder:
                self.open_sample(lambda: self.duplicate(folder))  # the sample before it was opened the first time
            else:
                self.refresh_gallery()  # it was moved or deleted since, and its card says so now
            return
        taken = {card.name for card in cards(Path(p) for p in self.studio.settings.values.recent)}
        name = copy_name(card_of(folder).name, taken)
        target = copy_place(folder, name)
        spec = JobSpec("other", f"Duplicating {name}", DuplicateJob(folder, target, name), folder)
        job = self.studio.queue.submit(spec)

        def ended(id_: int, _end: object) -> None:
            if id_ == job:
                self.studio.queue.ended.disconnect(ended)
                if (target / "project.json").is_file():
                    self._remember(target)
                    self.refresh_gallery()

        self.studio.queue.ended.connect(ended)

    def trash(self, folder: Path) -> None:
        """Move a project to the system's trash, after asking; one without a trash is told."""
        if any(s.project == folder for s in self.studio.queue.specs()):
            why = "A job is working in it."
            self.studio.fail(UserError("This twin cannot be moved to the trash now.", why, "Stop the job first."))
            return
        if not folder.exists():
            self._forget(folder)
            self.refresh_gallery()
            return
        text = f"“{folder.name}” goes to the trash with its training. Clips outside its folder stay where they are."
        if not confirm(self.window, "Move to trash?", text, "Move to trash"):
            return
        if self.session.project is not None and self.session.project.folder == folder:
            self.close_project()
        if not QFile.moveToTrash(str(folder)):
            self.studio.fail(
                UserError(
                    f"{folder.name} was not moved to the trash.",
                    "The system has no trash for this disk, or does not allow it.",
                    "Delete the folder with the file manager if you do not need it any more.",
                )
            )
        else:
            self._forget(folder)
        self.refresh_gallery()

    def storage(self) -> None:
        """Show what takes space in the open project, and let old runs be deleted."""
        from emotalker.app.wiring.storage import show_storage

        if self.session.project is not None:
            show_storage(self.studio, self.session.project)

    def _show(self, project: Project, page: str = "") -> bool:
        """Make it the open project; whether it was opened."""
        self._remember(project.folder)
        open_ = self.session.project
        if open_ is None or open_.folder != project.folder or open_.manifest != project.manifest:
            if not self.opened.may_open(project):
                self.refresh_gallery()
                return False
            self.session.open(project)  # else it is on show already, with what can be undone in it
        if not page:
            page = "perform" if self.session.twin is not None else "train" if project.clips else "clips"
        self.window.show_page(page)
        self.refresh_gallery()
        return True

    def _remember(self, folder: Path) -> None:
        kept = [p for p in self.studio.settings.values.recent if Path(p) != folder]
        self.studio.settings.set(recent=[str(folder), *kept][:RECENT])

    def _forget(self, folder: Path) -> None:
        self.studio.settings.set(recent=[p for p in self.studio.settings.values.recent if Path(p) != folder])

    def _rename(self, folder: Path, name: str) -> None:
        open_ = self.session.project
        if open_ is not None and open_.folder == folder:
            self.studio.do(Rename(name), self.refresh_gallery)
            return
        try:
            Project.open(folder).rename(name)
        except UserError as error:
            self.studio.fail(error)
        self.refresh_gallery()

    def _rename_open(self) -> None:
        if self.session.project is not None:
            self.studio.do(Rename.ask(self.window, self.session.project.manifest.name), self.refresh_gallery)

    def _project_changed(self, project: Project | None) -> None:
        self.checked(None)
        self.opened.opened(project)
        self.window.set_project(_title(project) if project else "")
        self.window.clips.set_project(project.folder if project else None, project.manifest if project else None)

    def _manifest_changed(self, manifest: Manifest) -> None:
        project = self.session.project
        if project is not None:
            self.window.set_project(_title(project))
            self.window.clips.set_project(project.folder, manifest)
            self._show_done()

    def _show_done(self) -> None:
        """Tick the steps that are finished."""
        manifest = self.session.manifest
        if manifest is not None:
            done = {"clips"} if manifest.clips and manifest.consent.given else set()
            done |= {"train", "clips"} if self.session.twin is not None else set()
            self.window.workflow.set_done(frozenset(done))

    # ---- clips ----

    def add_clips(self, command: AddClips | None) -> None:
        """Add clips; those that could not be added are named, the new ones are checked."""
        if command is None or self.session.project is None:
            return
        self.studio.tell(f"Reading {count_of(len(command.files), 'file')}…")
        self.studio.do(command, lambda: self._added(command))

    def _added(self, command: AddClips) -> None:
        failed = [r.error for r in command.results if r.error is not None]
        added = [r.clip.id for r in command.results if r.clip is not None and r.change == "added"]
        same = sum(r.change == "duplicate" for r in command.results)
        unsure = [r.clip.id for r in command.results if r.clip is not None and not r.level_stated]
        if added:
            self.studio.tell(f"{count_of(len(added), 'clip')} added.")
            self.check(added)
        if same:
            self.studio.tell(f"{count_of(same, 'file')} were in the project already.", "warning")
        if unsure:
            self.studio.tell(f"Please check the level of {', '.join(unsure[:4])}: no file name states it.", "warning")
        if len(failed) == 1:
            self.studio.fail(failed[0])
        elif failed:
            why = " ".join(f"{e.what} {e.why}" for e in failed[:6])
            self.studio.fail(UserError(f"{len(failed)} files were not added.", why, failed[0].what_to_do))

    def remove_clips(self, clips: Sequence[str]) -> None:
        """Take clips out; undo brings them back."""
        if clips:
            self.studio.do(RemoveClips(list(clips)))

    def relink(self) -> None:
        """Look for missing clips in a folder the user chooses."""
        command = RelinkClips.ask(self.window)
        if command is not None:
            self.studio.do(command, lambda: self.studio.tell(f"Found {len(command.found)} of {command.missing}."))

    def check(self, clips: Sequence[str]) -> None:
        """Look at the quality of clips in the background."""
        project = self.session.project
        if project is None or not clips:
            return
        try:
            project.refuse_if_read_only()  # what the check finds could not be kept
        except UserError as error:
            self.studio.fail(error)
            return
        self._checking |= set(clips)
        self.window.clips.set_checking(set(self._checking))
        title = f"Checking {count_of(len(clips), 'clip')}"
        self.studio.queue.submit(JobSpec("check", title, CheckJob(project.folder, tuple(clips)), project.folder))

    def checked(self, clip: str | None) -> None:
        """A clip's check is done; None when a whole job is over, or was of another project."""
        self._checking = _to_be_checked(self.studio) if clip is None else self._checking - {clip}
        self.window.clips.set_checking(set(self._checking))

    def _clips(self) -> list[ClipEntry]:
        return self.session.project.clips if self.session.project is not None else []

    def _play_clip(self, clip: str) -> None:
        project = self.session.project
        entry = next((c for c in self._clips() if c.id == clip), None)
        if project is not None and entry is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(project.path_of(entry))))


def _to_be_checked(studio: Studio) -> set[str]:
    """Clips of the open project that a job is going to look at."""
    project = studio.session.project
    calls = [s.call for s in studio.queue.specs() if project is not None and s.project == project.folder]
    return {clip for call in calls if isinstance(call, CheckJob) for clip in call.clips}


def _title(project: Project) -> str:
    return f"{project.manifest.name} (read only)" if project.read_only else project.manifest.name


def _sample_card(folder: Path) -> list[ProjectCard]:
    """The card of the sample twin, also before it was opened the first time."""
    if (folder / "project.json").is_file():
        return [replace(card_of(folder), sample=True)]
    if not has_sample():
        return []
    from emotalker.engine.avatar.sample import sample_folder

    return [ProjectCard(folder, NAME, "Ready to perform", "ready", sample_folder() / "cover.png", sample=True)]


def show_in_folder(path: Path) -> None:
    """Open the system's file manager at a folder, or at the folder of a file."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path if path.is_dir() else path.parent)))


def show_project(session: Session) -> None:
    """Show the folder of the open project."""
    if session.project is not None:
        show_in_folder(session.project.folder)
