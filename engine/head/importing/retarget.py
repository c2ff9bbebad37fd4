"""The program's 62 expressions in terms of a head's own ones, and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import lsq_linear

from emotalker.engine.files import read_arrays, write_arrays
from emotalker.engine.head.importing.raw import F32, F64, RawHead

RIDGE = 1e-3
"""Ridge, in parts of the mean energy of the head's own shapes."""
BORROWED = 0.6
"""A shape that misses more than this of its movement in the head's own basis is taken over from the built-in head."""
STILL = (5e-5, 2e-4)
"""Metres that the built-in head moves where a combined shape is nothing, and where it is whole."""
JAW_RANGE = (-0.02, 0.7)


@dataclass(frozen=True)
class Retarget:
    """How expressions of the program and of a head correspond.

    With the head's own basis B [K_own, 3V] and the built-in head's movement D_k [3V] of expression k, carried over to
    the head's vertices by closest points, row k of `matrix` is

        m_k = argmin_m |D_k - m B|^2 + ridge |m|^2,

    or, for a shape that the head knows by name, a one at its own shape (ones at both sides of a divided one). The
    program's basis on this head is then M B, faded out where the built-in head does not move at all: what is left
    there is error of the fit, and would make brows pull at chins. `residual` is |D_k - m_k B| / |D_k|; where it exceeds
    `BORROWED` the head has no such movement, `borrowed` says so, and D_k itself is used. A track of coefficients is
    converted by

        c = psi M + jaw_x j              (to the head's own basis)
        psi, jaw_x = argmin |(psi M + jaw_x j - c) B|^2,  0 <= psi <= 1   (from it),

    where j is what one radian of the jaw's turn is in B: heads without a jaw joint open their mouth by expressions. For
    heads with a jaw joint of their own it is zero and the jaw is left as it is.

    Attributes:
        names: the program's expression names, 62.
        own_names: the head's own, K_own.
        matrix: [62, K_own].
        residual: [62], unitless.
        borrowed: [62].
        jaw: [K_own], per radian.
        gram: B B^T [K_own, K_own], square metres.
    """

    names: tuple[str, ...]
    own_names: tuple[str, ...]
    matrix: F32
    residual: F32
    borrowed: F32
    jaw: F32
    gram: F64

    def to_own(self, psi: F32, jaw: F32 | None = None) -> F32:
        """Coefficients [T, K_own] in the head's own basis.

        Args:
            psi: [T, 62].
            jaw: axis-angle [T, 3], radians; only the opening, the first number, can be said in expressions.
        """
        own = psi @ self.matrix
        return (own if jaw is None else own + jaw[:, :1] * self.jaw).astype(np.float32)

    def from_own(self, own: F32) -> tuple[F32, F32]:
        """Psi [T, 62] in [0, 1] and jaw [T, 3] in radians of coefficients [T, K_own] in the head's own basis."""
        values, vectors = np.linalg.eigh(self.gram)
        root = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
        opens = bool(np.abs(self.jaw).max(initial=0) > 0)
        known = np.concatenate([self.matrix, self.jaw[None]] if opens else [self.matrix]).astype(np.float64)
        system = root @ known.T
        # a little ridge decides between expressions that look alike
        damping = np.sqrt(1e-4 * (system**2).sum(0).mean()) * np.eye(len(known))
        low, high = np.zeros(len(known)), np.ones(len(known))
        if opens:
            low[-1], high[-1] = JAW_RANGE
        out = np.zeros((len(own), len(known)))
        for number, frame in enumerate(np.asarray(own, np.float64)):
            right = np.concatenate([root @ frame, np.zeros(len(known))])
            out[number] = lsq_linear(np.concatenate([system, damping]), right, (low, high)).x
        jaw = np.zeros((len(own), 3), np.float32)
        if opens:
            jaw[:, 0] = out[:, -1]
        return out[:, : len(self.names)].astype(np.float32), jaw

    def save(self, path: Path) -> None:
        """Write as .safetensors."""
        arrays = {n: getattr(self, n) for n in ("matrix", "residual", "borrowed", "jaw", "gram")}
        names = {"names": "\n".join(self.names), "own_names": "\n".join(self.own_names)}
        write_arrays(path, arrays, {**names, "version": "1"})

    @staticmethod
    def load(path: Path) -> Retarget:
        """Read what `save` wrote.

        Raises:
            UserError: if the file is missing or damaged.
        """
        arrays, facts = read_arrays(path)
        names, own = (tuple(facts[n].split("\n")) if facts[n] else () for n in ("names", "own_names"))
        return Retarget(names, own, **arrays)


def retargeted(raw: RawHead, names: tuple[str, ...], moves: F32, counted: F64, jaw_turn: F64) -> tuple[Retarget, F32]:
    """The program's expressions on a head.

    Args:
        raw: the head, V vertices.
        names: the program's expression names, K.
        moves: the built-in head's movement of each at the head's vertices [K, V, 3], metres.
        counted: how much each vertex counts in the fit [V].
        jaw_turn: movement of the vertices per radian of the jaw [V, 3]; zeros if the head has a jaw joint of its own.

    Returns:
        The correspondence, and the basis [K, V, 3], metres.
    """
    own = len(raw.expression)
    flat = raw.expression.reshape(own, -1).astype(np.float32)
    weights = np.repeat(counted, 3).astype(np.float32)
    weighed = flat * weights
    gram = (weighed @ flat.T).astype(np.float64)
    wanted = np.concatenate([moves, jaw_turn[None]]).reshape(len(moves) + 1, -1)
    right = (weighed @ wanted.T.astype(np.float32)).astype(np.float64)
    matrix = np.zeros((len(names), own), np.float32)
    jaw = np.zeros(own, np.float32)
    if own:
        ridge = RIDGE * np.trace(gram) / own + 1e-18
        solution = np.linalg.solve(gram + ridge * np.eye(own), right)
        matrix[:], jaw[:] = solution[:, :-1].T, solution[:, -1]
    if raw.jaw_open:
        jaw[:] = 0
        opened = flat[list(raw.jaw_open)].sum(0)
        jaw[list(raw.jaw_open)] = (opened * weights) @ wanted[-1] / max(float((opened * weights) @ opened), 1e-12)
    for k, name in enumerate(names):
        if name in raw.named:
            matrix[k] = 0
            matrix[k, list(raw.named[name])] = 1
    basis = (matrix @ flat).reshape(len(names), -1, 3)
    known = np.array([name in raw.named for name in names])
    reach = np.linalg.norm(moves, axis=2, keepdims=True)
    basis[~known] *= np.clip((reach - STILL[0]) / (STILL[1] - STILL[0]), 0, 1)[~known]
    missed = ((moves - basis) ** 2).sum(2) @ counted
    residual = np.sqrt(missed / np.maximum((moves**2).sum(2) @ counted, 1e-18))
    residual[known] = 0
    borrowed = residual > BORROWED
    basis[borrowed] = moves[borrowed]
    table = Retarget(
        names, raw.expression_names, matrix, residual.astype(np.float32), borrowed.astype(np.float32), jaw, gram
    )
    return table, basis.astype(np.float32)
