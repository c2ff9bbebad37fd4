"""The page that says what takes space on the disk."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QVBoxLayout

from emotalker.app.studio import Studio
from emotalker.engine.errors import UserError
from emotalker.projects import Project
from emotalker.projects.storage import delete, free_space, items
from emotalker.widgets.common import confirm
from emotalker.widgets.storage import StoragePage
from emotalker.widgets.training import words


def show_storage(studio: Studio, project: Project) -> None:
    """Show the dialog; what the user deletes there is gone for good, after asking."""
    dialog = QDialog(studio.window)
    dialog.setObjectName("storage_dialog")
    dialog.setWindowTitle(f"Storage of {project.manifest.name}")
    page = StoragePage()
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(page)
    dialog.resize(760, 560)

    def fill() -> None:
        studio.tasks.run(lambda: (items(project), free_space(project.folder)), lambda found: page.set_items(*found))

    def remove(keys: list[str]) -> None:
        if any(s.project == project.folder for s in studio.queue.specs()):
            why = "A job is working in this project."
            studio.fail(UserError("Nothing was deleted.", why, "Stop the job, then delete."))
            return
        if not confirm(dialog, "Delete for good?", "What is deleted here cannot be brought back by undo.", "Delete"):
            return
        studio.tasks.run(lambda: delete(project, keys), done, studio.fail)

    def done(freed: int) -> None:
        studio.tell(f"{words.size(freed)} are free again.")
        studio.session.refresh_twin()
        fill()

    page.delete_requested.connect(remove)
    fill()
    dialog.exec()
    dialog.deleteLater()
