"""The log file: everything that a report of a problem needs, never more than a few megabytes. Free of Qt."""

from __future__ import annotations

import logging
import logging.handlers
import os
import platform
import sys
from pathlib import Path

LOG_VARIABLE = "EMOTALKER_LOGS"
CLI_LOG = "emotalker-cli.log"
WINDOW_LOG = "emotalker.log"
LOGGERS = ("emotalker", "py.warnings")
"""Loggers whose records go to the file."""
_MEGABYTE = 1 << 20


def log_folder() -> Path:
    """The folder of log files: `EMOTALKER_LOGS` if set, else the system's place for them."""
    chosen = os.environ.get(LOG_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return platformdirs.user_log_path("emotalker", appauthor=False)


def open_log(name: str = CLI_LOG) -> str:
    """Send the log of the program to its rotating file; returns where it lies, in words if it cannot be written."""
    close_log()
    try:
        folder = log_folder()
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / name
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            file, maxBytes=2 * _MEGABYTE, backupCount=3, encoding="utf-8"
        )
        where = str(file)
    except OSError as error:
        handler = logging.StreamHandler(sys.stderr)
        handler.setLevel(logging.ERROR)
        where = f"the lines above (the log folder cannot be written: {error.strerror or error})"
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    for logger in map(logging.getLogger, LOGGERS):
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.addHandler(handler)
    logging.getLogger("emotalker").info(
        "start: python %s, %s, arguments %s", platform.python_version(), platform.platform(), sys.argv[1:]
    )
    return where


def close_log() -> None:
    """Write out and release the log file."""
    for logger in map(logging.getLogger, LOGGERS):
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()
