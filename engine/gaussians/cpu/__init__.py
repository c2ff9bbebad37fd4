"""The CPU rasterizer: our own numba kernels, differentiable, deterministic for any number of threads.

`rasterize_cpu` is the training path (torch tensors in and out, gradients), `PlaybackRenderer` the path for showing
(numpy in, bytes out). Only kernels and the Python around them live here; no loss, no optimizer, no file.
"""

from emotalker.engine.gaussians.cpu.autograd import rasterize_cpu
from emotalker.engine.gaussians.cpu.morton import morton_order
from emotalker.engine.gaussians.cpu.playback import GaussianArrays, PlaybackRenderer
from emotalker.engine.gaussians.cpu.threads import get_threads, set_threads
from emotalker.engine.gaussians.cpu.warmup import warm_up

__all__ = [
    "GaussianArrays",
    "PlaybackRenderer",
    "get_threads",
    "morton_order",
    "rasterize_cpu",
    "set_threads",
    "warm_up",
]
