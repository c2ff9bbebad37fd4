"""The clips as a table."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QImage, QPixmap

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.projects.amounts import spoken
from emotalker.projects.clip_verdicts import ClipVerdict
from emotalker.projects.document import ClipEntry, Manifest
from emotalker.projects.split import held_out
from emotalker.widgets import style

HINT_ROLE = Qt.ItemDataRole.UserRole
"""A few words below the name of a clip: what is wrong with it in the twin."""
Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class Column(enum.IntEnum):
    """Columns, left to right."""

    NAME = 0
    EMOTION = 1
    LEVEL = 2
    LENGTH = 3
    PICTURE = 4
    CHECK = 5
    HELD_OUT = 6


_TITLES = ("Clip", "Emotion", "Level", "Length", "Picture", "Check", "Held out")
_TIPS = (
    "Name and a picture of the clip",
    "What the person shows; double-click or press F2 to change it",
    "How strong it is, 0 to 3; neutral has none",
    "Length of the video",
    "Size of the picture and frames per second",
    "Whether the clip is good to learn from",
    "Held-out clips are never learned from: the twin is measured with them",
)
LIGHTS = {
    "green": ("good", "good", "Good"),
    "yellow": ("warning", "warn", "Usable"),
    "red": ("error", "bad", "Not usable"),
    "missing": ("search", "bad", "File missing"),
    "checking": ("clock", "accent", "Checking…"),
    "none": ("more", "muted", "Not checked"),
}
"""Icon, colour and word of each state of a clip."""


class ClipsModel(QAbstractTableModel):
    """Shows a manifest's clips; edits leave as signals and come back as another manifest."""

    label_edited = Signal(str, str, float)
    """Clip, emotion, level."""
    held_out_edited = Signal(str, bool)

    def __init__(self, parent: object = None) -> None:
        super().__init__(parent)  # type: ignore[arg-type]
        self._folder = Path()
        self._clips: list[ClipEntry] = []
        self._out: frozenset[str] = frozenset()
        self._missing: frozenset[str] = frozenset()
        self._checking: frozenset[str] = frozenset()
        self._icons: dict[str, QIcon] = {}
        self._verdicts: dict[str, ClipVerdict] = {}

    @property
    def clips(self) -> Sequence[ClipEntry]:
        """The clips, one per row."""
        return self._clips

    @property
    def held_out(self) -> frozenset[str]:
        """Ids of the held-out clips, also where the program chose them."""
        return self._out

    @property
    def missing(self) -> frozenset[str]:
        """Ids of the clips whose files are gone."""
        return self._missing

    def show(self, folder: Path | None, manifest: Manifest | None) -> None:
        """Show the clips of a manifest; while they are the same ones, rows (and the selection) stay."""
        clips = list(manifest.clips) if manifest is not None else []
        same = [c.id for c in clips] == [c.id for c in self._clips] and (folder or Path()) == self._folder
        if not same:
            self.beginResetModel()
        self._folder = folder or Path()
        self._clips = clips
        self._out = held_out(clips, manifest.hold_out) if manifest is not None else frozenset()
        self._missing = self._gone()
        if same:
            self._changed()
        else:
            self._icons = {}
            self.endResetModel()

    def set_verdicts(self, verdicts: Sequence[ClipVerdict]) -> None:
        """How the clips came out in the twin; none before it is fitted."""
        self._verdicts = {verdict.clip: verdict for verdict in verdicts}
        self._changed()

    def verdict_of(self, clip: str) -> ClipVerdict | None:
        """How a clip came out, if that is known."""
        return self._verdicts.get(clip)

    def look_again(self) -> bool:
        """Look for the files once more; whether other ones are missing now."""
        before, self._missing = self._missing, self._gone()
        if self._missing != before:
            self._changed()
        return self._missing != before

    def set_checking(self, clips: set[str]) -> None:
        """Which clips are being looked at now."""
        self._checking = frozenset(clips)
        self._changed()

    def set_picture(self, clip: str, image: QImage) -> None:
        """The picture of a clip."""
        self._icons[clip] = QIcon(QPixmap.fromImage(image))
        self._changed()

    def has_picture(self, clip: str) -> bool:
        """Whether the picture of a clip is known."""
        return clip in self._icons

    def path_of(self, clip: ClipEntry) -> Path:
        """The clip's file, absolute."""
        return self._folder / clip.file

    def state_of(self, clip: ClipEntry) -> str:
        """A key of `LIGHTS`."""
        if clip.id in self._missing:
            return "missing"
        if clip.id in self._checking:
            return "checking"
        return clip.check.light if clip.check is not None else "none"

    def row_of(self, clip: str) -> int:
        """Row of a clip, -1 if it is not there."""
        return next((row for row, c in enumerate(self._clips) if c.id == clip), -1)

    def rowCount(self, parent: Index = _ROOT) -> int:
        """One row per clip."""
        return 0 if parent.isValid() else len(self._clips)

    def columnCount(self, parent: Index = _ROOT) -> int:
        """As many as `Column` has."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Titles and what they mean."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[section]
        return _TIPS[section] if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Labels can be edited, the level not of neutral clips; held-out is a tick."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        column, clip = Column(index.column()), self._clips[index.row()]
        if column is Column.EMOTION or (column is Column.LEVEL and clip.emotion != EMOTIONS[0]):
            flags |= Qt.ItemFlag.ItemIsEditable
        elif column is Column.HELD_OUT:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What a cell shows."""
        clip, column = self._clips[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(clip, column)
        if role == Qt.ItemDataRole.EditRole:
            return {Column.EMOTION: clip.emotion, Column.LEVEL: clip.level}.get(column)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icon(clip, column)
        if role == Qt.ItemDataRole.ForegroundRole and column is Column.CHECK:
            return QColor(getattr(style.colours(), LIGHTS[self.state_of(clip)][1]))
        if role == Qt.ItemDataRole.CheckStateRole and column is Column.HELD_OUT:
            return Qt.CheckState.Checked if clip.id in self._out else Qt.CheckState.Unchecked
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._tip(clip, column)
        if role == Qt.ItemDataRole.AccessibleTextRole and column is Column.HELD_OUT:
            return "held out" if clip.id in self._out else "learned from"
        if role == HINT_ROLE and column is Column.NAME and clip.id in self._verdicts:
            return self._verdicts[clip.id].short
        if role == Qt.ItemDataRole.SizeHintRole and column is Column.NAME:
            return QSize(0, style.space(7))
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for a change; the cell shows it when the manifest has it."""
        clip, column = self._clips[index.row()], Column(index.column())
        if column is Column.HELD_OUT and role == Qt.ItemDataRole.CheckStateRole:
            self.held_out_edited.emit(clip.id, Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        if role != Qt.ItemDataRole.EditRole:
            return False
        if column is Column.EMOTION and value != clip.emotion:
            self.label_edited.emit(clip.id, str(value), usual_level(str(value), clip))
            return True
        if column is Column.LEVEL and isinstance(value, float) and value != clip.level:
            self.label_edited.emit(clip.id, clip.emotion, value)
            return True
        return False

    def _text(self, clip: ClipEntry, column: Column) -> str:
        return {
            Column.NAME: clip.id,
            Column.EMOTION: clip.emotion.capitalize(),
            Column.LEVEL: "–" if clip.emotion == EMOTIONS[0] else f"{clip.level:g}",
            Column.LENGTH: spoken(clip.duration),
            Column.PICTURE: f"{clip.width} × {clip.height}, {clip.fps:.3g} fps",
            Column.CHECK: LIGHTS[self.state_of(clip)][2],
            Column.HELD_OUT: "",
        }[column]

    def _icon(self, clip: ClipEntry, column: Column) -> QIcon | None:
        if column is Column.NAME:
            return self._icons.get(clip.id) or style.icon("clips")
        if column is Column.CHECK:
            icon, colour, _ = LIGHTS[self.state_of(clip)]
            return QIcon(style.pixmap(icon, 20, getattr(style.colours(), colour), 2.0))
        return None

    def _tip(self, clip: ClipEntry, column: Column) -> str:
        if column is Column.NAME:
            verdict = self._verdicts.get(clip.id)
            return str(self.path_of(clip)) + (f"\n{verdict.text}" if verdict is not None else "")
        if column is Column.CHECK and clip.check is not None and clip.check.findings:
            return "\n".join(clip.check.findings)
        return _TIPS[column]

    def _gone(self) -> frozenset[str]:
        return frozenset(c.id for c in self._clips if not self.path_of(c).is_file())

    def _changed(self) -> None:
        if self._clips:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._clips) - 1, len(Column) - 1))


def usual_level(emotion: str, clip: ClipEntry) -> float:
    """Level of a clip that gets another emotion: the old one, the middle of the scale for one that was neutral."""
    if emotion == EMOTIONS[0]:
        return 0.0
    return clip.level if clip.level > 0 else 2.0
