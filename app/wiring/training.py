"""Training: the train page, the job bar and what jobs say."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject

from emotalker.app.studio import Remedy, Studio
from emotalker.app.wiring.projects import ProjectsWiring
from emotalker.app.worker import JobSpec
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Notice
from emotalker.projects import Manifest, Performance, Project
from emotalker.projects.jobstate import ClipChecked, JobEnd, JobState, Phase, StageEnded
from emotalker.projects.packing import PackJob, can_pack, packable
from emotalker.projects.recording import record
from emotalker.projects.train_job import TrainJob

if TYPE_CHECKING:
    from emotalker.projects import StageStatus
    from emotalker.projects.estimate import MachineSpeed
    from emotalker.widgets.training import PresetChoice

PACK = "Pack the twin again"
PRESETS = (
    ("draft", "Draft", "Good enough to judge clips and voice; 256 x 256 while learning."),
    ("standard", "Standard", "Sharp at 512 x 512; for films."),
    ("best", "Best", "The finest detail this program gives; takes its time."),
)


class TrainingWiring(QObject):
    """Connects the train page, the job bar and the queue."""

    def __init__(self, studio: Studio, projects: ProjectsWiring) -> None:
        super().__init__(studio)
        self.studio, self.session, self.page = studio, studio.session, studio.window.train
        self.projects, self.queue = projects, studio.queue
        self._speed: MachineSpeed | None = None
        self._asked = 0
        self._starting: set[Path] = set()
        self._learned_from: Manifest | None = None
        self._measuring = threading.Lock()
        page, bar, queue = self.page, studio.window.job_bar, studio.queue
        page.start_requested.connect(self.start)
        page.pause_requested.connect(lambda: self._with_job(queue.pause))
        page.resume_requested.connect(lambda: self._with_job(queue.resume))
        page.stop_requested.connect(lambda: self._with_job(queue.stop))
        page.preset_changed.connect(self._preset_chosen)
        bar.pause_requested.connect(queue.pause)
        bar.resume_requested.connect(queue.resume)
        bar.stop_requested.connect(queue.stop)
        bar.clicked.connect(self._bar_clicked)
        bar.dismissed.connect(lambda _: bar.set_state(self.studio.job()))
        queue.event.connect(self._event)
        queue.state_changed.connect(self._state_changed)
        queue.ended.connect(self._ended)
        actions = studio.actions
        actions.on("train.start", lambda: self.start(self._preset()))
        actions.on("train.pack", self.pack_again)
        actions.on("train.pause", lambda: self._with_job(queue.pause))
        actions.on("train.resume", lambda: self._with_job(queue.resume))
        actions.on("train.stop", lambda: self._with_job(queue.stop))
        self.session.project_changed.connect(self._project_changed)
        self.session.manifest_changed.connect(self._manifest_changed)
        studio.engine_ready.connect(self.refresh)
        studio.window.page_changed.connect(self._page_changed)
        studio.window.activated.connect(lambda: self.page.set_ready(*self.ready()))
        self._show_presets()

    def start(self, preset: str) -> None:
        """Train what is not up to date, unless something speaks against it."""
        project = self.session.project
        if project is None or project.folder in self._starting or self._trains(project.folder):
            return  # asked for twice
        try:
            self._refuse(project)
            project.set_preset(preset)
        except UserError as error:
            self.studio.fail(error)
            self.studio.window.clips.look_again()
            if not project.manifest.consent.given:
                self.studio.window.show_page("clips")
                self.studio.window.clips.show_consent()
            return
        self.session.announce()
        self.page.clear()
        self.page.load_history(project.folder / "runs")  # a training that goes on continues its curves
        self.studio.window.show_page("train")
        # files may have been changed since they were added; the job itself never writes the document
        draft = project.draft()
        before = draft.manifest
        self._starting.add(project.folder)
        self.studio.tasks.run(
            draft.refresh,
            lambda _: self._submit(project, before, draft.manifest, preset),
            lambda error: self._not_started(project, error),
        )

    def _trains(self, folder: Path) -> bool:
        return any(s.kind == "train" and s.project == folder for s in self.queue.specs())

    def _not_started(self, project: Project, error: BaseException) -> None:
        self._starting.discard(project.folder)
        self.studio.fail(error)

    def _submit(self, asked: Project, before: Manifest, after: Manifest, preset: str) -> None:
        project = self.studio.current(asked)
        try:
            project.adopt(before, after)
        except UserError as error:
            self._not_started(project, error)
            return
        self._starting.discard(project.folder)
        self.session.announce()
        job = TrainJob(project.folder, preset, "auto")
        self.queue.submit(JobSpec("train", f"Training {project.manifest.name}", job, project.folder))

    def twin_failed(self, error: BaseException) -> None:
        """Tell that the twin cannot be loaded, with what mends it: packing it again, or the sample anew."""
        project = self.session.project
        remedy: Remedy | None = None
        if project is not None and project.folder == self.projects.sample_folder:
            remedy = Remedy("Bring the sample twin anew", self._sample_again)
        elif project is not None and can_pack(project):
            remedy = Remedy(PACK, self.pack_again)
        self.studio.fail(error, remedy)

    def pack_again(self) -> None:
        """Pack the twin of the open project once more from what was learned."""
        project = self.session.project
        if project is None or self._trains(project.folder):
            return
        try:
            project.refuse_if_read_only()
            packable(project)
        except UserError as error:
            self.studio.fail(error)
            return
        title = f"Packing {project.manifest.name}"
        self.queue.submit(JobSpec("train", title, PackJob(project.folder), project.folder))

    def _sample_again(self) -> None:
        shutil.rmtree(self.projects.sample_folder / "runs" / "avatar", ignore_errors=True)
        self.session.open(None)
        self.projects.open_sample()

    def refresh(self) -> None:
        """Work out anew where every stage stands and what a training would cost; off the window's thread."""
        project = self.session.project
        if not self.studio.ready or project is None:
            return
        self._asked += 1
        asked, preset = self._asked, project.manifest.preset

        def stages_known(found: list[StageStatus]) -> None:
            if asked == self._asked:
                self.page.set_stages(found)

        def costs_known(found: list[PresetChoice]) -> None:
            if asked == self._asked:
                self.page.set_presets(found)
                self._show_preset(preset)

        self.studio.tasks.run(lambda: _statuses(project, preset), stages_known)
        # what a training costs is measured the first time, for seconds: only where somebody looks at it
        if self._speed is not None or self.studio.window.page == "train":
            self.studio.tasks.run(lambda: self._choices(project), costs_known)

    def _refuse(self, project: Project) -> None:
        """Raise what speaks against a training now."""
        project.refuse_if_read_only()
        if not project.manifest.consent.given:
            raise UserError(
                "The consent of the person shown is missing.",
                "A twin may only be made of someone who agreed to it.",
                "Note the consent on the page Prepare, then train.",
            )
        project.clip_inputs()
        if self._speed is not None:
            from emotalker.projects.estimate import disk_advice, estimate, memory_advice

            seconds = [c.duration for c in project.clips]
            cost = estimate(project.manifest.preset, sum(seconds), len(seconds), self._speed)
            advice = disk_advice(project.folder, cost.disk_bytes) or memory_advice(cost.memory_bytes)
            if advice is not None:
                raise advice

    def _choices(self, project: Project) -> list[PresetChoice]:
        """The presets with what they cost on this machine; measures it the first time."""
        from emotalker.projects.estimate import estimate, probe_machine
        from emotalker.widgets.training import PresetChoice

        seconds, count = sum(c.duration for c in project.clips), len(project.clips)
        if not count:
            return [PresetChoice(name, title, text, None, False) for name, title, text in PRESETS]
        with self._measuring:  # two measurements at once would slow each other
            speed = self._speed = self._speed or probe_machine()
        return [
            PresetChoice(name, title, text, estimate(name, seconds, count, speed), False)
            for name, title, text in PRESETS
        ]

    def _show_presets(self) -> None:
        from emotalker.widgets.training import PresetChoice

        self.page.set_presets([PresetChoice(name, title, text, None, False) for name, title, text in PRESETS])

    def _show_preset(self, preset: str) -> None:
        """Mark the preset; one that only the command line offers counts as the smallest."""
        known = [name for name, _, _ in PRESETS]
        self.page.set_preset(preset if preset in known else known[0])

    def _preset(self) -> str:
        return self.session.project.manifest.preset if self.session.project is not None else "draft"

    def _preset_chosen(self, preset: str) -> None:
        project = self.session.project
        if project is None or preset == project.manifest.preset:
            return
        try:
            project.set_preset(preset)
        except UserError as error:
            self.studio.fail(error)
        self.session.announce()

    # ---- what is shown ----

    def _project_changed(self, project: Project | None) -> None:
        self._asked += 1  # what is still being worked out is about another project
        self.page.clear()
        self.page.set_job(None)
        if project is not None:
            self._show_preset(project.manifest.preset)
            self.page.load_history(project.folder / "runs")
            job = self.studio.job()
            if job is not None and self._is_open(job.id):
                self.page.set_job(job)
        self.refresh()

    def _manifest_changed(self, manifest: Manifest) -> None:
        self.page.set_ready(*self.ready())
        # emotions change many times a minute while a twin plays, and no stage depends on them
        learned_from = msgspec.structs.replace(manifest, performance=Performance())
        if learned_from != self._learned_from:
            self._learned_from = learned_from
            self.refresh()

    def ready(self) -> tuple[bool, str]:
        """Whether a training of the open project may start, and what is missing in words."""
        project = self.session.project
        return _ready(project.manifest, project) if project is not None else (False, "No project is open.")

    def _page_changed(self, page: str) -> None:
        if page == "train":
            self.refresh()

    def _bar_clicked(self) -> None:
        job = self.studio.job()
        if job is not None:
            self.studio.window.show_page({"export": "export", "other": "report"}.get(job.kind, "train"))

    # ---- what jobs say ----

    def _event(self, id_: int, event: object) -> None:
        spec = self.queue.spec(id_)
        if spec is None:
            return
        if isinstance(event, StageEnded | ClipChecked):
            self._record(spec.project, event)
        if isinstance(event, ClipChecked) and self._is_open(id_):
            self.projects.checked(event.clip)
        if isinstance(event, Notice):
            self.studio.window.log.add(event)
            if event.level == "warning":
                self.studio.notifier.tell(event)
        if spec.kind == "train" and self._is_open(id_):
            self.page.add_event(event)

    def _record(self, folder: Path | None, event: StageEnded | ClipChecked) -> None:
        """Keep what the job found in the document it worked for, which may not be the open one any more."""
        if folder is None:
            return
        open_ = self.session.project
        try:
            project = open_ if open_ is not None and open_.folder == folder else Project.open(folder)
            record(project, event)
        except UserError as error:
            self.studio.notifier.report(error)  # every event may fail in the same way
        self.session.announce()

    def _state_changed(self, state: JobState) -> None:
        shown = self.studio.job() or (state if state.phase is Phase.FAILED else None)
        self.studio.window.job_bar.set_state(shown)
        if state.kind == "train" and self._is_open(state.id):
            self.page.set_job(state if not state.phase.over or state.phase is Phase.FAILED else None)

    def _ended(self, id_: int, end: JobEnd) -> None:
        spec = self.queue.spec(id_)
        if end.phase is Phase.FAILED and end.error is not None:
            self.studio.notifier.report(end.error, end.details)
        if spec is None:
            return
        if spec.kind == "check":
            self.projects.checked(None)
        if spec.kind == "train" and self._is_open(id_):
            self.refresh()
            self.session.refresh_twin()
            if end.phase is Phase.FINISHED:
                self.studio.tell("The twin is ready. Let it perform.")
                self.studio.window.show_page("perform")
            elif end.phase is Phase.STOPPED:
                self.studio.tell("Training stopped; everything learned so far is kept.")
        self.projects.refresh_gallery()

    def _is_open(self, id_: int) -> bool:
        spec, open_ = self.queue.spec(id_), self.session.project
        return spec is not None and open_ is not None and spec.project == open_.folder

    def _with_job(self, call: object) -> None:
        job = self.studio.job()
        if job is not None and callable(call):
            call(job.id)


def _ready(manifest: Manifest, project: Project | None) -> tuple[bool, str]:
    """Whether a training may start, and what is missing in words."""
    if project is not None and project.read_only:
        return False, "The project is open read only: another window has it open."
    if not manifest.clips:
        return False, "Add clips of the person first: a few, of 10 seconds or more each."
    if project is not None and project.missing():
        return False, "Some clips cannot be found. Point to where they are on the page Prepare."
    red = [c.id for c in manifest.clips if c.check is not None and c.check.light == "red"]
    if red:
        return False, f"These clips cannot be used: {', '.join(red[:4])}. The page Prepare says how to mend them."
    if not manifest.consent.given:
        return False, "The consent of the person shown is missing. Note it on the page Prepare."
    return True, ""


def _statuses(project: Project, preset: str) -> list[StageStatus]:
    from emotalker.engine.presets import preset as preset_of
    from emotalker.projects import statuses
    from emotalker.projects.pipeline import stage_configs

    return statuses(project, stage_configs(preset_of(preset), project.manifest.fps))
