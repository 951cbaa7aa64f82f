"""What has to be made again in the child of a fork: locks that a vanished thread may hold, threads, queues."""

from __future__ import annotations

import logging
import os
import weakref
from typing import Protocol

__all__ = ["ForkAware", "renew_after_fork"]

_log = logging.getLogger("headgate")


class ForkAware(Protocol):
    """Something that knows how to go on in the child of a fork."""

    def _after_fork(self) -> None: ...


_ALIVE: weakref.WeakSet[ForkAware] = weakref.WeakSet()


def renew_after_fork(one: ForkAware) -> None:
    """Have `one._after_fork()` called in every child that the process forks while `one` is alive.

    Args:
        one: anything that a weak reference can be taken of; it is not kept alive.
    """
    _ALIVE.add(one)


def _renew() -> None:
    for one in list(_ALIVE):
        try:
            one._after_fork()
        except Exception:  # noqa: BLE001 - what cannot go on must not keep the others from it
            _log.exception("%s was not made again after a fork", type(one).__name__)


# Only the forking thread lives on in the child. A lock that another one held would stay locked for ever.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
