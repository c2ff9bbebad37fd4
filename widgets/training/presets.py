"""The choice between fast and fine, with what each costs on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QBoxLayout, QButtonGroup, QFrame, QHBoxLayout, QLabel, QRadioButton, QVBoxLayout, QWidget

from emotalker.widgets import style
from emotalker.widgets.common import FlowLayout, IconLabel, WrapLabel
from emotalker.widgets.training import words

if TYPE_CHECKING:
    from emotalker.projects.estimate import Estimate

HIDDEN = "tiny"  # for tests: too coarse to be offered


@dataclass(frozen=True)
class PresetChoice:
    """A preset as it is offered.

    Attributes:
        name: of the preset.
        title: as a person reads it.
        text: what it is good for, a sentence.
        estimate: what it costs on this machine; None while not known.
        modified: whether somebody changed its settings.
    """

    name: str
    title: str
    text: str
    estimate: Estimate | None = None
    modified: bool = False


class _PresetCard(QFrame):
    """A radio button with room around it that can be clicked too."""

    def __init__(self, choice: PresetChoice, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setObjectName(f"preset_card_{choice.name}")
        self.button = QRadioButton(choice.title, self)
        self.button.setObjectName(f"preset_{choice.name}")
        head = QHBoxLayout()
        head.addWidget(self.button)
        head.addStretch(1)
        if choice.modified:
            badge = QLabel("modified")
            badge.setProperty("role", "badge")
            badge.setToolTip("Settings of this preset were changed")
            head.addWidget(badge)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[style.space(1.25)] * 4)
        column.setSpacing(style.space(0.5))
        column.addLayout(head)
        self.text = WrapLabel(choice.text, "muted")
        column.addWidget(self.text)
        costs = cost_words(choice.estimate)
        holder = QWidget(self)
        row = FlowLayout(holder, 1)
        for icon, cost in zip(("clock", "memory", "disk"), costs):
            row.addWidget(_fact(icon, cost, holder))
        column.addWidget(holder)
        column.addStretch(1)
        self.costs = holder
        note = choice.estimate.note if choice.estimate is not None else ""
        told = f"{choice.text} {', '.join(costs)}. {note}".strip()
        self.setToolTip(told)
        self.button.setToolTip(told)
        self.button.setAccessibleName(f"Preset {choice.title}")
        self.button.setAccessibleDescription(told)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The whole card chooses."""
        if event.button() is Qt.MouseButton.LeftButton and self.button.isEnabled():
            self.button.click()
            self.button.setFocus()


class PresetChooser(QWidget):
    """One card per preset; while a job runs only the chosen one stays in sight."""

    changed = Signal(str)
    """A person chose another preset."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preset_chooser")
        self.setAccessibleName("Quality of the training")
        self._choices: list[PresetChoice] = []
        self._cards: dict[str, _PresetCard] = {}
        self._chosen = ""
        self._locked = False
        self._group = QButtonGroup(self)
        self._column = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(style.space(1))

    @property
    def chosen(self) -> str:
        """Name of the chosen preset; empty before there is any."""
        return self._chosen

    def set_choices(self, choices: list[PresetChoice]) -> None:
        """Offer these presets; the chosen one stays chosen."""
        if choices != self._choices:
            self._choices = list(choices)
            self._rebuild()

    def choose(self, name: str) -> None:
        """Choose a preset without telling; the hidden one is shown once it is chosen."""
        if name != self._chosen:
            self._chosen = name
            self._rebuild()

    def set_locked(self, locked: bool) -> None:
        """While a job runs only the chosen card stays, so that nothing else can be chosen."""
        self._locked = locked
        for name, card in self._cards.items():
            card.setVisible(not locked or name == self._chosen)
            card.text.setVisible(not locked)

    def set_across(self, across: bool) -> None:
        """Cards beside one another instead of below."""
        directions = QBoxLayout.Direction
        self._column.setDirection(directions.LeftToRight if across else directions.TopToBottom)

    def _rebuild(self) -> None:
        focused = next((name for name, card in self._cards.items() if card.button.hasFocus()), None)
        for card in self._cards.values():
            self._group.removeButton(card.button)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        shown = [choice for choice in self._choices if choice.name != HIDDEN or choice.name == self._chosen]
        if not self._chosen and shown:
            self._chosen = shown[0].name
        self._cards = {}
        for choice in shown:
            card = self._cards[choice.name] = _PresetCard(choice, self)
            card.button.setChecked(choice.name == self._chosen)
            card.button.toggled.connect(partial(self._toggled, choice.name))
            self._group.addButton(card.button)
            self._column.addWidget(card, 1)
        if focused in self._cards:
            self._cards[focused].button.setFocus()
        self.set_locked(self._locked)

    def _toggled(self, name: str, on: bool) -> None:
        if on and name != self._chosen:
            self._chosen = name
            self.changed.emit(name)


def cost_words(estimate: Estimate | None) -> tuple[str, ...]:
    """Time, memory and disk in words."""
    if estimate is None:
        return ("Time and memory: not known yet",)
    return (
        words.about(estimate.seconds),
        f"{words.size(estimate.memory_bytes)} memory",
        f"{words.size(estimate.disk_bytes)} disk",
    )


def _fact(icon: str, text: str, parent: QWidget) -> QWidget:
    fact = QWidget(parent)
    row = QHBoxLayout(fact)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(style.space(0.5))
    row.addWidget(IconLabel(icon, 16, "muted"))
    row.addWidget(QLabel(text))
    return fact
