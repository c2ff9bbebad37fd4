"""Numbers of another device, read some steps after they were asked for, so that no step waits for the device."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
DELAY = 4
"""Steps a number is given to arrive; with what is read ahead it stays below `sampling_order.AHEAD`."""


class LateNumbers(Generic[T]):
    """Scalars on their way from a device, each with a tag; on the CPU they are there at once."""

    def __init__(self) -> None:
        self._queue: deque[tuple[T, Tensor, torch.cuda.Event]] = deque()

    def put(self, tag: T, value: Tensor) -> list[tuple[T, float]]:
        """Ask for a scalar; returns the tags and values of those that have arrived, oldest first."""
        value = value.detach()
        if value.device.type == "cpu":
            return [(tag, float(value))]
        copy = value.to("cpu", non_blocking=True)
        event = torch.cuda.Event()
        event.record()
        self._queue.append((tag, copy, event))
        arrived = []
        while len(self._queue) > DELAY:
            tag, copy, event = self._queue.popleft()
            event.synchronize()
            arrived.append((tag, float(copy)))
        return arrived
