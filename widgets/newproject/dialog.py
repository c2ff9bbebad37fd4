"""The dialog with its three steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from emotalker.projects.document import Consent
from emotalker.widgets import style
from emotalker.widgets.common.drops import FileDrop
from emotalker.widgets.consent import ConsentPanel
from emotalker.widgets.newproject.files import ClipsStep
from emotalker.widgets.newproject.person import PersonStep
from emotalker.widgets.newproject.wanted import NewProject

STEPS = ("Person", "Clips", "Consent")


class NewProjectDialog(QDialog):
    """Asks for person, clips and consent; can be finished after the first step.

    Args:
        root: folder in which projects are made.

    Attributes:
        person: first step.
        clips: second step.
        consent: third step.
    """

    def __init__(self, root: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("new_project_dialog")
        self.setWindowTitle("New twin")
        FileDrop(self).dropped.connect(self._dropped)
        self.person, self.clips = PersonStep(Path(root)), ClipsStep()
        self.consent = ConsentPanel(embedded=True)
        self._steps = QStackedWidget()
        for step in (self.person, self.clips, self.consent):
            self._steps.addWidget(step)
        self._titles = [QLabel(f"{number}  {title}") for number, title in enumerate(STEPS, 1)]
        self.back, self.next = QPushButton("Back"), QPushButton("Next")
        self.finish, self.cancel = QPushButton("Create now"), QPushButton("Cancel")
        self._arrange()
        self.person.name.textChanged.connect(lambda name: self.consent.set_consent(Consent(), name))
        self._show(0)
        self.resize(style.space(92), style.space(64))

    def set_files(self, paths: Sequence[Path]) -> None:
        """Begin with these files or folders, for example dropped ones."""
        if paths:
            self.clips.add(paths)

    def result_project(self) -> NewProject:
        """What was described; only after the dialog was accepted."""
        consent = self.consent.consent()
        return NewProject(
            name=self.person.name.text().strip(),
            folder=self.person.path(),
            fps=float(self.person.fps.currentData()),
            files=self.clips.clips(),
            copy=self.clips.copy.isChecked(),
            consent=consent if consent.given else None,
            head=self.person.head.chosen(),
        )

    @property
    def step(self) -> int:
        """The step shown, from 0."""
        return self._steps.currentIndex()

    def accept(self) -> None:
        """Finish if nothing is wrong; else go to what is."""
        steps: tuple[PersonStep | ClipsStep, ...] = (self.person, self.clips)
        for place, step in enumerate(steps):
            if step.problem():
                self._show(place)
                step.show_problems()
                return
        super().accept()

    def _dropped(self, files: list[Path]) -> None:
        """Add dropped files, whatever step is shown."""
        self.clips.add(files)
        if self.step == 0 and not self.person.problem():
            self._show(1)

    def _go(self, by: int) -> None:
        step = self._steps.currentWidget()
        if by > 0 and isinstance(step, PersonStep | ClipsStep) and step.problem():
            step.show_problems()
            return
        self._show(self.step + by)

    def _show(self, place: int) -> None:
        self._steps.setCurrentIndex(place)
        for number, title in enumerate(self._titles):
            title.setProperty("role", "heading" if number == place else "muted")
            title.style().unpolish(title)
            title.style().polish(title)
        last = place == len(STEPS) - 1
        self.back.setEnabled(place > 0)
        self.next.setVisible(not last)
        self.finish.setText("Create twin" if last else "Create now")
        self.finish.setAccessibleName(self.finish.text())
        self.finish.setProperty("role", "primary" if last else "")
        self.finish.style().unpolish(self.finish)
        self.finish.style().polish(self.finish)
        (self.finish if last else self.next).setDefault(True)
        if place == 0:
            self.person.name.setFocus()

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(style.space(3))
        for title in self._titles:
            head.addWidget(title)
        head.addStretch(1)
        below = QHBoxLayout()
        for button, name, tip, slot in (
            (self.cancel, "new_cancel", "Make nothing (Esc)", self.reject),
            (self.back, "new_back", "To the step before", lambda: self._go(-1)),
            (self.next, "new_next", "To the next step (Enter)", lambda: self._go(1)),
            (self.finish, "new_finish", "Make the project; clips and consent can also be added later", self.accept),
        ):
            button.setObjectName(name)
            button.setAccessibleName(button.text())
            button.setToolTip(tip)
            button.clicked.connect(slot)
        self.next.setProperty("role", "primary")
        below.addWidget(self.cancel)
        below.addStretch(1)
        below.addWidget(self.back)
        below.addWidget(self.finish)
        below.addWidget(self.next)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[style.space(3)] * 4)
        column.setSpacing(style.space(2))
        column.addLayout(head)
        column.addWidget(self._steps, 1)
        column.addLayout(below)
