"""Where the person shown agrees, or somebody notes that they did."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QDate, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDateEdit,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from emotalker.projects.document import Consent
from emotalker.widgets import style
from emotalker.widgets.common import IconLabel, WrapLabel
from emotalker.widgets.consent.statement import statement

WHY = (
    "A twin can be made to say anything. So the person in the clips has to agree before the first training, "
    "and no film is exported without it. The consent is kept in the project."
)
RECORDINGS = "Video and sound (*.mp4 *.mov *.m4v *.mkv *.webm *.wav *.mp3 *.m4a *.flac *.ogg);;All files (*)"


class ConsentPanel(QWidget):
    """Edits one consent; nothing is kept until the button is pressed.

    The text scrolls where there is little room; tick and button stay in sight.

    Args:
        embedded: without the buttons, for a dialog that has its own and asks `consent()`.

    Attributes:
        name: who agrees.
        date: when.
        agreed: that they do.
        area: all that is to be read, above tick and button.
        give: keeps the consent.
        revoke: takes it back.
    """

    consent_changed = Signal(object)
    """The `Consent` as it is from now on."""

    def __init__(self, parent: QWidget | None = None, *, embedded: bool = False) -> None:
        super().__init__(parent)
        self._embedded = embedded
        self.setObjectName("consent_panel")
        self.setAccessibleName("Consent")
        self._consent = Consent()
        self._icon, self._state = IconLabel("warning", 20, "warn"), WrapLabel()
        self._text = WrapLabel()
        self.name, self.date = QLineEdit(), QDateEdit(QDate.currentDate())
        self.agreed = QCheckBox("I agree, or the person did")
        self.recording = QLineEdit()
        self.give = QPushButton("Keep consent")
        self.revoke = QPushButton("Take back consent")
        self._hint = WrapLabel("", "muted")
        self._build()
        self.set_consent(Consent(), "")

    def set_consent(self, consent: Consent, person_name: str) -> None:
        """Show a consent.

        Args:
            consent: as the project holds it.
            person_name: proposed while nobody has agreed.
        """
        self._consent = consent
        self.name.setText(consent.name or person_name)
        date = QDate.fromString(consent.date, "yyyy-MM-dd")
        self.date.setDate(date if date.isValid() else QDate.currentDate())
        self.agreed.setChecked(consent.given)
        self.recording.setText(consent.recording)
        for field in (self.name, self.date, self.agreed):
            field.setEnabled(not consent.given)
        self.recording_button.setEnabled(not consent.given)
        self.give.setVisible(not consent.given and not self._embedded)
        self.revoke.setVisible(consent.given and not self._embedded)
        if consent.given:
            self._icon.set_icon("good", "good")
            self._state.setText(f"{consent.name} agreed on {consent.date}.")
        else:
            self._icon.set_icon("warning", "warn")
            self._state.setText("No consent yet: training and export wait for it.")
        self._refresh()

    def consent(self) -> Consent:
        """What the fields say now; given only if all that is needed is there."""
        name = self.name.text().strip()
        given = bool(name) and self.agreed.isChecked()
        text = self._consent.statement if self._consent.given else statement(name)
        date = self.date.date().toString("yyyy-MM-dd")
        return Consent(given, name, text, date, self.recording.text().strip())

    def keep(self) -> None:
        """Keep the consent as filled in."""
        consent = self.consent()
        if consent.given:
            self.consent_changed.emit(consent)

    def take_back(self) -> None:
        """Keep that there is no consent any more."""
        self.consent_changed.emit(Consent(name=self._consent.name))

    def _build(self) -> None:
        inner = QWidget()
        self.area = scroll = QScrollArea()
        scroll.setObjectName("consent_scroll")
        scroll.setAccessibleName("Text of the consent")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        column = QVBoxLayout(inner)
        column.setContentsMargins(*[style.space(1.5)] * 4)
        column.setSpacing(style.space(1.25))
        state = QHBoxLayout()
        state.setSpacing(style.space(1))
        state.addWidget(self._icon)
        state.addWidget(self._state, 1)
        column.addLayout(state)
        column.addWidget(WrapLabel(WHY, "muted"))
        card = QFrame()
        card.setProperty("role", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(*[style.space(1.5)] * 4)
        inside.addWidget(self._text)
        column.addWidget(card)
        column.addLayout(self._form())
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        whole.addLayout(self._foot())

    def _foot(self) -> QVBoxLayout:
        """What must be done, below what is to be read."""
        foot = QVBoxLayout()
        foot.setContentsMargins(style.space(1.5), style.space(1), style.space(1.5), style.space(1.5))
        foot.setSpacing(style.space(1))
        foot.addWidget(self.agreed)
        foot.addWidget(self._hint)
        row = QHBoxLayout()
        for button, name, role, tip, slot in (
            (self.give, "consent_keep", "primary", "Keep this consent in the project", self.keep),
            (self.revoke, "consent_revoke", "danger", "From then on nothing is trained or exported any more",
             self.take_back),
        ):  # fmt: skip
            button.setObjectName(name)
            button.setProperty("role", role)
            button.setToolTip(tip)
            button.setAccessibleName(button.text())
            button.clicked.connect(slot)
            row.addWidget(button)
        row.addStretch(1)
        foot.addLayout(row)
        return foot

    def _form(self) -> QFormLayout:
        self.name.setObjectName("consent_name")
        self.name.setAccessibleName("Name of the person shown")
        self.name.setToolTip("Full name of the person in the clips")
        self.name.setPlaceholderText("Name of the person in the clips")
        self.name.textChanged.connect(self._refresh)
        self.date.setObjectName("consent_date")
        self.date.setAccessibleName("Date of the consent")
        self.date.setToolTip("When the person agreed")
        self.date.setDisplayFormat("yyyy-MM-dd")
        self.date.setCalendarPopup(True)
        self.agreed.setObjectName("consent_agreed")
        self.agreed.setAccessibleName(self.agreed.text())
        self.agreed.setToolTip("Tick it if you are the person in the clips and agree, or if that person has agreed")
        self.agreed.toggled.connect(self._refresh)
        self.recording.setObjectName("consent_recording")
        self.recording.setReadOnly(True)
        self.recording.setPlaceholderText("None")
        self.recording.setAccessibleName("Recording of the spoken statement")
        self.recording.setToolTip("A clip in which the person speaks the statement; not needed, but good evidence")
        self.recording_button = QPushButton("Choose…")
        self.recording_button.setObjectName("consent_choose_recording")
        self.recording_button.setAccessibleName("Choose a recording")
        self.recording_button.setToolTip("Choose a video or sound file in which the person speaks the statement")
        self.recording_button.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.addWidget(self.recording, 1)
        row.addWidget(self.recording_button)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for text, field in (("Name", self.name), ("Date", self.date)):
            label = QLabel(text)
            label.setBuddy(field)
            form.addRow(label, field)
        form.addRow(QLabel("Spoken statement (optional)"), row)
        return form

    def _refresh(self) -> None:
        consent = self.consent()
        self._text.setText(f"“{consent.statement}”")
        self.give.setEnabled(consent.given)
        missing = [] if consent.name else ["the name"]
        missing += [] if self.agreed.isChecked() else ["the tick"]
        self._hint.setText(f"Still missing: {' and '.join(missing)}." if missing else "")
        self._hint.setVisible(bool(missing))

    def _choose(self) -> None:
        place = str(Path.home())
        file, _ = QFileDialog.getOpenFileName(self, "Choose the recording of the statement", place, RECORDINGS)
        if file:
            self.recording.setText(file)
            self._refresh()
