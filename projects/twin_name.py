"""The name inside a packed twin: changed in place, since no number of the twin depends on it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from emotalker.engine.files import write_bytes
from emotalker.projects.record import fingerprint_of, read_record, write_record

FACTS = "avatar.json"


def rename_twin(folder: Path, name: str) -> None:
    """Give the packed twin its new name, in its facts and in the record of what it was made from.

    A folder without a twin, and one whose facts cannot be read, is left alone: packing gives the name too.

    Args:
        folder: the twin's.
        name: the new name.

    Raises:
        UserError: if the folder cannot be written.
    """
    facts_file = folder / FACTS
    try:
        facts = msgspec.json.decode(facts_file.read_bytes())
    except (OSError, msgspec.DecodeError):
        return
    if isinstance(facts, dict) and facts.get("name") != name:
        facts["name"] = name
        write_bytes(facts_file, msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n")
    record = read_record(folder)
    if record is not None and record.finished and record.parts.get("name") != name:
        parts = {**record.parts, "name": name}
        write_record(folder, msgspec.structs.replace(record, parts=parts, fingerprint=fingerprint_of(parts)))
