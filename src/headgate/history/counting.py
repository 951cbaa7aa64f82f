"""Counting without end in bounded memory: percentiles by histogram, and the most frequent of many."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

__all__ = ["Histogram", "MostFrequent", "modes_in_words"]

V = TypeVar("V")
# Buckets grow by a twentieth, so a percentile is off by 5% at most.
GROWTH = math.log(1.05)
_MOST_BUCKETS = 1_000


class Histogram:
    """Durations in seconds, counted in buckets that grow by 5%."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0

    def add(self, seconds: float) -> None:
        """Count a duration."""
        # Plus one, because zero has no logarithm and documents of today have an age of zero.
        self.add_bucket(int(math.log1p(max(0.0, seconds)) / GROWTH))

    def add_bucket(self, bucket: int, count: int = 1) -> None:
        """Count durations of one bucket: the whole part of the logarithm of one second more, over `GROWTH`."""
        self._buckets[min(bucket, _MOST_BUCKETS)] += count
        self.count += count

    def percentile(self, share: float) -> float | None:
        """Return the duration in seconds that a share of all does not exceed, to 5%; None if there is none."""
        wanted = share * self.count
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return math.expm1((bucket + 0.5) * GROWTH) if bucket else 0.0
        return None


class MostFrequent(Generic[V]):
    """Values by key, of which the least frequent are forgotten when there are too many.

    What is forgotten was seen fewer times than most of what is kept (lossy counting, Manku and Motwani 2002).

    Args:
        most: how many keys to keep at most.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()
        self._values: dict[str, V] = {}
        self.is_pruned = False

    def put(self, key: str, value: V) -> None:
        """Count a key, and keep its last value."""
        self.put_many(key, value, 1)

    def put_many(self, key: str, value: V, count: int) -> None:
        """Count a key more than once."""
        self._counts[key] += count
        self._values[key] = value
        if len(self._counts) > self._most:
            # Down to half at once: each sorting is paid for by as many new keys.
            kept = dict(self._counts.most_common(self._most // 2))
            self._counts = Counter(kept)
            self._values = {key: self._values[key] for key in kept}
            self.is_pruned = True

    def items(self) -> Iterator[tuple[str, int, V]]:
        """Yield key, count and last value."""
        for key, count in self._counts.items():
            yield key, count, self._values[key]

    def __len__(self) -> int:
        return len(self._counts)


def modes_in_words(modes: Mapping[str, int]) -> str:
    """Return which modes admissions ran in: the one, or how many in each."""
    if len(modes) == 1:
        return f"mode {next(iter(modes))}"
    return "modes " + ", ".join(
        f"{mode} {count:,}" for mode, count in sorted(modes.items(), key=lambda m: (-m[1], m[0]))
    )
