"""Applying a change to a document that somebody else has changed meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from emotalker.projects.document import ClipEntry, Manifest
from emotalker.projects.names import clip_id

S = TypeVar("S", bound=msgspec.Struct)
_LISTS = ("clips", "hold_out", "runs")


def merged(base: Manifest, wanted: Manifest, now: Manifest) -> Manifest:
    """`now` with what was done from `base` to `wanted`, and nothing else.

    Lists are changed entry by entry, a clip and the performance field by field: a label given while clips are being
    read, a check that came in, or a clip that another process added is kept.
    """
    if now == base:
        return wanted
    changed = _with_fields(base, wanted, now, skip=(*_LISTS, "performance"))
    return msgspec.structs.replace(
        changed,
        performance=_with_fields(base.performance, wanted.performance, now.performance),
        clips=_clips(base.clips, wanted.clips, now.clips),
        hold_out=_names(base.hold_out, wanted.hold_out, now.hold_out),
        runs=[*now.runs, *(run for run in wanted.runs if run not in base.runs and run not in now.runs)],
    )


def _with_fields(base: S, wanted: S, now: S, skip: Sequence[str] = ()) -> S:
    names = [f for f in base.__struct_fields__ if f not in skip and getattr(base, f) != getattr(wanted, f)]
    return msgspec.structs.replace(now, **{name: getattr(wanted, name) for name in names}) if names else now


def _names(base: list[str], wanted: list[str], now: list[str]) -> list[str]:
    if base == wanted:
        return now
    if now == base:
        return wanted
    return [n for n in now if n in wanted or n not in base] + [n for n in wanted if n not in base and n not in now]


def _clips(base: list[ClipEntry], wanted: list[ClipEntry], now: list[ClipEntry]) -> list[ClipEntry]:
    if base == wanted:
        return now
    if now == base:
        return wanted
    before, after = {c.id: c for c in base}, {c.id: c for c in wanted}
    result = [
        _with_fields(before[c.id], after[c.id], c) if c.id in before and c.id in after else c
        for c in now
        if c.id in after or c.id not in before
    ]
    for place, clip in enumerate(wanted):
        if clip.id in before or any(clip.sha256 == c.sha256 for c in result):
            continue
        taken = [c.id for c in result]
        leaders = [c.id for c in wanted[:place] if c.id in taken]
        if all(c.id not in before for c in wanted[place:]):
            at = len(result)  # added behind all others
        else:
            at = taken.index(leaders[-1]) + 1 if leaders else 0
        name = clip_id(clip.id, taken) if clip.id in taken else clip.id
        result.insert(at, msgspec.structs.replace(clip, id=name))
    return result
