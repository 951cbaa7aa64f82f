"""Measuring several ways of doing one thing in one run: interleaved, by CPU time, with the spread."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

__all__ = ["Spent", "interleaved", "ratio"]


class Spent(NamedTuple):
    """CPU time per call.

    Attributes:
        median: in seconds.
        low: the first quartile, in seconds.
        high: the third quartile, in seconds.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, times: Sequence[float]) -> Spent:
        """Return the median and the quartiles of at least two measurements."""
        low, median, high = statistics.quantiles(times, n=4)
        return cls(median, low, high)


def interleaved(
    contestants: Mapping[str, Callable[[], object]], *, rounds: int = 41, calls: int = 20
) -> dict[str, Spent]:
    """Return the CPU time of each contestant per call.

    In each round every contestant has its turn, so that what else the machine does meets all of them alike. Only this
    thread's CPU time counts; collections of garbage are put off to between the turns.

    Args:
        contestants: what is measured, by name.
        rounds: how often each has its turn.
        calls: how many calls make one turn.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for action in contestants.values():
        action()
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, action in contestants.items():
                started = time.thread_time()
                for _ in range(calls):
                    action()
                times[name].append((time.thread_time() - started) / calls)
            gc.collect()
    finally:
        gc.enable()
    return {name: Spent.of(spent) for name, spent in times.items()}


def ratio(spent: Spent, floor: Spent) -> str:
    """Return how many times the floor's median something takes, with the spread of its quartiles."""
    return f"{spent.median / floor.median:.2f} [{spent.low / floor.median:.2f}-{spent.high / floor.median:.2f}]"
