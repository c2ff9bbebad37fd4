"""Curves as files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QPixmap

from emotalker.engine.files import write_bytes
from emotalker.widgets.plots.series import Series
from emotalker.widgets.plots.terms import rank


def table(stages: dict[str, dict[str, Series]]) -> str:
    """All stages as CSV: a row per stage and step, a column per term; what was not measured stays empty.

    A very long curve has its least and greatest value per stretch of steps instead of every one.
    """
    names = sorted({name for terms in stages.values() for name in terms}, key=lambda n: (rank(n), n))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["stage", "step", *names])
    for stage, terms in stages.items():
        rows: dict[int, dict[str, float]] = {}
        for name, series in terms.items():
            curve = series.curve()
            for step, value in zip(curve.steps, curve.values):
                rows.setdefault(int(step), {})[name] = float(value)
        for step in sorted(rows):
            writer.writerow([stage, step, *(repr(rows[step][n]) if n in rows[step] else "" for n in names)])
    return text.getvalue()


def write_csv(path: Path, stages: dict[str, dict[str, Series]]) -> None:
    """Write `table` into a file.

    Raises:
        UserError: if the file cannot be written.
    """
    write_bytes(path, table(stages).encode())


def write_picture(path: Path, picture: QPixmap) -> None:
    """Write a picture as PNG.

    Raises:
        UserError: if the file cannot be written.
    """
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    write_bytes(path, bytes(data.data()))
