"""The fair opponent: a tiled rasterizer in plain vectorised torch, the way one writes it without own kernels.

Gaussians are binned to 16x16 tiles and sorted by tile and depth; tiles with lists of like length are padded and blended
together with cumulative products. Work is proportional to the (Gaussian, tile) pairs, not to Gaussians x pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.gaussians import Gaussians
from emotalker.engine.gaussians.reference import ALPHA_MAX, ALPHA_MIN, T_MIN, Splats, project
from emotalker.engine.render.rasterizer import Render

TILE = 16
# Numbers held at once by one of the big intermediate tensors.
BATCH_NUMBERS = 4_000_000


def tile_lists(splats: Splats, wide: int, high: int) -> tuple[Tensor, Tensor]:
    """Gaussian ids of every (tile, Gaussian) pair, by tile and then depth [pairs], and pairs per tile [wide * high]."""
    low = ((splats.means2d - splats.extents) / TILE).floor().long().detach()
    high_edge = ((splats.means2d + splats.extents) / TILE).floor().long().detach() + 1
    limit = torch.tensor([wide, high])
    low, high_edge = low.clamp_min(0).minimum(limit), high_edge.clamp_min(0).minimum(limit)
    sides = (high_edge - low).clamp_min(0)
    sides[splats.extents[:, 0] <= 0] = 0
    counts = sides.prod(1)
    ids = torch.repeat_interleave(torch.arange(len(counts)), counts)
    local = torch.arange(len(ids)) - torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    across = sides[ids, 0]
    tiles = (low[ids, 1] + local // across) * wide + low[ids, 0] + local % across
    by_depth = torch.argsort(splats.depths.detach()[ids], stable=True)
    order = by_depth[torch.argsort(tiles[by_depth], stable=True)]
    return ids[order], torch.bincount(tiles, minlength=wide * high)


def blend_tiles(splats: Splats, ids: Tensor, listed: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Colour [B, P, 3] and alpha [B, P] of B tiles with padded lists `ids`, `listed` [B, K], pixels [B, P, 2]."""
    offset = centres[:, None] - splats.means2d[ids][:, :, None]
    dx, dy = offset.unbind(-1)
    a, b, c = (v[..., None] for v in splats.conics[ids].unbind(-1))
    alpha = splats.opacities[ids][..., None] * torch.exp(-0.5 * (a * dx * dx + c * dy * dy) - b * dx * dy)
    alpha = alpha.clamp_max(ALPHA_MAX)
    alpha = alpha * ((alpha >= ALPHA_MIN) & listed[..., None])
    through = torch.cumprod(1 - alpha, 1)
    before = torch.cat([torch.ones_like(through[:, :1]), through[:, :-1]], 1)
    weights = alpha * before * (before > T_MIN)
    return torch.einsum("bkp,bkc->bpc", weights, splats.colours[ids]), weights.sum(1)


def rasterize_torch_tiles(gaussians: Gaussians, camera: Camera) -> Render:
    """Render without background, differentiable by autograd."""
    splats = project(gaussians, camera)
    wide, high = -(-camera.width // TILE), -(-camera.height // TILE)
    ids, counts = tile_lists(splats, wide, high)
    starts = counts.cumsum(0) - counts
    inside = torch.arange(TILE * TILE)
    pixels = torch.stack([inside % TILE, inside // TILE], -1) + 0.5
    colours = torch.zeros(wide * high, TILE * TILE, 3)
    alphas = torch.zeros(wide * high, TILE * TILE)
    queue = torch.argsort(counts, descending=True)
    queue = queue[counts[queue] > 0]
    done_tiles, done_colours, done_alphas = [], [], []
    while len(queue):
        longest = int(counts[queue[0]])
        tiles, queue = queue.split([n := min(len(queue), 1 + BATCH_NUMBERS // (longest * TILE * TILE)), len(queue) - n])
        slot = torch.arange(longest)
        listed = slot < counts[tiles, None]
        padded = ids[(starts[tiles, None] + slot).clamp_max(len(ids) - 1)]
        corner = torch.stack([tiles % wide, tiles // wide], -1) * TILE
        colour, alpha = blend_tiles(splats, padded, listed, corner[:, None] + pixels)
        done_tiles.append(tiles)
        done_colours.append(colour)
        done_alphas.append(alpha)
    if done_tiles:
        where = torch.cat(done_tiles)
        colours = colours.index_copy(0, where, torch.cat(done_colours))
        alphas = alphas.index_copy(0, where, torch.cat(done_alphas))
    image = colours.reshape(high, wide, TILE, TILE, 3).transpose(1, 2).reshape(high * TILE, wide * TILE, 3)
    alpha_image = alphas.reshape(high, wide, TILE, TILE).transpose(1, 2).reshape(high * TILE, wide * TILE)
    return Render(image[: camera.height, : camera.width], alpha_image[: camera.height, : camera.width])
