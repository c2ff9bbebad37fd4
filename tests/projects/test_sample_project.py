"""The sample as a project: made once, and then the user's."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from emotalker.projects import Consent, Project
from emotalker.projects.sample import has_sample, sample_project

pytestmark = pytest.mark.skipif(not has_sample(), reason="no sample in this installation")


def test_what_the_user_did_with_the_sample_is_kept(tmp_path: Path) -> None:
    """Also when the consent was taken back, which the sample comes with."""
    made = sample_project(tmp_path)
    assert made.manifest.consent.given
    assert made.manifest.performance.voice
    assert (made.stage_folder("avatar") / "avatar.json").is_file()
    mine = msgspec.structs.replace(made.manifest.performance, voice="", background="checker")
    made.set_performance(mine)
    made.set_consent(Consent())
    again = sample_project(tmp_path)
    assert again.manifest == Project.open(made.folder).manifest == made.manifest
    assert again.manifest.performance == mine


def test_a_sample_that_was_made_in_part_is_made_whole(tmp_path: Path) -> None:
    """The program was killed while it copied."""
    made = sample_project(tmp_path)
    (made.stage_folder("avatar") / "avatar.json").unlink()
    (made.folder / "sample.json").unlink()
    again = sample_project(tmp_path)
    assert (again.stage_folder("avatar") / "avatar.json").is_file()
    assert again.manifest == made.manifest
