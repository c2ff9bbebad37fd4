"""Recorded or synthesized voices for the sample person to act to: sound files with the phones and their times.

The demo speaks with the formant synthesizer of `speech`, which needs nothing; the sample twin that ships with the
program learned to speak from natural voices made once by `build_voices`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.media import read_audio
from emotalker.engine.synthetic.phones import SOUNDS, Phone
from emotalker.engine.synthetic.speech import RATE

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Script:
    """What is said in a clip.

    Attributes:
        phones: the sounds and their times.
        sound: the voice, mono at `speech.RATE` [n].
    """

    phones: tuple[Phone, ...]
    sound: F32

    @property
    def seconds(self) -> float:
        """Length of the voice."""
        return len(self.sound) / RATE


def read_scripts(folder: Path) -> dict[str, Script]:
    """All voices of a folder by name: NAME.wav beside NAME.json, a list of [sound, start, end] in seconds.

    Raises:
        UserError: if one cannot be read or names a sound that the sample person does not know.
    """
    return {path.stem: read_script(path) for path in sorted(Path(folder).glob("*.json"))}


def read_script(path: Path) -> Script:
    """The voice whose phones stand in the JSON file `path`, its sound beside it.

    Raises:
        UserError: see `read_scripts`.
    """
    try:
        phones = tuple(Phone(str(n), float(a), float(b)) for n, a, b in json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"The phones in {path.name} cannot be read.",
            f"A list of [sound, start, end] is expected ({error}).",
            "Make the voices again.",
        ) from error
    unknown = sorted({p.name for p in phones} - set(SOUNDS))
    if unknown:
        raise UserError(
            f"{path.name} names sounds that the sample person does not know.",
            f"Unknown: {', '.join(unknown)}.",
            f"Known: {', '.join(SOUNDS)}.",
        )
    voice = read_audio(path.with_suffix(".wav"))
    if voice is None or voice.rate != RATE:
        raise UserError(
            f"{path.stem}.wav is not a voice of {RATE} Hz.",
            "Its sound is missing or of another rate.",
            "Make it again.",
        )
    return Script(phones, np.asarray(voice.original, np.float32).reshape(len(voice.original), -1).mean(1))
