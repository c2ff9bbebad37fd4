"""Stage 2 for playing: the same function as `EmotionalDeformation.at_anchors`, with all that never changes worked out.

What differs from the network's own way: bases are one matrix; two linear maps in a row are one; the few tokens that
anchors look at (sound, emotion, intensity, null) are taken through keys, values and output map once a frame, so that an
anchor's attention is a handful of short products; norms, softmax and GELU are fused kernels. A test holds the two
together.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.emotion.attention import MOTION, NULL, blink_code
from emotalker.engine.emotion.basis import sinusoids
from emotalker.engine.emotion.deformation import Conditions, EmotionalDeformation
from emotalker.engine.gaussians.cpu.blend import fast_exp2

F32 = NDArray[np.float32]
EPSILON = np.float32(1e-5)
"""Of torch's LayerNorm."""
LOG2_E = np.float32(1.4426950408889634)
ONE, TWO = np.float32(1), np.float32(2)
# GELU by tanh is x sigmoid(2 u) with u = GELU_1 (x + GELU_3 x^3)
GELU_1, GELU_3 = np.float32(0.7978845608028654), np.float32(0.044715)


@njit(inline="always", error_model="numpy")
def _sigmoid(x):  # type: ignore[no-untyped-def]
    e = fast_exp2(-abs(x) * LOG2_E)
    return (ONE if x >= 0 else e) / (ONE + e)


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _gelu(values, bias):  # type: ignore[no-untyped-def]
    """GELU of values [n, d] + bias [d], in place."""
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            x = values[i, j] + bias[j]
            values[i, j] = x * _sigmoid(TWO * GELU_1 * (x + GELU_3 * x * x * x))


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _motion(moved, reach, weight, still, out):  # type: ignore[no-untyped-def]
    """GELU(moved [P, 3] @ weight [3, d] + still [P, d]) into `out`; moves longer than reach [P] are shortened to it."""
    for i in range(out.shape[0]):
        a, b, c = moved[3 * i], moved[3 * i + 1], moved[3 * i + 2]
        length = np.sqrt(a * a + b * b + c * c)
        if length > reach[i]:
            short = reach[i] / length
            a, b, c = a * short, b * short, c * short
        for j in range(out.shape[1]):
            x = still[i, j] + a * weight[0, j] + b * weight[1, j] + c * weight[2, j]
            out[i, j] = x * _sigmoid(TWO * GELU_1 * (x + GELU_3 * x * x * x))


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _attend(z, before, heads, key, key_bias, value, value_bias, out):  # type: ignore[no-untyped-def]
    """The state z [P, d] + before [d] looks at its tokens; z is changed, `out` is z without mean and of unit variance.

    key [heads * tokens, d] and key_bias give scores of normalised z; value [heads * tokens, d] is what each adds.
    """
    d, entries = z.shape[1], key.shape[0]
    tokens = entries // heads
    x = np.empty(d, np.float32)
    share = np.empty(entries, np.float32)
    scale = ONE / np.float32(d)
    for i in range(z.shape[0]):
        total, squares = np.float32(0), np.float32(0)
        for j in range(d):
            x[j] = z[i, j] + before[j]
            total += x[j]
        mean = total * scale
        for j in range(d):
            squares += (x[j] - mean) * (x[j] - mean)
        root = ONE / np.sqrt(squares * scale + EPSILON)
        for e in range(entries):
            score = np.float32(0)
            for j in range(d):
                score += (x[j] - mean) * key[e, j]
            share[e] = score * root + key_bias[e]
        for h in range(heads):
            first = h * tokens
            most = share[first]
            for e in range(first + 1, first + tokens):
                most = max(most, share[e])
            sum_ = np.float32(0)
            for e in range(first, first + tokens):
                share[e] = fast_exp2((share[e] - most) * LOG2_E)
                sum_ += share[e]
            for e in range(first, first + tokens):
                share[e] /= sum_
        for j in range(d):
            x[j] += value_bias[j]
        for e in range(entries):
            s = share[e]
            for j in range(d):
                x[j] += s * value[e, j]
        total, squares = np.float32(0), np.float32(0)
        for j in range(d):
            z[i, j] = x[j]
            total += x[j]
        mean = total * scale
        for j in range(d):
            squares += (x[j] - mean) * (x[j] - mean)
        root = ONE / np.sqrt(squares * scale + EPSILON)
        for j in range(d):
            out[i, j] = (x[j] - mean) * root


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _finish(raw, bias, limits, correction, add_position):  # type: ignore[no-untyped-def]
    """Columns [P, 14] from the regressors' raw ones and correction [P * 3], in place."""
    for i in range(raw.shape[0]):
        for j in range(raw.shape[1]):
            raw[i, j] = (TWO * _sigmoid(TWO * (raw[i, j] + bias[j])) - ONE) * limits[j]
        for j in range(3):
            raw[i, j] = correction[3 * i + j] + (raw[i, j] if add_position else np.float32(0))


FAR = 1e6
"""Metres no face moves."""


class _Layer(NamedTuple):
    """One attention layer, its norms folded into what follows them."""

    query: Tensor
    query_bias: Tensor
    norm_scale: Tensor
    norm_shift: Tensor
    feed_in: Tensor
    feed_bias: F32
    feed_out: Tensor
    feed_after: F32


class _Room(NamedTuple):
    """Work buffers of a frame, as tensors and as arrays of the same memory."""

    z: Tensor
    y: Tensor
    h: Tensor
    moved: Tensor


class BakedDeformation:
    """A trained emotional deformation at its anchors; for any thread.

    Args:
        network: on the CPU; its weights are copied.
    """

    def __init__(self, network: EmotionalDeformation) -> None:
        self._network = network
        attention, config = network.attention, network.config
        with torch.no_grad():
            # coefficients first: a frame's expression and jaw take whole rows of it
            learned = network.drive_basis(network.bake()).permute(1, 0, 2).flatten(1)
            head = network.head_basis().permute(1, 0, 2).flatten(1)
            self._basis = torch.cat([learned, learned - head], 1).contiguous()
            first, second = attention.motion[0], attention.motion[2]
            assert isinstance(first, torch.nn.Linear)
            assert isinstance(second, torch.nn.Linear)
            where = torch.cat([sinusoids(network.anchors / 0.1, 4), network.embedding], -1)
            self._still = _array(where @ first.weight[:, 3:].T + first.bias)
            self._motion = _array(first.weight[:, :3].T * MOTION)
            query = attention.query_motion
            self._query = (query.weight @ second.weight).T.contiguous()
            self._query_bias = query.weight @ second.bias + query.bias
            self._layers = [_layer(layer) for layer in attention.layers]
            into, out = network.regressors[0], network.regressors[2]
            assert isinstance(into, torch.nn.Linear)
            assert isinstance(out, torch.nn.Linear)
            after = torch.from_numpy(self._layers[-1].feed_after) if self._layers else torch.zeros(config.width)
            self._into, self._into_bias = into.weight.T.contiguous(), _array(into.bias + into.weight @ after)
            self._out, self._out_bias = out.weight.T.contiguous(), _array(out.bias)
            self._limits = _array(network.limits)
            # a number, as these kernels are compiled to know no infinity
            self._reach = _array(network.reach.clamp_max(FAR))
        self._rooms: list[_Room] = []

    def columns(self, conditions: Conditions) -> F32:
        """Offsets [P, 14] of one frame, as `EmotionalDeformation.at_anchors` gives them; a new array."""
        # list.pop is atomic, so threads never share a room
        room = self._rooms.pop() if self._rooms else self._new_room()
        with torch.inference_mode():
            out = self._columns(conditions, room)
        self._rooms.append(room)
        return out

    def _columns(self, conditions: Conditions, room: _Room) -> F32:
        config = self._network.config
        torch.mm(conditions.residual(config.pose_cue), self._basis, out=room.moved)
        moved = room.moved.numpy()[0]
        half = len(moved) // 2
        _motion(moved[:half], self._reach, self._motion, self._still, room.y.numpy())
        torch.mm(room.y, self._query, out=room.z)
        z, y, h = room.z.numpy(), room.y.numpy(), room.h.numpy()
        before, memory = self._frame(conditions)
        attention = self._network.attention
        for layer, (own, heads) in zip(self._layers, ((m, config.heads) for m in attention.layers)):
            key, key_bias, value, value_bias = _tokens(own, layer, memory, heads)
            _attend(z, before, heads, key, key_bias, value, value_bias, y)
            torch.mm(room.y, layer.feed_in, out=room.h)
            _gelu(h, layer.feed_bias)
            room.z.addmm_(room.h, layer.feed_out)
            before = layer.feed_after
        torch.mm(room.z, self._into, out=room.h)
        _gelu(h, self._into_bias)
        columns = torch.mm(room.h, self._out).numpy()
        _finish(columns, self._out_bias, self._limits, moved[half:], config.with_position)
        return np.asarray(columns, np.float32)

    def _frame(self, conditions: Conditions) -> tuple[F32, Tensor]:
        """What a frame adds to every anchor's query [d], and the tokens it offers them [T, d]."""
        attention, config = self._network.attention, self._network.config
        blink = blink_code(conditions.au45)
        code = torch.cat([blink, conditions.camera_code, blink.new_zeros(1, NULL)], -1)
        query = attention.query_frame(code)[0] + self._query_bias
        heard = attention.audio(attention.audio_norm(conditions.audio).flatten(1)).view(config.audio_tokens, -1)
        tokens = [heard, attention.emotion(conditions.emotion), attention.intensity(conditions.intensity)]
        if not config.mask_null:
            tokens.append(heard.new_zeros(1, heard.shape[-1]))
        return query.numpy(), torch.cat(tokens)

    def _new_room(self) -> _Room:
        count, config = len(self._still), self._network.config
        return _Room(
            torch.zeros(count, config.width), torch.zeros(count, config.width), torch.zeros(count, config.ffn),
            torch.zeros(1, 6 * count),
        )  # fmt: skip


def _layer(layer: Any) -> _Layer:
    query, ask, feed = layer.query, layer.norm_query, layer.norm_feed
    into, out = layer.feed[0], layer.feed[2]
    return _Layer(
        query.weight.detach().clone(), query.bias.detach().clone(), ask.weight.detach().clone(),
        ask.bias.detach().clone(), (into.weight * feed.weight).T.contiguous(),
        _array(into.bias + into.weight @ feed.bias), out.weight.T.contiguous(), _array(out.bias),
    )  # fmt: skip


def _tokens(own: Any, layer: _Layer, memory: Tensor, heads: int) -> tuple[F32, F32, F32, F32]:
    """Tokens [T, d] as an anchor's attention takes them: key and its bias, value and its bias; see `_attend`."""
    key, value = (linear(memory).unflatten(1, (heads, -1)).transpose(0, 1) for linear in (own.key, own.value))
    wide = key.shape[-1]
    weight, bias = layer.query.view(heads, wide, -1), layer.query_bias.view(heads, wide)
    scores = (key @ weight * wide**-0.5).flatten(0, 1)
    constant = ((key @ bias[..., None])[..., 0] * wide**-0.5).flatten() + scores @ layer.norm_shift
    out = own.out
    added = value @ out.weight.view(-1, heads, wide).permute(1, 2, 0)
    return (
        np.ascontiguousarray((scores * layer.norm_scale).numpy()), constant.numpy(),
        np.ascontiguousarray(added.flatten(0, 1).numpy()), out.bias.detach().numpy(),
    )  # fmt: skip


def _array(tensor: Tensor) -> F32:
    return np.ascontiguousarray(tensor.detach().numpy(), np.float32)
