"""How much work a text is worth; beyond that it is left as it is (T305)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["TooMuchWork", "at_most"]

T = TypeVar("T")


class TooMuchWork(Exception):
    """A text has more of something than is worth looking at.

    Args:
        reason: what there is too much of, as a part of a sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def at_most(most: int, items: Iterable[T], what: str) -> Iterator[T]:
    """Yield `items` one by one.

    Raises:
        TooMuchWork: there are more than `most`; nothing beyond that is made, let alone kept.
    """
    for number, item in enumerate(items):
        if number >= most:
            raise TooMuchWork(f"more than {most:,} {what}")
        yield item
