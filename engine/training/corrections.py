"""Small corrections of the tracks that the fit finds itself: expression, jaw, neck and head of each training frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor

from emotalker.engine.files import Arrays
from emotalker.engine.head.model import HeadModel, axis_angle_to_matrix
from emotalker.engine.tracking.track import Track
from emotalker.engine.training.frames import PosedClip

F32 = NDArray[np.float32]
GROUPS = ("jaw", "neck", "root_rotation", "root_translation", "psi")
"""What is corrected, in the order of a row's columns; the expression comes last, because heads differ in it."""
STEP = {"jaw": 6e-3, "neck": 3e-3, "root_rotation": 3e-3, "root_translation": 3e-4, "psi": 0.012}
"""How far a typical gradient moves a value: radians, metres, coefficients."""
USUAL = {"jaw": 0.05, "neck": 0.03, "root_rotation": 0.03, "root_translation": 0.003, "psi": 0.1}
"""Corrections of this size cost the regulariser's whole weight."""
FORGET = 0.99
"""How slowly the typical gradient is forgotten, per step."""
LARGEST = 3.0
"""Most that a gradient may exceed the typical one."""


class Corrections:
    """One row of corrections per training frame, F rows of D = 12 + K columns.

    Corrections count relative to their mean over all frames: a shift that all frames share belongs to the head, and
    clips that are not trained on would miss it.

    Args:
        frames: number of training frames F.
        expressions: number of expressions K.
        groups: which of `GROUPS` are corrected; the others stay as tracked.
        weight: weight of the regulariser.
        device: where the fit computes; nothing here waits for it.

    Attributes:
        rows: corrections before their mean is taken off, float32 [F, D].
        squares: running mean of squared gradients of each group [5].
    """

    def __init__(
        self, frames: int, expressions: int, groups: tuple[str, ...], weight: float, device: str = "cpu"
    ) -> None:
        self.rows = torch.zeros(frames, 12 + expressions, device=device)
        self.squares = torch.zeros(len(GROUPS), device=device)
        self.weight, self.device = weight, device
        self.active = tuple(g in groups for g in GROUPS)
        self._sum = torch.zeros(12 + expressions, dtype=torch.float64, device=device)
        usual = torch.tensor([USUAL[g] for g in GROUPS])
        self._usual = torch.cat([usual[:4].repeat_interleave(3), usual[4:].expand(expressions)]).to(device)

    def row(self, number: int) -> Tensor:
        """The correction of a frame [D], detached."""
        return (self.rows[number] - self._sum / len(self.rows)).float()

    def all(self) -> F32:
        """The corrections of all frames [F, D]."""
        return np.asarray((self.rows - self.rows.mean(0)).cpu().numpy(), np.float32)

    def cost(self, row: Tensor) -> Tensor:
        """The regulariser of a row that requires grad."""
        return self.weight * ((row / self._usual) ** 2).sum()

    def learn(self, number: int, gradient: Tensor, rate: float) -> None:
        """Move a frame's corrections against the loss's gradient [D]; `rate` scales the step."""
        for i, columns in enumerate(_columns(len(gradient))):
            if not self.active[i]:
                continue
            part = gradient[columns]
            square = (part * part).mean()
            old = self.squares[i]
            self.squares[i] = torch.where(old == 0, square, FORGET * old + (1 - FORGET) * square)
            step = (part / self.squares[i].sqrt().clamp_min(1e-12)).clamp(-LARGEST, LARGEST)
            moved = self.rows[number, columns] - rate * STEP[GROUPS[i]] * step
            self._sum[columns] += (moved - self.rows[number, columns]).double()
            self.rows[number, columns] = moved

    def to_arrays(self) -> Arrays:
        """The state, for a checkpoint."""
        return {
            "corrections.rows": self.rows.cpu().numpy(),
            "corrections.squares": self.squares.cpu().numpy(),
            "corrections.sum": self._sum.cpu().numpy(),
        }

    def restore(self, arrays: Arrays) -> None:
        """Put back what `to_arrays` gave."""
        self.rows, self.squares, self._sum = (
            torch.from_numpy(np.array(arrays[f"corrections.{name}"])).to(self.device)
            for name in ("rows", "squares", "sum")
        )


def posed_with(head: HeadModel, joints: Tensor, track: Track, frame: int, row: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Expression [K], bones [6, 3, 4] and root [3, 4] of a tracked frame with its correction, differentiable in it.

    Args:
        head: the head model.
        joints: the person's joints at rest [6, 3].
        track: the clip's track.
        frame: which of its frames.
        row: correction [D], on the device the result is wanted on.
    """

    def tracked(name: str) -> Tensor:
        return torch.from_numpy(getattr(track, name)[frame]).to(row.device, non_blocking=True)

    jaw, neck, turn, shift = row[:12].view(4, 3).unbind(0)
    at = joints.to(row.device, non_blocking=True)
    bones = head.bone_transforms(
        at, (tracked("jaw") + jaw)[None], (tracked("neck") + neck)[None], tracked("eyes")[None]
    )[0]
    rotation = axis_angle_to_matrix(tracked("root_rotation")) @ axis_angle_to_matrix(turn)
    translation = tracked("root_translation") + shift
    return (tracked("psi") + row[12:]).clamp(0, 1), bones, torch.cat([rotation, translation[:, None]], 1)


def corrected(track: Track, rows: F32) -> Track:
    """A track with corrections [T, D] put in; frames that were not trained on have rows of zeros."""
    turn = Rotation.from_rotvec(track.root_rotation) * Rotation.from_rotvec(rows[:, 6:9])
    return replace(
        track,
        psi=np.clip(track.psi + rows[:, 12:], 0, 1).astype(np.float32),
        jaw=(track.jaw + rows[:, 0:3]).astype(np.float32),
        neck=(track.neck + rows[:, 3:6]).astype(np.float32),
        root_rotation=turn.as_rotvec().astype(np.float32),
        root_translation=(track.root_translation + rows[:, 9:12]).astype(np.float32),
    )


def save_corrected(rows: F32, clips: Sequence[PosedClip], index: Sequence[tuple[int, int]], folder: Path) -> None:
    """Write the clips' tracks with corrections [F, D] of the frames in `index` as FOLDER/CLIP.safetensors."""
    for number, posed in enumerate(clips):
        moved = np.zeros((len(posed.track), rows.shape[1]), np.float32)
        for row, (clip, frame) in zip(rows, index):
            if clip == number:
                moved[frame] = row
        corrected(posed.track, moved).save(folder / f"{posed.clip.id}.safetensors")


def _columns(count: int) -> tuple[slice, ...]:
    return (*(slice(i, i + 3) for i in range(0, 12, 3)), slice(12, count))
