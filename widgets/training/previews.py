"""Fixed frames of the recording beside what the twin shows for them, over the course of the training."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from emotalker.widgets import style
from emotalker.widgets.common import FlowLayout
from emotalker.widgets.training.compare_view import CompareView
from emotalker.widgets.training.loader import PictureLoader
from emotalker.widgets.training.tiles import Tiles, has_history, tiles_of

THUMB = QSize(44, 44)
EMPTY = (
    "The first pictures appear here soon after training begins: the recording, and beside it what the twin looks like."
)


class PreviewStrip(QFrame):
    """Shows one fixed frame large, the others as small buttons, and a slider through the steps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview_strip")
        self.setProperty("role", "card")
        self._previews: dict[str, list[tuple[int, Path]]] = {}
        self._stage = ""
        self._frame = 0
        self._follow = True
        self._shown: tuple[Path, QImage] | None = None
        self._titles: dict[str, str] = {}
        self._loader = PictureLoader(self)
        self._loader.loaded.connect(self._loaded)
        self.view = CompareView(self)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self._label = QLabel()
        self._tabs = QTabBar(self)
        self._thumbs = QButtonGroup(self)
        self._thumbs.setExclusive(True)
        self._lay_out()
        style.notifier().changed.connect(self._restyle)
        self._refresh()

    # --- data

    def add(self, stage: str, step: int, path: Path) -> None:
        """A picture was written; the newest is shown unless an older one was picked."""
        known = self._previews.get(stage)
        if known is None:
            known = self._previews[stage] = []
            self._fill_tabs()
        self._loader.forget(path)
        if has_history(stage):
            # a run that went back overwrites what it had drawn after that step
            known[:] = [(s, p) for s, p in known if s < step]
        else:
            known[:] = [(s, p) for s, p in known if p != path]
        known.append((step, path))
        if not self._stage:
            self.set_stage(stage)
        elif stage == self._stage:
            self._refresh()

    def clear(self) -> None:
        """Forget everything."""
        self._previews.clear()
        self._loader.clear()
        self._stage, self._frame, self._follow, self._shown = "", 0, True, None
        self._fill_tabs()
        self._refresh()

    def stages(self) -> list[str]:
        """Stages with pictures, in the order they came."""
        return list(self._previews)

    @property
    def stage(self) -> str:
        """The stage whose pictures are shown."""
        return self._stage

    def set_stage(self, stage: str) -> None:
        """Show the pictures of a stage, the newest first."""
        if stage not in self._previews:
            return
        self._stage, self._follow = stage, True
        index = list(self._previews).index(stage)
        self._tabs.blockSignals(True)
        self._tabs.setCurrentIndex(index)
        self._tabs.blockSignals(False)
        self._refresh()

    def set_stage_titles(self, titles: dict[str, str]) -> None:
        """What people call the stages."""
        self._titles = dict(titles)
        self._fill_tabs()

    def set_frame(self, frame: int) -> None:
        """Show the `frame`-th fixed frame."""
        self._frame = frame
        self._draw()

    def wait(self) -> None:
        """Block until no picture is being read; for tests and for closing."""
        self._loader.wait()

    # --- inside

    def _lay_out(self) -> None:
        box = QVBoxLayout(self)
        margin = style.space(1.5)
        box.setContentsMargins(margin, margin, margin, margin)
        box.setSpacing(style.space(1))
        bar = QWidget(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        bar.setSizePolicy(policy)
        flow = FlowLayout(bar, 1)
        self._tabs.setObjectName("preview_stages")
        self._tabs.setAccessibleName("Stage of the pictures")
        self._tabs.setToolTip("Which stage's pictures to show")
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        self._tabs.setUsesScrollButtons(False)
        self._tabs.currentChanged.connect(self._tab_changed)
        flow.addWidget(self._tabs)
        tools = QWidget(bar)
        row = QHBoxLayout(tools)
        row.setContentsMargins(0, 0, 0, 0)
        self.wipe_button = self._toggle(
            "preview_wipe", "compare", "Wipe", "Lay the twin over the recording, with a wipe"
        )
        self.wipe_button.toggled.connect(self._set_wipe)
        self.mouth_button = self._toggle("preview_mouth", "zoom", "Mouth", "Look at the mouth only")
        self.mouth_button.toggled.connect(self.view.set_zoom)
        self.driver = QComboBox(self)
        self.driver.setObjectName("preview_driver")
        self.driver.setAccessibleName("What moves the twin")
        self.driver.setToolTip("Whether the twin's face follows the recording or only the voice")
        self.driver.currentIndexChanged.connect(self._draw)
        for part in (self.wipe_button, self.mouth_button, self.driver):
            row.addWidget(part)
        flow.addWidget(tools)
        middle = QHBoxLayout()
        middle.setSpacing(style.space(1))
        self._column = QVBoxLayout()
        self._column.setSpacing(style.space(0.5))
        self._column.addStretch(1)
        middle.addWidget(self.view, 1)
        middle.addLayout(self._column)
        box.addWidget(bar)
        box.addLayout(middle, 1)
        box.addLayout(self._history_row())

    def _history_row(self) -> QHBoxLayout:
        self.slider.setObjectName("preview_history")
        self.slider.setAccessibleName("Step shown")
        self.slider.setToolTip("Go back to see how the twin looked at earlier steps")
        self.slider.setPageStep(1)
        self.slider.valueChanged.connect(self._slid)
        self._label.setObjectName("preview_step")
        self._label.setAccessibleName("Picture shown")
        self._label.setProperty("role", "muted")
        row = QHBoxLayout()
        row.addWidget(self.slider, 1)
        row.addWidget(self._label)
        return row

    def _toggle(self, name: str, icon: str, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setText(text)
        button.setIcon(style.icon(icon))
        button.setProperty("icon_name", icon)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setCheckable(True)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _fill_tabs(self) -> None:
        self._tabs.blockSignals(True)
        while self._tabs.count():
            self._tabs.removeTab(0)
        for stage in self._previews:
            self._tabs.addTab(self._titles.get(stage) or stage.capitalize())
        if self._stage in self._previews:
            self._tabs.setCurrentIndex(list(self._previews).index(self._stage))
        self._tabs.blockSignals(False)
        self._tabs.setVisible(bool(self._previews))

    def _tab_changed(self, index: int) -> None:
        if 0 <= index < len(self._previews):
            self.set_stage(list(self._previews)[index])

    def _set_wipe(self, on: bool) -> None:
        self.view.set_wipe(on)
        if on:
            self.view.setFocus()

    def _slid(self, value: int) -> None:
        self._follow = value == self.slider.maximum()
        self._ask()

    def _refresh(self) -> None:
        """The list of pictures changed: put the slider where it belongs, and load."""
        known = self._previews.get(self._stage, [])
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(len(known) - 1, 0))
        if self._follow:
            self.slider.setValue(self.slider.maximum())
        self.slider.blockSignals(False)
        self.slider.setEnabled(len(known) > 1)
        self._ask()

    def _wanted(self) -> tuple[int, Path] | None:
        known = self._previews.get(self._stage, [])
        return known[min(self.slider.value(), len(known) - 1)] if known else None

    def _ask(self) -> None:
        wanted = self._wanted()
        if wanted is None:
            self._shown = None
            self._draw()
            return
        step, path = wanted
        count = len(self._previews[self._stage])
        self._label.setText(
            f"Step {step:,}"
            if has_history(self._stage)
            else f"{path.stem.replace('_', ' ')} ({self.slider.value() + 1} of {count})"
        )
        picture = self._loader.ask(path)
        if picture is not None:
            self._loaded(path, picture)

    def _loaded(self, path: Path, picture: QImage) -> None:
        wanted = self._wanted()
        if wanted is not None and wanted[1] == path:
            self._shown = (path, picture)
            self._draw()

    def _draw(self) -> None:
        """Cut the picture and show the chosen frame."""
        tiles = self._tiles()
        if tiles is None or self._shown is None:
            missing = (
                ""
                if self._shown is None
                else f"The picture {self._shown[0].name} is no longer there or cannot be read."
            )
            self._set_thumbs([])
            self._set_driver(())
            self.view.set_pictures([], missing or EMPTY)
            if not self._previews:
                self._label.clear()
            return
        picture = self._shown[1]
        self._frame = min(self._frame, tiles.frames - 1)
        self._set_driver(tiles.parts[1:])
        self._set_thumbs(
            [picture.copy(QRect(*tiles.box(f, 0))) for f in range(tiles.frames)] if tiles.frames > 1 else []
        )
        parts = [0, 1 + max(self.driver.currentIndex(), 0)] if len(tiles.parts) > 1 else [0]
        self.view.set_pictures([(tiles.parts[p], picture.copy(QRect(*tiles.box(self._frame, p)))) for p in parts])

    def _tiles(self) -> Tiles | None:
        if self._shown is None or self._shown[1].isNull():
            return None
        return tiles_of(self._stage, self._shown[1].width(), self._shown[1].height())

    def _set_driver(self, parts: tuple[str, ...]) -> None:
        """The choice of what moves the twin, where a stage shows both."""
        if [self.driver.itemText(i) for i in range(self.driver.count())] != list(parts):
            self.driver.blockSignals(True)
            self.driver.clear()
            self.driver.addItems(list(parts))
            self.driver.setCurrentIndex(len(parts) - 1)  # the voice is what the twin will have to do with
            self.driver.blockSignals(False)
        self.driver.setVisible(len(parts) > 1)

    def _set_thumbs(self, pictures: list[QImage]) -> None:
        buttons = self._thumbs.buttons()
        if len(buttons) != len(pictures):
            for old in buttons:
                self._thumbs.removeButton(old)
                self._column.removeWidget(old)
                old.hide()
                old.deleteLater()
            for number in range(len(pictures)):
                button = self._toggle(f"preview_frame_{number}", "image", "", f"Show fixed frame {number + 1}")
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
                button.setIconSize(THUMB)
                button.clicked.connect(partial(self.set_frame, number))
                self._thumbs.addButton(button, number)
                self._column.insertWidget(number, button)
        for number, picture in enumerate(pictures):
            thumb = self._thumbs.button(number)
            thumb.setIcon(
                QIcon(QPixmap.fromImage(picture.scaled(THUMB * 2, mode=Qt.TransformationMode.SmoothTransformation)))
            )
            thumb.setChecked(number == self._frame)

    def _restyle(self) -> None:
        for button in (self.wipe_button, self.mouth_button):
            button.setIcon(style.icon(str(button.property("icon_name"))))
