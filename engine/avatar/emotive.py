"""A trained stage 2, ready to play: what emotion, intensity and speech add to a twin's Gaussians."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.avatar.baked import BakedDeformation
from emotalker.engine.avatar.controls import FrameControl
from emotalker.engine.emotion.deformation import Conditions, EmotionalDeformation
from emotalker.engine.emotion.text import LabelEmbeddings
from emotalker.engine.files import Arrays
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.torch_threads import one_torch_thread

F32 = NDArray[np.float32]
NETWORK, LABELS = "deform.", "labels."


@dataclass
class Emotive:
    """The emotional deformation of one person and the words it knows.

    Attributes:
        network: in evaluation mode, on the CPU.
        labels: text tokens of emotions and levels it was trained with.
    """

    network: EmotionalDeformation
    labels: LabelEmbeddings

    @cached_property
    def _baked(self) -> BakedDeformation:
        return BakedDeformation(self.network)

    @property
    def window(self) -> int:
        """W, speech frames at 50 Hz it is given for each frame."""
        return self.network.config.window

    @property
    def interpolation(self) -> tuple[NDArray[np.int64], F32]:
        """Anchors of every Gaussian [N, 4] and their shares [N, 4]."""
        return self.network.get_buffer("index").numpy(), self.network.get_buffer("share").numpy()

    def columns(self, control: FrameControl) -> F32:
        """Offsets at the anchors [P, 14] of one frame: position, quaternion, log-scale, logit opacity, colour."""
        conditions = self.conditions(control)
        with one_torch_thread():
            return self._baked.columns(conditions)

    def conditions(self, control: FrameControl) -> Conditions:
        """What the network is told about a frame, as a batch of one."""

        def row(values: Any) -> torch.Tensor:
            return torch.from_numpy(np.array(values, np.float32))[None]

        return Conditions(
            psi_neu=row(control.psi_neu),
            psi_emo=row(control.psi_emo),
            au45=row(control.au45),
            camera_code=row(control.camera_code),
            audio=row(control.audio),
            emotion=row(self.labels.emotion_token(control.weights)),
            intensity=row(self.labels.level_token(control.level)),
        )

    def to_arrays(self) -> tuple[Arrays, dict[str, Any]]:
        """Arrays with their prefixes, and what is needed to build the network again."""
        arrays, spec = self.network.to_arrays()
        named = {f"{NETWORK}{k}": v for k, v in arrays.items()}
        return named | {f"{LABELS}{k}": v for k, v in self.labels.to_arrays().items()}, spec

    @staticmethod
    def from_arrays(arrays: Arrays, spec: dict[str, Any], shapes: GaussianBlendshapes) -> Emotive:
        """What `to_arrays` gave, or stage 2 wrote, for the same Gaussians; other arrays are ignored.

        Raises:
            UserError: if the label embeddings are damaged.
            RuntimeError: if the network's arrays do not fit.
        """
        network, labels = (
            {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
            for prefix in (NETWORK, LABELS)
        )
        # a freshly made network draws random numbers it does not need; whoever loads a twin keeps their own
        with torch.random.fork_rng(devices=[]):
            return Emotive(EmotionalDeformation.from_arrays(network, spec, shapes), LabelEmbeddings.from_arrays(labels))
