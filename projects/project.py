"""One project: a person's clips, labels and runs, and every way to change them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from emotalker.engine.clip import ClipInput
from emotalker.engine.emotion.labels import EMOTIONS, check_level, emotion_index
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Notice
from emotalker.projects import store
from emotalker.projects.adding import AddResult, ClipAdder, stored_name
from emotalker.projects.content import sha256_of, videos_in
from emotalker.projects.document import CheckSummary, ClipEntry, Consent, HeadEntry, Manifest, Performance, RunRecord
from emotalker.projects.merging import merged
from emotalker.projects.split import find_clip, held_out
from emotalker.projects.twin_name import rename_twin

RUNS = "runs"
TWIN = "avatar"
FRAME_RATES = (25.0, 30.0)


class Project:
    """An open project. Every change is saved before the method that made it returns.

    Attributes:
        folder: the project's folder, absolute.
        manifest: what project.json holds; replaced as a whole by every change.
        notices: what the user should hear about the opening (a restored backup, a migration).
        read_only: whether every change is refused, because somebody else has it open.
    """

    read_only = False

    def __init__(self, folder: Path, manifest: Manifest, notices: Sequence[Notice] = ()) -> None:
        self.folder = folder
        self.manifest = manifest
        self.notices = list(notices)

    @classmethod
    def create(cls, folder: Path, name: str, fps: float = 25.0) -> Project:
        """Make a new project in `folder`, which may exist but must hold no project.

        Raises:
            UserError: if there is a project already, the name is empty, or the folder cannot be written.
        """
        folder = Path(folder).expanduser().absolute()
        if not name.strip():
            raise UserError("The project has no name.", "The name given is empty.", "Give one: --name NAME")
        if fps not in FRAME_RATES:
            raise UserError(f"{fps:g} frames per second cannot be used.", "Twins run at 25 or 30.", "Choose 25 or 30.")
        if (folder / store.MANIFEST).exists() or store.backups_of(folder):
            raise UserError(
                f"There is a project in {folder} already.",
                f"The folder has a {store.MANIFEST} or backups of one.",
                "Choose another folder, or go on with the one that is there.",
            )
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder} is a file.", "A project needs a folder of its own.", "Choose another name.")
        created = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(id=str(uuid.uuid4()), name=name.strip(), created=created, fps=fps)
        store.save(folder, manifest)
        return cls(folder, manifest)

    @classmethod
    def open(cls, folder: Path) -> Project:
        """Open a project; `notices` then says what had to be mended.

        Raises:
            UserError: no project there, a newer program's, or damaged beyond its backups.
        """
        folder = Path(folder).expanduser().absolute()
        opened = store.load(folder)
        return cls(folder, opened.manifest, opened.notices)

    @property
    def clips(self) -> list[ClipEntry]:
        """The clips in the order of adding."""
        return self.manifest.clips

    def stage_folder(self, stage: str) -> Path:
        """Where a stage writes."""
        return self.folder / RUNS / stage

    def path_of(self, clip: ClipEntry) -> Path:
        """The clip's file, absolute."""
        return self.folder / clip.file

    def held_out(self) -> frozenset[str]:
        """Ids of the clips no stage may learn from: those chosen, else the deterministic one in ten."""
        return held_out(self.clips, self.manifest.hold_out)

    def clip_inputs(self) -> tuple[ClipInput, ...]:
        """The clips as the stages want them.

        Raises:
            UserError: if there is no clip, or files are missing (all are named).
        """
        if not self.clips:
            raise UserError(
                f"The project '{self.manifest.name}' has no clips.",
                "A twin is learned from clips of the person.",
                f'Add some (on the command line: emotalker-cli add "{self.folder}" FILE...).',
            )
        missing = self.missing()
        if missing:
            raise UserError(
                f"{len(missing)} of {len(self.clips)} clips cannot be found.",
                "Moved or deleted: " + ", ".join(str(self.path_of(clip)) for clip in missing) + ".",
                "Put them back, or look for them with Find missing clips"
                f' (on the command line: emotalker-cli add "{self.folder}" FILE...).',
            )
        out = self.held_out()
        return tuple(ClipInput(c.id, self.path_of(c), c.emotion, c.level, c.id in out) for c in self.clips)

    def missing(self) -> list[ClipEntry]:
        """Clips whose file is not where it was."""
        return [clip for clip in self.clips if not self.path_of(clip).is_file()]

    def add(
        self, files: Iterable[Path], emotion: str | None = None, level: float | None = None, *, copy: bool = False
    ) -> list[AddResult]:
        """Add clips, or relabel and find again those that are in the project already (by content).

        Args:
            files: videos, or folders of videos.
            emotion: label for all of them; None guesses it from each file's name.
            level: intensity in [0, 3] for all of them; None guesses it.
            copy: copy the files into the project instead of pointing to where they lie.

        Returns:
            One result per file; a file that could not be added has its error there, and the others are added.

        Raises:
            UserError: if emotion or level do not exist, or the project could not be saved.
        """
        if emotion is not None:
            emotion = EMOTIONS[emotion_index(emotion)]
        if level is not None:
            level = check_level(level)
        adder = ClipAdder(self.folder, self.clips, emotion, level, copy)
        results = [adder.add(file) for file in _expanded(files)]
        self._update(clips=adder.clips)
        return results

    def remove(self, names: Sequence[str]) -> list[ClipEntry]:
        """Take clips out of the project, by id or file name; their files stay where they are.

        Raises:
            UserError: if there is no such clip, or the project could not be saved.
        """
        ids = {find_clip(self.clips, name).id for name in names}
        gone = [clip for clip in self.clips if clip.id in ids]
        self._update(
            clips=[clip for clip in self.clips if clip.id not in ids],
            hold_out=[name for name in self.manifest.hold_out if name not in ids],
        )
        return gone

    def relink(self, folder: Path) -> list[ClipEntry]:
        """Look for missing clips among the videos below `folder`, by content; returns those found.

        Raises:
            UserError: if the project could not be saved.
        """
        wanted = {clip.sha256: clip for clip in self.missing()}
        sizes = {clip.size for clip in wanted.values()}
        found: dict[str, ClipEntry] = {}
        for file in videos_in(folder):
            if file.stat().st_size not in sizes:
                continue
            clip = wanted.pop(sha256_of(file), None)
            if clip is not None:
                place = stored_name(self.folder, file)
                found[clip.id] = msgspec.structs.replace(clip, file=place, modified=file.stat().st_mtime_ns)
        self._update(clips=[found.get(clip.id, clip) for clip in self.clips])
        return list(found.values())

    def refresh(self) -> list[ClipEntry]:
        """Notice clips whose file was changed since it was added; returns them with their new content.

        Raises:
            UserError: if a changed file is no video any more, or the project could not be saved.
        """
        adder = ClipAdder(self.folder, self.clips, None, None, False)
        changed = adder.refresh()
        self._update(clips=adder.clips)
        return changed

    def set_hold_out(self, names: Sequence[str]) -> None:
        """Choose the clips no stage may learn from, by id or file name; none returns the choice to the program.

        Raises:
            UserError: if there is no such clip, or nothing would be left to learn from.
        """
        chosen = list(dict.fromkeys(find_clip(self.clips, name).id for name in names))
        if chosen and len(chosen) == len(self.clips):
            raise UserError(
                "All clips would be held out.", "Nothing is left to learn from.", "Hold out fewer clips, or add some."
            )
        self._update(hold_out=chosen)

    def set_checks(self, checks: Mapping[str, CheckSummary]) -> None:
        """Keep what the quality check said, by clip id."""

        def keep(manifest: Manifest) -> Manifest:
            clips = [msgspec.structs.replace(c, check=checks.get(c.id, c.check)) for c in manifest.clips]
            return msgspec.structs.replace(manifest, clips=clips)

        self._merge(keep)

    def set_preset(self, preset: str) -> None:
        """Remember the preset to train and judge staleness with."""
        self._update(preset=preset)

    def set_performance(self, performance: Performance) -> None:
        """Keep what the twin says and feels.

        Raises:
            UserError: if the project could not be saved.
        """
        self._update(performance=performance)

    def set_consent(self, consent: Consent) -> None:
        """Keep what the person shown agreed to.

        Raises:
            UserError: if the project could not be saved.
        """
        self._update(consent=consent)

    def set_head(self, head: HeadEntry | None) -> None:
        """Choose the head model to track with, None for the built-in one; see `projects.heads`.

        Raises:
            UserError: if the project could not be saved.
        """
        self._update(head=head)

    def rename(self, name: str) -> None:
        """Call the person something else, in the packed twin too; the folder stays where it is.

        Raises:
            UserError: if the name is empty, or the project could not be saved.
        """
        if not name.strip():
            raise UserError("The project has no name.", "The name given is empty.", "Type a name.")
        self._update(name=name.strip())

    def set_labels(self, labels: Mapping[str, tuple[str, float]]) -> None:
        """Change emotion and level of clips, by id; neutral takes level 0.

        Raises:
            UserError: if an emotion or level does not exist, or the project could not be saved.
        """
        checked = {}
        for name, (emotion, level) in labels.items():
            label = EMOTIONS[emotion_index(emotion)]
            checked[find_clip(self.clips, name).id] = (label, 0.0 if label == EMOTIONS[0] else check_level(level))
        clips = []
        for clip in self.clips:
            emotion, level = checked.get(clip.id, (clip.emotion, clip.level))
            clips.append(msgspec.structs.replace(clip, emotion=emotion, level=level))
        self._update(clips=clips)

    def draft(self) -> Project:
        """A copy to work on, for example in a thread: nothing is saved until `adopt` takes its manifest over."""
        return _Draft(self.folder, self.manifest)

    def adopt(self, base: Manifest, wanted: Manifest) -> None:
        """Make the change from `base` to `wanted` here, and keep whatever else was changed meanwhile.

        With a draft's manifest as `wanted` this finishes an edit; with both swapped it takes one back.

        Raises:
            UserError: if the project could not be saved.
        """
        self._save(merged(base, wanted, self.manifest))

    def note_run(self, record: RunRecord) -> None:
        """Append to the history of runs; a twin packed while the person was renamed gets the new name."""
        self._merge(lambda manifest: msgspec.structs.replace(manifest, runs=[*manifest.runs, record]))
        if record.stage == TWIN and record.outcome == "finished":
            rename_twin(self.stage_folder(TWIN), self.manifest.name)

    def _merge(self, change: Callable[[Manifest], Manifest]) -> None:
        """Apply a change to the file as it is now, which another process may have saved during long work.

        What is open here takes the change alone: a run under way goes on with the clips it began with.
        """
        self.refuse_if_read_only()
        store.save(self.folder, change(store.load(self.folder).manifest))
        self.manifest = change(self.manifest)

    def refuse_if_read_only(self) -> None:
        """Say that nothing may be changed here, if so.

        Raises:
            UserError: if the project is open read only.
        """
        if self.read_only:
            raise UserError(
                "Nothing was changed: the project is open read only.",
                "Another window has it open.",
                "Change it in that window; or close it there, then open it here again.",
            )

    def _update(self, **changes: object) -> None:
        self._save(msgspec.structs.replace(self.manifest, **changes))

    def _save(self, wanted: Manifest) -> None:
        """Save, with what another process may have saved since: a clip added on the command line is not lost."""
        if wanted != self.manifest:
            self.refuse_if_read_only()
            on_disk = store.current(self.folder)
            changed = wanted if on_disk is None else merged(self.manifest, wanted, on_disk)
            store.save(self.folder, changed)
            renamed = changed.name != self.manifest.name
            self.manifest = changed
            if renamed:
                rename_twin(self.stage_folder(TWIN), changed.name)


class _Draft(Project):
    def _save(self, wanted: Manifest) -> None:
        self.manifest = wanted


def _expanded(files: Iterable[Path]) -> list[Path]:
    expanded: list[Path] = []
    for file in files:
        path = Path(file).expanduser().absolute()
        expanded.extend(videos_in(path) if path.is_dir() and videos_in(path) else [path])
    return expanded
