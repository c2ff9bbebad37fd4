"""The models the program needs but does not carry: where they come from, whether they are whole, where they lie.

One manifest names every asset with its licence, its checksum and an ordered list of sources; `ensure` is what the rest
of the engine calls. Nothing here knows what an asset computes, and nothing outside here opens a network connection.
"""

from emotalker.engine.assets.cache import data_folder, fetch_anew, path, verify
from emotalker.engine.assets.fetch import AssetStatus, ensure, fetch, status
from emotalker.engine.assets.manifest import Asset, asset_names, load_manifest

__all__ = [
    "Asset",
    "AssetStatus",
    "asset_names",
    "data_folder",
    "ensure",
    "fetch",
    "fetch_anew",
    "load_manifest",
    "path",
    "status",
    "verify",
]
