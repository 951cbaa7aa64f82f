"""Who is asking a guarded object: known by the call that it makes, where no framework says who will change what.

A caller in another thread or task is not on the stack of the search; for it, `headgate doctor` says what is not proved.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType

from headgate.admission.gate import Gate

__all__ = ["callers", "is_judged_outside", "judged_outside"]

_is_judged_outside: ContextVar[bool] = ContextVar("headgate_judged_outside", default=False)


@contextmanager
def judged_outside(gate: Gate) -> Iterator[None]:
    """Say that whatever is returned within this context passes a gate that keeps documents out."""
    token = _is_judged_outside.set(_is_judged_outside.get() or gate.keeps_out)
    try:
        yield
    finally:
        _is_judged_outside.reset(token)


def is_judged_outside() -> bool:
    """Return whether a gate further out judges what is returned now, so that nobody has to be refused."""
    return _is_judged_outside.get()


def callers(farthest: int, looks_at: Callable[[int, CodeType], bool] | None = None) -> Iterator[object]:
    """Yield the objects whose methods are being called, the nearest first; one may come several times.

    Args:
        farthest: how many frames to look at.
        looks_at: whether to look at a frame, by its distance and code: to read its variables costs more than to know
            its name.
    """
    frame = sys._getframe(1)
    for distance in range(farthest):
        code = frame.f_code
        if code.co_varnames[:1] == ("self",) and (looks_at is None or looks_at(distance, code)):
            yield frame.f_locals.get("self")
        if frame.f_back is None:
            return
        frame = frame.f_back
