"""The command line: one small module per command, all of them free of Qt.

A command opens the project, runs the engine's jobs in the foreground and prints; it computes nothing. Heavy packages
are imported inside the commands, so that `--help` answers at once. Exit codes: 0 fine, 1 an error the user can mend
(what happened, why, what to do), 2 a bug (with the path of the log), 130 stopped with Ctrl-C.
"""

from emotalker.app.cli.program import app, main

__all__ = ["app", "main"]
