"""The head model of a project: the built-in one, or one that the user brings and the project keeps."""

from __future__ import annotations

from pathlib import Path

from emotalker.projects.document import HeadEntry
from emotalker.projects.project import Project

HEADS = "heads"


def bring_head(project: Project, file: Path) -> tuple[str, ...]:
    """Read a head model and keep it in the project; from now on the person is tracked with it.

    The file itself is not needed any more afterwards. Takes from seconds to a minute.

    Args:
        project: the project.
        file: a FLAME pickle, a GNM archive, or the folder of an ICT-FaceKit.

    Returns:
        What the user should know, one sentence each, its licence last.

    Raises:
        UserError: if it is no head model, damaged, or asks to run code; or if the project cannot be written.
    """
    # brings torch, which a project that is only looked at does not need
    from emotalker.engine.head.folder import FILE, head_mark, write_head
    from emotalker.engine.head.importing import import_head
    from emotalker.engine.head.importing.reader import LICENCE

    file = Path(file).expanduser().absolute()
    got = import_head(file)
    mark = head_mark(got.head)
    place = f"{HEADS}/{mark[:16]}"
    write_head(got.head, project.folder / place / FILE)
    got.retarget.save(project.folder / place / "retarget.safetensors")
    project.set_head(HeadEntry(file=f"{place}/{FILE}", sha256=mark, name=got.head.name, source=file.name))
    return (*got.notices, LICENCE)


def use_default_head(project: Project) -> None:
    """Track the person with the built-in head again; a head that was brought stays in the project's folder.

    Raises:
        UserError: if the project could not be saved.
    """
    project.set_head(None)


def head_file(project: Project) -> Path | None:
    """The project's own head model, as the tracking stage takes it; None for the built-in one."""
    entry = project.manifest.head
    return None if entry is None else project.folder / entry.file


def head_title(project: Project) -> str:
    """What a person calls the project's head model."""
    entry = project.manifest.head
    return "built-in head" if entry is None else f"{entry.name} ({entry.source})"
