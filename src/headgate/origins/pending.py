"""What is waited for: answers that requests under way will bring, by threads or by an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from headgate.origins.questions import Question
from headgate.registry import Answer

__all__ = ["Asking", "Pending"]

Pending = Future[Answer | None]


@dataclass(slots=True)
class Asking:
    """What is known about documents, and what is waited for.

    Attributes:
        found: by question the last answer.
        seconds: how long is waited at most.
        pending: the requests that are under way.
        started: since when.
    """

    found: dict[Question, Answer | None]
    seconds: float
    pending: list[tuple[Question, Pending]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def wait(self) -> Mapping[Question, Answer | None]:
        """Return the answers once they are there, or their time is over."""
        for question, future in self.pending:
            with suppress(FutureTimeoutError):
                self._take(question, future.result(self._left(question)))
        return self.found

    async def wait_async(self) -> Mapping[Question, Answer | None]:
        """As `wait`; no thread is kept meanwhile."""
        loop = asyncio.get_running_loop()
        for question, future in self.pending:
            is_there = asyncio.Event()
            # Not a future of the loop: whoever gives up waiting for that cancels the request of all others.
            future.add_done_callback(partial(_wake, loop, is_there))
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(is_there.wait(), self._left(question))
            if future.done():
                self._take(question, future.result())
        return self.found

    def _left(self, question: Question) -> float:
        own = question.timeout.total_seconds() if question.timeout is not None else self.seconds
        return max(0.0, self.started + min(self.seconds, own) - time.monotonic())

    def _take(self, question: Question, answer: Answer | None) -> None:
        if answer is not None:
            self.found[question] = answer


def _wake(loop: asyncio.AbstractEventLoop, is_there: asyncio.Event, _: Pending) -> None:
    with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
        loop.call_soon_threadsafe(is_there.set)
