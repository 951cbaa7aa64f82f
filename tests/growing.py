"""Whether work grows faster than what it is done for, told by the CPU time of this thread and by nothing else.

Compared are a size and four times that size, the best of several tries, so that a busy machine makes no difference: the
bound of 12 is far from the 4 of linear work and from the 16 of quadratic work. What takes no longer than the floor is
not compared at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["GROWTH", "is_growing_too_fast"]

GROWTH = 4
_BOUND = 12
_TRIES = 6


def is_growing_too_fast(
    small: Callable[[], object],
    large: Callable[[], object],
    floor: float = 0.001,
    clock: Callable[[], float] = time.thread_time,
) -> bool:
    """Return whether `large`, which does four times as much as `small`, takes more than twelve times as long.

    Args:
        small: some work; called anew in every try.
        large: four times as much.
        floor: seconds of CPU time below which what is measured is the clock.
        clock: tells the CPU time of this thread.
    """
    shortest = longest = float("inf")
    for _ in range(_TRIES):
        longest = min(longest, _seconds(large, clock))
        if longest <= GROWTH * floor:
            return False
        shortest = min(shortest, max(_seconds(small, clock), floor))
        if longest <= _BOUND * shortest:
            return False
    return True


def _seconds(run: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    run()
    return clock() - began
