"""How good a twin is on clips that nothing learned from, beside plain predictors."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.files import write_json
from emotalker.engine.jobs import Event, Job, Notice, Outcome, StopToken
from emotalker.engine.metrics import perceptual
from emotalker.engine.metrics.judge import STAGE, Detect, Drive, FrameRenderer, Judge
from emotalker.engine.metrics.kept import Kept
from emotalker.engine.metrics.listening import Listener, best_listener
from emotalker.engine.metrics.passage import MOST_SECONDS, judge_passage
from emotalker.engine.metrics.pictures import MOST_FRAMES, judge_pictures, lpips_every
from emotalker.engine.metrics.scores import Scores

SCHEMA_VERSION = 2


def evaluate(
    clips: Sequence[ClipInput],
    track_dir: Path,
    avatar_dir: Path,
    out: Path,
    stop: StopToken,
    size: int = 256,
    *,
    renderer: Callable[[Path], FrameRenderer],
    detect: Detect,
    drives: Sequence[Drive] = ("tracked", "audio"),
    listener: Listener | None = None,
    films: bool = False,
    kept: Kept | None = None,
) -> Job:
    """Compare renders of the held-out clips with their recorded frames; writes report.json and tiles_<clip>.png.

    Figures are means over the frames of all held-out clips (those of motion over the clips), and of each one under
    "clips". PSNR, SSIM: whole frame at `size` over the clip's own plate, every frame; `psnr_face`, `psnr_mouth` and
    `psnr_head` (the person above the neck) inside the regions that the recorded frame's landmarks and matte outline;
    LPIPS every tenth frame, above 256 pixels every 25th. On up to ten seconds of consecutive frames at 512 pixels:
    landmark distances `m_ld`, `f_ld`, of the lips' shape alone `lmd`, and velocity differences `m_lvd`, `f_lvd`;
    `au_upper` and `au_lower`, see
    `faces.au_error`; `jitter`, see `faces.jitter`; `sync` and, with sounds that do not belong to the picture,
    `sync_wrong`, see `lips.sync`; sharpness `cpbd`. The group "recorded" holds what of this the recording itself gets.
    "baseline_mean" is the mean training frame of the same emotion (of all, if there is none of it);
    "baseline_nearest" the training frame of any emotion with the highest PSNR, chosen for every frame by looking;
    "baseline_expression" the training frame whose tracked expression and pose are nearest; "baseline_mesh" the tracked
    head mesh in the mean texture of the training frames, over the mean frame.

    Args:
        clips: all clips of the project, training and held-out.
        track_dir: the tracking stage's folder.
        avatar_dir: the twin.
        out: folder for the report.
        stop: asks the job to end early; nothing but what `kept` keeps is left then.
        size: pixels of the square frames compared.
        renderer: opens the twin for rendering.
        detect: the landmark detector, for recorded frames and renders alike.
        drives: which renders to judge.
        listener: what hears lips in the sound; the best there is when left out.
        films: also write a film for each clip, recorded beside rendered, with its sound.
        kept: clips judged by a run before that was stopped, and where to keep those of this one.

    Raises:
        UserError: if no clip is held out, or a clip was not tracked.
    """
    held = [clip for clip in clips if clip.held_out]
    if not held:
        raise _nothing_held_out()
    lpips = perceptual.Lpips() if perceptual.available() else None
    if lpips is None:
        yield Notice(STAGE, "LPIPS is left out: its model is not on this computer.", "warning")
    training = [clip for clip in clips if not clip.held_out]
    hears = listener or best_listener()
    judge = Judge(renderer(avatar_dir), detect, lpips, training, track_dir, out, size, stop, drives, hears, films)
    together, per_clip, passages = Scores(), {}, {}
    for clip in held:
        known = kept.get(clip.id) if kept is not None else None
        if known is None:
            known = yield from _judge_clip(judge, clip, clips)
            if known is None:
                return Outcome.STOPPED
            if kept is not None:
                kept.put(clip.id, known)
        else:
            yield Notice(STAGE, f"{clip.id} was judged before the stop.")
        scores = Scores.of(known["scores"])
        together.extend(scores)
        per_clip[clip.id], passages[clip.id] = scores.means(), known["passage"]
    figures = together.means()
    facts = {"clips": per_clip, "passages": passages, "settings": _settings(judge, held, passages)}
    write_json(out / "report.json", {**figures, **facts, "schema_version": SCHEMA_VERSION})
    return Outcome.FINISHED


def _judge_clip(
    judge: Judge, clip: ClipInput, clips: Sequence[ClipInput]
) -> Generator[Event, None, dict[str, Any] | None]:
    """All figures of one clip, as plain data; None if stopped."""
    scores = Scores()
    if not (yield from judge_pictures(judge, clip, scores)):
        return None
    others = [other for other in clips if other.id != clip.id]
    passage = yield from judge_passage(judge, clip, others, scores)
    return None if passage is None else {"scores": scores.values(), "passage": asdict(passage)}


def _nothing_held_out() -> UserError:
    return UserError(
        "There is nothing to evaluate on.",
        "No clip is held out, and a clip the twin has learned from would flatter it.",
        "Hold a clip out (train --hold-out CLIP) and train again.",
    )


def _settings(judge: Judge, held: Sequence[ClipInput], passages: dict[str, Any]) -> dict[str, Any]:
    """What a reader needs to compare the figures with others."""
    return {
        "size": judge.size,
        "held_out": [clip.id for clip in held],
        "labels": {clip.id: [clip.emotion, clip.level] for clip in held},
        "training": [clip.id for clip in judge.training],
        "most_frames": MOST_FRAMES,
        "lpips": judge.lpips is not None,
        "lpips_every": lpips_every(judge.size),
        "passage_seconds": MOST_SECONDS,
        "frames_without_face": sum(sum(p["lost"].values()) for p in passages.values()),
        "listener": judge.listener.name,
        "listener_text": judge.listener.text,
    }
