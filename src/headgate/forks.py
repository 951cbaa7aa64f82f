"""What a fork has to find in order: nobody in SQLite or in an import before it; in the child new locks and threads."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["ForkAware", "Lock", "hold_at_fork", "importing", "renew_after_fork"]

_PATIENCE = 2.0  # seconds, for all locks together: a fork must not wait for ever
_log = logging.getLogger("headgate")


class ForkAware(Protocol):
    """Something that knows how to go on in the child of a fork."""

    def _after_fork(self) -> None: ...


class Lock(Protocol):
    """A lock of `threading`."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool: ...  # noqa: D102

    def release(self) -> None: ...  # noqa: D102


class Held(Protocol):
    """Something whose locks are held while the process forks."""

    def _locks_at_fork(self) -> Iterable[Lock]: ...


_ALIVE: weakref.WeakSet[ForkAware] = weakref.WeakSet()
_HELD: weakref.WeakSet[Held] = weakref.WeakSet()
_at_fork: list[Lock] = []
_forking = threading.Lock()


def renew_after_fork(one: ForkAware) -> None:
    """Have `one._after_fork()` called in every child that the process forks while `one` is alive.

    Args:
        one: anything that a weak reference can be taken of; it is not kept alive.
    """
    _ALIVE.add(one)


def hold_at_fork(one: Held) -> None:
    """Hold the locks of `one` while the process forks: those under which it is in SQLite, or imports.

    SQLite has locks of its own that all connections of a process share, and Python one for each module that is being
    imported. One that another thread holds at a fork is locked for ever in the child, which hangs where it needs it.

    Args:
        one: anything that a weak reference can be taken of; it is not kept alive.
    """
    _HELD.add(one)


def _hold() -> None:
    end = time.monotonic() + _PATIENCE
    # One fork after the other. Without a lock that does not come free: a hang of the parent would be worse.
    locks = [_forking, *(lock for one in list(_HELD) for lock in one._locks_at_fork())]
    _at_fork.extend(lock for lock in locks if lock.acquire(timeout=max(0.0, end - time.monotonic())))


def _let_go() -> None:
    while _at_fork:
        _at_fork.pop().release()


def _renew() -> None:
    _let_go()
    for one in list(_ALIVE):
        try:
            one._after_fork()
        except Exception:  # noqa: BLE001 - what cannot go on must not keep the others from it
            _log.exception("%s was not made again after a fork", type(one).__name__)


# Only the forking thread lives on in the child. A lock that another one held would stay locked for ever.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_renew)


class _Importing:
    """Who imports late, one at a time."""

    def __init__(self) -> None:
        self._after_fork()
        renew_after_fork(self)
        hold_at_fork(self)

    def _after_fork(self) -> None:
        self.lock = threading.RLock()

    def _locks_at_fork(self) -> tuple[Lock, ...]:
        return (self.lock,)


_IMPORTING = _Importing()


@contextmanager
def importing() -> Iterator[None]:
    """Import within the block what is needed late, such as an optional library; no other thread forks meanwhile."""
    with _IMPORTING.lock:
        yield
