"""A report helps to find the fault and tells nothing about anybody."""

from __future__ import annotations

import getpass
import os
import platform
import zipfile
from pathlib import Path

import pytest

from emotalker.app.logfile import CLI_LOG, WINDOW_LOG
from emotalker.app.problem import Mask, collect, default_name, write_report
from emotalker.app.settings import Settings
from emotalker.engine.errors import UserError

NAMES = ["Zoë Åkesson", "grace_hopper", "happy_level2", "Müller Café.mp4"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of somebody called lovelace."""
    folder = tmp_path / "home" / "lovelace"
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setattr(getpass, "getuser", lambda: "lovelace")
    return folder


@pytest.fixture
def logged(home: Path) -> str:
    """A log full of what must not get out."""
    lines = [
        f"opened {home}/Videos/Zoë Åkesson/project.json",
        "opened '/mnt/films of grace_hopper/happy_level2.mp4'",
        r"opened C:\Users\Lovelace\Videos\secret.mov",
        "user LOVELACE trains ZOË ÅKESSON with zoë åkesson_take3.wav and wedding-day.JPG",
        "saved /srv/films of my aunt/party 1999/take.json in 3 s",
        f"on {platform.node()}: mail to ada@example.org",
        "clips happy_level2, grace_hopper-2 and happy_level2_mask.png",
        'File "/usr/lib/grace/own_script.py", line 3, in f',
        "ValueError: shapes (3, 4) and (5,) do not fit, 1/2 of 12 frames/s",
    ]
    folder = Path(os.environ["EMOTALKER_LOGS"])
    folder.mkdir(parents=True)
    for name in (WINDOW_LOG, CLI_LOG):
        (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return "\n".join(lines)


def everything(details: str = "", **settings: object) -> str:
    """All text of a report."""
    files = collect(details, Settings(**settings), NAMES)  # type: ignore[arg-type]
    return "\n".join([*files, *files.values()])


@pytest.mark.parametrize(
    "secret",
    [
        "lovelace",
        "zoë",
        "åkesson",
        "grace",
        "happy_level2",
        "müller",
        "secret",
        "wedding",
        "ada@",
        "videos",
        "films of",
    ],
)
def test_no_name_and_no_path_is_in_it(logged: str, home: Path, secret: str) -> None:
    """Of the user, the person, the clips and the folders, whatever the case."""
    text = everything(
        logged, recent=[str(home / "Zoë Åkesson")], projects_folder=str(home), audio_device="Lovelace's ears"
    )
    assert secret not in text.lower()
    if len(platform.node()) > 1:
        assert f"on {platform.node()}" not in text


def test_what_helps_is_still_there(logged: str) -> None:
    """The error, the versions, the machine, and where in our code it happened."""
    import emotalker.app.notify as ours

    details = f'File "{ours.__file__}", line 7, in report\nValueError: shapes (3, 4) and (5,) do not fit'
    files = collect(details + "\n" + logged, Settings(theme="light"), NAMES)
    assert "line 7, in report" in files["error.txt"]
    assert "notify.py" in files["error.txt"]
    assert "ValueError: shapes (3, 4) and (5,) do not fit" in files["error.txt"]
    assert "1/2 of 12 frames/s" in files[WINDOW_LOG]
    assert "torch" in files["versions.txt"]
    assert "memory" in files["machine.txt"]
    assert '"theme": "light"' in files["settings.json"]


def test_only_texts_that_we_know_are_collected(home: Path, tmp_path: Path) -> None:
    """Whatever lies beside the logs stays there: no picture, sound, track or twin."""
    folder = Path(os.environ["EMOTALKER_LOGS"])
    folder.mkdir(parents=True)
    for name in ("face.png", "voice.wav", "track.npz", "avatar.safetensors", "face.log", "emotalker.log.jpg"):
        (folder / name).write_bytes(b"\x89PNG face")
    assert set(collect("", Settings())) == {"machine.txt", "versions.txt", "settings.json"}


def test_settings_with_paths_are_left_out_by_name() -> None:
    """A setting that is added later is left out until somebody decides."""
    files = collect("", Settings(recent=["/x/y"], projects_folder="/x", layout={"a": "b"}, audio_device="USB"))
    assert not any(word in files["settings.json"] for word in ("recent", "folder", "layout", "device", "USB", "/x"))


def test_short_words_and_ordinary_text_are_left_alone() -> None:
    """A person called Al does not spoil every word with those letters."""
    mask = Mask(["Al", "x"])
    assert mask("Al said: all is normal, x = 3") == "<name> said: all is normal, x = 3"
    assert mask("https://example.org/page") == "https://example.org/page"


def test_the_report_is_a_zip_of_exactly_the_texts(tmp_path: Path) -> None:
    """What was shown, nothing more."""
    target = tmp_path / default_name()
    write_report(target, {"a.txt": "one", "b.log": "zwei ü"})
    with zipfile.ZipFile(target) as archive:
        assert {n: archive.read(n).decode() for n in archive.namelist()} == {"a.txt": "one", "b.log": "zwei ü"}
        assert archive.comment == b""
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError):
        write_report(tmp_path / "file" / "report.zip", {})
