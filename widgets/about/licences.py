"""Whose work the program stands on, and under which terms, read from what is installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from emotalker.engine.assets import load_manifest

DISTRIBUTION = "emotalker-studio"
_LONGEST = 60


@dataclass(frozen=True)
class Licence:
    """A package or model and its terms.

    Attributes:
        name: what it is called.
        version: which one; for a model what it is for.
        terms: short name of the licence.
    """

    name: str
    version: str
    terms: str


def version() -> str:
    """Version of the program."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"


def texts() -> dict[str, str]:
    """LICENSE and NOTICE of the program; from the installed package, or from the checkout it runs in."""
    found = {}
    for name in ("LICENSE", "NOTICE"):
        text = _installed(name)
        beside = Path(__file__).resolve().parents[2] / name
        if text is None and beside.is_file():
            text = beside.read_text(encoding="utf-8")
        if text is not None:
            found[name] = text
    return found


def model_licences() -> list[Licence]:
    """The models that the program fetches."""
    return [Licence(asset.name, asset.purpose, asset.licence) for asset in load_manifest().values()]


def package_licences() -> list[Licence]:
    """Every package that the program needs and that is installed, with those that they need, by name."""
    found: dict[str, Licence] = {}
    waiting = list(_needed(DISTRIBUTION))
    while waiting:
        name = waiting.pop()
        plain = _plain(name)
        if plain in found:
            continue
        try:
            meta = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        found[plain] = Licence(meta["Name"], meta["Version"], _terms(meta))
        waiting.extend(_needed(name))
    return [found[plain] for plain in sorted(found)]


def _installed(name: str) -> str | None:
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name == name and ".dist-info" in file.as_posix():
            path = Path(str(file.locate()))
            return path.read_text(encoding="utf-8") if path.is_file() else None
    return None


def _needed(name: str) -> Iterator[str]:
    """Names of the packages that `name` needs, extras and other systems left out as they are not installed."""
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for line in lines:
        requirement, _, marker = line.partition(";")
        match = re.match(r"[A-Za-z0-9._-]+", requirement)
        if match and "extra" not in marker:
            yield match[0]


def _terms(meta: metadata.PackageMetadata) -> str:
    """The licence's short name: its expression, else its classifiers, else the first line of the free text."""
    if "License-Expression" in meta:
        return meta["License-Expression"]
    classes = [c.rpartition("::")[2].strip() for c in meta.get_all("Classifier") or [] if c.startswith("License ::")]
    named = [c for c in classes if c != "OSI Approved"]
    if named:
        return ", ".join(named)
    lines = "\n".join(meta.get_all("License") or []).strip().splitlines()
    return lines[0][:_LONGEST] if lines else "see the package"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
