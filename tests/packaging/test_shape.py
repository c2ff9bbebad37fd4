"""The shape of the house: short files, small classes, icons that exist, windows that open without torch."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 400
MOST_METHODS = 30
HEAVY = ("torch", "numba", "cv2", "av", "scipy", "transformers")
LATE = ("emotalker.widgets.viewport.gl_canvas", "emotalker.widgets.viewport.gl_splats")
"""Imported only when OpenGL is switched on; the others must not import them."""
MODULES = sorted(p for room in ("app", "widgets") for p in (ROOT / room).rglob("*.py"))
_ICON_CALL = re.compile(
    r"""(?:\bicon|\bpixmap|IconLabel|EmptyState)\(\s*["']([a-z_]+)["']|\bicon=["']([a-z_]+)["']|\.set_icon\(\s*["']([a-z_]+)["']"""
)


def test_no_file_is_longer_than_400_lines() -> None:
    """A longer one holds two ideas."""
    long = {str(p.relative_to(ROOT)): n for p in MODULES if (n := len(p.read_text().splitlines())) > LONGEST_FILE}
    assert not long


def test_no_class_has_more_than_30_methods() -> None:
    """A window with more does something that belongs elsewhere."""
    large = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                methods = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
                if len(methods) > MOST_METHODS:
                    large[f"{path.relative_to(ROOT)}:{node.name}"] = len(methods)
    assert not large


def test_every_icon_that_the_source_names_exists() -> None:
    """A missing one would be found only by the person who opens that page."""
    drawn = {p.stem for p in (ROOT / "resources" / "icons").glob("*.svg")}
    missing = {
        (str(path.relative_to(ROOT)), name)
        for path in MODULES
        for match in _ICON_CALL.finditer(path.read_text())
        if (name := next(filter(None, match.groups()))) not in drawn
    }
    assert not missing


@pytest.mark.skipif(sys.platform != "linux", reason="needs a platform without a screen")
def test_importing_window_modules_loads_nothing_heavy() -> None:
    """The window is on the screen in two seconds because the engine comes later."""
    names = []
    for path in MODULES:
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[:2] == ("app", "cli") or parts[-1] == "__main__":
            continue
        name = ".".join(("emotalker", *parts)).removesuffix(".__init__")
        if name not in LATE:
            names.append(name)
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        f"    heavy = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "    if heavy: sys.exit(f'{name} imports {heavy}')\n"
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": "minimal"}
    done = subprocess.run(
        [sys.executable, "-c", code, *names], capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
