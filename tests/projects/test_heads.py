"""A project's own head model is kept in it, makes tracking stale, and reaches the tracking stage."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.errors import UserError
from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.folder import head_mark, load_head
from emotalker.engine.head.importing import ImportedHead, Retarget
from emotalker.engine.head.linear import LinearHead
from emotalker.engine.presets import preset
from emotalker.projects import Project, StageState, bind, statuses
from emotalker.projects.heads import bring_head, head_file, head_title, use_default_head
from emotalker.projects.pipeline import stage_configs
from emotalker.projects.record import fingerprint_of, read_record, write_record

CONFIGS = stage_configs(preset("tiny"), 25.0)


def strange_head(size: float = 1.1) -> ImportedHead:
    """The built-in head in another size, as if it came from a file."""
    default = load_default_head()
    fields = {f.name: getattr(default, f.name) for f in dataclasses.fields(LinearHead) if not f.name.startswith("_")}
    head = LinearHead(**{**fields, "name": "FLAME head", "template": size * default.template})
    empty = np.zeros((62, 1), np.float32)
    table = Retarget(default.expression_names, ("one",), empty, empty[:, 0], empty[:, 0], empty[0], np.eye(1))
    return ImportedHead(head, table, ("It lacks a tongue.",))


@pytest.fixture
def import_as(monkeypatch: pytest.MonkeyPatch) -> Callable[[ImportedHead], None]:
    """Makes every file be read as this head."""

    def put(head: ImportedHead) -> None:
        monkeypatch.setattr("emotalker.engine.head.importing.import_head", lambda _: head)

    return put


@pytest.fixture
def tracked(tmp_path: Path, clip: Callable[[str, int], Path]) -> Project:
    """A project whose tracking is done, as far as its record says."""
    project = Project.create(tmp_path / "ada", "Ada")
    project.add([clip("happy_level1.mp4", 1), clip("sad_level1.mp4", 2)])
    job = bind(project, "track", CONFIGS)
    folder = project.stage_folder("track")
    folder.mkdir(parents=True)
    (folder / "subject.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    from emotalker.projects.record import StageRecord

    write_record(folder, StageRecord("track", fingerprint_of(job.parts), job.parts, True, "cpu", ""))
    return project


def state(project: Project) -> tuple[StageState, str]:
    """Where tracking stands."""
    status = statuses(project, CONFIGS)[0]
    return status.state, status.reason


def test_another_head_makes_tracking_stale(tracked: Project, import_as: Callable, tmp_path: Path) -> None:
    """Brought, the head lies in the project and must be tracked with; the built-in one again is as it was before."""
    assert state(tracked)[0] is StageState.DONE
    assert read_record(tracked.stage_folder("track")) is not None
    got = strange_head()
    import_as(got)
    said = bring_head(tracked, tmp_path / "generic_model.pkl")
    assert said[0] == "It lacks a tongue."
    assert "licences" in said[-1]
    found, reason = state(tracked)
    assert found is StageState.STALE
    assert "another head model" in reason
    file = head_file(tracked)
    assert file is not None
    assert file.is_relative_to(tracked.folder)
    assert head_mark(load_head(file)) == head_mark(got.head)
    assert bind(tracked, "track", CONFIGS).head == file
    assert "generic_model.pkl" in head_title(tracked)
    assert head_file(Project.open(tracked.folder)) == file
    use_default_head(tracked)
    assert state(tracked)[0] is StageState.DONE
    assert bind(tracked, "track", CONFIGS).head is None


def test_a_second_head_is_not_the_first(tracked: Project, import_as: Callable, tmp_path: Path) -> None:
    """Two heads give two fingerprints, and the same head twice gives one."""
    marks = []
    for size in (1.1, 1.2, 1.1):
        import_as(strange_head(size))
        bring_head(tracked, tmp_path / "x.pkl")
        marks.append(bind(tracked, "track", CONFIGS).parts["head"])
    assert marks[0] == marks[2] != marks[1]


def test_a_bad_file_changes_nothing(tracked: Project, tmp_path: Path) -> None:
    """A refused file leaves the project as it was."""
    (tmp_path / "evil.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    before = tracked.manifest
    with pytest.raises(UserError):
        bring_head(tracked, tmp_path / "evil.pkl")
    assert tracked.manifest == before
    assert not (tracked.folder / "heads").exists()


def test_an_older_project_has_the_built_in_head(tracked: Project) -> None:
    """A project file that knows nothing of heads opens, with the stages as they were."""
    path = tracked.folder / "project.json"
    document = json.loads(path.read_text())
    document.pop("head", None)
    path.write_text(json.dumps(document))
    again = Project.open(tracked.folder)
    assert again.manifest.head is None
    assert state(again)[0] is StageState.DONE


def test_a_head_that_is_gone_is_said_at_tracking(tracked: Project, import_as: Callable, tmp_path: Path) -> None:
    """The tracking stage names the missing file and what to do."""
    from emotalker.engine.jobs import StopToken, run

    import_as(strange_head())
    bring_head(tracked, tmp_path / "x.pkl")
    file = head_file(tracked)
    assert file is not None
    file.unlink()
    with pytest.raises(UserError, match="head model") as caught:
        run(bind(tracked, "track", CONFIGS)(StopToken()))
    assert "built-in" in caught.value.what_to_do
