"""How each clip came out in the neutral twin, as the fit said at its end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from emotalker.projects.outputs import DONE
from emotalker.projects.project import RUNS

_SHORT = {
    "mouth": "mouth blurred",
    "eyes": "eyes blurred",
    "edge": "soft outline",
    "face": "face blurred",
    "whole": "worse than the others",
}


@dataclass(frozen=True)
class ClipVerdict:
    """What the fit said about one clip.

    Attributes:
        clip: its id.
        text: the sentence.
        short: a few words for a table; empty where nothing is wrong.
        error: how far it is off, for ordering.
    """

    clip: str
    text: str
    short: str = ""
    error: float = 0.0


def read_verdicts(project: Path) -> list[ClipVerdict]:
    """The verdicts of a project's fitted twin, the worst first; none before the fit, or if they cannot be read."""
    try:
        told = json.loads((project / RUNS / "fit" / DONE).read_text(encoding="utf-8"))
        found = [_verdict(entry) for entry in told.get("verdicts", [])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return sorted(found, key=lambda v: (not v.short, -v.error))


def _verdict(entry: dict[str, object]) -> ClipVerdict:
    region = str(entry["region"])
    short = _SHORT.get(region, region)
    return ClipVerdict(str(entry["clip"]), str(entry["text"]), short, float(str(entry["error"])))
