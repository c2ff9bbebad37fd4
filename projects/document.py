"""What project.json holds, as plain data."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from emotalker.engine.render.view import View

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


class HeadEntry(msgspec.Struct, frozen=True):
    """A head model the user brought; the project keeps what was made of it.

    Attributes:
        file: path with forward slashes, relative to the project's folder.
        sha256: tells this head from any other, hex.
        name: what kind of head it is.
        source: name of the file it was read from.
    """

    file: str
    sha256: str
    name: str
    source: str


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


def neutral_curve() -> dict[str, Any]:
    """The emotion curve of a twin nobody has told to feel anything, as `EmotionCurve.to_json` writes it."""
    keyframe = {"time": 0.0, "emotion": {"neutral": 1.0}, "level": 0.0, "easing": "smooth"}
    return {"version": 1, "keyframes": [keyframe]}


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """What the twin says and feels, and how it is looked at.

    Attributes:
        voice: sound or video file that is spoken, as in `ClipEntry.file`; empty for silence.
        curve: emotion over time as `EmotionCurve.to_json` describes it.
        loop: seconds from and to which playing repeats and export goes; None for all.
        view: the camera.
        background: as `emotalker.engine.render.backdrop.backdrop` takes it.
        seed: picks blinks and head motion.
    """

    voice: str = ""
    curve: dict[str, Any] = msgspec.field(default_factory=neutral_curve)
    loop: tuple[float, float] | None = None
    view: View = View()
    background: str = "plate"
    seed: int = 0


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
        head: the head model to track with; None for the built-in one.
        performance: what the twin says and feels.
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
    head: HeadEntry | None = None
    performance: Performance = Performance()
    runs: list[RunRecord] = []
