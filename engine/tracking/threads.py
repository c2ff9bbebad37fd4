"""One torch thread for work made of many small steps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread inside the block.

    The fit is thousands of small matrices: sharing each between two threads gains little on idle cores, and waiting for
    the slower one costs ten times as much when another program keeps a core busy. It also makes results independent of
    how many cores there are.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
