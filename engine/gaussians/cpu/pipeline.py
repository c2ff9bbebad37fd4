"""The order of the kernels, and the work buffers of one render, recycled so that no page is faulted in twice."""

from __future__ import annotations

import itertools
import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu.bin import count_tiles, depth_order, fill_tiles
from emotalker.engine.gaussians.cpu.blend import blend_bytes, blend_forward
from emotalker.engine.gaussians.cpu.blend_backward import blend_backward, gather_rows
from emotalker.engine.gaussians.cpu.constants import BLUE, DEPTH, ISECT_GRADS, PACKED, RED, TILE
from emotalker.engine.gaussians.cpu.project import View, project_forward, view_of
from emotalker.engine.gaussians.cpu.project_backward import project_backward
from emotalker.engine.gaussians.cpu.shade import shade_backward, shade_forward
from emotalker.engine.gaussians.cpu.threads import Chunk, finish, for_chunks, split, start

F32 = NDArray[np.float32]
GAUSSIANS_PER_CHUNK = 4096
TILE_CHUNKS = 16
PAIR_COST_PER_TILE = 8


class GaussianArrays(NamedTuple):
    """The fields of `Gaussians` as C-contiguous float32 arrays: [N,3], [N,4] wxyz, [N,3], [N], [N,(d+1)^2,3]."""

    means: F32
    quats: F32
    log_scales: F32
    logit_opacities: F32
    sh: F32


class Gradients(NamedTuple):
    """Gradients of the fields of `GaussianArrays`, and |dL/d screen mean| per pixel [N]."""

    means: F32
    quats: F32
    log_scales: F32
    logit_opacities: F32
    sh: F32
    pixels: F32


class Scratch:
    """Work buffers for N Gaussians on a width x height image."""

    def __init__(self, count: int, width: int, height: int) -> None:
        self.key = (count, width, height)
        self.count, self.width, self.height = count, width, height
        self.tiles_wide = (width + TILE - 1) // TILE
        self.tile_count = self.tiles_wide * ((height + TILE - 1) // TILE)
        self.order, self.spare = np.empty(count, np.int32), np.empty(count, np.int32)
        self.keys, self.spare_keys = np.empty(count, np.uint32), np.empty(count, np.uint32)
        self.packed = np.zeros((count, PACKED), np.float32)
        self.rect, self.tiles = np.empty((count, 4), np.int32), np.empty(count, np.int32)
        self.depth, self.extent = np.empty(count, np.float32), np.empty(count, np.float32)
        self.isect_starts = np.empty(count + 1, np.int64)
        self.tile_starts, self.last = np.empty(self.tile_count + 1, np.int64), np.empty(self.tile_count, np.int64)
        self.cursor = np.empty(self.tile_count, np.int64)
        self.screen, self.colour = np.empty((count, 6), np.float32), np.empty((count, 3), np.float32)
        self.ids, self.slots = np.empty(4 * count, np.int32), np.empty(4 * count, np.int32)
        self.spans = np.empty(4 * count, np.uint32)
        self.grads = np.empty((0, ISECT_GRADS), np.float32)
        self.pairs = 0

    def hold_pairs(self, pairs: int) -> None:
        """Make room for `pairs` (Gaussian, tile) pairs."""
        self.pairs = pairs
        if pairs > len(self.ids):
            self.ids, self.slots = (np.empty(int(pairs * 1.3), np.int32) for _ in range(2))
            self.spans = np.empty(len(self.ids), np.uint32)

    def gradient_rows(self) -> F32:
        """Room for one gradient row per pair."""
        if len(self.grads) < self.pairs:
            self.grads = np.empty((int(self.pairs * 1.2) + 1, ISECT_GRADS), np.float32)
        return self.grads

    def gaussian_chunks(self) -> list[Chunk]:
        """Ranges of Gaussians, the same for any number of threads."""
        return split(self.count, GAUSSIANS_PER_CHUNK)

    def tile_chunks(self) -> list[Chunk]:
        """Ranges of tiles with about the same work each."""
        cost = self.tile_starts + PAIR_COST_PER_TILE * np.arange(self.tile_count + 1)
        inner = np.searchsorted(cost, np.linspace(0, cost[-1], TILE_CHUNKS + 1)[1:-1])
        edges = [0, *(int(i) for i in inner), self.tile_count]
        return [(a, b) for a, b in itertools.pairwise(edges) if b > a]


class _FreeList:
    """Released buffers, most recently used last."""

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.lock = threading.Lock()
        self.items: list[Scratch] = []

    def take(self, count: int, width: int, height: int) -> Scratch:
        with self.lock:
            for i in reversed(range(len(self.items))):
                if self.items[i].key == (count, width, height):
                    return self.items.pop(i)
        return Scratch(count, width, height)

    def give(self, scratch: Scratch) -> None:
        with self.lock:
            self.items.append(scratch)
            del self.items[: -self.keep]


free_list = _FreeList(keep=4)


def prepare(arrays: GaussianArrays, camera: Camera, scratch: Scratch) -> View:
    """Project, shade, sort and bin: everything before a pixel is touched."""
    view, chunks = view_of(camera), scratch.gaussian_chunks()
    s = scratch
    for_chunks(
        project_forward, chunks, arrays.means, arrays.quats, arrays.log_scales, arrays.logit_opacities, view,
        s.width, s.height, s.packed, s.rect, s.tiles, s.depth, s.extent,
    )  # fmt: skip
    sorting = start(depth_order, s.depth, s.order, s.spare, s.keys, s.spare_keys)
    for_chunks(shade_forward, chunks, arrays.means, arrays.sh, view, s.tiles, s.packed)
    s.hold_pairs(count_tiles(s.tiles, s.rect, s.tiles_wide, s.tile_starts, s.isect_starts))
    finish(sorting)
    fill_tiles(s.order, s.rect, s.tiles_wide, s.tile_starts, s.isect_starts, s.cursor, s.ids, s.slots)
    return view


def draw(scratch: Scratch, rgb: F32, alpha: F32) -> None:
    """Blend a prepared scene into premultiplied rgb [H, W, 3] and alpha [H, W]."""
    s = scratch
    for_chunks(
        blend_forward, s.tile_chunks(), s.width, s.height, s.tile_starts, s.ids, s.packed, rgb, alpha, s.last, s.spans
    )  # fmt: skip


def draw_depth(scratch: Scratch, depth: F32) -> None:
    """Alpha-weighted depth [H, W], metres, of a prepared scene: the same blending with depth in place of colour."""
    s = scratch
    packed = s.packed.copy()
    packed[:, RED : BLUE + 1] = packed[:, DEPTH, None]
    image, alpha = np.empty((s.height, s.width, 3), np.float32), np.empty((s.height, s.width), np.float32)
    for_chunks(
        blend_forward, s.tile_chunks(), s.width, s.height, s.tile_starts, s.ids, packed, image, alpha, s.last, s.spans
    )  # fmt: skip
    depth[:] = image[..., 0]


def draw_bytes(scratch: Scratch, plate: NDArray[np.uint8], image: NDArray[np.uint8]) -> None:
    """Blend a prepared scene over `plate` [H, W, 3] into `image` [H, W, 3]."""
    s = scratch
    for_chunks(blend_bytes, s.tile_chunks(), s.width, s.height, s.tile_starts, s.ids, s.packed, plate, image, s.spans)


def backward(
    arrays: GaussianArrays, view: View, scratch: Scratch, rgb: F32, alpha: F32, grad_rgb: F32, grad_alpha: F32
) -> Gradients:
    """Gradients of a scene that `draw` has drawn into `rgb` and `alpha`."""
    s, rows = scratch, scratch.gradient_rows()
    for_chunks(
        blend_backward, s.tile_chunks(), s.width, s.height, s.tile_starts, s.ids, s.slots, s.packed, s.last, s.spans,
        rgb, alpha, grad_rgb, grad_alpha, rows,
    )  # fmt: skip
    chunks = s.gaussian_chunks()
    for_chunks(gather_rows, chunks, s.isect_starts, rows, s.screen, s.colour)
    g = Gradients._make([*(np.empty_like(a) for a in arrays), np.empty(s.count, np.float32)])
    for_chunks(
        project_backward, chunks, arrays.means, arrays.quats, arrays.log_scales, view, s.tiles, s.packed, s.screen,
        g.means, g.quats, g.log_scales, g.logit_opacities, g.pixels,
    )  # fmt: skip
    for_chunks(shade_backward, chunks, arrays.means, arrays.sh, view, s.tiles, s.packed, s.colour, g.sh, g.means)
    return g
