"""Waiting for asynchronous code from synchronous code, in one event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from typing import TypeVar

from headgate.forks import renew_after_fork

__all__ = ["wait_for"]

T = TypeVar("T")


class _Loop:
    """The one loop, in a thread of its own; made when it is needed, and again in the child of a fork."""

    def __init__(self) -> None:
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def running(self) -> asyncio.AbstractEventLoop:
        """Return the loop, which runs."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="headgate-loop", daemon=True).start()
            return self._loop


_loop = _Loop()


def wait_for(awaitable: Awaitable[T]) -> T:
    """Return what an awaitable returns.

    All are waited for in one event loop, which goes on running: what an asynchronous factory has connected (a client, a
    pool) belongs to the loop in which it was made. It has a thread of its own, because the caller's may have a loop
    running already, as in a notebook.
    """
    return asyncio.run_coroutine_threadsafe(_as_coroutine(awaitable), _loop.running()).result()


async def _as_coroutine(awaitable: Awaitable[T]) -> T:
    return await awaitable
