"""Films being written and written before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from emotalker.projects.jobstate import JobState, Phase
from emotalker.widgets import style
from emotalker.widgets.common import EmptyState, IconButton
from emotalker.widgets.training import words


@dataclass(frozen=True)
class FilmRow:
    """A film in the list.

    Attributes:
        job: number of its job; 0 for one written before this session.
        path: where it is or will be.
        state: the job's state; None when it is written.
        bytes: size of the finished film.
        facts: format in words ("1920 x 1080, 25 frames per second").
    """

    job: int
    path: Path
    state: JobState | None
    bytes: int = 0
    facts: str = ""


class ExportPage(QWidget):
    """A list of films, the newest first, and the button for another one."""

    export_requested = Signal()
    stop_requested = Signal(int)
    remove_requested = Signal(int)
    play_requested = Signal(object)
    show_in_folder_requested = Signal(object)
    consent_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export_page")
        self.setAccessibleName("Export")
        self._rows: dict[tuple[int, str], _FilmCard] = {}
        title = QLabel("Films")
        title.setProperty("role", "title")
        tip = "Write the performance as an MP4 (Ctrl+E)"
        self.new = IconButton("export_new", "Export film…", tip, "export", "primary")
        self.new.clicked.connect(self.export_requested)
        top = QHBoxLayout()
        top.addWidget(title, 1)
        top.addWidget(self.new)
        self.reason = QLabel()
        self.reason.setObjectName("export_reason")
        self.reason.setWordWrap(True)
        tip = "Go to the page where the person's consent is noted"
        self.consent = IconButton("export_consent", "Note the consent…", tip, "consent")
        self.consent.clicked.connect(self.consent_requested)
        banner = QHBoxLayout()
        banner.addWidget(self.reason, 1)
        banner.addWidget(self.consent)
        self._list = QVBoxLayout()
        self._list.setSpacing(style.space(1))
        self._list.addStretch(1)
        inner = QWidget()
        inner.setLayout(self._list)
        scroll = QScrollArea()
        scroll.setObjectName("export_list")
        scroll.setAccessibleName("Films")
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inner)
        empty = EmptyState(
            "export", "No films yet", "Let the twin say something on the page Perform, then export it as an MP4.", ""
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(empty)
        self._stack.addWidget(scroll)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(style.space(2), style.space(2), style.space(2), style.space(2))
        layout.addLayout(top)
        layout.addLayout(banner)
        layout.addWidget(self._stack, 1)
        self.set_ready(False, "", False)

    def set_ready(self, ready: bool, reason: str, consent_missing: bool) -> None:
        """Whether films may be written, and why not in words."""
        self.new.setEnabled(ready)
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        self.consent.setVisible(consent_missing)

    def set_films(self, films: Sequence[FilmRow]) -> None:
        """Show these films, the first on top; cards of films already shown are kept and brought up to date."""
        wanted = {(film.job, str(film.path)): film for film in films}
        for key in [k for k in self._rows if k not in wanted]:
            card = self._rows.pop(key)
            self._list.removeWidget(card)
            card.deleteLater()
        for place, (key, film) in enumerate(wanted.items()):
            card = self._rows.get(key) or self._card(key)
            card.show_film(film)
            if self._list.indexOf(card) != place:
                self._list.insertWidget(place, card)
        self._stack.setCurrentIndex(1 if wanted else 0)

    def _card(self, key: tuple[int, str]) -> _FilmCard:
        card = _FilmCard()
        card.stop.clicked.connect(lambda: self.stop_requested.emit(key[0]))
        card.play.clicked.connect(lambda: self.play_requested.emit(Path(key[1])))
        card.folder.clicked.connect(lambda: self.show_in_folder_requested.emit(Path(key[1])))
        card.remove.clicked.connect(lambda: self.remove_requested.emit(key[0]))
        self._rows[key] = card
        return card


class _FilmCard(QFrame):
    """One film: name, how far it is, and what can be done with it."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.name, self.state = QLabel(), QLabel()
        self.name.setProperty("role", "heading")
        self.state.setProperty("role", "muted")
        for label in (self.name, self.state):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the film")
        self.bar.setToolTip("How much of the film is written")
        self.stop = IconButton("film_stop", "Stop", "Stop; nothing is left of the unfinished film", "stop")
        self.play = IconButton("film_play", "Play", "Play the film in the system's player", "play")
        self.folder = IconButton("film_folder", "Show in folder", "Show the film in the file manager", "folder")
        self.remove = IconButton("film_close", "Take out", "Take this film out of the list; the file stays", "close")
        texts = QVBoxLayout()
        texts.addWidget(self.name)
        texts.addWidget(self.state)
        texts.addWidget(self.bar)
        line = QHBoxLayout(self)
        line.addLayout(texts, 1)
        for button in (self.stop, self.play, self.folder, self.remove):
            line.addWidget(button)

    def show_film(self, film: FilmRow) -> None:
        """Show how far it is."""
        state = film.state
        self.name.setText(film.path.name)
        self.name.setToolTip(str(film.path))
        self.setAccessibleName(film.path.name)
        working = state is not None and not state.phase.over
        done = state is None or state.phase is Phase.FINISHED
        self.bar.setVisible(working)
        self.stop.setVisible(working)
        self.play.setVisible(done)
        self.folder.setVisible(done)
        self.remove.setVisible(not working and film.job > 0)
        if state is not None and working:
            self.bar.setValue(round(state.share * 1000))
        text = film_words(film)
        if self.state.text() != text:
            self.state.setText(text)


def film_words(film: FilmRow) -> str:
    """How far a film is, as a sentence."""
    state = film.state
    if state is None or state.phase is Phase.FINISHED:
        return f"{film.facts}, {words.size(film.bytes)}" if film.facts else words.size(film.bytes)
    if state.phase is Phase.QUEUED:
        return "Waiting for the job before it"
    if state.phase is Phase.FAILED:
        return f"Failed: {state.message}" if state.message else "Failed"
    if state.phase is Phase.STOPPED:
        return "Stopped; nothing was written"
    amount = words.amount(state.done, state.total, "frames")
    left = f", {words.about(state.eta)} left" if state.eta is not None else ""
    return f"{state.phase.value.capitalize()}: {amount}{left}"
