"""Names that are safe as folders on every system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 64
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)  # devices on Windows


def clip_id(stem: str, taken: Iterable[str]) -> str:
    """A folder-safe ASCII name made from a file's stem, unlike any in `taken` whatever the case."""
    text = unicodedata.normalize("NFC", stem).translate(_GERMAN)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")[:_LONGEST].rstrip("_-")
    if not name or _RESERVED.match(name):
        name = f"clip_{name}".rstrip("_")
    used = {other.lower() for other in taken}
    candidate, number = name, 2
    while candidate.lower() in used:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
