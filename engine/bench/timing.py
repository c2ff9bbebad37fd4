"""Timing of one call."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch


def median_ms(call: Callable[[], object], repeats: int = 30, warm: int = 5) -> float:
    """Median milliseconds of `call` after `warm` calls that do not count."""
    for _ in range(warm):
        call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def torch_median_ms(call: Callable[[], object], repeats: int, warm: int) -> float:
    """Median milliseconds of a torch implementation, with one thread or with all, whichever is faster.

    On a busy machine torch's own threads wait for each other and lose several times what they gain; our kernels
    shall not look good because of that.
    """
    before = torch.get_num_threads()
    times = []
    for threads in {1, before}:
        torch.set_num_threads(threads)
        times.append(median_ms(call, repeats, warm))
    torch.set_num_threads(before)
    return min(times)
