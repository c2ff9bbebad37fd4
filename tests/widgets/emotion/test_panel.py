"""The emotion panel: live while it moves, one named edit at the end, never an invalid emotion."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QDoubleSpinBox, QLabel, QLineEdit, QSlider

from emotalker.engine.emotion.curve import Keyframe
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.widgets.emotion import EmotionPanel
from emotalker.widgets.emotion.level import LevelSlider
from emotalker.widgets.emotion.words import emotion_words, short_words

LEFT = Qt.MouseButton.LeftButton


def mix(**shares: float) -> tuple[float, ...]:
    return Keyframe.of(0, shares, 1).weights


@pytest.fixture
def panel(qtbot: Any) -> EmotionPanel:
    made = EmotionPanel()
    qtbot.addWidget(made)
    made.resize(320, 420)
    made.show()
    qtbot.waitExposed(made)
    return made


class Heard:
    """What a panel has said."""

    def __init__(self, panel: EmotionPanel) -> None:
        self.previews: list[tuple[tuple[float, ...], float]] = []
        self.edits: list[tuple[tuple[float, ...], float, str]] = []
        panel.value_previewed.connect(lambda w, v: self.previews.append((w, v)))
        panel.value_edited.connect(lambda w, v, n: self.edits.append((w, v, n)))


def slider(panel: EmotionPanel) -> LevelSlider:
    found = panel.findChild(LevelSlider, "emotion_level")
    assert isinstance(found, LevelSlider)
    return found


def choose(panel: EmotionPanel, name: str, index: int) -> None:
    box = panel.findChild(QComboBox, name)
    box.setCurrentIndex(index)
    box.activated.emit(index)


def at(level: float, panel: EmotionPanel) -> Any:
    control = slider(panel)
    return QPointF(control.x_of(level), control.height() / 2).toPoint()


def test_a_move_is_heard_at_once(panel: EmotionPanel) -> None:
    """The signal is out before the slider's own call returns: no timer is between."""
    heard = Heard(panel)
    panel.set_value(mix(sad=1), 1.0, True)
    slider(panel).setSliderDown(True)
    slider(panel).setSliderPosition(205)
    assert heard.previews == [(mix(sad=1), 2.05)]
    assert heard.edits == []
    slider(panel).setSliderDown(False)
    assert heard.edits == [(mix(sad=1), 2.05, "Change intensity")]


def test_dragging_with_the_mouse(panel: EmotionPanel, qtbot: Any) -> None:
    """The handle jumps to the press, follows, and one edit is made; what plays meanwhile does not disturb."""
    heard = Heard(panel)
    panel.set_value(mix(sad=1), 1.0, True)
    qtbot.mousePress(slider(panel), LEFT, pos=at(2, panel))
    qtbot.mouseMove(slider(panel), at(2.5, panel))
    panel.set_value(mix(happy=1), 0.3, False)
    assert panel.busy
    qtbot.mouseRelease(slider(panel), LEFT, pos=at(2.5, panel))
    ((weights, level, _name),) = heard.edits
    assert weights == mix(sad=1)
    assert level == pytest.approx(2.5, abs=0.03)
    assert heard.previews[0][1] == pytest.approx(2, abs=0.03)
    assert panel.findChild(QDoubleSpinBox).value() == pytest.approx(level)


def test_keys_and_numbers_are_one_edit_after_a_rest(panel: EmotionPanel, qtbot: Any) -> None:
    """Several nudges are previewed each and edited once."""
    heard = Heard(panel)
    panel.set_value(mix(happy=1), 1.0, True)
    for _ in range(3):
        qtbot.keyClick(slider(panel), Qt.Key.Key_Right)
    assert [round(level, 2) for _w, level in heard.previews] == [1.1, 1.2, 1.3]
    with qtbot.waitSignal(panel.value_edited, timeout=2000):
        pass
    assert heard.edits == [(mix(happy=1), 1.3, "Change intensity")]
    with qtbot.waitSignal(panel.value_edited, timeout=2000):
        panel.findChild(QDoubleSpinBox).setValue(2.75)
    assert heard.edits[-1][1] == 2.75


def test_choosing_an_emotion(panel: EmotionPanel) -> None:
    """From neutral it becomes clear, else the level stays; neutral is level 0; more than neutral is the last."""
    heard = Heard(panel)
    choose(panel, "emotion_choice", EMOTIONS.index("angry"))
    choose(panel, "emotion_choice", EMOTIONS.index("sad"))
    choose(panel, "emotion_choice", EMOTIONS.index("neutral"))
    assert [edit[:2] for edit in heard.edits] == [(mix(angry=1), 2.0), (mix(sad=1), 2.0), (mix(neutral=1), 0.0)]
    assert {edit[2] for edit in heard.edits} == {"Change emotion"}
    slider(panel).setSliderDown(True)
    slider(panel).setSliderPosition(100)
    assert heard.previews == [(mix(sad=1), 1.0)]
    slider(panel).setSliderDown(False)


def test_showing_is_not_telling(panel: EmotionPanel) -> None:
    """Values from outside, also mixes of three, are shown without a signal and kept when only the level moves."""
    heard = Heard(panel)
    three = mix(happy=0.5, sad=0.3, fear=0.2)
    panel.set_value(three, 1.2, True)
    assert panel.findChild(QComboBox, "emotion_choice").currentText() == "Happy"
    assert panel.findChild(QComboBox, "emotion_second").currentText() == "Sad"
    assert panel.findChild(QSlider, "emotion_share").value() == 30
    assert not heard.previews
    assert not heard.edits
    slider(panel).setSliderDown(True)
    slider(panel).setSliderPosition(200)
    slider(panel).setSliderDown(False)
    assert heard.edits == [(three, 2.0, "Change intensity")]


def test_mix(panel: EmotionPanel, qtbot: Any) -> None:
    """A second emotion comes in with a share, and the share is live."""
    heard = Heard(panel)
    panel.set_value(mix(happy=1), 2.0, True)
    second, share = panel.findChild(QComboBox, "emotion_second"), panel.findChild(QSlider, "emotion_share")
    assert not second.isVisible()
    qtbot.mouseClick(panel.findChild(QAbstractButton, "emotion_mix_fold"), LEFT)
    assert second.isVisible()
    choose(panel, "emotion_second", second.findData(EMOTIONS.index("surprised")))
    assert heard.edits[-1] == (pytest.approx(mix(happy=0.7, surprised=0.3)), 2.0, "Change mix")
    share.setSliderDown(True)
    share.setSliderPosition(40)
    assert heard.previews[-1] == (pytest.approx(mix(happy=0.6, surprised=0.4)), 2.0)
    share.setSliderDown(False)
    assert heard.edits[-1][0] == pytest.approx(mix(happy=0.6, surprised=0.4))
    assert panel.findChild(QComboBox, "emotion_choice").currentText() == "Happy"
    for weights, *_ in heard.edits:
        assert sum(weights) == pytest.approx(1)
    choose(panel, "emotion_second", 0)
    assert heard.edits[-1][0] == mix(happy=1)


def test_the_second_emotion_by_keyboard(panel: EmotionPanel, qtbot: Any) -> None:
    """Down passes the main emotion, wherever it stands in the list; what is there already is no edit."""
    heard = Heard(panel)
    panel.set_value(mix(happy=1), 2.0, True)
    qtbot.mouseClick(panel.findChild(QAbstractButton, "emotion_mix_fold"), LEFT)
    second = panel.findChild(QComboBox, "emotion_second")
    qtbot.keyClick(second, Qt.Key.Key_Down)
    assert second.currentText() == "Sad"
    assert [edit[0] for edit in heard.edits] == [pytest.approx(mix(happy=0.7, sad=0.3))]
    choose(panel, "emotion_second", second.currentIndex())
    choose(panel, "emotion_choice", EMOTIONS.index("happy"))
    assert len(heard.edits) == 1
    panel.set_value(mix(neutral=1), 0.0, True)
    assert not second.isEnabled()


@pytest.mark.parametrize(("first", "other"), [("happy", "sad"), ("sad", "happy")])
@pytest.mark.parametrize("position", [98, 50])
def test_a_mix_is_called_the_same_after_coming_back(panel: EmotionPanel, first: str, other: str, position: int) -> None:
    """As far as the share can be dragged, the words beside it are those another look at the mix gives."""
    heard = Heard(panel)
    boxes = [panel.findChild(QComboBox, name) for name in ("emotion_choice", "emotion_second")]
    share = panel.findChild(QSlider, "emotion_share")
    panel.set_value(mix(**{first: 0.7, other: 0.3}), 2.0, True)
    share.setSliderDown(True)
    share.setSliderPosition(position)
    share.setSliderDown(False)
    told = [box.currentText() for box in boxes], share.value()
    panel.set_value(mix(angry=1), 1.0, True)
    panel.set_value(*heard.edits[-1][:2], True)
    assert ([box.currentText() for box in boxes], share.value()) == told


def test_reset(panel: EmotionPanel, qtbot: Any) -> None:
    """The button and a double click on the slider ask for it, and nothing else is edited afterwards."""
    heard = Heard(panel)
    panel.set_value(mix(happy=1), 2.0, True)
    with qtbot.waitSignal(panel.reset_requested):
        qtbot.mouseClick(panel.findChild(QAbstractButton, "emotion_reset"), LEFT)
    with qtbot.waitSignal(panel.reset_requested):
        qtbot.mouseDClick(slider(panel), LEFT, pos=at(2, panel))
    assert not heard.edits


def test_a_double_click_is_one_edit(panel: EmotionPanel, qtbot: Any) -> None:
    """Its first half moves the handle for a moment, but only the reset is heard; a click alone is soon an edit."""
    heard = Heard(panel)
    panel.set_value(mix(happy=1), 2.0, True)
    qtbot.mouseClick(slider(panel), LEFT, pos=at(1, panel))
    with qtbot.waitSignal(panel.reset_requested):
        qtbot.mouseDClick(slider(panel), LEFT, pos=at(1, panel))
    qtbot.mouseRelease(slider(panel), LEFT, pos=at(1, panel))
    qtbot.wait(QApplication.doubleClickInterval() + 100)
    assert not heard.edits
    with qtbot.waitSignal(panel.value_edited, timeout=3000):
        qtbot.mouseClick(slider(panel), LEFT, pos=at(2.5, panel))
    assert [name for _w, _v, name in heard.edits] == ["Change intensity"]


def test_not_recorded_is_said(panel: EmotionPanel) -> None:
    """Emotions without a clip are marked in words with a reason, neutral as any other."""
    box = panel.findChild(QComboBox, "emotion_choice")
    assert box.itemText(0) == "Neutral"
    panel.set_recorded([("happy", 1), ("happy", 3), ("sad", 2)])
    marked = ["Neutral (not recorded)", "Happy", "Sad", "Angry (not recorded)"]
    assert [box.itemText(i) for i in range(4)] == marked
    assert "1, 3" in box.itemData(1, Qt.ItemDataRole.ToolTipRole)
    assert "guessed" in box.itemData(3, Qt.ItemDataRole.ToolTipRole)
    panel.set_recorded([("neutral", 0)])
    assert box.itemText(0) == "Neutral"


def test_keyframes(panel: EmotionPanel, qtbot: Any) -> None:
    """Buttons tell, the badge says what is edited, easing only where there is a keyframe."""
    said: list[object] = []
    panel.key_add_requested.connect(lambda: said.append("add"))
    panel.key_step_requested.connect(said.append)
    panel.easing_changed.connect(said.append)
    for name in ("previous_key", "keyframe_add", "next_key"):
        qtbot.mouseClick(panel.findChild(QAbstractButton, f"emotion_{name}"), LEFT)
    assert said == [-1, "add", 1]
    easing, badge = panel.findChild(QComboBox, "emotion_easing"), panel.findChild(QLabel, "emotion_scope")
    assert badge.text() == "Whole performance"
    panel.set_context("key", 63.24, "hold", before=True, after=False)
    assert badge.text() == "Keyframe at 1:03.2"
    assert easing.currentData() == "hold"
    assert not panel.findChild(QAbstractButton, "emotion_next_key").isEnabled()
    choose(panel, "emotion_easing", easing.findData("linear"))
    assert said[-1] == "linear"
    panel.set_context("new", 5.0)
    assert badge.text() == "New keyframe at playhead"
    assert not easing.isEnabled()


def test_words(panel: EmotionPanel, qtbot: Any) -> None:
    """The field for words is there only when somebody understands them; Enter asks, the answer is shown."""
    field = panel.findChild(QLineEdit, "emotion_text")
    assert not field.isVisible()
    panel.set_text_available(True)
    field.setText("  a bit nervous but happy ")
    with qtbot.waitSignal(panel.text_requested) as asked:
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert asked.args == ["a bit nervous but happy"]
    panel.set_text_answer("Understood as Happy")
    assert panel.findChild(QLabel, "emotion_text_answer").isVisible()


def test_names_of_mixes() -> None:
    """Pure emotions have a word, mixes their shares, largest first."""
    assert emotion_words(mix(happy=1)) == "Happy"
    assert emotion_words(mix(happy=0.3, fear=0.7)) == "Fear 70 % + Happy 30 %"
    assert short_words(mix(happy=0.3, fear=0.7)) == "Fear + Happy"


def test_every_control_says_what_it_does(panel: EmotionPanel) -> None:
    """Tooltip, name for screen readers, and name for tests."""
    for kind in (QAbstractButton, QSlider, QComboBox, QDoubleSpinBox):
        for control in panel.findChildren(kind):
            if control.metaObject().className() == "QComboBoxPrivateScroller":
                continue
            assert control.toolTip(), control
            assert control.accessibleName(), control
            assert control.objectName(), control
