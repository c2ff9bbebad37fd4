"""The program `emotalker-cli`: its commands, and the one place where errors become exit codes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from emotalker.app.cli.add import add
from emotalker.app.cli.assets import assets
from emotalker.app.cli.bench import bench
from emotalker.app.cli.check import check
from emotalker.app.cli.combine import combine
from emotalker.app.cli.console import print_error, say
from emotalker.app.cli.demo import demo
from emotalker.app.cli.evaluate import evaluate
from emotalker.app.cli.head import head
from emotalker.app.cli.new import new
from emotalker.app.cli.remove import remove
from emotalker.app.cli.render import render
from emotalker.app.cli.running import Stopped
from emotalker.app.cli.train import train
from emotalker.app.logfile import close_log, open_log
from emotalker.engine.errors import UserError

PROGRAM = "emotalker-cli"

FINE, USER_ERROR, BUG, STOPPED = 0, 1, 2, 130

# The base of all its parser's errors, which typer does not export under a public name.
_WRONG_USE: tuple[type[Exception], ...] = tuple(
    c for c in typer.BadParameter.__mro__ if issubclass(c, Exception) and c.__name__ == "ClickException"
)


class Commands(TyperGroup):
    """The group of all commands; turns whatever ends a command into an exit code and words."""

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, *, standalone_mode: bool = True, **extra: Any
    ) -> int:
        """Run the command named by `args`; exits with its code, or returns it when not standalone."""
        log = open_log()
        try:
            code = self._guarded(args, extra, log)
        finally:
            close_log()
        if standalone_mode:
            sys.exit(code)
        return code

    def _guarded(self, args: Sequence[str] | None, extra: dict[str, Any], log: str) -> int:
        logger = logging.getLogger("emotalker")
        try:
            result = super().main(args, standalone_mode=False, **extra)
        except UserError as error:
            logger.warning("user error: %s", error)
            print_error(error)
            return USER_ERROR
        except Stopped as stopped:
            say(str(stopped))
            return STOPPED
        except typer.Abort:
            result = STOPPED
        except _WRONG_USE as error:
            if type(error).__name__ == "NoArgsIsHelpError":  # a group of commands called alone: its help is the answer
                return _helped(error)
            print_error(_wrong_use(error))
            return USER_ERROR
        except Exception as error:
            logger.exception("unexpected error")
            say(f"Something went wrong that should not have: {type(error).__name__}: {error}")
            say(f"This is a bug of the program. What happened is written in {log}; please send it along with a report.")
            return BUG
        if result == STOPPED:  # how typer returns from a KeyboardInterrupt
            say("Aborted. Finished stages and the last checkpoint are kept.")
        return int(result) if isinstance(result, int) else FINE


def _helped(error: Any) -> int:
    """Print what of the help is not printed yet: making it already prints it, where it comes in colours."""
    text = error.format_message().strip()
    if text:
        print(text)
    return FINE


def _wrong_use(error: Any) -> UserError:
    """A mistyped command line in the same form as every other error."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else PROGRAM
    return UserError("The command cannot be understood.", error.format_message(), f"See: {path} --help")


app = typer.Typer(
    name=PROGRAM,
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Make a talking, emotional 3D-Gaussian twin of a person from ordinary clips, and play it with any speech.\n\n"
    "The usual order: new, add, check, train, evaluate, render. "
    "Exit codes: 0 fine, 1 an error you can mend, 2 a bug, 130 stopped with Ctrl-C.",
)
for _command in (new, head, add, remove, check, train, combine, render, evaluate, bench, demo):
    app.command()(_command)
app.add_typer(assets, name="assets")


def main() -> None:
    """Entry point of `emotalker-cli`."""
    app()
