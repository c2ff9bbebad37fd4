"""Parts of a long measurement, kept on the disk so that one that was stopped goes on where it was."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from emotalker.engine.files import write_json


class Kept:
    """Finished parts of one measurement, as plain data by name.

    Args:
        folder: where they lie; what was made from something else is passed over.
        made_from: a text that says what the parts depend on.
    """

    def __init__(self, folder: Path, made_from: str) -> None:
        self._folder, self._made_from = folder, made_from

    def get(self, name: str) -> Any:
        """A part; None if it is not there, damaged or made from something else."""
        try:
            entry = json.loads(self._file(name).read_text(encoding="utf-8"))
            return entry["part"] if entry["made_from"] == self._made_from else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, name: str, part: Any) -> None:
        """Keep a part.

        Raises:
            UserError: if it cannot be written.
        """
        write_json(self._file(name), {"made_from": self._made_from, "part": part})

    def forget(self) -> None:
        """Take all parts away: the whole is there."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, name: str) -> Path:
        # names come from files of the user; two that differ in odd characters alone must not share a file
        plain = re.sub(r"[^A-Za-z0-9_-]", lambda found: f"~{ord(found[0]):x}", name)
        return self._folder / f"{plain}.json"
