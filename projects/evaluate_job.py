"""Judging a project's twin on the clips held out, and writing the report, as one job."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotalker.engine.errors import UserError
from emotalker.engine.files import explain_os_error, write_json
from emotalker.engine.jobs import Event, Job, Notice, Outcome, Preview, StopToken
from emotalker.projects.jobstate import StagesPlanned, StageStarted
from emotalker.projects.lock import training_lock
from emotalker.projects.pipeline import StageStatus, bind, stage_configs, statuses
from emotalker.projects.project import Project
from emotalker.projects.record import read_record
from emotalker.projects.split import FEWEST_TO_SPLIT

if TYPE_CHECKING:
    from emotalker.engine.metrics.judge import Drive

EVALUATE = "evaluate"
UNFINISHED = "unfinished"
"""Folder below runs/evaluate that a new report grows in; the old one stays whole until it is done."""
ABLATIONS = "ablations"
REPORT, PAGE = "report.json", "report.html"
SIZES = (64, 1024)
CLIP_SECONDS, EMOTION_SECONDS, VOICE_SECONDS = 150.0, 60.0, 60.0
"""About how long a clip, the emotions and other voices take; only for the bar."""

Judging = Generator[Event | StagesPlanned | StageStarted, None, Outcome]


@dataclass(frozen=True)
class EvaluateJob:
    """Call it with a stop token to get the job; picklable.

    Attributes:
        folder: the project's folder.
        size: pixels of the square pictures compared.
        voices: files of other people's voices; the sample's voice when there are none.
        films: also write films side by side.
        ablations: also train and judge twins with a part taken out.
        device: what variants are trained on, "auto", "cpu" or "cuda".
    """

    folder: Path
    size: int = 512
    voices: tuple[Path, ...] = ()
    films: bool = True
    ablations: bool = False
    device: str = "auto"

    def __call__(self, stop: StopToken) -> Judging:
        """Judge and write runs/evaluate; stopped, it goes on from there when it is started again.

        Raises:
            UserError: if no clip is held out, there is no twin of the project as it is now, a voice cannot be read,
                another process is training here, or the report cannot be written.
        """
        project = Project.open(self.folder)
        self.check(project)
        with training_lock(project.folder):
            return (yield from _Run(self, project, stop).all())

    def check(self, project: Project) -> None:
        """Refuse what cannot be judged, before any work.

        Raises:
            UserError: if it cannot.
        """
        if not project.held_out():
            raise UserError(
                "There is no held-out clip to judge by.",
                f"With fewer than {FEWEST_TO_SPLIT} clips all of them are learned from.",
                f'Add clips, or choose one: emotalker-cli train "{project.folder}" --hold-out CLIP',
            )
        if not SIZES[0] <= self.size <= SIZES[1]:
            raise UserError(
                f"Pictures of {self.size} pixels cannot be judged.",
                f"Sizes go from {SIZES[0]} to {SIZES[1]}.",
                "Choose such a size; the paper's is 512.",
            )
        for voice in self.voices:
            if not voice.is_file():
                raise UserError(
                    f"{voice.name} is not there.", f"Looked for {voice.absolute()}.", "Check the path of the sound."
                )
        if self.voices:
            from emotalker.engine.avatar.hearing import read_speech

            # heard now: the voices come last, and what is no sound would be found after minutes of work
            for voice in self.voices:
                read_speech(voice)


def read_report(project: Project) -> dict[str, Any] | None:
    """The report of a project; None if there is none that can be read."""
    try:
        report = json.loads((project.stage_folder(EVALUATE) / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) else None


def untrained(project: Project) -> str:
    """Why there is no twin of the project as it is now, in a sentence; empty if there is one or it need only be packed.

    Looks at the records of all stages: not for the window's thread.
    """
    behind = _behind(project, _configs(project))
    return behind[0].reason if behind else ""


def is_outdated(project: Project, report: dict[str, Any]) -> bool:
    """Whether the twin was packed anew after the report."""
    record = read_record(project.stage_folder("avatar"))
    return record is None or report.get("about", {}).get("made_from") != record.fingerprint


@dataclass
class _Run:
    """One run of an `EvaluateJob`."""

    job: EvaluateJob
    project: Project
    stop: StopToken
    configs: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.configs = _configs(self.project)

    @property
    def out(self) -> Path:
        """Where the report goes."""
        return self.project.stage_folder(EVALUATE)

    def all(self) -> Judging:
        """From the twin to the page."""
        from emotalker.engine.metrics.kept import Kept
        from emotalker.engine.report.page import write_page

        if (yield from self._pack()) is Outcome.STOPPED:
            return Outcome.STOPPED
        yield StagesPlanned(self._planned())
        work = self.out / UNFINISHED
        record = read_record(self.project.stage_folder("avatar"))
        made_from = record.fingerprint if record is not None else ""
        # not the voices: what was judged of the clips does not hang on them, and each voice's part knows its own
        settings = [made_from, self.job.size, self.job.films]
        kept = Kept(work / "parts", json.dumps(settings))
        if kept.get("begun") is None:
            shutil.rmtree(work, ignore_errors=True)
            kept.put("begun", True)
        else:
            yield Notice(EVALUATE, "Going on with the report that was stopped.")
        yield StageStarted(EVALUATE, "judging the held-out clips", 0, 3)
        if (yield from self._judge(self.project.stage_folder("avatar"), work, kept)) is Outcome.STOPPED:
            return Outcome.STOPPED
        twin = yield from self._twin(work, kept)
        variants = None if twin is None else (yield from self._variants())
        if twin is None or variants is None:
            return Outcome.STOPPED
        report = json.loads((work / REPORT).read_text(encoding="utf-8"))
        report |= {"twin": twin, "ablations": variants, "about": self._about(made_from)}
        write_json(work / REPORT, report)
        yield Preview(EVALUATE, 0, write_page(report, work))
        kept.forget()
        _put_in_place(work, self.out)
        yield Notice(EVALUATE, f"The report is in {self.out / PAGE}.")
        return Outcome.FINISHED

    def _planned(self) -> dict[str, float]:
        clips = CLIP_SECONDS * len(self.project.held_out())
        planned = {EVALUATE: clips, "emotions": EMOTION_SECONDS, "other voices": VOICE_SECONDS}
        return planned | ({ABLATIONS: 4 * (clips + 600)} if self.job.ablations else {})

    def _pack(self) -> Judging:
        """Make sure that there is a twin of the project as it is now."""
        behind = _behind(self.project, self.configs)
        if behind:
            raise UserError(
                f"There is no twin of '{self.project.manifest.name}' as the project is now.",
                behind[0].reason,
                f'Train it first, on the page Train or with: emotalker-cli train "{self.project.folder}"',
            )
        if statuses(self.project, self.configs)[-1].must_run:
            return (yield from bind(self.project, "avatar", self.configs)(self.stop))
        return Outcome.FINISHED

    def _judge(self, twin: Path, out: Path, kept: Any = None, films: bool | None = None) -> Job:
        """The twin on the held-out clips, with its own renderer and the detector that tracking uses.

        Where the fit has refined a held-out clip's track, the figures of the track before that are told as well.
        """
        from emotalker.engine.avatar import ClipRenderer
        from emotalker.engine.metrics.evaluate import evaluate
        from emotalker.engine.tracking.observing.landmarker import FaceLandmarker
        from emotalker.engine.tracking.refined import track_path

        clips = self.project.clip_inputs()
        tracks, fit = self.project.stage_folder("track"), self.project.stage_folder("fit")
        held = [clip.id for clip in clips if clip.held_out]
        refined = any(track_path(name, tracks, fit) != track_path(name, tracks) for name in held)
        drives: tuple[Drive, ...] = ("tracked", "audio")
        if refined and films is None:
            drives = ("tracked", "unrefined", "audio")

        def renderer(folder: Path) -> Any:
            return ClipRenderer(folder, tracks, clips, fit_dir=fit)

        outcome = yield from evaluate(
            clips,
            tracks,
            twin,
            out,
            self.stop,
            self.job.size,
            renderer=renderer,
            detect=FaceLandmarker().detect,
            drives=drives,
            films=self.job.films if films is None else films,
            kept=kept,
        )
        return outcome

    def _twin(self, work: Path, kept: Any) -> Generator[Any, None, dict[str, Any] | None]:
        """What the twin does by itself; None if stopped."""
        from emotalker.projects.twin_judge import judge_twin

        yield StageStarted("emotions", "judging the emotions", 1, 3)
        return (yield from judge_twin(self.project, work, self.job.voices, self.job.films, kept, self.stop))

    def _variants(self) -> Generator[Any, None, dict[str, Any] | None]:
        """What twins with a part taken out get; None if stopped."""
        from emotalker.engine.metrics.kept import Kept
        from emotalker.projects.ablations import judge_variants

        device = "cpu"
        if self.job.ablations:
            from emotalker.engine.device import choose_device

            yield StageStarted(ABLATIONS, "training without single parts", 2, 3)
            device = choose_device(self.job.device)[0]

        def judge(twin: Path, out: Path) -> Job:
            return self._judge(twin, out, films=False)

        def figures(place: Path, made_from: str) -> dict[str, Any] | None:
            known: dict[str, Any] | None = Kept(place, f"{made_from} {self.job.size}").get("figures")
            return known

        def keep(place: Path, made_from: str) -> dict[str, Any]:
            report = json.loads((place / "evaluate" / REPORT).read_text(encoding="utf-8"))
            judged = {name: report[name] for name in ("tracked", "audio") if name in report}
            Kept(place, f"{made_from} {self.job.size}").put("figures", judged)
            return judged

        folder = self.out / ABLATIONS
        found = yield from judge_variants(
            self.project, self.configs, folder, device, self.job.ablations, judge, figures, keep, self.stop
        )
        return found

    def _about(self, made_from: str) -> dict[str, Any]:
        from importlib import metadata

        return {
            "project": self.project.manifest.name,
            "preset": self.project.manifest.preset,
            "program": f"EmoTalker Studio {metadata.version('emotalker-studio')}",
            "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "made_from": made_from,
        }


def _configs(project: Project) -> dict[str, Any]:
    """The settings of all stages that the project's twin is made with."""
    from emotalker.engine.presets import preset

    return stage_configs(preset(project.manifest.preset), project.manifest.fps)


def _behind(project: Project, configs: dict[str, Any]) -> list[StageStatus]:
    """The stages that must run before a twin of the project as it is now can be packed."""
    return [status for status in statuses(project, configs)[:-1] if status.must_run]


def _put_in_place(work: Path, out: Path) -> None:
    """Let a finished report take the place of the one before.

    Raises:
        UserError: if a file cannot be moved.
    """
    try:
        for old in out.iterdir():
            if old.is_file():
                old.unlink()
        for new in work.iterdir():
            os.replace(new, out / new.name)
        work.rmdir()
    except OSError as error:
        raise explain_os_error(error, out) from error
