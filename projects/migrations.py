"""Older project files, brought forward one version at a time.

A function takes the decoded JSON of version n and returns that of version n + 1; it is listed under n. Functions are
never changed once a release has written their result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emotalker.engine.errors import UserError
from emotalker.projects.document import SCHEMA_VERSION

Migration = Callable[[dict[str, Any]], dict[str, Any]]

MIGRATIONS: dict[int, Migration] = {}


def migrate(
    raw: dict[str, Any], migrations: Mapping[int, Migration] | None = None, target: int | None = None
) -> dict[str, Any]:
    """Bring decoded project JSON to version `target`, by default the current one; the argument is left as it is.

    Raises:
        UserError: if the file was written by a newer program.
        ValueError: if it carries no usable version, so is no project file.
    """
    known = MIGRATIONS if migrations is None else migrations
    target = SCHEMA_VERSION if target is None else target
    version = raw.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError("no schema_version")
    if version > target:
        raise UserError(
            "This project was saved by a newer version of the program.",
            f"Its file has layout {version}; this program knows layouts up to {target}.",
            "Install the current version of EmoTalker Studio; the project is untouched.",
        )
    document = raw
    while version < target:
        if version not in known:
            raise ValueError(f"no way from layout {version} to {version + 1}")
        document = {**known[version](dict(document)), "schema_version": version + 1}
        version += 1
    return document
