"""What shall the film be like?"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
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

from emotalker.engine.errors import UserError
from emotalker.engine.export.camera_move import MOVES
from emotalker.engine.export.format import FORMATS, FPS, LEAST_SIDE, MOST_SIDE, QUALITIES, film_bytes
from emotalker.engine.files import check_writable
from emotalker.projects.content import VIDEO_ENDINGS
from emotalker.widgets import style
from emotalker.widgets.common import IconButton, WrapLabel, confirm
from emotalker.widgets.common.number_box import off_the_border
from emotalker.widgets.export.even_box import EvenBox
from emotalker.widgets.export.settings import ExportFacts, ExportSettings
from emotalker.widgets.training import words

CUSTOM = "custom"
PNG_SHARE = 0.25
"""A PNG with a person before nothing takes about this share of its raw bytes."""


class ExportDialog(QDialog):
    """Asks for format, range, background, camera and place; says how large the file will get."""

    def __init__(self, facts: ExportFacts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export_dialog")
        self.setWindowTitle("Export film")
        self._facts = facts
        self._complete = False
        self._agreed: Path | None = None
        self._folders: dict[Path, str] = {}
        """Why nothing can be written in a folder, for those already tried."""
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Format", self._formats())
        form.addRow("Si&ze", self._size_row())
        form.addRow("Frames per &second", self._rates())
        form.addRow("&Quality", self._qualities())
        form.addRow("&Range", self._ranges())
        form.addRow("&Background", self._backgrounds())
        form.addRow("&Camera", self._cameras())
        form.addRow("Camera &move", self._moves())
        tip = "A visible label in the lower right corner; the file says so in its metadata anyway"
        self.badge = _check("badge", "Write “AI-generated” into the picture", tip)
        form.addRow("", self.badge)
        form.addRow("Save &as", self._place())
        self.size_line = QLabel()
        self.size_line.setObjectName("size_line")
        self.size_line.setWordWrap(True)
        self.size_line.setAccessibleName("Size estimate")
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.addLayout(form)
        column.addWidget(self.size_line)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inner)
        buttons = QDialogButtonBox()
        self.export = IconButton("export_accept", "Export", "Put the film into the queue", "export", "primary")
        cancel = QPushButton("Cancel")
        _named(cancel, "cancel", "Close without exporting (Esc)")
        buttons.addButton(self.export, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll, 1)
        layout.addWidget(buttons)
        self._complete = True
        self._format_chosen(0)
        self.resize(style.space(72), style.space(78))

    def settings(self) -> ExportSettings:
        """What is chosen now."""
        start, end = self._range_now()
        alpha = self.background.currentData() == "transparent"
        background = self._facts.background if self.background.currentData() == "as is" else ""
        return ExportSettings(
            out=self._out(alpha),
            width=self.width_box.value(),
            height=self.height_box.value(),
            fps=float(self.fps.currentData()),
            quality=self.quality.currentData(),
            framing=self.framing.currentData(),
            start=start,
            end=end,
            background=background or ("plate" if alpha else str(self.background.currentData())),
            keep_view=self.camera.currentData() == "view",
            move=self.move_box.currentData(),
            badge=self.badge.isChecked(),
            alpha=alpha,
        )

    def _out(self, alpha: bool) -> Path:
        """The place in full, with the ending that makes a film."""
        out = self._facts.folder / Path(self.place.text()).expanduser()
        whole = alpha or out == self._facts.folder or out.is_dir() or out.suffix.lower() == ".mp4"
        return out if whole else out.with_name(f"{out.name}.mp4")

    def estimate(self) -> int:
        """About how many bytes the film takes."""
        chosen = self.settings()
        seconds = self._seconds()
        if chosen.alpha:
            return int(chosen.width * chosen.height * 4 * PNG_SHARE * chosen.fps * seconds)
        sound = self._facts.has_voice
        return film_bytes(chosen.width, chosen.height, chosen.fps, chosen.quality, seconds, sound=sound)

    def _formats(self) -> QWidget:
        self.format = _combo("format", "Where the film will be shown")
        for known in FORMATS:
            self.format.addItem(f"{known.title} ({known.width} x {known.height})", known.name)
        self.format.addItem("Other size", CUSTOM)
        self.format.activated.connect(self._format_chosen)
        return self.format

    def _size_row(self) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        self.width_box, self.height_box = EvenBox(), EvenBox()
        for box, name in ((self.width_box, "Width"), (self.height_box, "Height")):
            box.setRange(LEAST_SIDE, MOST_SIDE)
            box.setSuffix(" px")
            _named(box, name.lower(), f"{name} of the film in pixels")
            box.valueChanged.connect(self._size_changed)
        self.framing = _combo("framing", "How the recorded square fits the film's shape")
        self.framing.addItem("Show all of it", "fit")
        self.framing.addItem("Fill the picture", "fill")
        line.addWidget(self.width_box)
        line.addWidget(QLabel("x"))
        line.addWidget(self.height_box)
        line.addWidget(self.framing, 1)
        return row

    def _rates(self) -> QWidget:
        self.fps = _combo("fps", "Frames per second; 25 is as recorded, 50 and 60 look smoother")
        for rate in FPS:
            self.fps.addItem(f"{rate:g}", rate)
        self.fps.activated.connect(self._show_size)
        return self.fps

    def _qualities(self) -> QWidget:
        self.quality = _combo("quality", "How much is kept; better takes more space")
        for known in QUALITIES.values():
            self.quality.addItem(known.title, known.name)
        self.quality.activated.connect(self._show_size)
        return self.quality

    def _ranges(self) -> QWidget:
        row = QWidget()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        self.range = _combo("range", "Which part of the performance")
        if self._facts.has_voice:
            self.range.addItem(f"All of it ({self._facts.duration:.1f} s)", "all")
        if self._facts.loop is not None:
            first, last = self._facts.loop
            self.range.addItem(f"From in to out ({first:.1f} s to {last:.1f} s)", "loop")
        self.range.addItem("From … to …", "own")
        self.range.activated.connect(self._range_chosen)
        self.start, self.end = QDoubleSpinBox(), QDoubleSpinBox()
        most = self._facts.duration if self._facts.has_voice else 3600.0
        for box, name in ((self.start, "start"), (self.end, "end")):
            box.setRange(0.0, most)
            box.setDecimals(2)
            box.setSuffix(" s")
            off_the_border(box)
            _named(box, name, f"Second at which the film {'begins' if name == 'start' else 'ends'}")
            box.valueChanged.connect(self._show_size)
        self.end.setValue(min(self._facts.duration or 8.0, most))
        own = QHBoxLayout()
        own.addWidget(self.start)
        own.addWidget(QLabel("to"))
        own.addWidget(self.end)
        own.addStretch(1)
        column.addWidget(self.range)
        column.addLayout(own)
        if self._facts.loop is not None:
            self.range.setCurrentIndex(self.range.findData("loop"))
        self._range_chosen()
        return row

    def _backgrounds(self) -> QWidget:
        self.background = _combo("film_background", "What lies behind the person in the film")
        self.background.addItem("As in the performance", "as is")
        self.background.addItem("As recorded", "plate")
        self.background.addItem("Green", "#00b140")
        self.background.addItem("White", "#ffffff")
        self.background.addItem("Black", "#000000")
        self.background.addItem("See-through (PNG sequence, no sound)", "transparent")
        self.background.activated.connect(self._background_chosen)
        return self.background

    def _cameras(self) -> QWidget:
        self.camera = _combo("camera", "Where the camera stands")
        self.camera.addItem("As in the viewport", "view")
        self.camera.addItem("From the front", "front")
        return self.camera

    def _moves(self) -> QWidget:
        self.move_box = _combo("move", "How the camera moves during the film")
        for name, title in MOVES.items():
            self.move_box.addItem(title, name)
        return self.move_box

    def _place(self) -> QWidget:
        row = QWidget()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        line = QHBoxLayout()
        self.place = QLineEdit(str(free_name(self._facts.folder, self._facts.name, ".mp4", self._facts.taken)))
        _named(self.place, "place", "File the film is written to")
        self.place.textChanged.connect(self._place_changed)
        self.place_line = WrapLabel("", "bad")
        self.place_line.setObjectName("place_line")
        self.place_line.hide()
        choose = IconButton("export_choose_place", "Choose…", "Choose where to save", "folder")
        choose.clicked.connect(self._choose_place)
        line.addWidget(self.place, 1)
        line.addWidget(choose)
        column.addLayout(line)
        column.addWidget(self.place_line)
        return row

    def _place_changed(self, text: str) -> None:
        self.place.setToolTip(text)
        self._show_size()

    def _place_problem(self) -> str:
        """Why no film can be written to the place that is typed; empty if one can."""
        chosen = self.settings()
        out, typed = chosen.out, Path(self.place.text())
        if not typed.name:
            return "Type a name for the film."
        if out == self._facts.folder or out.is_dir():
            return "This is a folder. Type a name for the film in it, or another name."
        if out in self._facts.taken:
            return "A film of this name is being written. Type another name."
        ending = typed.suffix.lower()
        if not chosen.alpha and ending != ".mp4" and ending in (*VIDEO_ENDINGS, ".gif"):
            return f"Films are written as MP4, not as {ending[1:].upper()}: let the name end in .mp4."
        if not out.parent.is_dir() and not out.is_relative_to(self._facts.folder):
            return f"There is no folder {out.parent}. Choose one that is there."
        return self._folder_problem(out)

    def _folder_problem(self, out: Path) -> str:
        if out.parent not in self._folders:
            try:
                check_writable(out)
            except UserError as error:
                self._folders[out.parent] = f"Nothing can be written in {out.parent}. {error.why}"
            else:
                self._folders[out.parent] = ""
        return self._folders[out.parent]

    def _choose_place(self) -> None:
        kinds = "PNG sequence (folder)" if self.settings().alpha else "MP4 film (*.mp4)"
        name, _ = QFileDialog.getSaveFileName(self, "Save the film as", self.place.text(), kinds)
        if name:
            self.place.setText(name)
            self._agreed = self.settings().out  # the system's dialog has asked whether to replace it

    def _format_chosen(self, index: int) -> None:
        known = next((f for f in FORMATS if f.name == self.format.itemData(index)), None)
        if known is not None:
            with QSignalBlocker(self.width_box), QSignalBlocker(self.height_box):
                self.width_box.setValue(known.width)
                self.height_box.setValue(known.height)
            self.framing.setCurrentIndex(self.framing.findData(known.framing))
            self.fps.setCurrentIndex(max(self.fps.findData(known.fps), 0))
            self.quality.setCurrentIndex(self.quality.findData(known.quality))
        self._show_size()

    def _size_changed(self) -> None:
        size = self.width_box.value(), self.height_box.value()
        known = next((f.name for f in FORMATS if (f.width, f.height) == size), CUSTOM)
        self.format.setCurrentIndex(self.format.findData(known))
        self._show_size()

    def _range_chosen(self, *_: object) -> None:
        own = self.range.currentData() == "own"
        self.start.setEnabled(own)
        self.end.setEnabled(own)
        self._show_size()

    def _background_chosen(self) -> None:
        alpha = self.background.currentData() == "transparent"
        stem = re.sub(r"\.mp4$", "", self.place.text(), flags=re.IGNORECASE)
        self.place.setText(stem if alpha else f"{stem}.mp4")
        self.badge.setEnabled(not alpha)
        self._show_size()

    def _range_now(self) -> tuple[float, float | None]:
        kind = self.range.currentData()
        if kind == "loop" and self._facts.loop is not None:
            return self._facts.loop
        if kind == "own":
            return self.start.value(), self.end.value()
        return 0.0, None

    def _seconds(self) -> float:
        start, end = self._range_now()
        return max((end if end is not None else self._facts.duration) - start, 0.0)

    def _show_size(self, *_: object) -> None:
        if not self._complete:
            return  # fields say that they changed while the dialog is still being put together
        seconds, need = self._seconds(), self.estimate()
        free = self._facts.free_bytes
        text = f"{seconds:.1f} s of film, about {words.size(need)}. {words.size(free)} are free on this disk."
        enough = need < free * 0.95
        if not enough:
            text += " That is not enough: choose a smaller size, a shorter range or another disk."
        elif seconds <= 0:
            text = "The film would be empty: the end has to lie behind the start."
        self.size_line.setText(text)
        self.size_line.setProperty("role", "muted" if enough and seconds > 0 else "bad")
        self.size_line.style().unpolish(self.size_line)
        self.size_line.style().polish(self.size_line)
        problem = self._place_problem()
        self.place_line.setText(problem)
        self.place_line.setVisible(bool(problem))
        self.export.setEnabled(enough and seconds > 0 and not problem)

    def _accept(self) -> None:
        out = self.settings().out
        text = f"{out.name} is there already. The new film takes its place."
        if out.exists() and out != self._agreed and not confirm(self, "Replace the film?", text, "Replace"):
            return
        self.accept()


def free_name(folder: Path, name: str, ending: str, taken: Collection[Path] = ()) -> Path:
    """A file name made of a person's name that no film has, nor one of `taken`."""
    stem = re.sub(r"[^\w\- ]+", "", name).strip() or "film"
    candidate, number = folder / f"{stem}{ending}", 2
    while candidate in taken or candidate.exists() or candidate.with_suffix("").exists():
        candidate, number = folder / f"{stem} {number}{ending}", number + 1
    return candidate


def _combo(name: str, tip: str) -> QComboBox:
    box = QComboBox()
    _named(box, name, tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(12)
    return box


def _check(name: str, text: str, tip: str) -> QCheckBox:
    box = QCheckBox(text)
    _named(box, name, tip)
    return box


def _named(widget: QWidget, name: str, tip: str) -> None:
    widget.setObjectName(f"export_{name}")
    widget.setToolTip(tip)
    widget.setAccessibleName(tip)
