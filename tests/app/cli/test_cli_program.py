"""The program as a whole: help, wrong use, log, bench, assets."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emotalker.app.cli import bench as window_bench
from emotalker.engine import assets
from emotalker.engine.jobs import Metric, Progress

COMMANDS = ("new", "add", "remove", "check", "train", "render", "evaluate", "bench", "demo", "assets")


def test_help_lists_every_command(run: Callable) -> None:
    """The commands are found by asking."""
    result = run("--help")
    assert result.exit_code == 0
    assert all(command in result.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Callable, command: str) -> None:
    """Each command has its page."""
    assert run(command, "--help").exit_code == 0


def test_help_is_quick_and_brings_no_heavy_package() -> None:
    """Asking for help does not load torch, numba, video codecs or Qt, and takes under a second."""
    code = (
        "import sys, emotalker.app.cli.program as p\n"
        "p.app(['train', '--help'], standalone_mode=False)\n"
        "heavy = {'torch', 'numba', 'numpy', 'av', 'cv2', 'scipy', 'PySide6', 'transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    times = []
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        times.append(time.perf_counter() - start)
        assert done.returncode == 0, done.stderr
    assert min(times) < 1.0


@pytest.mark.parametrize("arguments", [["fly"], ["train"], ["train", "p", "--preset", "silly"], ["new", "p", "--what"]])
def test_wrong_use_is_a_user_error(run: Callable, arguments: list[str]) -> None:
    """A mistyped command line is the user's to mend: code 1 and where the help is, not code 2."""
    result = run(*arguments)
    assert result.exit_code == 1
    assert "--help" in result.stderr


def test_log_that_cannot_be_written_stops_nothing(run: Callable, tmp_path: Path) -> None:
    """A log folder that is a file costs the log, not the command."""
    (tmp_path / "logs").write_text("in the way")
    assert run("new", "p", "--name", "Ada").exit_code == 0


def test_unwritable_project_folder_is_a_user_error(run: Callable, tmp_path: Path) -> None:
    """Where no folder can be made, the message says to choose another place."""
    (tmp_path / "file").write_text("x")
    result = run("new", "file/p", "--name", "Ada")
    assert result.exit_code == 1
    assert "What to do:" in result.stderr


def test_bench_prints_and_writes_its_figures(
    run: Callable, monkeypatch: pytest.MonkeyPatch, install: Callable, tmp_path: Path
) -> None:
    """The figures come out nested in JSON and flat in the table."""

    def bench() -> Generator[Any, None, dict[str, Any]]:
        yield Progress("bench", 0, 1, "parts")
        yield Metric("bench", 0, {"raster.forward_ms": 4.5})
        return {"raster": {"forward_ms": 4.5}, "playback": {"fps": 87.5}}

    install("emotalker.engine.bench", bench=bench)
    result = run("bench", "--json", "b.json")
    assert result.exit_code == 0, result.stderr
    assert "raster.forward_ms" in result.stdout
    assert "87.5" in result.stdout
    assert json.loads((tmp_path / "b.json").read_text())["playback"] == {"fps": 87.5}


def test_assets_list_and_verify(run: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache is shown as such; verifying it is a user error that names the command to mend it."""
    monkeypatch.setenv("EMOTALKER_DATA", str(tmp_path / "data"))
    listed = run("assets", "list")
    assert listed.exit_code == 0
    assert all(name in listed.stdout for name in assets.asset_names())
    verified = run("assets", "verify")
    assert verified.exit_code == 1
    assert "emotalker-cli assets fetch" in verified.stderr
    assert run("assets", "verify", "nothing_like_it").exit_code == 1


def test_bench_of_the_window_is_a_process_of_its_own(
    run: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command line starts it under the screen there is, and passes its figures on; it knows no Qt itself."""
    asked: list[list[str]] = []

    def start(command: list[str], **_: Any) -> SimpleNamespace:
        asked.append(command)
        Path(command[command.index("--json") + 1]).write_text('{"viewport": {"fps": 50.0, "backend": "cpu"}}')
        return SimpleNamespace(returncode=0, stdout="")

    monkeypatch.setattr(subprocess, "run", start)
    monkeypatch.setattr(window_bench, "_screen", lambda: ["a-screen"])
    result = run("bench", "--viewport", "--seconds", "3", "--json", "v.json")
    assert result.exit_code == 0
    assert json.loads(Path("v.json").read_text()) == {"viewport": {"fps": 50.0, "backend": "cpu"}}
    assert asked[0][0] == "a-screen"
    assert asked[0][asked[0].index("--seconds") + 1] == "3.0"


def test_bench_of_the_window_says_what_failed(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A window that does not open is one plain sentence, not a traceback."""
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stdout="a\nno display\n"))
    monkeypatch.setattr(window_bench, "_screen", list)
    result = run("bench", "--viewport")
    assert result.exit_code == 1
    assert "no display" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--twin", "nothing"), "--twin counts only with --viewport"),
        (("--seconds", "3"), "--seconds counts only with --viewport"),
        (("--json", "."), "is a folder"),
        (("--viewport", "--twin", "nothing"), "nothing"),
    ],
)
def test_bench_refuses_before_it_measures(
    run: Callable, monkeypatch: pytest.MonkeyPatch, install: Callable, options: tuple[str, ...], said: str
) -> None:
    """An option that would be passed over, and a twin or a file that cannot be had."""
    install("emotalker.engine.bench", bench=lambda: pytest.fail("measured all the same"))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("measured all the same"))
    result = run("bench", *options)
    assert result.exit_code == 1
    assert said in " ".join(result.stderr.split())


def test_bench_of_the_window_passes_an_error_on_whole(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """What, why and what to do come through once each."""
    printed = "Traceback\nemotalker.engine.errors.UserError: No voice.\n  Why: It is gone.\n  What to do: Look.\n"
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stdout=printed))
    monkeypatch.setattr(window_bench, "_screen", list)
    result = run("bench", "--viewport")
    assert result.stderr.split("\n")[:3] == ["Error: No voice.", "  Why: It is gone.", "  What to do: Look."]


def test_assets_alone_explains_itself(run: Callable) -> None:
    """Without a command, help, and no empty error after it; so does the program."""
    for arguments in (("assets",), ()):
        result = run(*arguments)
        assert result.exit_code == 0
        assert "--help" in result.stdout + result.stderr
        assert "Error" not in result.stderr
