"""What is printed where: results to standard output, everything said along the way to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from emotalker.engine.errors import UserError


def say(text: str, style: str | None = None) -> None:
    """Print a sentence for the user to standard error; the text is taken literally."""
    from rich.console import Console

    Console(stderr=True).print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def print_error(error: UserError) -> None:
    """What, why, what to do."""
    say(f"Error: {error.what}", "bold red")
    say(f"  Why: {error.why}")
    say(f"  What to do: {error.what_to_do}")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on standard output; columns named "#..." are numbers and stand to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column.lstrip("#"), justify="right" if column.startswith("#") else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    # Tables of files are often piped: full width there, so that no name is cut.
    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(table)


def write_figures(figures: Any, file: Path) -> None:
    """Write figures as JSON; "-" is standard output.

    Raises:
        UserError: if the file cannot be written.
    """
    from emotalker.engine.files import write_json

    if str(file) == "-":
        sys.stdout.write(json.dumps(figures, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    else:
        write_json(file, figures)
        say(f"The figures are in {file}.")
