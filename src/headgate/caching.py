"""A bounded memory of results, safe to share between threads; what is made once per process, or once per object."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, overload

from headgate.forks import renew_after_fork

__all__ = ["Memo", "OncePerProcess", "cached_property"]

K = TypeVar("K", bound=Hashable)
Owner = TypeVar("Owner")
V = TypeVar("V")


class Memo(Generic[V]):
    """A dict with a bound: when it is full, what was not asked for the longest goes, one entry at a time.

    Reading takes no lock: both steps of it are atomic, and a stored value is never changed, only renewed. A memo
    belongs to one immutable set of keys and glossaries, so nothing in it can outlive a change of policy.

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
        value = self._values.get(key)
        if value is not None:
            try:  # noqa: SIM105 - `suppress` takes longer than the reading
                self._values.move_to_end(key)
            except KeyError:  # another thread has dropped it meanwhile
                pass
        return value

    def put(self, key: Hashable, value: V, weight: int = 0) -> V:
        """Store `value` and return it."""
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self._keep_weight(key, weight)
        return value

    def renew(self, key: Hashable, value: V, weight: int = 0) -> V:
        """Store `value` in the place of what was stored before, and return it."""
        with self._lock:
            self._weight -= self._weights.pop(key, 0)
            self._values[key] = value
            self._values.move_to_end(key)
            self._keep_weight(key, weight)
        return value

    def __len__(self) -> int:
        return len(self._values)

    def __reduce__(self) -> tuple[Callable[..., Memo[V]], tuple[int, int | None]]:
        return (Memo, (self._entries, self._max_weight))

    def _after_fork(self) -> None:
        """Begin with an empty memory: another thread may have been half-way through changing this one."""
        # Not a dict: to find the oldest key of one, everything that was dropped before it is stepped over.
        self._values: OrderedDict[Hashable, V] = OrderedDict()
        self._weights: dict[Hashable, int] = {}
        self._weight = 0
        self._lock = threading.Lock()

    def _keep_weight(self, key: Hashable, weight: int) -> None:
        if weight:
            self._weights[key] = weight
            self._weight += weight
        while self._is_full():
            oldest, _ = self._values.popitem(last=False)
            self._weight -= self._weights.pop(oldest, 0)

    def _is_full(self) -> bool:
        if len(self._values) > self._entries:
            return True
        return self._max_weight is not None and self._weight > self._max_weight


class OncePerProcess(Generic[K, V]):
    """What all gates of a process share: made for whoever asks for it first."""

    def __init__(self) -> None:
        self._made: dict[K, V] = {}
        self._after_fork()
        renew_after_fork(self)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return what was made under a key, or make it."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def values(self) -> list[V]:
        """Return all that was made."""
        return list(self._made.values())

    def clear(self) -> None:
        """Forget all that was made, as if the process had just begun."""
        with self._lock:
            self._made.clear()

    def _after_fork(self) -> None:
        """Let the child go on, whoever was making something in the parent."""
        self._lock = threading.Lock()


class cached_property(Generic[Owner, V]):
    """A property that is worked out once for each object, as `functools.cached_property` of Python 3.12.

    That of 3.10 and 3.11 has one lock for all objects: at a fork another thread may hold it, and then it is locked for
    ever in the child. Here two threads may work out the same value.
    """

    def __init__(self, work: Callable[[Owner], V]) -> None:
        self._work, self.__doc__ = work, work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> cached_property[Owner, V]: ...

    @overload
    def __get__(self, instance: Owner, owner: type) -> V: ...

    def __get__(self, instance: Owner | None, owner: type) -> cached_property[Owner, V] | V:
        if instance is None:
            return self
        value = self._work(instance)
        # From now on the object's own entry is found first.
        instance.__dict__[self._name] = value
        return value
