"""Hard frames come more often, in an order that an interruption does not change."""

import numpy as np
import pytest

from emotalker.engine.training.sampling_order import AHEAD, HardestFirst

FRAMES = 40


def loss_of(frame: int) -> float:
    """Frames differ; the last one is a thousand times harder than the first."""
    return 0.001 * 1000 ** (frame / (FRAMES - 1))


def walk(order: HardestFirst, first: int, last: int, stop: int | None = None) -> list[int]:
    """Take steps as training does: frames are asked for eight steps ahead; `stop` interrupts before the last."""
    asked, taken = order.order(first, last), []
    queue = [frame for _, frame in zip(range(8), asked)]
    for step in range(first, last if stop is None else stop):
        taken.append(queue.pop(0))
        order.learned(step, taken[-1], loss_of(taken[-1]))
        queue += [frame for _, frame in zip(range(1), asked)]
    return taken


def test_the_first_round_takes_every_frame_once() -> None:
    """Nothing is known yet."""
    assert sorted(walk(HardestFirst(FRAMES, 0), 0, FRAMES)) == list(range(FRAMES))


def test_hard_frames_come_more_often_within_bounds() -> None:
    """Over many rounds the hardest frame comes about three times as often as an even share, none starves."""
    rounds = 60
    taken = walk(HardestFirst(FRAMES, 0), 0, FRAMES * rounds)
    often = np.bincount(taken[FRAMES:], minlength=FRAMES) / (rounds - 1)
    assert often[-1] == pytest.approx(3.0, abs=0.2)
    assert often.max() <= 3.2
    assert often.min() >= 0.4
    assert often[-1] > often[FRAMES // 2] > 0.4


@pytest.mark.parametrize("cut", [17, FRAMES - AHEAD, FRAMES - 3, FRAMES, 2 * FRAMES - 5, 3 * FRAMES + 1])
def test_an_interruption_changes_nothing(cut: int) -> None:
    """Saved after any step and gone on from there, the frames are the same."""
    total = 5 * FRAMES
    whole = walk(HardestFirst(FRAMES, 3), 0, total)
    before, after = HardestFirst(FRAMES, 3), HardestFirst(FRAMES, 3)
    first = walk(before, 0, total, stop=cut)
    after.restore({k: v.copy() for k, v in before.to_arrays().items()})
    assert first + walk(after, cut, total) == whole


def test_few_frames_are_taken_evenly() -> None:
    """With fewer frames than are read ahead a round cannot wait for the one before it."""
    taken = walk(HardestFirst(10, 0), 0, 100)
    np.testing.assert_array_equal(np.bincount(taken), 10)
