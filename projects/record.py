"""stage.json: what a stage's folder was made from, and whether it is finished."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from emotalker.engine.files import write_bytes

RECORD = "stage.json"

Parts = dict[str, Any]


class StageRecord(msgspec.Struct, frozen=True):
    """Lies in a stage's folder from its start on.

    Attributes:
        stage: name of the stage.
        fingerprint: of `parts`.
        parts: everything the result depends on: clips, labels, config, the fingerprints of the stages before.
        finished: False while it runs, and after a stop.
        device: "cpu" or "cuda", for the report.
        started: ISO time of the first start, UTC.
        outputs: names of the files it left for other stages, relative to the folder; None until it finished, and in
            records of older programs.
    """

    stage: str
    fingerprint: str
    parts: Parts
    finished: bool
    device: str
    started: str
    outputs: list[str] | None = None


def fingerprint_of(parts: Parts) -> str:
    """Checksum of `parts`, the same on every machine; hex."""
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic", enc_hook=str)).hexdigest()


def as_json(parts: Parts) -> Parts:
    """`parts` as they read after a trip through JSON (tuples become lists), so that they compare equal."""
    plain: Parts = msgspec.json.decode(msgspec.json.encode(parts, order="deterministic", enc_hook=str))
    return plain


def read_record(folder: Path) -> StageRecord | None:
    """The record of a stage's folder, or None if there is none that can be read."""
    try:
        return msgspec.json.decode((folder / RECORD).read_bytes(), type=StageRecord)
    except (OSError, msgspec.DecodeError):
        return None


def write_record(folder: Path, record: StageRecord) -> None:
    """Write the record, atomically.

    Raises:
        UserError: if the folder cannot be written or the disk is full.
    """
    data = msgspec.json.encode(record, order="deterministic", enc_hook=str)
    write_bytes(folder / RECORD, msgspec.json.format(data, indent=2) + b"\n")
