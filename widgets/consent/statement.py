"""The sentences a person agrees to."""

from __future__ import annotations

from functools import cache
from importlib import resources


def statement(name: str) -> str:
    """The statement with the person's name in it; a line to fill in where there is none yet."""
    return _template().format(name=name.strip() or "________")


@cache
def _template() -> str:
    return resources.files("emotalker.resources").joinpath("consent.txt").read_text(encoding="utf-8").strip()
