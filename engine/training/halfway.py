"""Halfway through stage 1 the training clips are followed again with the head as far as it is fitted.

Tracks and head then fit each other: what the first half learned from slightly wrong poses comes out blurred, and the
second half sharpens it. Held-out clips stay outside; they are followed again when the head is finished.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from emotalker.engine.clip import ClipInput
from emotalker.engine.jobs import Event, Outcome, Progress, StopToken
from emotalker.engine.refining.stage import refine_tracks
from emotalker.engine.training.config import Stage1Config

FOLDER = "halfway"
"""Folder below that of stage 1 for the half-fitted head and its tracks."""


def half_of(config: Stage1Config) -> int:
    """The step before which the tracks are refined; 0 where they are not."""
    return round(config.refine_at * config.steps) if config.refine.iterations else 0


def follow_again(
    clips: Sequence[ClipInput], track_dir: Path, out: Path, config: Stage1Config, stop: StopToken,
    write_model: Callable[[Path], None] | None,
) -> Generator[Event, None, Outcome]:  # fmt: skip
    """Refine the tracks of the training clips with the half-fitted head; clips done before are kept.

    Args:
        clips: the training clips.
        track_dir: folder of the tracking stage.
        out: folder of stage 1.
        config: settings.
        stop: asks for an early end.
        write_model: writes the half-fitted head; None if the run is past that and it lies there.

    Returns:
        STOPPED where it was not finished.
    """
    folder = out / FOLDER
    if write_model is not None:
        write_model(folder / "model.safetensors")
    job = refine_tracks(clips, track_dir, folder, config.refine, stop)
    while True:
        try:
            event = next(job)
        except StopIteration as end:
            return Outcome(end.value)
        # curves and pictures of the halfway tracks would mix with those of the finished ones
        if isinstance(event, Progress):
            yield event
