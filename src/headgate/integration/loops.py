"""Waiting for asynchronous code from synchronous code, in one event loop of its own."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["wait_for"]

T = TypeVar("T")
_loops: list[asyncio.AbstractEventLoop] = []


def wait_for(awaitable: Awaitable[T]) -> T:
    """Return what an awaitable returns.

    All are waited for in one event loop, which stays open: what an asynchronous factory has connected (a client, a
    pool) belongs to the loop in which it was made. Where a loop is running already, as in a notebook, a thread waits.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _loop().run_until_complete(_as_coroutine(awaitable))
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(lambda: asyncio.run(_as_coroutine(awaitable))).result()


async def _as_coroutine(awaitable: Awaitable[T]) -> T:
    return await awaitable


def _loop() -> asyncio.AbstractEventLoop:
    if not _loops or _loops[0].is_closed():
        _loops[:] = [asyncio.new_event_loop()]
        atexit.register(_loops[0].close)
    return _loops[0]
