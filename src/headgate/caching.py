"""A bounded memory of results, safe to share between threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from headgate.forks import renew_after_fork

__all__ = ["Memo"]

V = TypeVar("V")


class Memo(Generic[V]):
    """A dict with a bound: when it is full, the oldest half of the entries goes, again if need be.

    Reading takes no lock: `dict.get` is atomic, and a stored value is never changed, only renewed. A memo belongs to
    one immutable set of keys and glossaries, so nothing in it can outlive a change of policy.

    Args:
        entries: the largest number of entries.
        weight: the largest sum of the weights given to `put`.
    """

    __slots__ = ("__weakref__", "_entries", "_lock", "_max_weight", "_values", "_weight", "_weights")

    def __init__(self, entries: int, weight: int | None = None) -> None:
        self._entries = entries
        self._max_weight = weight
        self._after_fork()
        renew_after_fork(self)

    def get(self, key: Hashable) -> V | None:
        """Return what was stored under `key`, or None."""
        return self._values.get(key)

    def put(self, key: Hashable, value: V, weight: int = 0) -> V:
        """Store `value` and return it."""
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self._weights[key] = weight
                self._weight += weight
                while self._is_full():  # the newer half may still be too heavy
                    self._drop_oldest_half()
        return value

    def renew(self, key: Hashable, value: V, weight: int = 0) -> V:
        """Store `value` in the place of what was stored before, and return it."""
        with self._lock:
            if key in self._values:
                self._weight += weight - self._weights[key]
                self._values[key], self._weights[key] = value, weight
                return value
        return self.put(key, value, weight)

    def __len__(self) -> int:
        return len(self._values)

    def __reduce__(self) -> tuple[Callable[..., Memo[V]], tuple[int, int | None]]:
        return (Memo, (self._entries, self._max_weight))

    def _after_fork(self) -> None:
        """Begin with an empty memory: another thread may have been half-way through changing this one."""
        self._values: dict[Hashable, V] = {}
        self._weights: dict[Hashable, int] = {}
        self._weight = 0
        self._lock = threading.Lock()

    def _is_full(self) -> bool:
        if len(self._values) > self._entries:
            return True
        return self._max_weight is not None and self._weight > self._max_weight

    def _drop_oldest_half(self) -> None:
        for key in list(self._values)[: (len(self._values) + 1) // 2]:
            del self._values[key]
            self._weight -= self._weights.pop(key)
