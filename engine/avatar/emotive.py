"""A trained stage 2, ready to play: what emotion, intensity and speech add to a twin's Gaussians."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.avatar.baked import BakedDeformation
from emotalker.engine.avatar.controls import FrameControl
from emotalker.engine.emotion.deformation import Conditions, EmotionalDeformation
from emotalker.engine.emotion.known import Known, KnownTokens
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
        known: which labels its training frames carried; None tells it any label as it is.
    """

    network: EmotionalDeformation
    labels: LabelEmbeddings
    known: Known | None = None

    @cached_property
    def _baked(self) -> BakedDeformation:
        return BakedDeformation(self.network)

    @cached_property
    def _tokens(self) -> KnownTokens | None:
        return None if self.known is None else KnownTokens(self.labels, self.known)

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

        if self._tokens is None:
            emotion, intensity = self.labels.emotion_token(control.weights), self.labels.level_token(control.level)
        else:
            emotion, intensity = self._tokens(control.weights, control.level)
        return Conditions(
            psi_neu=row(control.psi_neu),
            psi_emo=row(control.psi_emo),
            au45=row(control.au45),
            camera_code=row(control.camera_code),
            audio=row(control.audio),
            emotion=row(emotion),
            intensity=row(intensity),
            jaw_neu=row(control.jaw_neu),
            jaw_emo=row(control.jaw_emo),
        )

    def to_arrays(self) -> tuple[Arrays, dict[str, Any]]:
        """Arrays with their prefixes, and what is needed to build the network again."""
        arrays, spec = self.network.to_arrays()
        named = {f"{NETWORK}{k}": v for k, v in arrays.items()}
        spec = {**spec, "known": None if self.known is None else self.known.to_json()}
        return named | {f"{LABELS}{k}": v for k, v in self.labels.to_arrays().items()}, spec

    @staticmethod
    def from_arrays(
        arrays: Arrays,
        spec: dict[str, Any],
        shapes: GaussianBlendshapes,
        recorded: Iterable[Sequence[Any]] | None = None,
    ) -> Emotive:
        """What `to_arrays` gave, or stage 2 wrote, for the same Gaussians; other arrays are ignored.

        Args:
            arrays: with their prefixes.
            spec: what is needed to build the network again.
            shapes: the Gaussians it was trained on.
            recorded: emotion and level of the training clips, for networks that do not say what they know.

        Raises:
            UserError: if the label embeddings are damaged.
            RuntimeError: if the network's arrays do not fit.
        """
        network, labels = (
            {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
            for prefix in (NETWORK, LABELS)
        )
        known = Known.of(recorded, blank=False) if recorded is not None else None
        if "known" in spec:
            known = None if spec["known"] is None else Known.from_json(spec["known"])
        spec = {k: v for k, v in spec.items() if k != "known"}
        # a freshly made network draws random numbers it does not need; whoever loads a twin keeps their own
        with torch.random.fork_rng(devices=[]):
            deformation = EmotionalDeformation.from_arrays(network, spec, shapes)
        return Emotive(deformation, LabelEmbeddings.from_arrays(labels), known)
