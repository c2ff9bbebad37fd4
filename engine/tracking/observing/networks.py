"""Small LiteRT networks: load one, run one, and take turns doing so."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


class Network:
    """A LiteRT network with one image-like input.

    Args:
        model: contents of a .tflite file.
        threads: CPU threads it may use.
    """

    def __init__(self, model: bytes, threads: int = 2) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter: Any = Interpreter(model_content=model, num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = {d["name"]: d["index"] for d in self._interpreter.get_output_details()}
        self._lock = threading.Lock()

    def __call__(self, image: NDArray[np.floating]) -> dict[str, F32]:
        """All outputs by name for one input, batch axis included."""
        with self._lock:  # an interpreter holds one set of buffers
            self._interpreter.set_tensor(self._input, np.ascontiguousarray(image, np.float32))
            self._interpreter.invoke()
            return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}
