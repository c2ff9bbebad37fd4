"""Where a clip's best track lies: stage 1 refines tracks with the fitted head and keeps them in its own folder."""

from __future__ import annotations

from pathlib import Path

from emotalker.engine.tracking.track import Track

FOLDER = "tracks"
"""Folder of refined tracks below that of stage 1."""


def track_of(clip_id: str, track_dir: Path, fit_dir: Path | None = None) -> Track:
    """The best track of a clip there is: the refined one, or the tracking stage's own where it was not refined.

    Args:
        clip_id: the clip.
        track_dir: folder of the tracking stage.
        fit_dir: folder of stage 1; None asks for the tracking stage's own.

    Raises:
        UserError: if the file is missing or damaged.
    """
    return Track.load(track_path(clip_id, track_dir, fit_dir))


def track_path(clip_id: str, track_dir: Path, fit_dir: Path | None = None) -> Path:
    """The file that `track_of` reads."""
    if fit_dir is not None and (refined := Path(fit_dir) / FOLDER / f"{clip_id}.safetensors").exists():
        return refined
    return Path(track_dir) / "clips" / clip_id / "track.safetensors"
