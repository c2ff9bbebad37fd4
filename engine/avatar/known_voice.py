"""What a twin hears in a file; the sample's own voice needs no speech model, so that the first start needs none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emotalker.engine.errors import UserError

if TYPE_CHECKING:
    from emotalker.engine.avatar.avatar import Avatar
    from emotalker.engine.avatar.hearing import Heard
    from emotalker.engine.media import AudioTrack


def hear_file(avatar: Avatar, file: Path, track: AudioTrack) -> Heard:
    """What `avatar` hears in a recording.

    Args:
        avatar: the twin.
        file: the recording.
        track: its sound, as `read_speech` gives it.

    Raises:
        UserError: if the twin's speech model is not on this computer and cannot be fetched.
    """
    known = _of_sample(file)
    if known is not None and known.features.shape[1] == avatar.a2et.spec.speech_width:
        return known
    return avatar.hear(track.mono16k)


def _of_sample(file: Path) -> Heard | None:
    """What is heard in the sample's voice, if `file` is a copy of it."""
    from emotalker.engine.avatar.sample import load_sample

    try:
        sample = load_sample()
    except UserError:  # an installation without the sample: every voice is a new one
        return None
    voice = sample.voice_path
    same = file.stat().st_size == voice.stat().st_size and file.read_bytes() == voice.read_bytes()
    return sample.heard if same else None
