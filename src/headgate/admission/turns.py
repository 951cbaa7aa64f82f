"""Work that is short, but too long for an event loop: done in one thread, one piece after the other.

Deciding is work for the interpreter, of which one thread goes on at a time. Several threads would get no more done, and
an event loop would have to wait for each of them in turn before it went on itself.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from headgate.forks import renew_after_fork

__all__ = ["in_turn"]

T = TypeVar("T")


class _Turns:
    """The one thread; made when it is needed, and again in the child of a fork."""

    def __init__(self) -> None:
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        # A thread is started with the first piece of work.
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="headgate-turns")


_turns = _Turns()


async def in_turn(work: Callable[..., T], *args: object) -> T:
    """Return what `work(*args)` returns in the thread, in the present context; raises what it raises."""
    run = partial(contextvars.copy_context().run, work, *args)
    return await asyncio.get_running_loop().run_in_executor(_turns.pool, run)
