"""What is installed is what is in the tree: the package list, the data files and the rules of the house."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("app", "engine", "projects", "resources", "widgets")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "build", "dist", "*.egg-info", "tests", "out")


def pyproject() -> dict[str, Any]:
    """The parsed pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def files_in_rooms(pattern: str, root: Path = ROOT) -> list[Path]:
    """Files below the package folders, relative to the root, without caches."""
    found = [p.relative_to(root) for room in ROOMS for p in (root / room).rglob(pattern) if p.is_file()]
    return [path for path in found if not any(part == "__pycache__" or part.startswith(".") for part in path.parts)]


def test_the_package_list_equals_the_folders_on_disk() -> None:
    """A new folder that is missing from the list works in the checkout and is absent from the wheel."""
    on_disk = {"emotalker." + ".".join(path.parent.parts) for path in files_in_rooms("__init__.py")}
    listed = pyproject()["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted(on_disk)
    assert len(listed) == len(set(listed))


def test_every_folder_with_code_is_a_package() -> None:
    """A folder without __init__.py would be imported as a namespace in the checkout and be left out of the wheel."""
    bare = {path.parent for path in files_in_rooms("*.py") if not (ROOT / path.parent / "__init__.py").exists()}
    assert not bare
    assert not (ROOT / "__init__.py").exists()


def test_every_package_says_what_lives_in_it() -> None:
    """The docstring of __init__.py is the sign on the door."""
    silent = [
        path for path in files_in_rooms("__init__.py") if not (ROOT / path).read_text().lstrip().startswith('"""')
    ]
    assert not silent


def test_no_room_is_imported_by_its_bare_name() -> None:
    """`import engine` would load a second copy of every class beside `emotalker.engine`."""
    bare = re.compile(rf"^\s*(?:from|import)\s+(?:{'|'.join(ROOMS)})\b", re.MULTILINE)
    tests = [p.relative_to(ROOT) for p in (ROOT / "tests").rglob("*.py")]
    assert not [path for path in files_in_rooms("*.py") + tests if bare.search((ROOT / path).read_text())]


def test_the_manifest_of_models_can_be_read_as_a_resource() -> None:
    """It is opened through the package, never through a path in the checkout."""
    assert resources.files("emotalker.engine.assets").joinpath("manifest.json").is_file()


@pytest.mark.slow
def test_wheel_and_sdist_carry_all_code_data_and_notices(tmp_path: Path) -> None:
    """Built from a copy of the tree; whatever lies in a package folder must arrive at the user's."""
    copy = tmp_path / "tree"
    copy.mkdir()
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=LEFT_OUT)
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy / name)
    build = "from setuptools import build_meta as b; print(b.build_wheel('out')); print(b.build_sdist('out'))"
    (copy / "out").mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", build], cwd=copy, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    wanted = {path.as_posix() for path in files_in_rooms("*", copy)}
    with zipfile.ZipFile(next((copy / "out").glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        entry_points = next(name for name in names if name.endswith("entry_points.txt"))
        assert b"emotalker-cli = emotalker.app.cli:main" in wheel.read(entry_points)
    assert {f"emotalker/{path}" for path in wanted} <= names
    assert {Path(name).name for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {"emotalker"}
    with tarfile.open(next((copy / "out").glob("*.tar.gz"))) as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    assert wanted | {"pyproject.toml", "README.md", "LICENSE", "NOTICE"} <= inside
