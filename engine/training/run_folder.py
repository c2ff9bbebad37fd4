"""What a training leaves in its folder: checkpoints, metrics and previews."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.clip import ClipInput
from emotalker.engine.files import Arrays, read_arrays, write_arrays, write_bytes, write_json


def run_mark(clips: Sequence[ClipInput], track_dir: Path, config: dict[str, object]) -> str:
    """What a run was made from: training clips, labels, their tracks and the settings."""
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    digest.update((track_dir / "subject.safetensors").read_bytes())
    for clip in clips:
        if not clip.held_out:
            digest.update(f"{clip.id} {clip.emotion} {clip.level:g}".encode())
            digest.update((track_dir / "clips" / clip.id / "track.safetensors").read_bytes())
    return digest.hexdigest()


class RunFolder:
    """A run's files.

    Args:
        folder: the folder; made when first written.
        mark: what the run was made from; a checkpoint with another mark is not resumed.
    """

    def __init__(self, folder: Path, mark: str) -> None:
        self.folder = Path(folder)
        self.mark = mark
        self._lines: list[str] = []

    @property
    def finished(self) -> bool:
        """Whether this very run has been completed."""
        done, model = self.folder / "done.json", self.folder / "model.safetensors"
        if not (done.exists() and model.exists()):
            return False
        try:
            return bool(json.loads(done.read_text(encoding="utf-8")).get("mark") == self.mark)
        except (ValueError, AttributeError):
            return False  # unreadable: the stage is run again and writes it anew

    def finish(self, **facts: Any) -> None:
        """Mark the run as completed."""
        write_json(self.folder / "done.json", {"mark": self.mark, **facts})

    def save(self, arrays: Arrays, state: dict[str, Any]) -> None:
        """Write a checkpoint; the one before it stays beside it until the new one is whole."""
        text = json.dumps({"mark": self.mark, **state})
        write_arrays(self.folder / "checkpoint.safetensors", arrays, {"state": text})
        self.save_metrics()

    def save_metrics(self) -> None:
        """Write what was logged; `save` does it too."""
        write_bytes(self.folder / "metrics.jsonl", "".join(self._lines).encode())

    def load(self) -> tuple[Arrays, dict[str, Any]] | None:
        """The checkpoint of this run, or None if there is none of the same mark.

        Raises:
            UserError: if the checkpoint is damaged.
        """
        path = self.folder / "checkpoint.safetensors"
        if not path.exists():
            return None
        arrays, metadata = read_arrays(path)
        state = json.loads(metadata["state"])
        if state.pop("mark") != self.mark:
            return None
        self.load_metrics(state["step"])
        return arrays, state

    def load_metrics(self, step: int) -> None:
        """Take up what was logged up to a step; `load` does it too."""
        metrics = self.folder / "metrics.jsonl"
        if metrics.exists():
            kept = metrics.read_text(encoding="utf-8").splitlines()
            self._lines = [x + "\n" for x in kept if x and json.loads(x)["step"] <= step]

    def log(self, step: int, values: dict[str, float]) -> None:
        """Remember metrics; written with the next checkpoint."""
        self._lines.append(json.dumps({"step": step, **values}) + "\n")

    def preview(self, step: int, pictures: Sequence[Tensor]) -> Path:
        """Write pictures [H, W, 3] in [0, 1] side by side as previews/STEP.png."""
        row = np.concatenate([_bytes(p) for p in pictures], 1)
        path = self.folder / "previews" / f"{step:06d}.png"
        write_bytes(path, cv2.imencode(".png", row[..., ::-1])[1].tobytes())
        return path


def _bytes(picture: Tensor) -> NDArray[np.uint8]:
    return (picture.detach().cpu().clamp(0, 1).numpy() * 255 + 0.5).astype(np.uint8)


def optimizer_arrays(optimizer: torch.optim.Optimizer, parameters: Mapping[str, Tensor]) -> Arrays:
    """Adam's moments of named parameters as arrays "adam.NAME.{m,v,step}"."""
    arrays: Arrays = {}
    for name, parameter in parameters.items():
        state = optimizer.state.get(parameter)
        if state:
            arrays[f"adam.{name}.m"] = state["exp_avg"].cpu().numpy()
            arrays[f"adam.{name}.v"] = state["exp_avg_sq"].cpu().numpy()
            arrays[f"adam.{name}.step"] = state["step"].cpu().numpy().reshape(1)
    return arrays


def restore_optimizer(optimizer: torch.optim.Optimizer, parameters: Mapping[str, Tensor], arrays: Arrays) -> None:
    """Put back what `optimizer_arrays` gave."""
    for name, parameter in parameters.items():
        if f"adam.{name}.m" not in arrays:
            continue
        optimizer.state[parameter] = {
            # the fused Adam wants its step counter where the parameter is
            "step": torch.tensor(float(arrays[f"adam.{name}.step"][0]), dtype=torch.float32, device=parameter.device),
            "exp_avg": torch.from_numpy(np.array(arrays[f"adam.{name}.m"])).to(parameter.device),
            "exp_avg_sq": torch.from_numpy(np.array(arrays[f"adam.{name}.v"])).to(parameter.device),
        }
