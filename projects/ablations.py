"""Twins with one part taken out, trained and judged beside the whole one: what each part is good for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from emotalker.engine.jobs import Event, Notice, Outcome, StopToken
from emotalker.projects.pipeline import bind
from emotalker.projects.project import Project
from emotalker.projects.stage_job import StageJob

STAGE = "ablations"
VARIANTS = ("without_egd", "without_a2et", "mask_null", "without_ngi")
NOT_RUN = "not run; the option --ablations (in the window: 'With ablations') makes it"


def variant_config(name: str, emote: Any) -> Any:
    """The settings of stage 2 with a part taken out; None if this program has no switch for it.

    Args:
        name: of the variant, see `VARIANTS`.
        emote: the frozen dataclass config of stage 2.
    """
    if any(field.name == name for field in dataclasses.fields(emote)):
        return dataclasses.replace(emote, **{name: True})
    deformation = getattr(emote, "deformation", None)
    if (
        dataclasses.is_dataclass(deformation)
        and not isinstance(deformation, type)
        and any(field.name == name for field in dataclasses.fields(deformation))
    ):
        return dataclasses.replace(emote, deformation=dataclasses.replace(deformation, **{name: True}))
    return None


def variant_job(project: Project, configs: Mapping[str, Any], name: str, folder: Path, device: str) -> StageJob | None:
    """Stage 2 of a variant as a job with a folder of its own; None if there is no switch for it.

    Args:
        project: the project, trained.
        configs: per stage its config.
        name: of the variant.
        folder: of the variant; the job writes into `folder`/emote and goes on there when it was stopped.
        device: "cpu" or "cuda".
    """
    config = variant_config(name, configs["emote"])
    if config is None:
        return None
    job = bind(project, "emote", {**configs, "emote": config}, device)
    return dataclasses.replace(job, out=folder / "emote")


def train_variant(job: StageJob, folder: Path, stop: StopToken) -> Generator[Event, None, Outcome]:
    """Run a variant's stage 2, from its checkpoint if it was stopped, and pack its twin into `folder`/avatar."""
    from emotalker.engine.avatar.build import build

    outcome = yield from job(stop)
    if outcome is Outcome.STOPPED:
        return outcome
    i = job.inputs
    build(i["track"], i["fit"], i["express"], job.out, folder / "avatar", job.clips, job.name)
    return Outcome.FINISHED


def judge_variants(
    project: Project,
    configs: Mapping[str, Any],
    folder: Path,
    device: str,
    train: bool,
    judge: Callable[[Path, Path], Generator[Event, None, Outcome]],
    figures: Callable[[Path, str], dict[str, Any] | None],
    keep: Callable[[Path, str], dict[str, Any]],
    stop: StopToken,
) -> Generator[Event, None, dict[str, Any] | None]:
    """Figures of every variant by name; None if stopped.

    Args:
        project: the project, trained.
        configs: per stage its config.
        folder: holds a folder for each variant.
        device: to train on.
        train: also train and judge what is missing; else only tell what is there.
        judge: judges the twin of the first folder and writes into the second.
        figures: what was kept of a variant's folder, made from the given fingerprint.
        keep: keeps what was judged there.
        stop: asks for an early end.
    """
    from emotalker.projects.record import fingerprint_of

    result: dict[str, Any] = {}
    for name in VARIANTS:
        place = folder / name
        job = variant_job(project, configs, name, place, device)
        if job is None:
            result[name] = {"reason": "this version of the program has no switch for it"}
            continue
        made_from = fingerprint_of(job.parts)
        known = figures(place, made_from)
        if known is None and train:
            yield Notice(STAGE, f"Training the variant '{name}'.")
            if (yield from train_variant(job, place, stop)) is Outcome.STOPPED:
                return None
            if (yield from judge(place / "avatar", place / "evaluate")) is Outcome.STOPPED:
                return None
            known = keep(place, made_from)
        result[name] = {"reason": NOT_RUN} if known is None else {"figures": known}
    return result
