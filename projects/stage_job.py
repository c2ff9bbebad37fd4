"""A stage bound to one project: plain data that can go to another process and run there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.files import explain_os_error
from emotalker.engine.jobs import Job, Notice, Outcome, StopToken
from emotalker.projects.outputs import broken_outputs, discard, outputs_of
from emotalker.projects.record import Parts, StageRecord, fingerprint_of, read_record, write_record

OLD = "old"


@dataclass(frozen=True)
class StageJob:
    """Call it with a stop token to get the job; picklable.

    Attributes:
        stage: name of the stage.
        clips: the project's clips.
        out: the stage's folder; one made from something else is moved to runs/old first.
        inputs: folders of the stages it needs, by name.
        config: the stage's frozen dataclass config; None for the avatar.
        device: "cpu" or "cuda".
        parts: what the result depends on.
        name: of the project.
        restart: begin anew even if there is a checkpoint to go on from.
        head: file of the head model to track with; None for the built-in one, and for every other stage.
    """

    stage: str
    clips: tuple[ClipInput, ...]
    out: Path
    inputs: dict[str, Path]
    config: Any
    device: str
    parts: Parts
    name: str
    restart: bool = False
    head: Path | None = None

    def __call__(self, stop: StopToken) -> Job:
        """Run the stage, going on from its checkpoint if it was stopped; marks the folder as finished at the end.

        Raises:
            UserError: whatever the stage raises, or if the folder cannot be written.
        """
        record = StageRecord(self.stage, fingerprint_of(self.parts), self.parts, False, self.device, _now())
        before = read_record(self.out)
        if before is not None and before.fingerprint == record.fingerprint and not self.restart:
            record = before
            self._discard(broken_outputs(self.out, before))
        else:
            moved = _set_aside(self.out)
            if moved is not None:
                yield Notice(self.stage, f"The earlier run was kept in {moved}.")
        write_record(self.out, _with_state(record, False, self.device))
        outcome = yield from self._stage_function(stop)
        if outcome is Outcome.FINISHED:
            write_record(self.out, _with_state(record, True, self.device, outputs_of(self.stage, self.out)))
        return outcome

    def _discard(self, names: list[str]) -> None:
        try:
            discard(self.out, names)
        except OSError as error:
            raise explain_os_error(error, self.out) from error

    def _stage_function(self, stop: StopToken) -> Job:
        # Imported here: each stage brings torch or other heavy packages, and a job for another process needs none.
        inputs = self.inputs
        if self.stage == "track":
            from emotalker.engine.tracking.stage import track

            own = () if self.head is None else (self.head,)
            return track(self.clips, self.out, self.config, stop, *own)
        if self.stage == "fit":
            from emotalker.engine.training.stage1 import fit

            return fit(self.clips, inputs["track"], self.out, self.config, stop, self.device)
        if self.stage == "express":
            from emotalker.engine.a2et.stage import express

            return express(self.clips, inputs["track"], self.out, self.config, stop, inputs["fit"])
        if self.stage == "emote":
            from emotalker.engine.training.stage2 import emote

            folders = (inputs["track"], inputs["fit"], inputs["express"])
            return emote(self.clips, *folders, self.out, self.config, stop, self.device)
        if self.stage == "avatar":
            return self._avatar()
        raise ValueError(f"no stage named {self.stage}")

    def _avatar(self) -> Job:
        from emotalker.engine.avatar.build import build

        i = self.inputs
        build(i["track"], i["fit"], i["express"], i["emote"], self.out, self.clips, self.name)
        yield Notice(self.stage, f"The twin lies in {self.out}.")
        return Outcome.FINISHED


def _with_state(record: StageRecord, finished: bool, device: str, outputs: list[str] | None = None) -> StageRecord:
    return StageRecord(record.stage, record.fingerprint, record.parts, finished, device, record.started, outputs)


def _set_aside(folder: Path) -> Path | None:
    """Move an earlier run of a stage to runs/old; None if there is none."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    target = folder.parent / OLD / f"{folder.name}-{stamp}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(folder, target)
    except OSError as error:
        failure: UserError = explain_os_error(error, target)
        raise failure from error
    return target


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
