"""What all gates decided while a block ran: until when an answer holds, and what the model read for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import overload

from headgate.decision import Admission

__all__ = ["Collected", "collect", "collecting"]


class Collected(Sequence[Admission]):
    """The admissions of a block, in the order in which they were released."""

    def __init__(self, outer: Collected | None = None) -> None:
        self._outer = outer
        self._admissions: list[Admission] = []

    @property
    def valid_until(self) -> datetime | None:
        """The earliest instant at which one of their decisions would change; None if no such instant is known."""
        return min((one.valid_until for one in self if one.valid_until is not None), default=None)

    def add(self, admission: Admission) -> None:
        """Add an admission, here and to the blocks around."""
        self._admissions.append(admission)
        if self._outer is not None:
            self._outer.add(admission)

    @overload
    def __getitem__(self, index: int) -> Admission: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Admission]: ...

    def __getitem__(self, index: int | slice) -> Admission | Sequence[Admission]:
        return self._admissions[index]

    def __len__(self) -> int:
        return len(self._admissions)

    def __repr__(self) -> str:
        return f"Collected({len(self)} admissions, valid_until={self.valid_until})"


_current: ContextVar[Collected | None] = ContextVar("headgate_collected", default=None)


@contextmanager
def collecting() -> Iterator[Collected]:
    """Collect what gates release within the block, in whatever chain, engine or agent they stand.

    Threads and tasks that the block starts count where they are given its context, as both frameworks and asyncio do.
    """
    collected = Collected(_current.get())
    token = _current.set(collected)
    try:
        yield collected
    finally:
        _current.reset(token)


def collect(admission: Admission) -> None:
    """Add an admission to the block that is running, if there is one."""
    collected = _current.get()
    if collected is not None:
        collected.add(admission)
