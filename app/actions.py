"""Every action of the program in one table: what it is called, its key, and when it can be used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from emotalker.widgets import style


@dataclass(frozen=True)
class ActionSpec:
    """One line of the table.

    Attributes:
        id: "menu.name", unique.
        text: as in the menu; the letter after & opens it by keyboard.
        tip: what it does, in a sentence.
        keys: shortcuts, the first is shown.
        icon: name of an icon.
        needs: flags that must all be up for it to be enabled, see `Actions.set_flags`.
        checkable: whether it is a switch.
        group: actions of one group exclude one another.
        page_only: the keys work on the perform page alone, where no text is typed.
    """

    id: str
    text: str
    tip: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    needs: frozenset[str] = field(default_factory=frozenset)
    checkable: bool = False
    group: str = ""
    page_only: bool = False


def _spec(id_: str, text: str, tip: str, *keys: str, icon: str = "", needs: str = "", **more: object) -> ActionSpec:
    return ActionSpec(id_, text, tip, keys, icon, frozenset(needs.split()), **more)  # type: ignore[arg-type]


def _play(id_: str, text: str, tip: str, *keys: str, icon: str = "", needs: str = "twin", **more: object) -> ActionSpec:
    return _spec(f"play.{id_}", text, tip, *keys, icon=icon, needs=needs, page_only=True, **more)


TABLE: tuple[ActionSpec, ...] = (
    _spec("file.new", "&New twin…", "Make a twin of another person", "Ctrl+N", icon="add"),
    _spec("file.open", "&Open project…", "Open a project folder", "Ctrl+O", icon="open"),
    _spec("file.sample", "Open the &sample twin", "Play the twin that comes with the program", icon="smile"),
    _spec("file.import", "&Add clips…", "Add video clips of the person", "Ctrl+I", icon="clips", needs="project idle"),
    _spec("file.voice", "Choose &voice…", "Choose the recording the twin says", "Ctrl+Shift+O", icon="waveform",
          needs="project"),
    _spec("file.export", "&Export film…", "Write the performance as an MP4", "Ctrl+E", icon="export", needs="twin"),
    _spec("file.screenshot", "Save &picture…", "Save the twin as it is shown now", "Ctrl+Shift+S", icon="screenshot",
          needs="twin"),
    _spec("file.rename", "&Rename…", "Call this person something else", icon="rename", needs="project"),
    _spec("file.storage", "S&torage…", "See what takes space on the disk and delete old runs", icon="disk",
          needs="project"),
    _spec("file.show", "Show in &folder", "Show the project's folder", icon="folder", needs="project"),
    _spec("file.close", "&Close project", "Go back to all twins", "Ctrl+W", icon="close", needs="project"),
    _spec("file.quit", "&Quit", "Close the program; a running job is asked about", "Ctrl+Q"),
    _spec("edit.undo", "&Undo", "Take back the last edit", "Ctrl+Z", icon="undo", needs="undo"),
    _spec("edit.redo", "&Redo", "Make the edit again", "Ctrl+Shift+Z", "Ctrl+Y", icon="redo", needs="redo"),
    _spec("edit.settings", "&Settings…", "Theme, sound device, folders", "Ctrl+,", icon="settings"),
    _spec("clips.remove", "Re&move clips", "Take the selected clips out of the project; the files stay",
          icon="remove", needs="selection idle"),
    _spec("clips.check", "&Check again", "Look at the clips' quality again", icon="check", needs="clips"),
    _spec("clips.tracking", "Show trac&king…", "Show the tracked head over every frame of the selected clip",
          icon="eye", needs="selection"),
    _spec("clips.relink", "&Find missing clips…", "Look for moved clips in a folder", icon="search", needs="missing"),
    _spec("train.start", "&Train", "Train what is not up to date, with the chosen preset", "Ctrl+Return",
          icon="train", needs="clips no-job"),
    _spec("train.pack", "Pac&k the twin again", "Make the twin's files once more from what was learned, in a moment",
          icon="refresh", needs="clips no-job"),
    _spec("train.pause", "&Pause training", "Pause the running job; its memory is kept", icon="pause",
          needs="job running"),
    _spec("train.resume", "&Go on", "Go on with the paused job", icon="play", needs="job paused"),
    _spec("train.stop", "&Stop and keep", "Stop the running job; what was learned is kept", icon="stop", needs="job"),
    _play("toggle", "&Play / pause", "Play or pause", "Space", "K", icon="play"),
    _play("live", "Li&ve", "Let the twin say what the microphone hears, while it is said", "Ctrl+L", icon="microphone",
          checkable=True),
    _play("live_end", "End Live", "Stop listening", "Esc", icon="stop", needs="twin live"),
    _play("back", "Play &backward", "Play backward; again for twice the speed", "J", icon="back"),
    _play("forward", "Play &forward", "Play; again for twice the speed", "L", icon="forward"),
    _play("previous_frame", "Previous frame", "One frame back", "Left"),
    _play("next_frame", "Next frame", "One frame on", "Right"),
    _play("second_back", "One second back", "One second back", "Shift+Left"),
    _play("second_on", "One second on", "One second on", "Shift+Right"),
    _play("start", "To the &start", "To the start", "Home", icon="skip_start"),
    _play("end", "To the &end", "To the end", "End", icon="skip_end"),
    _play("mark_in", "Mark &in", "Loop and export from here", "I", needs="twin voice"),
    _play("mark_out", "Mark &out", "Loop and export up to here", "O", needs="twin voice"),
    _play("clear_marks", "Clear marks", "Loop and export the whole recording", "Shift+I", needs="twin voice"),
    _play("key", "Add &keyframe", "Keep the present emotion at the playhead", "Ctrl+K", icon="keyframe_add"),
    _play("previous_key", "Previous keyframe", "Go to the keyframe before", "[", icon="previous_key"),
    _play("next_key", "Next keyframe", "Go to the keyframe after", "]", icon="next_key"),
    _play("emotion_more", "Stronger", "Intensity up by 0.1", "Ctrl+Up"),
    _play("emotion_less", "Weaker", "Intensity down by 0.1", "Ctrl+Down"),
    _play("view_reset", "&Reset view", "Look from where the recordings were made", "0", icon="reset"),
    _play("view_left", "Orbit left", "Move the camera to the left", "Ctrl+Left"),
    _play("view_right", "Orbit right", "Move the camera to the right", "Ctrl+Right"),
    _play("view_up", "Orbit up", "Raise the camera", "Ctrl+Shift+Up"),
    _play("view_down", "Orbit down", "Lower the camera", "Ctrl+Shift+Down"),
    _play("view_in", "Zoom in", "Larger", "+", "="),
    _play("view_out", "Zoom out", "Smaller", "-"),
    _spec("page.home", "All &twins", "All twins on this computer", "Ctrl+1", icon="home", checkable=True, group="page"),
    _spec("page.clips", "&Import and prepare", "Clips, labels, consent", "Ctrl+2", icon="clips", needs="project",
          checkable=True, group="page"),
    _spec("page.train", "&Train", "Train the twin and watch it learn", "Ctrl+3", icon="train", needs="project",
          checkable=True, group="page"),
    _spec("page.perform", "&Perform", "Play the twin", "Ctrl+4", icon="perform", needs="project", checkable=True,
          group="page"),
    _spec("page.export", "&Export", "Films to write and written", "Ctrl+5", icon="export", needs="project",
          checkable=True, group="page"),
    _spec("page.report", "&Report", "How good the twin is, on clips it never saw", "Ctrl+6", icon="report",
          needs="project", checkable=True, group="page"),
    _spec("view.hud", "Frame &counter", "Show frames per second over the picture", "Ctrl+H", checkable=True),
    _spec("view.fullscreen", "&Full screen", "Use the whole screen", "F11", checkable=True),
    _spec("help.keys", "&Keyboard shortcuts", "All keys on one page", "?", "F1", icon="help"),
    _spec("help.tour", "&Tour", "Show what is where", icon="info"),
    _spec("help.report", "&Report a problem…", "Collect what helps to find a fault, without faces or names",
          icon="warning"),
    _spec("help.logs", "Show &log folder", "Show the folder with the log files", icon="log"),
    _spec("help.about", "&About EmoTalker Studio", "Version and licences", icon="app"),
)  # fmt: skip

MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("&File", ("file.new", "file.open", "file.sample", "", "file.import", "file.voice", "", "file.export",
               "file.screenshot", "", "file.rename", "file.storage", "file.show", "file.close", "", "file.quit")),
    ("&Edit", ("edit.undo", "edit.redo", "", "clips.remove", "clips.check", "clips.tracking",
               "clips.relink", "", "edit.settings")),
    ("&Train", ("train.start", "train.pack", "train.pause", "train.resume", "train.stop")),
    ("&Play", ("play.toggle", "play.back", "play.forward", "", "play.live", "play.live_end", "",
               "play.previous_frame", "play.next_frame", "play.second_back", "play.second_on", "play.start", "play.end",
               "", "play.mark_in", "play.mark_out", "play.clear_marks", "", "play.key", "play.previous_key",
               "play.next_key", "play.emotion_more", "play.emotion_less")),
    ("&View", ("page.home", "page.clips", "page.train", "page.perform", "page.export", "page.report", "",
               "play.view_reset", "play.view_left", "play.view_right", "play.view_up", "play.view_down", "play.view_in",
               "play.view_out", "", "view.hud", "view.fullscreen")),
    ("&Help", ("help.keys", "help.tour", "", "help.report", "help.logs", "", "help.about")),
)  # fmt: skip


class Actions(QObject):
    """The table as `QAction`s.

    Args:
        window: gets the actions, so that their keys work everywhere in it.
        page: the perform page; actions that are `page_only` belong to it.
    """

    def __init__(self, window: QWidget, page: QWidget) -> None:
        super().__init__(window)
        self._actions: dict[str, QAction] = {}
        self._specs = {spec.id: spec for spec in TABLE}
        groups: dict[str, QActionGroup] = {}
        for spec in TABLE:
            action = QAction(spec.text, self)
            action.setObjectName(spec.id)
            action.setShortcuts([QKeySequence(key) for key in spec.keys])
            action.setToolTip(self.hint(spec))
            action.setStatusTip(spec.tip)
            action.setCheckable(spec.checkable)
            # the macOS menu roles that Qt guesses from texts would move actions about
            action.setMenuRole(QAction.MenuRole.NoRole)
            if spec.group:
                group = groups.setdefault(spec.group, QActionGroup(self))
                group.addAction(action)
            (page if spec.page_only else window).addAction(action)
            if spec.page_only:
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            self._actions[spec.id] = action
        self.restyle()
        style.notifier().changed.connect(self.restyle)
        self.set_flags(())

    def __getitem__(self, id_: str) -> QAction:
        return self._actions[id_]

    def on(self, id_: str, slot: Callable[..., object]) -> None:
        """Call `slot` without arguments when the action is used."""
        self._actions[id_].triggered.connect(lambda _checked=False: slot())

    def set_flags(self, flags: Iterable[str]) -> None:
        """Enable what can be used now.

        Args:
            flags: those that are up, of: project, clips, missing, selection, twin, voice, live, undo, redo, job,
                running, paused, no-job, idle.
        """
        up = frozenset(flags)
        for id_, action in self._actions.items():
            action.setEnabled(self._specs[id_].needs <= up)

    def set_playable(self, playable: bool) -> None:
        """Let the keys that are `page_only` work wherever the focus is in the window, or not at all.

        On the perform page they work whatever was used last, be it a step above the page or the job bar below it;
        elsewhere they belong to that page, which is hidden.
        """
        context = Qt.ShortcutContext
        for id_, spec in self._specs.items():
            if spec.page_only:
                self._actions[id_].setShortcutContext(
                    context.WindowShortcut if playable else context.WidgetWithChildrenShortcut
                )

    def restyle(self) -> None:
        """Draw the icons in the colours of the theme."""
        for id_, spec in self._specs.items():
            if spec.icon:
                self._actions[id_].setIcon(style.icon(spec.icon))

    def cheat_sheet(self) -> list[tuple[str, str, str]]:
        """All keys as (menu, keys, what it does), in the order of the menus."""
        rows = []
        for title, ids in MENUS:
            for id_ in filter(None, ids):
                keys = " or ".join(k.toString(QKeySequence.SequenceFormat.NativeText) for k in self[id_].shortcuts())
                if keys:
                    rows.append((title.replace("&", ""), keys, self._specs[id_].tip))
        return rows

    @staticmethod
    def hint(spec: ActionSpec) -> str:
        """Tooltip of an action: what it does and its key."""
        return f"{spec.tip} ({spec.keys[0]})" if spec.keys else spec.tip
