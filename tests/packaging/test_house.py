"""The scripts and texts that a newcomer meets first keep their promises."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from emotalker.engine.assets import load_manifest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("script", ["dev", ".ci/run"])
def test_scripts_are_executable_and_parse(script: str) -> None:
    """A lost permission or a typing mistake would break the two commands of the README."""
    assert os.access(ROOT / script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(ROOT / script)], check=False).returncode == 0


def test_dev_explains_itself_and_refuses_unknown_commands() -> None:
    """Help on request, exit code 2 for a mistake, and nothing is installed for either."""
    shown = subprocess.run([str(ROOT / "dev"), "help"], capture_output=True, text=True, check=True)
    assert all(word in shown.stdout for word in ("setup", "demo", "test", "lint"))
    assert subprocess.run([str(ROOT / "dev"), "tset"], capture_output=True, check=False).returncode == 2


def test_dev_installs_the_system_packages_that_the_readme_names() -> None:
    """One list, in two places, equal."""
    script = re.search(r"APT_PACKAGES=\((.*?)\)", (ROOT / "dev").read_text(), re.DOTALL)
    readme = re.search(r"apt-get install (.*?)\n```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert script
    assert readme
    assert sorted(script[1].split()) == sorted(readme[1].replace("\\", " ").split())


def test_readme_and_notice_name_every_model_and_its_licence() -> None:
    """Whoever uses the program can read whose work it fetches."""
    readme, notice = (ROOT / "README.md").read_text(), (ROOT / "NOTICE").read_text()
    for asset in load_manifest().values():
        assert f"`{asset.name}`" in readme
        assert asset.name in notice
    assert "CC0" in notice
    assert "MakeHuman" in notice
    assert "GPL" in readme


def test_the_licence_is_the_full_apache_text() -> None:
    """Whole, not a pointer to it."""
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
