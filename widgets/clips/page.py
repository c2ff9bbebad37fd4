"""The page where clips are brought in, labelled and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QImage, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from emotalker.projects.amounts import amounts
from emotalker.projects.clip_verdicts import ClipVerdict
from emotalker.projects.document import ClipEntry, Consent, Manifest
from emotalker.widgets import style
from emotalker.widgets.clips.details import ClipDetails
from emotalker.widgets.clips.loader import Loader
from emotalker.widgets.clips.model import ClipsModel, Column
from emotalker.widgets.clips.pictures import small_picture
from emotalker.widgets.clips.summary import AmountsPanel, headline
from emotalker.widgets.clips.table import ClipsTable
from emotalker.widgets.clips.toolbar import ClipsToolbar
from emotalker.widgets.common import EmptyState, WrapLabel
from emotalker.widgets.common.drops import FileDrop
from emotalker.widgets.consent import ConsentBanner, ConsentPanel

PICTURE_SIDE = 320
WIDE = 132  # steps of the grid from which length and size of the picture have columns


class ClipsPage(QWidget):
    """Table of the clips; beside it what the check found, how much is enough, and the consent.

    Attributes:
        table: the clips.
        details: of the selected ones.
        consent: the person's consent.
        tabs: holds details, amounts and consent.
    """

    add_requested = Signal()
    files_dropped = Signal(object)
    """list[Path]."""
    labels_changed = Signal(object)
    """dict[str, tuple[str, float]]: emotion and level by clip."""
    remove_requested = Signal(object)
    """list[str]: clips."""
    hold_out_changed = Signal(object)
    """list[str]: all clips to hold out from now on."""
    check_requested = Signal(object)
    """list[str]: clips."""
    relink_requested = Signal()
    play_requested = Signal(str)
    tracking_requested = Signal(str)
    """The clip whose tracking is to be shown."""
    consent_changed = Signal(object)
    """Consent."""
    selection_changed = Signal(object)
    """list[str]: clips."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("clips_page")
        self.setAccessibleName("Clips")
        FileDrop(self).dropped.connect(self.files_dropped)
        self._loader = Loader(self)
        self._loader.loaded.connect(self._picture_loaded)
        self._wide: bool | None = None
        self._stated: tuple[Path | None, Consent, str] | None = None
        self._pictures: dict[tuple[str, int], QImage] = {}
        self._tracked: frozenset[str] = frozenset()
        self.model = ClipsModel(self)
        self.model.label_edited.connect(self._label_edited)
        self.model.held_out_edited.connect(self._held_out_edited)
        self.table = ClipsTable(self.model)
        self.table.selectionModel().selectionChanged.connect(self._selected)
        self.table.remove_requested.connect(self._remove)
        self.table.doubleClicked.connect(self._double_clicked)
        self.toolbar = ClipsToolbar()
        self.toolbar.add.clicked.connect(self.add_requested)
        self.toolbar.remove.clicked.connect(self._remove)
        self.toolbar.check.clicked.connect(self._check)
        self.toolbar.relink.clicked.connect(self.relink_requested)
        self.summary = WrapLabel("", "muted")
        self.banner = ConsentBanner()
        self.banner.clicked.connect(self.show_consent)
        self.details, self.amounts, self.consent = ClipDetails(), AmountsPanel(), ConsentPanel()
        self.details.labels_changed.connect(self.labels_changed)
        self.details.play_requested.connect(self.play_requested)
        self.details.tracking_requested.connect(self.tracking_requested)
        self.details.relink_requested.connect(self.relink_requested)
        self.consent.consent_changed.connect(self.consent_changed)
        self.empty = EmptyState(
            "clips", "No clips yet",
            "Drop videos or folders here: a few short clips of one person talking, calm and with each emotion. Names "
            "like happy_level2.mp4 label themselves.",
            "Add clips…", "Choose video files (Ctrl+I)",
        )  # fmt: skip
        self.empty.clicked.connect(self.add_requested)
        self._arrange()
        self.set_project(None, None)

    def set_project(self, folder: Path | None, manifest: Manifest | None) -> None:
        """Show a project's clips and consent; None for no project. The selection stays while the clips do."""
        self.model.show(folder, manifest)
        clips = self.model.clips
        self._stack.setCurrentIndex(1 if clips else 0)
        for clip in clips:
            self._want_picture(clip)
        found = amounts(clips, self.model.held_out)
        self.amounts.set_amounts(found)
        self.summary.setText(headline(found) if found else "")
        self.toolbar.set_missing(len(self.model.missing))
        self.setEnabled(manifest is not None)
        stated = (folder, manifest.consent, manifest.name) if manifest is not None else None
        if stated is not None and stated != self._stated:  # a check that comes in leaves a form filled in half alone
            self.consent.set_consent(stated[1], stated[2])
        self._stated = stated
        self.banner.setVisible(manifest is not None and not manifest.consent.given)
        self._refresh()

    def set_results(self, verdicts: Sequence[ClipVerdict], tracked: frozenset[str]) -> None:
        """What training made of the clips: how they came out, and which tracks can be looked at."""
        self._tracked = tracked
        self.model.set_verdicts(verdicts)
        self._refresh()

    def look_again(self) -> None:
        """Notice clips that were moved, or are back, since they were shown."""
        if self.model.look_again():
            self.toolbar.set_missing(len(self.model.missing))
            for clip in self.model.clips:
                self._want_picture(clip)
            self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Look for the files, which may have been moved while another page was shown."""
        super().showEvent(event)
        self.look_again()

    def set_checking(self, clips: set[str]) -> None:
        """Which clips are being looked at now."""
        self.model.set_checking(clips)
        self.toolbar.set_busy(bool(clips))
        self._refresh()

    def show_consent(self) -> None:
        """Bring the consent to the front."""
        self.tabs.setCurrentWidget(self.consent)
        self.consent.name.setFocus()

    def selected(self) -> list[str]:
        """Ids of the selected clips, in the order of the table."""
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        return [self.model.clips[row].id for row in rows if row < len(self.model.clips)]

    def select(self, clips: list[str]) -> None:
        """Select clips by id."""
        chosen = QItemSelection()
        for row in (self.model.row_of(clip) for clip in clips):
            if row >= 0:
                chosen.select(self.model.index(row, 0), self.model.index(row, len(Column) - 1))
        self.table.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what the details say too where there is little room."""
        super().resizeEvent(event)
        wide = self.width() >= style.space(WIDE)
        if wide is not self._wide:
            self._wide = wide
            side = style.space(42 if wide else 33)
            self.splitter.setSizes([self.width() - side, side])
            for column in (Column.PICTURE, Column.LENGTH):
                self.table.setColumnHidden(column, not wide)

    def _arrange(self) -> None:
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.table)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("clips_tabs")
        self.tabs.setAccessibleName("About the clips")
        for page, text, tip in (
            (self.details, "Details", "What the check found in the selected clip"),
            (self.amounts, "How much", "How much there is of each emotion, and how much is enough"),
            (self.consent, "Consent", "The consent of the person in the clips"),
        ):
            self.tabs.setTabToolTip(self.tabs.addTab(page, text), tip)
        self.tabs.setMinimumWidth(style.space(33))
        across = QSplitter(Qt.Orientation.Horizontal)
        across.setObjectName("clips_across")
        across.setChildrenCollapsible(False)
        across.addWidget(self._stack)
        across.addWidget(self.tabs)
        across.setStretchFactor(0, 1)
        self.splitter = across
        head = QHBoxLayout()
        head.setSpacing(style.space(2))
        head.addWidget(self.toolbar, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(style.space(2), style.space(1), style.space(2), style.space(1))
        column.setSpacing(style.space(1))
        column.addLayout(head)
        column.addWidget(self.banner)
        column.addWidget(across, 1)
        column.addWidget(self.summary)

    def _want_picture(self, clip: ClipEntry) -> None:
        key, path = (str(self.model.path_of(clip)), clip.modified), self.model.path_of(clip)
        if clip.id in self.model.missing or self.model.has_picture(clip.id):
            return
        if key in self._pictures:
            self.model.set_picture(clip.id, self._pictures[key])
        else:
            self._loader.load((clip.id, key), lambda: small_picture(path, PICTURE_SIDE))

    def _picture_loaded(self, key: tuple[str, tuple[str, int]], image: QImage) -> None:
        self._pictures[key[1]] = image
        row = self.model.row_of(key[0])
        if row >= 0 and str(self.model.path_of(self.model.clips[row])) == key[1][0]:
            self.model.set_picture(key[0], image)
            if self.selected() == [key[0]]:
                self._refresh()

    def _selected(self) -> None:
        self._refresh()
        self.selection_changed.emit(self.selected())

    def _refresh(self) -> None:
        ids = self.selected()
        clips = [self.model.clips[self.model.row_of(clip)] for clip in ids]
        state = self.model.state_of(clips[0]) if clips else "none"
        image = None
        if clips:
            image = self._pictures.get((str(self.model.path_of(clips[0])), clips[0].modified))
        self.details.show_clips(clips, state, QPixmap.fromImage(image) if image is not None else None)
        verdict = self.model.verdict_of(clips[0].id) if len(clips) == 1 else None
        outcome = verdict.text if verdict is not None and verdict.short else ""
        self.details.show_result(outcome, len(clips) == 1 and clips[0].id in self._tracked)
        self.toolbar.set_selected(len(clips), len(self.model.clips))

    def _label_edited(self, clip: str, emotion: str, level: float) -> None:
        """An edit in one of several selected rows is meant for all of them."""
        chosen = self.selected() if clip in self.selected() else [clip]
        before = {c.id: c for c in self.model.clips}
        whole = emotion != before[clip].emotion
        labels = {
            name: (emotion, level) if whole else (before[name].emotion, level)
            for name in chosen
            if whole or before[name].level > 0 or name == clip
        }
        self.labels_changed.emit(labels)

    def _held_out_edited(self, clip: str, out: bool) -> None:
        chosen = self.selected() if clip in self.selected() else [clip]
        now = self.model.held_out | set(chosen) if out else self.model.held_out - set(chosen)
        self.hold_out_changed.emit([c.id for c in self.model.clips if c.id in now])

    def _remove(self) -> None:
        if self.selected():
            self.remove_requested.emit(self.selected())

    def _check(self) -> None:
        clips = self.selected() or [clip.id for clip in self.model.clips]
        self.check_requested.emit([clip for clip in clips if clip not in self.model.missing])

    def _double_clicked(self, index: object) -> None:
        row, column = index.row(), index.column()  # type: ignore[attr-defined]
        if column == Column.NAME:
            self.play_requested.emit(self.model.clips[row].id)
        elif column == Column.CHECK and self.model.clips[row].id in self.model.missing:
            self.relink_requested.emit()
