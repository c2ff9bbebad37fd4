"""The MiniLM sentence encoder (all-MiniLM-L6-v2) in plain torch, from the asset `text_minilm`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.assets import fetch_anew
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays

ASSET = "text_minilm"
LAYERS = 6
HEADS = 12
EPS = 1e-12


class MiniLmTextEncoder:
    """Six BERT layers, mean of the tokens, unit length; 384 wide. About 0.3 s to load, 10 ms a phrase.

    Args:
        folder: the asset's folder, with model.safetensors and tokenizer.json.

    Raises:
        UserError: if a file is missing or is not this model.
    """

    name = "all-MiniLM-L6-v2"
    width = 384

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        arrays, _metadata = read_arrays(folder / "model.safetensors")
        self._weights = {k: torch.from_numpy(v) for k, v in arrays.items() if v.dtype == np.float32}
        missing = [k for k in ("embeddings.word_embeddings.weight", _key(LAYERS - 1, "output.dense.weight"))
                   if k not in self._weights]  # fmt: skip
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the library raises bare Exception for a missing or damaged file
            raise _damaged(f"tokenizer.json: {error}") from error
        if missing:
            raise _damaged(f"model.safetensors lacks {missing[0]}")
        # The file pads everything to 128 tokens, which is 20 times the work a phrase needs.
        self._tokenizer.no_padding()

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [N, 384]; phrases of as many tokens go through together, so that none needs padding."""
        out = np.zeros((len(texts), self.width), np.float32)
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        for length in sorted({len(i) for i in ids}):
            rows = [row for row, i in enumerate(ids) if len(i) == length]
            out[rows] = self._forward(torch.tensor([ids[row] for row in rows])).numpy()
        return out

    def _forward(self, ids: Tensor) -> Tensor:
        """Unit vectors [B, 384] of token numbers [B, T]."""
        x = (
            self._weights["embeddings.word_embeddings.weight"][ids]
            + self._weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._norm(x, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            x = self._layer(x, layer)
        return F.normalize(x.mean(1), dim=-1)

    def _layer(self, x: Tensor, layer: int) -> Tensor:
        """One BERT layer over tokens [B, T, 384]."""
        q, k, v = (
            self._linear(x, _key(layer, f"attention.self.{part}")).unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        mixed = self._linear(mixed, _key(layer, "attention.output.dense"))
        x = self._norm(x + mixed, _key(layer, "attention.output.LayerNorm"))
        wide = F.gelu(self._linear(x, _key(layer, "intermediate.dense")))
        return self._norm(x + self._linear(wide, _key(layer, "output.dense")), _key(layer, "output.LayerNorm"))

    def _linear(self, x: Tensor, key: str) -> Tensor:
        return F.linear(x, self._weights[f"{key}.weight"], self._weights[f"{key}.bias"])

    def _norm(self, x: Tensor, key: str) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], self._weights[f"{key}.weight"], self._weights[f"{key}.bias"], EPS)


def _key(layer: int, part: str) -> str:
    return f"encoder.layer.{layer}.{part}"


def _damaged(why: str) -> UserError:
    return UserError(
        "The model that understands emotion words cannot be used.",
        f"Its files are damaged ({why}).",
        fetch_anew(ASSET),
    )
