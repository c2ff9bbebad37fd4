"""The menus of the right mouse button on the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from emotalker.engine.emotion import edit
from emotalker.engine.emotion.curve import EASINGS
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.widgets.emotion.words import EASING_TITLES, TITLES, strongest
from emotalker.widgets.timeline import changes

if TYPE_CHECKING:
    from emotalker.widgets.timeline.canvas import Canvas

_CLEAR = 2.0  # level that a neutral keyframe takes with its first emotion
_NEUTRAL = EMOTIONS.index("neutral")


def key_menu(canvas: Canvas) -> QMenu:
    """Emotion, easing and deletion of the chosen keyframes."""
    menu, state = QMenu(canvas), canvas.state
    keys = [state.curve.keyframes[i] for i in state.selected]
    emotions = menu.addMenu("Emotion")
    one = QActionGroup(menu)
    for index, name in enumerate(EMOTIONS):
        action = _choice(emotions, one, TITLES[name], all(strongest(k.weights) == index for k in keys))
        action.triggered.connect(lambda _on=False, e=index: set_emotion(canvas, e))
    easings = menu.addMenu("Easing to the next keyframe")
    way = QActionGroup(menu)
    for easing in sorted(EASINGS, key=list(EASING_TITLES).index):
        action = _choice(easings, way, EASING_TITLES[easing], all(k.easing == easing for k in keys))
        action.triggered.connect(lambda _on=False, e=easing: set_easing(canvas, e))
    menu.addSeparator()
    many = len(state.selected)
    delete = menu.addAction("Delete keyframe\tDel" if many == 1 else f"Delete {many} keyframes\tDel")
    delete.setEnabled(len(state.curve.keyframes) > 1)
    delete.triggered.connect(lambda: changes.delete_selected(canvas))
    return menu


def lane_menu(canvas: Canvas, time: float) -> QMenu:
    """What can be done at an empty place of the lane."""
    menu = QMenu(canvas)
    menu.addAction("Add keyframe here").triggered.connect(lambda: changes.add_key(canvas, time))
    menu.addAction("Add keyframe at the playhead").triggered.connect(
        lambda: changes.add_key(canvas, canvas.state.playhead)
    )
    every = menu.addAction("Choose all keyframes\tCtrl+A")
    every.triggered.connect(lambda: canvas.select(tuple(range(len(canvas.state.curve.keyframes))), 0))
    return menu


def loop_menu(canvas: Canvas, time: float) -> QMenu:
    """Loop and zoom, on ruler and waveform."""
    menu = QMenu(canvas)
    menu.addAction("Start the loop here").triggered.connect(lambda: changes.mark(canvas, 0, time))
    menu.addAction("End the loop here").triggered.connect(lambda: changes.mark(canvas, 1, time))
    clear = menu.addAction("Clear the loop")
    clear.setEnabled(canvas.state.loop is not None)
    clear.triggered.connect(lambda: changes.clear_loop(canvas))
    menu.addSeparator()
    menu.addAction("Show everything").triggered.connect(lambda: canvas.fit())
    return menu


def set_emotion(canvas: Canvas, emotion: int) -> None:
    """Give the chosen keyframes one emotion; those at level 0 become clear, for the choice would not be seen."""
    state, curve = canvas.state, canvas.state.curve
    weights = tuple(float(e == emotion) for e in range(len(EMOTIONS)))
    for index in state.selected:
        key = curve.keyframes[index]
        quiet = key.level * (1 - key.weights[_NEUTRAL]) < 1e-3 and emotion != _NEUTRAL
        curve = edit.set_emotion(curve, (index,), weights, _CLEAR if quiet else key.level)
    if curve != state.curve:
        canvas.finish_edit(curve, "Change emotion")


def set_easing(canvas: Canvas, easing: str) -> None:
    """Give the chosen keyframes an easing."""
    curve = edit.set_easing(canvas.state.curve, canvas.state.selected, easing)
    if curve != canvas.state.curve:
        canvas.finish_edit(curve, "Change easing")


def _choice(menu: QMenu, group: QActionGroup, title: str, on: bool) -> QAction:
    action = menu.addAction(title)
    action.setCheckable(True)
    action.setChecked(on)
    group.addAction(action)
    return action
