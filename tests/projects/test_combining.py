"""Combining projects: refused with a reason before anything is trained, and each twin packed from what they share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Notice, Outcome, StopToken, run
from emotalker.projects import Project, combining
from emotalker.projects.combining import CombineJob, combined_twin
from emotalker.projects.lock import is_training


def test_one_project_is_not_several(project: Project) -> None:
    """Alone or named twice it is refused."""
    for folders in ((project.folder,), (project.folder, project.folder)):
        with pytest.raises(UserError, match="cannot be combined"):
            run(CombineJob(folders, "tiny")(StopToken()))


def test_a_project_that_is_not_ready_is_named_with_what_to_run(project: Project, tmp_path: Path) -> None:
    """The first missing stage is said as a command."""
    other = Project.create(tmp_path / "other", "Grace")
    with pytest.raises(UserError, match="not ready") as caught:
        run(CombineJob((project.folder, other.folder), "tiny")(StopToken()))
    assert "--only track" in str(caught.value)


def test_each_project_gets_a_twin_beside_its_own(
    project: Project, tmp_path: Path, install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are locked while it trains; then each is packed from its own stages and the network made together."""
    other = Project.create(tmp_path / "other", "Grace")
    packed: list[tuple[Any, ...]] = []

    def together(people: list[Any], config: Any, stop: StopToken, device: str) -> Any:
        assert is_training(project.folder)
        assert is_training(other.folder)
        assert device == "cuda"
        yield Notice("combine", " and ".join(p.name for p in people))
        return Outcome.FINISHED

    install("emotalker.engine.training.combine", combine=together, Person=lambda **facts: SimpleNamespace(**facts))
    install("emotalker.engine.avatar.build", build=lambda *folders: packed.append(folders))
    monkeypatch.setattr(combining, "check_ready", lambda projects, preset: None)
    monkeypatch.setattr(Project, "clip_inputs", lambda self: ())
    events: list[Any] = []
    job = CombineJob((project.folder, other.folder), "tiny", "cuda")
    assert run(job(StopToken()), events.append) is Outcome.FINISHED
    assert not is_training(project.folder)
    assert [p[4] for p in packed] == [combined_twin(project), combined_twin(other)]
    assert packed[1][3] == other.stage_folder("combined") / "emote"
    assert any("Grace" in e.text for e in events)
