"""The report of a problem: texts that help to find a fault, without anything that shows or names a person."""

from __future__ import annotations

import contextlib
import getpass
import json
import platform
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib import metadata
from pathlib import Path

import msgspec
import psutil

from emotalker.app.logfile import CLI_LOG, WINDOW_LOG, log_folder
from emotalker.app.logs import CRASH_LOG
from emotalker.app.settings import Settings
from emotalker.engine.files import replacing

LONGEST_LOG = 200_000
"""Characters of a log that go into the report, its end."""
SHORTEST_NAME = 2
"""A name of one letter is no secret, and hiding it would spoil every word."""
_HERE = str(Path(__file__).resolve().parents[1])
OPEN_SETTINGS = (
    "theme", "scale", "preset", "render_backend", "render_size", "pause_training_while_playing", "tour_done", "hud",
    "expert", "crash_reports",
)  # fmt: skip
"""Settings that hold no path and no name of a device; any other is left out."""
PACKAGES = ("emotalker-studio", "torch", "numpy", "numba", "PySide6-Essentials", "moderngl", "sounddevice", "av")

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_FILE = re.compile(
    r"""[^\s'"<>|/\\:]+\.(?:mp4|mov|mkv|webm|avi|m4v|wav|mp3|m4a|flac|ogg|png|jpe?g|webp|npz|ply|safetensors)\b""", re.I
)
# a folder may have spaces in its name: a path goes on as long as a slash follows within a few words
_PATH = re.compile(
    r"""(?P<quote>['"])(?:[A-Za-z]:[\\/]|/|~/|\\\\)[^'"\n]*(?P=quote)"""
    r"""|(?<![\w.:/\\<>])(?:[A-Za-z]:[\\/]|~?/(?=[\w.<])|\\\\)"""
    r"""(?:[^\s'"|]| (?=(?:[^\s'"|:,;/\\]+ ){0,5}[^\s'"|:,;/\\]*[/\\]))*"""
)


class Mask:
    """Takes paths and names out of text.

    Args:
        names: of projects, persons and clips; each is hidden wherever it stands, whatever the case.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        own = {platform.node(), *_user_names()}
        given = {part.strip() for name in names for part in (name, Path(name).stem, *name.split())}
        secret = sorted({n for n in given | own if len(n) >= SHORTEST_NAME}, key=len, reverse=True)
        own_words = {n.lower() for n in own}
        self._words = [(_word(n), "<user>" if n.lower() in own_words else "<name>") for n in secret]
        # the longest folder first, so that site-packages goes before the environment that holds it
        folders = {str(Path(p)) for p in {*sys.path, sys.prefix, sys.base_prefix, _HERE} if p} - {"/"}
        code = "|".join(re.escape(f) for f in sorted(folders, key=len, reverse=True))
        self._code = re.compile(rf"(?<![\w/\\])(?:{code})[/\\]([^\s'\"<>|]+?\.py)\b")

    def __call__(self, text: str) -> str:
        """The text without them."""
        # of a path only what belongs to programs stays: a module in a traceback; all else may name a person
        text = self._code.sub(lambda match: "<code>:" + match[1].replace("\\", "/"), text)
        text = _ADDRESS.sub("<address>", text)
        for pattern, instead in self._words:
            text = pattern.sub(instead, text)
        text = _PATH.sub(_hidden, text)
        return _FILE.sub(lambda match: f"<file>.{match[0].rpartition('.')[2]}", text)


def _hidden(match: re.Match[str]) -> str:
    quote = match["quote"] or ""
    ending = re.search(r"\.\w{1,6}$", match[0].strip("'\""))
    return f"{quote}<path>{ending[0] if ending else ''}{quote}"


def collect(details: str, values: Settings, names: Iterable[str] = ()) -> dict[str, str]:
    """Gather the texts of a report.

    Args:
        details: what is known about the last error.
        values: the settings in use.
        names: of projects, persons and clips, to be hidden.

    Returns:
        Text by file name; pictures, sound, tracks, names and paths are never among it.
    """
    mask = Mask(names)
    files = {"machine.txt": mask(_machine()), "versions.txt": _versions(), "settings.json": _settings(values)}
    if details:
        files["error.txt"] = mask(details)
    for name in (WINDOW_LOG, CLI_LOG, CRASH_LOG):
        # a log that cannot be read is no reason to have no report at all
        with contextlib.suppress(OSError):
            text = (log_folder() / name).read_text(encoding="utf-8", errors="replace")[-LONGEST_LOG:]
            if text.strip():
                files[name] = mask(text)
    return files


def default_name() -> str:
    """A file name for the report."""
    return f"emotalker-report-{datetime.now():%Y%m%d-%H%M}.zip"


def write_report(target: Path, files: Mapping[str, str]) -> None:
    """Write the report as a zip file.

    Raises:
        UserError: if it cannot be written.
    """
    with replacing(target) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def _user_names() -> set[str]:
    names = {Path.home().name}
    # a system without a user database knows no name that could be told
    with contextlib.suppress(KeyError, OSError, ImportError):
        names.add(getpass.getuser())
    return names


def _word(name: str) -> re.Pattern[str]:
    """Matches the name as a whole word, also between underscores, as in file names."""
    return re.compile(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", re.IGNORECASE)


def _machine() -> str:
    memory = psutil.virtual_memory()
    lines = [
        f"system: {platform.system()} {platform.release()} {platform.machine()}",
        f"python: {platform.python_version()}",
        f"processor: {platform.processor() or 'unknown'}",
        f"cores: {psutil.cpu_count(logical=False)}, threads: {psutil.cpu_count()}",
        f"memory: {memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB free",
    ]
    torch = sys.modules.get("torch")  # importing it for a report would take seconds
    if torch is not None:
        cards = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
        lines.append(f"cards: {', '.join(cards) or 'none with CUDA'}")
    return "\n".join(lines) + "\n"


def _versions() -> str:
    lines = []
    for name in PACKAGES:
        try:
            lines.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            lines.append(f"{name} is not installed")
    return "\n".join(lines) + "\n"


def _settings(values: Settings) -> str:
    fields = msgspec.structs.asdict(values)
    return json.dumps({name: fields[name] for name in OPEN_SETTINGS}, indent=2) + "\n"
