"""Pictures of every page of the window, on the synthetic sample, for looking at and for the README.

    python tests/screens.py OUT [--theme dark] [--size 1280x800] [--scale 1.0] [--project DIR]

Needs a screen; without one it starts itself under Xvfb. A project of the synthetic person can be given (as
`emotalker-cli demo --keep` makes it), then clips and training have something to show.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

SETTLE_MS = 500
LONGEST_MS = 60_000


def main() -> int:
    """Drive the window through its pages and save what it looks like."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--theme", default="dark", choices=["dark", "light", "contrast"])
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--project", type=Path)
    given = parser.parse_args()
    if not os.environ.get("DISPLAY") and sys.platform == "linux" and shutil.which("xvfb-run"):
        command = ["xvfb-run", "-a", "-s", "-screen 0 2560x1440x24", sys.executable, *sys.argv]
        return subprocess.run(command, check=False).returncode
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EMOTALKER_CONFIG"] = str(Path(folder) / "config")
        os.environ["EMOTALKER_LOGS"] = str(Path(folder) / "logs")
        return take(given, Path(folder))


def take(given: argparse.Namespace, folder: Path) -> int:
    """Start the application, save a picture of each state, end it."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication, QWidget

    from emotalker.app.main import Application

    app = QApplication([])
    application = Application(app, first_run=False)
    window, perform = application.window, application.performing
    application.settings.set(projects_folder=str(folder / "projects"), theme=given.theme, scale=given.scale)
    width, height = (int(n) for n in given.size.split("x"))
    window.resize(width, height)

    def save(name: str, widget: QWidget | None = None) -> None:
        window.toasts.hide()  # what this machine lacks is no part of the page
        (widget or window).grab().save(str(given.out / f"{name}.png"))

    def page(name: str) -> None:
        window.show_page(name)

    def dialog(make: Callable[[], QWidget]) -> Callable[[], None]:
        def show() -> None:
            shown.append(make())
            shown[-1].show()

        return show

    def save_dialog(name: str) -> Callable[[], None]:
        def take_it() -> None:
            made = shown.pop()
            save(name, made)
            made.close()
            made.deleteLater()

        return take_it

    def settings() -> QWidget:
        from emotalker.widgets.settings import SettingsDialog

        return SettingsDialog(application.settings.values, window)

    def export() -> QWidget:
        from emotalker.widgets.export import ExportDialog

        return ExportDialog(application.exporting.facts(), window)

    def keys() -> QWidget:
        from emotalker.widgets.help import CheatSheet

        return CheatSheet(application.studio.actions.cheat_sheet(), window)

    def about() -> QWidget:
        from emotalker.widgets.about import AboutDialog

        return AboutDialog(window)

    def new() -> QWidget:
        from emotalker.widgets.newproject import NewProjectDialog

        return NewProjectDialog(folder / "projects", window)

    def error() -> QWidget:
        from emotalker.engine.errors import UserError
        from emotalker.widgets.common import ErrorDialog

        what = UserError("The voice is silent.", "Nothing in it rises above noise.", "Choose another recording.")
        return ErrorDialog(what, "Traceback (most recent call last): …", window)

    shown: list[QWidget] = []
    steps: list[Callable[[], object]] = [
        lambda: page("home"), lambda: save("1-twins"),
        lambda: page("perform"), perform.play, lambda: None, lambda: None, lambda: None, perform.pause,
        lambda: perform.seek(3.4), lambda: None, lambda: save("4-perform"),
        lambda: application.shell.tour(), lambda: save("4-tour"), lambda: application.shell.end_tour(),
    ]  # fmt: skip
    if given.project is not None:
        steps += [
            lambda: application.projects.open(given.project), lambda: page("clips"), lambda: None, lambda: None,
            lambda: save("2-prepare"), window.clips.show_consent, lambda: save("2-consent"),
            lambda: page("train"), lambda: None, lambda: None, lambda: None, lambda: None, lambda: save("3-train"),
        ]  # fmt: skip
    steps += [lambda: page("export"), lambda: save("5-export")]
    for name, make in (("5-dialog", export), ("6-settings", settings), ("6-keys", keys), ("6-about", about),
                       ("6-new", new), ("6-error", error)):  # fmt: skip
        steps += [dialog(make), save_dialog(name)]

    def go_on() -> None:
        if steps:
            steps.pop(0)()
            QTimer.singleShot(SETTLE_MS, go_on)
            return
        application.shell.closing = True
        window.close()
        application.close()
        app.quit()

    def begin() -> None:
        application.projects.open_sample()
        wait_for_voice(LONGEST_MS)

    def wait_for_voice(left: int) -> None:
        if perform.voice is None and left > 0:
            QTimer.singleShot(100, lambda: wait_for_voice(left - 100))
        else:
            go_on()

    application.start()
    QTimer.singleShot(SETTLE_MS, begin)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
