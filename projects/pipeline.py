"""The five stages: in which order, what each depends on, which must run next and why."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emotalker.engine.errors import UserError
from emotalker.projects.heads import head_file
from emotalker.projects.outputs import broken_outputs
from emotalker.projects.project import Project
from emotalker.projects.record import Parts, StageRecord, as_json, fingerprint_of, read_record
from emotalker.projects.stage_job import StageJob


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline.

    Attributes:
        name: also the name of its folder below runs/.
        title: what a person calls it.
        needs: stages whose result it reads.
        labelled: whether emotions and levels matter to it.
        version: raised when its code changes what it makes, so that older results become stale.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    labelled: bool
    version: int = 1


STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage("track", "tracking the face", (), False, version=3),
        Stage("fit", "fitting the neutral twin", ("track",), True, version=3),
        Stage("express", "learning to speak", ("track", "fit"), True, version=5),
        Stage("emote", "learning the emotions", ("track", "fit", "express"), True, version=3),
        Stage("avatar", "packing the twin", ("track", "fit", "express", "emote"), True, version=3),
    )
}


class StageState(enum.Enum):
    """Where a stage stands."""

    DONE = "done"
    PARTIAL = "partial"
    STALE = "stale"
    MISSING = "missing"


@dataclass(frozen=True)
class StageStatus:
    """A stage, where it stands, and why, as a sentence for the user."""

    stage: str
    state: StageState
    reason: str

    @property
    def must_run(self) -> bool:
        """Whether there is work to do."""
        return self.state is not StageState.DONE


def statuses(project: Project, configs: Mapping[str, Any]) -> list[StageStatus]:
    """Where every stage stands, in the order of running.

    Args:
        project: the project.
        configs: per stage its frozen dataclass config (see `stage_configs`); the avatar has none.
    """
    expected = _expected(project, configs)
    result: list[StageStatus] = []
    for name, parts in expected.items():
        record = read_record(project.stage_folder(name))
        behind = [s.stage for s in result if s.stage in STAGES[name].needs and s.must_run]
        broken = broken_outputs(project.stage_folder(name), record) if record is not None else []
        result.append(_status(name, parts, record, behind, broken))
    return result


def stage_configs(preset: Any, fps: float) -> dict[str, Any]:
    """The configs of a preset (with .track, .fit, .express and .emote) by stage, at `fps` frames per second.

    A2ET keeps its own rate: it starts from an articulator that hears 25 frames a second, and what it says is resampled.
    """
    configs = {name: getattr(preset, name) for name in STAGES if name != "avatar"}
    for name, config in configs.items():
        if name != "express" and any(field.name == "fps" for field in dataclasses.fields(config)):
            configs[name] = dataclasses.replace(config, fps=fps)
    return configs


def bind(
    project: Project, stage: str, configs: Mapping[str, Any], device: str = "cpu", *, restart: bool = False
) -> StageJob:
    """The stage as a picklable job on this project's clips and folders.

    Args:
        project: the project.
        stage: name of the stage.
        configs: per stage its config.
        device: "cpu" or "cuda".
        restart: begin anew, also if there is a checkpoint to go on from; it is kept in runs/old.

    Raises:
        UserError: if there is nothing to run on, or a stage it needs is not finished.
    """
    clips = project.clip_inputs()
    if all(clip.held_out for clip in clips):
        raise UserError("All clips are held out.", "Nothing is left to learn from.", "Hold out fewer clips.")
    behind = [s for s in statuses(project, configs) if s.stage in STAGES[stage].needs and s.must_run]
    if behind:
        first = STAGES[behind[0].stage]
        raise UserError(
            f"The stage '{stage}' cannot run yet.",
            f"It needs '{first.name}' ({first.title}). {behind[0].reason}",
            "Train without choosing a single stage"
            f' (on the command line: emotalker-cli train "{project.folder}", or with --only {first.name} first).',
        )
    return StageJob(
        stage=stage,
        clips=clips,
        out=project.stage_folder(stage),
        inputs={name: project.stage_folder(name) for name in STAGES[stage].needs},
        config=configs.get(stage),
        device=device,
        parts=_expected(project, configs)[stage],
        name=project.manifest.name,
        restart=restart,
        head=head_file(project) if stage == "track" else None,
    )


def _expected(project: Project, configs: Mapping[str, Any]) -> dict[str, Parts]:
    """What each stage would be made from now; an upstream stage counts with what it ought to be made from."""
    out = project.held_out()
    contents = {clip.id: clip.sha256 for clip in project.clips}
    labels = {clip.id: [clip.emotion, clip.level] for clip in project.clips}
    prints: dict[str, str] = {}
    result: dict[str, Parts] = {}
    for name, stage in STAGES.items():
        config = configs.get(name)
        parts: Parts = {
            "version": stage.version,
            "clips": contents,
            "held_out": sorted(out),
            "fps": project.manifest.fps,
            "config": dataclasses.asdict(config) if config is not None else {},
            "upstream": {need: prints[need] for need in stage.needs},
        }
        if stage.labelled:
            parts["labels"] = labels
        if name == "track" and project.manifest.head is not None:
            parts["head"] = project.manifest.head.sha256
        if name == "avatar":
            parts["name"] = project.manifest.name
        result[name] = as_json(parts)
        prints[name] = fingerprint_of(result[name])
    return result


def _status(name: str, parts: Parts, record: StageRecord | None, behind: list[str], broken: list[str]) -> StageStatus:
    title = STAGES[name].title.capitalize()
    if record is None:
        return StageStatus(name, StageState.MISSING, f"{title} has not been run yet.")
    if record.fingerprint != fingerprint_of(parts):
        return StageStatus(name, StageState.STALE, f"{title} must run again: {_difference(record.parts, parts)}.")
    if not record.finished:
        return StageStatus(name, StageState.PARTIAL, f"{title} was stopped before its end; it will go on from there.")
    if broken:
        text = f"{title} must run again: {_listed(broken)} {'is' if len(broken) == 1 else 'are'} missing or damaged."
        return StageStatus(name, StageState.STALE, text)
    if behind:
        needed = STAGES[behind[0]].title
        return StageStatus(name, StageState.STALE, f"{title} must run again after {needed}.")
    return StageStatus(name, StageState.DONE, f"{title} is up to date.")


def _difference(before: Mapping[str, Any], now: Parts) -> str:
    """What changed, in words, the most telling first."""
    for key, one, many in (("clips", "the clip", "the clips"), ("labels", "the label of", "the labels of")):
        old, new = before.get(key, {}), now.get(key, {})
        for names, verb in (
            ([n for n in new if n not in old], "added"),
            ([n for n in old if n not in new], "removed"),
            ([n for n in new if n in old and old[n] != new[n]], "changed"),
        ):
            if names:
                return (
                    f"{one if len(names) == 1 else many} {_listed(names)} {'was' if len(names) == 1 else 'were'} {verb}"
                )
    if before.get("held_out") != now["held_out"]:
        return f"the held-out clips are now {_listed(now['held_out']) or 'none'}"
    if before.get("config") != now["config"]:
        old = before.get("config", {})
        names = sorted(k for k in {*old, *now["config"]} if old.get(k) != now["config"].get(k))
        return f"its settings were changed ({_listed(names)})"
    if before.get("head") != now.get("head"):
        return "another head model was chosen"
    for need in (name for name in STAGES if name in now["upstream"]):  # the earliest is the cause
        if before.get("upstream", {}).get(need) != now["upstream"][need]:
            return f"it builds on {STAGES[need].title}, which changed"
    if before.get("fps") != now["fps"]:
        return "the frame rate was changed"
    if before.get("name") != now.get("name"):
        return "it has another name"
    return "the program makes it differently now"


def _listed(names: list[str], most: int = 4) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
