"""How many threads torch may use beside our kernels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Keep torch to the calling thread for a while.

    Its own threads wait in a busy loop and take the core that our kernels, or another program, need; small networks and
    small matrices gain nothing from them. It also makes results independent of how many cores there are.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
