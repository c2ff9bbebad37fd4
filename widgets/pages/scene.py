"""Voice, background and picture of the performance."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QStandardItemModel
from PySide6.QtWidgets import (
    QColorDialog,
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from emotalker.widgets import style
from emotalker.widgets.common import IconButton

BACKGROUNDS = (("As recorded", "plate"), ("Dark grey", "#24262a"), ("White", "#ffffff"), ("Green", "#00b140"),
               ("Checker", "checker"))  # fmt: skip
SIZES = ((256, "256 pixels, fastest"), (512, "512 pixels"), (768, "768 pixels, finer"), (1024, "1024 pixels, finest"))
_COLOUR, _PICTURE, _OTHER = "choose colour", "choose picture", "other"


class ScenePanel(QFrame):
    """Which voice, what lies behind, how large the picture is drawn and by which renderer."""

    voice_requested = Signal()
    voice_removed = Signal()
    background_changed = Signal(str)
    picture_requested = Signal()
    size_changed = Signal(int)
    backend_changed = Signal(str)
    view_reset = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("scene_panel")
        self.setProperty("role", "card")
        self._spec = "plate"
        title = QLabel("Scene")
        title.setProperty("role", "heading")
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Voice", self._voice_row())
        self.background = self._combo("background", "What lies behind the person")
        for text, spec in BACKGROUNDS:
            self.background.addItem(text, spec)
        self.background.addItem("Colour…", _COLOUR)
        self.background.addItem("Picture…", _PICTURE)
        self.background.activated.connect(self._background_chosen)
        form.addRow("&Background", self.background)
        self.size_box = self._combo("render_size", "How large the twin is drawn; smaller is faster")
        for size, text in SIZES:
            self.size_box.addItem(text, size)
        self.size_box.activated.connect(lambda _: self.size_changed.emit(self.size_box.currentData()))
        form.addRow("&Detail", self.size_box)
        self.backend = self._combo("render_backend", "What draws the twin: the processor or a graphics card")
        self.backend.activated.connect(lambda _: self.backend_changed.emit(self.backend.currentData()))
        form.addRow("&Renderer", self.backend)
        self.camera_text = QLabel()
        self.camera_text.setObjectName("camera_text")
        self.camera_text.setProperty("role", "muted")
        self.camera_text.setWordWrap(True)
        reset = IconButton("reset_view", "Reset view", "Look from where the recordings were made (0)", "reset")
        reset.clicked.connect(self.view_reset)
        layout = QVBoxLayout(self)
        layout.setSpacing(style.space(1))
        for part in (title, self.camera_text, reset):
            layout.addWidget(part)
        layout.insertLayout(1, form)
        self.set_voice("", "")
        self.set_view(0.0, 0.0, 1.0)

    def set_voice(self, name: str, detail: str) -> None:
        """Name of the recording the twin says, and a word about it ("0:12"); empty for none."""
        self.voice_name.setText(f"{name} ({detail})" if name and detail else name or "None: the twin is silent")
        self.voice_name.setToolTip(name)
        self.voice_remove.setEnabled(bool(name))

    def set_background(self, spec: str) -> None:
        """The background chosen."""
        self._spec = spec
        index = self.background.findData(spec)
        other = self.background.findData(_OTHER)
        if other >= 0:
            self.background.removeItem(other)
        if index < 0:
            text = f"Colour {spec}" if spec.startswith("#") else f"Picture {spec.rpartition('/')[2]}"
            self.background.insertItem(0, text, _OTHER)
            index = 0
        self.background.setCurrentIndex(index)

    def set_size(self, size: int) -> None:
        """The side of the picture in pixels."""
        self.size_box.setCurrentIndex(max(self.size_box.findData(size), 0))

    def set_backends(self, choices: Sequence[tuple[str, str, bool, str]], current: str) -> None:
        """What can draw: (name, title, whether it works here, why not)."""
        self.backend.clear()
        for name, title, available, reason in choices:
            self.backend.addItem(title if available else f"{title} (not here)", name)
            index = self.backend.count() - 1
            self.backend.setItemData(index, reason, Qt.ItemDataRole.ToolTipRole)
            model = self.backend.model()
            assert isinstance(model, QStandardItemModel)  # what a combo box makes for itself
            model.item(index).setEnabled(available)
        self.backend.setCurrentIndex(max(self.backend.findData(current), 0))

    def set_backend(self, name: str) -> None:
        """What draws now."""
        self.backend.setCurrentIndex(max(self.backend.findData(name), 0))

    def set_view(self, yaw: float, pitch: float, zoom: float) -> None:
        """Where the camera is, degrees."""
        self.camera_text.setText(f"Camera: {yaw:+.0f}° around, {pitch:+.0f}° up, {zoom:.2f} times as large")

    def _voice_row(self) -> QWidget:
        row = QWidget()
        self.voice_name = QLabel()
        self.voice_name.setObjectName("voice_name")
        self.voice_name.setWordWrap(True)
        self.voice_name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        choose = IconButton("choose_voice", "Choose…", "Choose the recording the twin says (Ctrl+Shift+O)", "waveform")
        choose.clicked.connect(self.voice_requested)
        self.voice_remove = IconButton("remove_voice", "None", "Let the twin be silent", "close")
        self.voice_remove.clicked.connect(self.voice_removed)
        buttons = QHBoxLayout()
        buttons.addWidget(choose, 1)
        buttons.addWidget(self.voice_remove)
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.voice_name)
        column.addLayout(buttons)
        row.setFocusProxy(choose)
        return row

    def _background_chosen(self, _index: int) -> None:
        chosen = self.background.currentData()
        if chosen == _COLOUR:
            start = QColor(self._spec) if self._spec.startswith("#") else QColor("#808080")
            colour = QColorDialog.getColor(start, self, "Background colour")
            self.set_background(self._spec)
            if colour.isValid():
                self.background_changed.emit(colour.name())
        elif chosen == _PICTURE:
            self.set_background(self._spec)
            self.picture_requested.emit()
        elif chosen != _OTHER:
            self.background_changed.emit(chosen)

    @staticmethod
    def _combo(name: str, tip: str) -> QComboBox:
        box = QComboBox()
        box.setObjectName(name)
        box.setToolTip(tip)
        box.setAccessibleName(tip)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        return box
