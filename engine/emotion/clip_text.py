"""The text half of CLIP, which the paper uses (eq. 7), from the model hub or from a file of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.assets.sources import reachable
from emotalker.engine.errors import UserError
from emotalker.engine.torchvision_guard import make_torchvision_importable

HUB = "https://huggingface.co"
HUB_REPOSITORY = "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
HUB_FILE = "open_clip_model.safetensors"
ARCHITECTURE = "ViT-B-32"
_TEXT_PARTS = ("positional_embedding", "text_projection", "token_embedding.", "transformer.", "ln_final.")


class HubUnreachableError(Exception):
    """The model hub does not answer and the weights are not on this computer; another encoder should be used."""


class ClipTextEncoder:
    """CLIP's text encoder (Radford et al. 2021) through open_clip; only the text tower is built.

    Args:
        weights: a .safetensors file, or a .pt or .bin file of plain tensors, of a CLIP model; no code in it is run.
        architecture: open_clip's name of the model, which fixes the sizes ("ViT-B-32-quickgelu" for OpenAI's weights).

    Raises:
        UserError: if the file is missing, damaged, or of another model.
    """

    def __init__(self, weights: Path, architecture: str = ARCHITECTURE) -> None:
        make_torchvision_importable()
        import open_clip
        from open_clip.transformer import QuickGELU, TextTransformer

        config = open_clip.get_model_config(architecture)
        if config is None or "hf_model_name" in config["text_cfg"]:
            raise UserError(
                f"'{architecture}' is not a CLIP model this program can use.",
                "open_clip has no model of this name with a text tower of its own.",
                "Use ViT-B-32, ViT-B-16 or ViT-L-14, with -quickgelu for OpenAI's weights.",
            )
        text = config["text_cfg"]
        self.name = f"CLIP {architecture}"
        self.width = int(config["embed_dim"])
        self._tokenize = open_clip.get_tokenizer(architecture)
        self._tower = TextTransformer(
            context_length=text["context_length"],
            vocab_size=text["vocab_size"],
            width=text["width"],
            heads=text["heads"],
            layers=text["layers"],
            output_dim=self.width,
            act_layer=QuickGELU if config.get("quick_gelu") else torch.nn.GELU,
        ).eval()
        state = {k: v.float() for k, v in _read(weights).items() if k.startswith(_TEXT_PARTS)}
        try:
            self._tower.load_state_dict(state)
        except RuntimeError as error:
            raise _wrong_file(weights, f"it does not fit {architecture}") from error

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [N, width]."""
        if not texts:
            return np.zeros((0, self.width), np.float32)
        found = self._tower(self._tokenize(list(texts)))
        return np.asarray(torch.nn.functional.normalize(found, dim=-1).numpy(), np.float32)


def from_hub() -> ClipTextEncoder:
    """The encoder with LAION's ViT-B-32 weights (MIT, 0.6 GB, fetched once into the hub's own cache).

    Raises:
        HubUnreachableError: if the weights are not here and the hub does not answer; told within two seconds.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    cached = try_to_load_from_cache(HUB_REPOSITORY, HUB_FILE)
    if isinstance(cached, str):
        return ClipTextEncoder(Path(cached))
    if not reachable([HUB]):
        raise HubUnreachableError(f"{HUB} does not answer")
    try:
        return ClipTextEncoder(Path(hf_hub_download(HUB_REPOSITORY, HUB_FILE)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise HubUnreachableError(f"{HUB} gave no file ({type(error).__name__})") from error


def _read(path: Path) -> dict[str, torch.Tensor]:
    """Tensors of a weights file, without the name prefixes that some programs add."""
    if not path.is_file():
        raise _wrong_file(path, "there is no such file")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
            state = state.get("state_dict", state)
        return {name.removeprefix("module.").removeprefix("text."): value for name, value in state.items()}
    except Exception as error:  # both readers raise several unrelated classes for a damaged or forbidden file
        raise _wrong_file(path, f"it cannot be read ({type(error).__name__})") from error


def _wrong_file(path: Path, why: str) -> UserError:
    return UserError(
        f"{path.name} cannot serve as the CLIP text encoder.",
        f"{path}: {why}.",
        "Give the .safetensors file of an open_clip model, or leave the setting EMOTALKER_CLIP empty.",
    )
