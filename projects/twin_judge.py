"""What a project's twin does by itself, measured part by part so that a stop loses little."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Event, Notice, StopToken
from emotalker.projects.project import Project

TILE = "emotions.png"


def judge_twin(
    project: Project, out: Path, voices: Sequence[Path], films: bool, kept: Any, stop: StopToken
) -> Generator[Event, None, dict[str, Any] | None]:
    """Levels, tile, transition, speed and other voices, as the report takes them; None if stopped.

    Args:
        project: the project, with its twin packed.
        out: where tile and films go.
        voices: files of other people's voices; the sample's voice when there are none.
        films: whether to write films of them.
        kept: parts that a run before measured (`engine.metrics.kept.Kept`).
        stop: asks for an early end.
    """
    from emotalker.engine.avatar import Avatar
    from emotalker.engine.metrics.twin.levels import judge_levels
    from emotalker.engine.metrics.twin.speed import judge_speed
    from emotalker.engine.metrics.twin.transition import judge_transition
    from emotalker.engine.torch_threads import one_torch_thread
    from emotalker.engine.tracking.observing.landmarker import FaceLandmarker

    with one_torch_thread():
        avatar = Avatar.load(project.stage_folder("avatar"))
        heard, detect = sentence(project, avatar), FaceLandmarker().detect
        parts: dict[str, Any] = kept.get("~twin") or {}
        if "levels" not in parts:
            levels = yield from judge_levels(avatar, heard, detect, _recorded(project), stop)
            if levels is None:
                return None
            parts["levels"] = levels
            kept.put("~twin", parts)
        if "tile" not in parts:
            write_tile(avatar, heard, detect, out / TILE)
            parts |= {"tile": TILE, "transition": judge_transition(avatar)}
            kept.put("~twin", parts)
        cross = yield from _cross(avatar, out, voices or _sample_voice(), films, kept, stop)
        if cross is None:
            return None
        return {**parts, "cross": cross, "speed": judge_speed(avatar, heard)}


def sentence(project: Project, avatar: Any) -> Any:
    """What the twin says while its emotions are judged: the first held-out clip with sound, else the sample's voice.

    Where there is neither, silence.
    """
    from emotalker.engine.avatar.sample import load_sample
    from emotalker.engine.media import read_audio

    for clip in sorted(project.clip_inputs(), key=lambda c: not c.held_out):
        sound = read_audio(clip.path) if clip.path.is_file() else None
        if sound is not None and not sound.silent:
            return avatar.hear(sound.mono16k)
    try:
        sound = read_audio(load_sample().voice_path)
    except UserError:  # an installation without the sample
        sound = None
    return avatar.quiet() if sound is None else avatar.hear(sound.mono16k)


def write_tile(avatar: Any, heard: Any, detect: Any, path: Path) -> None:
    """Write one moment of a sentence in eight emotions and three levels as a PNG; atomic.

    Raises:
        UserError: if it cannot be written.
    """
    from emotalker.engine.metrics.scores import write_tiles
    from emotalker.engine.metrics.twin.levels import tile

    write_tiles(path, [[tile(avatar, heard, detect)]])


def _recorded(project: Project) -> list[tuple[str, float, Any]]:
    """Emotion, level and track of the recorded clips."""
    from emotalker.engine.tracking.refined import track_of

    tracks, fit = project.stage_folder("track"), project.stage_folder("fit")
    return [(clip.emotion, float(clip.level), track_of(clip.id, tracks, fit)) for clip in project.clip_inputs()]


def _cross(
    avatar: Any, out: Path, voices: Sequence[Path], films: bool, kept: Any, stop: StopToken
) -> Generator[Event, None, list[dict[str, Any]] | None]:
    """Each voice with some emotions; None if stopped."""
    from emotalker.engine.metrics.listening import best_listener
    from emotalker.engine.metrics.twin.cross import judge_voice, labels_for
    from emotalker.engine.tracking.observing.landmarker import FaceLandmarker

    if not voices:
        yield Notice("other voices", "No other voice is given, so the twin is judged on the person's own alone.")
    detect, listener, rows = FaceLandmarker().detect, best_listener(), []
    for number, voice in enumerate(voices, 1):
        of = _identity(voice)
        for label in labels_for(avatar.recorded):
            name = f"~voice {number} {label[0]}"
            known = kept.get(name)
            if known is None or known.get("of") != of:
                film = out / f"voice_{number}_{label[0]}.mp4" if films else None
                row = yield from judge_voice(avatar, voice, label, detect, listener, film, stop)
                if row is None:
                    return None
                known = {"of": of, "row": row}
                kept.put(name, known)
            rows.append(known["row"])
    for film in out.glob("voice_*.mp4"):
        if film.name not in {row["film"] for row in rows}:
            film.unlink(missing_ok=True)  # of a voice that only the run before was given
    return rows


def _identity(voice: Path) -> list[Any]:
    """Tells a voice's file from any other, and from itself before it was changed."""
    state = voice.stat()
    return [str(voice.absolute()), state.st_size, state.st_mtime_ns]


def _sample_voice() -> tuple[Path, ...]:
    """The voice that comes with the program, where it came with it."""
    from emotalker.engine.avatar.sample import load_sample

    try:
        return (load_sample().voice_path,)
    except UserError:  # an installation without the sample: nobody else's voice is at hand
        return ()
