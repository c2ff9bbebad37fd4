"""Where assets lie on this computer, and whether they are whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs

from emotalker.engine.assets.manifest import Asset, load_manifest
from emotalker.engine.errors import UserError

DATA_VARIABLE = "EMOTALKER_DATA"


def data_folder() -> Path:
    """The program's folder for large data: `EMOTALKER_DATA` if set, else the system's place for it."""
    chosen = os.environ.get(DATA_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("emotalker", appauthor=False)


def asset_folder(name: str) -> Path:
    """The folder of one asset; it need not exist."""
    return data_folder() / "assets" / name


def fetch_anew(name: str) -> str:
    """What to do about a damaged model, as a sentence for whoever sits at the window or at the command line."""
    return (
        f"Delete the folder {asset_folder(name)} and try again: the model is fetched anew"
        " (on the command line: emotalker-cli assets fetch)."
    )


def find(name: str) -> Asset:
    """The manifest's entry.

    Raises:
        UserError: if there is none of this name.
    """
    assets = load_manifest()
    if name not in assets:
        raise UserError(
            f"There is no model named {name}.", f"Known are: {', '.join(assets)}.", "Choose one of these names."
        )
    return assets[name]


def location(asset: Asset) -> Path:
    """What `path` gives once the asset is there: its folder, or its only file."""
    folder = asset_folder(asset.name)
    return folder if asset.folder else folder / asset.files[0].path


def path(name: str) -> Path | None:
    """Where the asset lies, or None if it is missing or has the wrong size; never touches the network.

    Raises:
        UserError: if there is no asset of this name.
    """
    asset = find(name)
    folder = asset_folder(name)
    for file in asset.files:
        try:
            if (folder / file.path).stat().st_size != file.size:
                return None
        except OSError:
            return None
    return location(asset)


def sha256_of(file: Path) -> str:
    """Checksum of a file as lower-case hex."""
    with open(file, "rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def damaged_files(asset: Asset, folder: Path) -> list[str]:
    """Names of the asset's files that are missing from `folder` or differ from the manifest."""
    return [f.path for f in asset.files if not (folder / f.path).is_file() or sha256_of(folder / f.path) != f.sha256]


def verify(name: str) -> bool:
    """Whether every file of the asset is there, byte for byte (reads them all: about 0.1 s for 100 MB).

    Raises:
        UserError: if there is no asset of this name.
    """
    return not damaged_files(find(name), asset_folder(name))
