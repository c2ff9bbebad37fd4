"""The style sheet of a theme, made from its colours and the grid."""

from __future__ import annotations

from importlib import resources
from string import Template

from PySide6.QtGui import QColor

from emotalker.widgets.style.palette import PALETTES, ThemeName, mixed

_BASE = """
QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: $p4 $p6; }
QLabel { background: transparent; }
QDialogButtonBox, QMessageBox { dialogbuttonbox-buttons-have-icons: 0; }
QLabel[role="title"] { font-size: $title; font-weight: 600; }
QLabel[role="heading"] { font-size: $heading; font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="good"] { color: $good; }
QLabel[role="warn"] { color: $warn; }
QLabel[role="bad"] { color: $bad; }
QLabel[role="badge"] { background: $raised; color: $text; border: 1px solid $border; border-radius: $p7;
  padding: 1px $p8; }
QFrame[role="card"] { background: $panel; border: 1px solid $border; border-radius: $p6; }
QFrame[role="card"]:focus { border: 2px solid $accent; }
QFrame[role="toast"] { background: $raised; border: 1px solid $border; border-radius: $p6; }
QFrame[role="line"] { background: $border; border: none; max-height: 1px; }
QStatusBar, QMenuBar, QToolBar { background: $window; border: none; }
QToolBar { spacing: $p4; padding: $p4; }
QMenuBar::item { padding: $p4 $p8; border-radius: $p4; background: transparent; }
QMenuBar::item:selected { background: $raised; }
QMenu { background: $raised; border: 1px solid $border; padding: $p4; }
QMenu::item { padding: $p6 $p24 $p6 $p8; border-radius: $p4; border: 1px solid transparent; }
QMenu::icon { padding-left: $p8; }
QMenu::item:selected { background: $selection; border-color: $accent; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $border; margin: $p4 $p8; }
QScrollArea, QStackedWidget { border: none; background: transparent; }
QScrollArea > QWidget > QWidget { background: transparent; }
QSplitter::handle { background: $border; }
QSplitter::handle:horizontal { width: 1px; margin: 0 $p3; }
QSplitter::handle:vertical { height: 1px; margin: $p3 0; }
QSplitter::handle:hover { background: $accent; }
QDockWidget { titlebar-close-icon: url("$res/close_$theme.svg"); titlebar-normal-icon: url("$res/float_$theme.svg"); }
QDockWidget::title { background: $window; padding: $p6 $p8; text-align: left; border-bottom: 1px solid $border; }
QGroupBox { border: 1px solid $border; border-radius: $p6; margin-top: $p20; padding: $p8; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; padding: 0 0 $p4 0; }
"""

_BUTTONS = """
QPushButton, QToolButton { background: $raised; color: $text; border: 1px solid $border; border-radius: $p6;
  padding: $p4 $p14; min-height: $p20; icon-size: $p16; }
QPushButton:hover, QToolButton:hover { background: $hover; border-color: $muted; }
QPushButton:pressed, QToolButton:pressed { background: $pressed; }
QPushButton:checked, QToolButton:checked { background: $selection; border-color: $accent; }
QPushButton:focus, QToolButton:focus { border: 2px solid $accent; padding: $p3 $p13; }
QPushButton:disabled, QToolButton:disabled { color: $faint; background: $panel; border-color: $hover; }
QPushButton[role="primary"], QToolButton[role="primary"] { background: $accent; color: $accent_text;
  border-color: $accent; font-weight: 600; }
QPushButton[role="primary"]:hover { background: $accent_hover; }
QPushButton[role="primary"]:pressed { background: $accent_down; }
QPushButton[role="primary"]:focus { border: 2px solid $text; }
QPushButton[role="primary"]:disabled { background: $raised; color: $faint; border-color: $border; }
QPushButton[role="danger"] { color: $bad; border-color: $bad; }
QPushButton[role="danger"]:hover { background: $bad; color: $window; }
QPushButton[role="danger"]:focus { border: 2px solid $bad; background: $hover; }
QPushButton[role="danger"]:disabled { color: $faint; border-color: $border; }
QPushButton[role="quiet"], QToolButton[role="quiet"] { background: transparent; border-color: transparent; }
QPushButton[role="quiet"]:hover, QToolButton[role="quiet"]:hover { background: $raised; }
QPushButton[role="quiet"]:checked, QToolButton[role="quiet"]:checked { background: $selection; }
QPushButton[role="quiet"]:focus, QToolButton[role="quiet"]:focus { border: 2px solid $accent; }
QToolButton { padding: $p3; min-width: $p22; min-height: $p22; }
QToolButton:focus { padding: $p2; }
QToolButton[popupMode="2"] { padding-right: $p20; }
QToolButton::menu-indicator { image: url("$res/down_$theme.svg"); width: $p12; height: $p12;
  subcontrol-position: right center; right: $p4; }
"""

_FIELDS = """
QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox, QDateEdit, QKeySequenceEdit {
  background: $field; color: $text; border: 1px solid $border; border-radius: $p6; padding: $p3 $p8;
  selection-background-color: $selection; selection-color: $text; }
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QDateEdit { min-height: $p22; }
#qt_spinbox_lineedit, #qt_spinbox_lineedit:focus, QComboBox QLineEdit, QComboBox QLineEdit:focus {
  border: none; padding: 0; min-height: 0; background: transparent; }
QSpinBox, QDoubleSpinBox { padding: 1px $p20 1px 1px; min-height: $p26; }
#qt_spinbox_lineedit, #qt_spinbox_lineedit:focus { padding-left: $p6; }
QLineEdit:hover, QComboBox:hover, QSpinBox:hover, QDoubleSpinBox:hover { border-color: $muted; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus,
QDateEdit:focus { border: 2px solid $accent; padding: $p2 $p7; }
QSpinBox:focus, QDoubleSpinBox:focus { padding: 0 $p19 0 0; }
QTextBrowser { background: transparent; border: none; padding: 0; }
QTextBrowser:focus { border: 2px solid $accent; padding: 0; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
  color: $faint; background: $panel; }
QLineEdit:read-only { background: $panel; }
QComboBox { background: $raised; padding-right: $p24; }
QComboBox::drop-down { subcontrol-origin: padding; subcontrol-position: right center; width: $p24; border: none; }
QComboBox::down-arrow { image: url("$res/down_$theme.svg"); width: $p12; height: $p12; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $border; padding: $p4; outline: 0; }
QComboBox QAbstractItemView::item { min-height: $p26; padding: 0 $p6; border-radius: $p4; }
QSpinBox::up-button, QDoubleSpinBox::up-button { subcontrol-origin: border; subcontrol-position: top right;
  width: $p20; border: none; margin: 2px 2px 0 0; }
QSpinBox::down-button, QDoubleSpinBox::down-button { subcontrol-origin: border; subcontrol-position: bottom right;
  width: $p20; border: none; margin: 0 2px 2px 0; }
QSpinBox::up-button:hover, QDoubleSpinBox::up-button:hover, QSpinBox::down-button:hover,
QDoubleSpinBox::down-button:hover { background: $hover; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("$res/up_$theme.svg"); width: $p10; height: $p10; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url("$res/down_$theme.svg"); width: $p10; height: $p10; }
QCheckBox, QRadioButton { spacing: $p8; min-height: $p22; padding: 1px 2px; border: 2px solid transparent;
  border-radius: $p6; background: transparent; }
QCheckBox:focus, QRadioButton:focus { border-color: $accent; }
QCheckBox:disabled, QRadioButton:disabled { color: $faint; }
QCheckBox::indicator, QRadioButton::indicator, QTreeView::indicator, QTableView::indicator, QListView::indicator {
  width: $p16; height: $p16; border: 1px solid $muted; border-radius: $p4; background: $field; }
QRadioButton::indicator { border-radius: $round16; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $accent; }
QCheckBox::indicator:checked, QTreeView::indicator:checked, QTableView::indicator:checked,
QListView::indicator:checked { background: $accent; border-color: $accent; image: url("$res/tick_$theme.svg"); }
QCheckBox::indicator:indeterminate { background: $accent; border-color: $accent; image: url("$res/part_$theme.svg"); }
QRadioButton::indicator:checked { background: $accent; border-color: $accent; image: url("$res/dot_$theme.svg"); }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: $border; background: $panel; }
"""

_RANGES = """
QSlider { min-height: $p24; background: transparent; }
QSlider::groove:horizontal { height: $p4; background: $border; border-radius: $p2; margin: 0 $p2; }
QSlider::sub-page:horizontal { background: $accent; border-radius: $p2; margin: 0 $p2; }
QSlider::handle:horizontal { width: $p14; height: $p14; margin: -$p6 -$p2; border-radius: $round14; background: $text;
  border: 1px solid $window; }
QSlider::groove:vertical { width: $p4; background: $border; border-radius: $p2; margin: $p2 0; }
QSlider::add-page:vertical { background: $accent; border-radius: $p2; margin: $p2 0; }
QSlider::handle:vertical { width: $p14; height: $p14; margin: -$p2 -$p6; border-radius: $round14; background: $text;
  border: 1px solid $window; }
QSlider::handle:hover { background: $accent; }
QSlider::handle:focus { border: 2px solid $accent; }
QSlider::sub-page:disabled, QSlider::add-page:vertical:disabled { background: $muted; }
QSlider::handle:disabled { background: $muted; }
QProgressBar { background: $raised; border: 1px solid $border; border-radius: $p6; min-height: $p16;
  text-align: center; color: $text; }
QProgressBar::chunk { background: $chunk; border-radius: $p5; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: $p12; margin: 0; }
QScrollBar:horizontal { height: $p12; margin: 0; }
QScrollBar::handle { background: $scroll; border-radius: $p4; margin: $p2; }
QScrollBar::handle:vertical { min-height: $p32; }
QScrollBar::handle:horizontal { min-width: $p32; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; }
"""

_VIEWS = """
QAbstractItemView { background: $panel; alternate-background-color: $stripe; border: 1px solid $border;
  border-radius: $p6; outline: 0; selection-background-color: $selection; selection-color: $text; }
QTableView { gridline-color: $hover; }
QTableView::item, QListView::item, QTreeView::item { padding: $p4 $p6; border: 1px solid transparent; }
QListView::item, QTreeView::item { min-height: $p20; }
QAbstractItemView::item:hover { background: $hover; }
QAbstractItemView::item:selected { background: $selection; color: $text; }
QAbstractItemView::item:focus { border: 1px solid $accent; }
QAbstractItemView:focus { border: 1px solid $accent; }
QHeaderView, QTableCornerButton::section { background: $raised; border: none; }
QHeaderView::section { background: $raised; color: $muted; border: none; border-bottom: 1px solid $border;
  border-right: 1px solid $panel; padding: $p6 $p8; font-weight: 600; text-align: left; }
QHeaderView::down-arrow { image: url("$res/down_$theme.svg"); width: $p10; height: $p10; }
QHeaderView::up-arrow { image: url("$res/up_$theme.svg"); width: $p10; height: $p10; }
QTabWidget::pane { border: 1px solid $border; border-radius: $p6; top: -1px; background: $panel; }
QTabBar { background: transparent; }
QTabBar::tab { background: transparent; color: $muted; padding: $p8 $p14; border: none;
  border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; font-weight: 600; }
QTabBar::tab:focus { background: $hover; border-radius: $p4; }
QTabBar::tab:disabled { color: $faint; }
"""


def sheet(theme: ThemeName, scale: float, points: float) -> str:
    """The style sheet.

    Args:
        theme: which colours.
        scale: size of everything, 1 is normal.
        points: size of ordinary text at scale 1.

    Returns:
        QSS.
    """
    c = PALETTES[theme]
    values = {name: getattr(c, name).name() for name in vars(c)}
    values |= {
        "field": _mix(c.window, c.canvas, 0.4) if theme == "dark" else c.raised.name(),
        "hover": _mix(c.raised, c.text, 0.09),
        "pressed": _mix(c.raised, c.canvas, 0.5),
        "stripe": _mix(c.panel, c.raised, 0.35),
        "scroll": _mix(c.border, c.muted, 0.3),
        "faint": _mix(c.text, c.window, 0.55),
        "chunk": _mix(c.accent, c.window, 0.35 if theme == "dark" else 0.6),
        "accent_hover": _mix(c.accent, c.text, 0.14),
        "accent_down": _mix(c.accent, c.canvas, 0.2),
        "theme": theme,
        "res": str(resources.files("emotalker.resources.themes")).replace("\\", "/"),
        "title": f"{points * scale * 1.7:.1f}pt",
        "heading": f"{points * scale * 1.2:.1f}pt",
    }
    # Qt draws square corners where a radius is larger than half of the side
    values |= {f"round{n}": f"{(max(round(n * scale), 1) + 2) // 2}px" for n in (14, 16)}
    values |= {f"p{n}": f"{max(round(n * scale), 1)}px" for n in range(1, 40)}
    return Template(_BASE + _BUTTONS + _FIELDS + _RANGES + _VIEWS).substitute(values)


def _mix(a: QColor, b: QColor, share: float) -> str:
    return mixed(a, b, share).name()
