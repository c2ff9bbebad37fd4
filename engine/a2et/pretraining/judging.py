"""How well predicted mouth channels follow the reference: correlations, closures caught, silence kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.articulation import CHANNELS, Articulator
from emotalker.engine.a2et.pretraining.hearing import JUDGED, JUDGED_PAUSE, Utterance
from emotalker.engine.a2et.pretraining.targets import TARGET_RATE
from emotalker.engine.a2et.windows import sample_frames

F32 = NDArray[np.float32]
CONTACT = 0.5
"""Reference closure from which lips touch."""
CAUGHT = 0.35
"""Predicted closure within `TOLERANCE` frames that counts as a closure."""
TOLERANCE = 1
QUIET = 0.15
"""Seconds that a pause must last, and keep from its ends, to count as silence."""


def reference(utterance: Utterance, fps: float, lag: float = 0.0) -> F32:
    """Mouth channels of an utterance at the middles of frames [T, C]; `lag` seconds later than its phones say."""
    count = int(len(utterance.mouth) / TARGET_RATE * fps)
    return sample_frames(utterance.mouth, TARGET_RATE, (np.arange(count) + 0.5) / fps - lag)


def figures(pairs: Sequence[tuple[F32, F32]], fps: float, ends: int = 0) -> dict[str, float]:
    """Figures of (predicted, reference) channels [T, C] of some recordings, all of them taken together.

    Args:
        pairs: channels of every recording.
        fps: frames per second.
        ends: frames of silence added at both ends of every recording: they count for the silence, not for the
            correlations, which they would make look better.

    Returns:
        correlation of every channel; closure_recall and closure_precision: shares of the reference's and of the
        prediction's closures that the other has within one frame; silence: mean predicted jaw opening in pauses as a
        share of its range in speech (5th to 95th percentile).
    """
    found, true = (np.concatenate([pair[k][ends : len(pair[k]) - ends] for pair in pairs]) for k in (0, 1))
    out = {name: _correlation(found[:, i], true[:, i]) for i, name in enumerate(CHANNELS)}
    closed = CHANNELS.index("closed")
    hits = [_caught(p[:, closed] > CAUGHT, t[:, closed] > CONTACT) for p, t in pairs]
    back = [_caught(t[:, closed] > CAUGHT, p[:, closed] > CONTACT) for p, t in pairs]
    out["closure_recall"] = float(np.sum([h[0] for h in hits]) / max(np.sum([h[1] for h in hits]), 1))
    out["closure_precision"] = float(np.sum([h[0] for h in back]) / max(np.sum([h[1] for h in back]), 1))
    quiet = np.concatenate([_quiet(t, fps) for _, t in pairs])
    jaw = np.concatenate([p[:, CHANNELS.index("jaw")] for p, _ in pairs])
    low, high = np.percentile(jaw[~quiet], [5, 95])
    out["silence"] = float(jaw[quiet].mean() / (high - low)) if quiet.any() else float("nan")
    return out


def judge(model: Articulator, utterances: Sequence[Utterance], lag: float = 0.0) -> dict[str, float]:
    """`figures` of a model on utterances it has not learned from."""
    pairs = []
    for utterance in utterances:
        true = reference(utterance, model.spec.fps, lag)
        pairs.append((model.hear(utterance.features, utterance.voice, len(true)), true))
    padded = any(u.speaker.startswith(JUDGED) for u in utterances)
    return figures(pairs, model.spec.fps, round(JUDGED_PAUSE * model.spec.fps) if padded else 0)


def _correlation(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Correlation of two curves; not a number where one never moves."""
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 1e-6 and b.std() > 1e-6 else float("nan")


def _caught(signs: NDArray[np.bool_], events: NDArray[np.bool_]) -> tuple[int, int]:
    """How many runs of `events` have a sign within `TOLERANCE` frames, and how many there are."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], events.astype(np.int8), [0]])))
    runs = edges.reshape(-1, 2)
    return sum(bool(signs[max(a - TOLERANCE, 0) : b + TOLERANCE].any()) for a, b in runs), len(runs)


def _quiet(true: F32, fps: float) -> NDArray[np.bool_]:
    """Frames [T] well inside a pause of the reference."""
    reach = round(QUIET * fps)
    still = (true.max(1) < 0.02).astype(float)
    return np.asarray(np.convolve(still, np.ones(2 * reach + 1), "same") > 2 * reach + 0.5)
