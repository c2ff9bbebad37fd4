"""The sample twin that ships with the program: a person who does not exist, with a voice and emotions to begin with.

Nothing heavy is imported before `Sample.heard` is asked for, so that a window can look for the sample while it opens.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.errors import UserError

if TYPE_CHECKING:
    from emotalker.engine.avatar.hearing import Heard

PACKAGE = "emotalker.resources.sample"
FACTS, HEARD, AVATAR, VOICE, COVER = "sample.json", "heard.safetensors", "avatar", "voice.ogg", "cover.png"


@dataclass(frozen=True)
class Sample:
    """The sample twin and what it says first.

    Attributes:
        name: of the twin.
        avatar_dir: the twin's folder.
        voice_path: what it says.
        cover_path: a small picture of it.
        curve: its emotions while it says that.
        seconds: length of the voice.
        text: what it says, in words.
    """

    name: str
    avatar_dir: Path
    voice_path: Path
    cover_path: Path
    curve: EmotionCurve
    seconds: float
    text: str

    @cached_property
    def heard(self) -> Heard:
        """What the twin hears in its voice, computed beforehand: no speech model is needed for it.

        Raises:
            UserError: if the file is damaged.
        """
        from emotalker.engine.avatar.hearing import Heard
        from emotalker.engine.files import read_arrays

        arrays, _ = read_arrays(self.avatar_dir.parent / HEARD)
        return Heard(arrays["features"].astype("float32"), arrays["voice"].astype("float32"), self.seconds)


def sample_folder() -> Path:
    """Where the sample lies.

    Raises:
        UserError: if this installation has none.
    """
    try:
        folder = Path(str(resources.files(PACKAGE)))
    except ModuleNotFoundError:
        folder = Path(str(resources.files("emotalker.resources"))) / "sample"
    if not (folder / FACTS).is_file():
        raise UserError(
            "The sample twin is missing.",
            "This installation of EmoTalker Studio came without it.",
            "Install the program again, or start with clips of your own.",
        )
    return folder


@lru_cache(maxsize=1)
def load_sample() -> Sample:
    """The sample twin's files, voice and emotions; quick, as nothing large is read yet.

    Raises:
        UserError: if there is none, or its description is damaged.
    """
    folder = sample_folder()
    try:
        facts: dict[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        return Sample(
            name=str(facts["name"]),
            avatar_dir=folder / AVATAR,
            voice_path=folder / VOICE,
            cover_path=folder / COVER,
            curve=EmotionCurve.from_json(facts["curve"]),
            seconds=float(facts["seconds"]),
            text=str(facts["text"]),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            "The sample twin cannot be read.",
            f"Its description is damaged ({type(error).__name__}: {error}).",
            "Install the program again.",
        ) from error
