"""What project.json holds, as plain data."""

from __future__ import annotations

from typing import Literal

import msgspec

SCHEMA_VERSION = 1

Light = Literal["green", "yellow", "red"]


class CheckSummary(msgspec.Struct, frozen=True):
    """What the quality check said about a clip: a traffic light and one sentence per finding."""

    light: Light
    findings: list[str] = []


class ClipEntry(msgspec.Struct, frozen=True):
    """One clip of the project.

    Attributes:
        id: folder-safe name, unique in the project whatever the case ("happy_level2").
        file: path with forward slashes; relative to the project's folder if the file lies inside it, else absolute.
        emotion: one of the engine's `EMOTIONS`.
        level: intensity in [0, 3]; 0 for neutral.
        sha256: checksum of the file's content, hex; by it a moved file is found again and a duplicate is noticed.
        size: bytes.
        modified: time stamp of the file in nanoseconds when `sha256` was made.
        duration: seconds of video.
        width: pixels as shown.
        height: pixels as shown.
        fps: frames per second of the file.
        has_audio: whether there is sound.
        check: the last quality check, None before the first.
    """

    id: str
    file: str
    emotion: str
    level: float
    sha256: str
    size: int
    modified: int
    duration: float
    width: int
    height: int
    fps: float
    has_audio: bool
    check: CheckSummary | None = None


class Consent(msgspec.Struct, frozen=True):
    """What the person shown agreed to; empty until somebody fills it in.

    Attributes:
        given: whether the person shown has agreed.
        name: who agreed.
        statement: the sentence agreed to.
        date: ISO date.
        recording: file of the spoken sentence, as in `ClipEntry.file`; may be empty.
    """

    given: bool = False
    name: str = ""
    statement: str = ""
    date: str = ""
    recording: str = ""


class RunRecord(msgspec.Struct, frozen=True):
    """One finished or stopped run of a stage, for the history; what is stale is read from the run's own folder.

    Attributes:
        stage: name of the stage.
        preset: preset it ran with.
        device: "cpu" or "cuda".
        started: ISO time, UTC.
        seconds: how long it ran.
        outcome: "finished", "stopped" or "failed".
    """

    stage: str
    preset: str
    device: str
    started: str
    seconds: float
    outcome: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of project.json.

    Attributes:
        schema_version: layout of this file; older ones are migrated on opening.
        id: never changes, also when the folder moves or the project is renamed.
        name: what the user calls the person.
        created: ISO time, UTC.
        fps: frame rate of tracks and twin, frames per second.
        preset: the preset last trained with.
        clips: in the order of adding.
        hold_out: ids of the clips no stage may learn from; empty lets the program choose.
        consent: of the person shown.
        runs: history, oldest first.
    """

    schema_version: int = SCHEMA_VERSION
    id: str
    name: str
    created: str
    fps: float = 25.0
    preset: str = "draft"
    clips: list[ClipEntry] = []
    hold_out: list[str] = []
    consent: Consent = Consent()
    runs: list[RunRecord] = []
