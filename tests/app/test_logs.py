"""Everything that can go wrong is in one file."""

from __future__ import annotations

import logging
import os
import time
import warnings
from pathlib import Path

from PySide6.QtCore import qWarning
from PySide6.QtWidgets import QApplication

from emotalker.app import logs
from emotalker.app.logfile import WINDOW_LOG


def test_qt_warnings_and_ours_arrive_in_the_file(qapp: QApplication) -> None:
    """And everything is given back at the end."""
    where = logs.start()
    try:
        logging.getLogger("emotalker.somewhere").info("from us")
        qWarning("from Qt")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(False)
            logging.captureWarnings(True)
            warnings.warn("from Python", UserWarning, stacklevel=1)
    finally:
        logs.stop()
    assert Path(where) == Path(os.environ["EMOTALKER_LOGS"]) / WINDOW_LOG
    text = Path(where).read_text()
    assert all(said in text for said in ("start: python", "from us", "from Qt", "from Python"))
    assert logging.getLogger("emotalker").handlers == []


def test_a_folder_that_cannot_be_written_does_not_stop_the_start(tmp_path: Path, monkeypatch: object) -> None:
    """It is said instead of the path."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EMOTALKER_LOGS", str(tmp_path / "file" / "logs"))  # type: ignore[attr-defined]
    try:
        assert "cannot be written" in logs.start()
    finally:
        logs.stop()


def test_the_start_of_the_process_is_known() -> None:
    """For measuring how long the window takes."""
    assert 0 < time.time() - logs.process_start() < 3600
