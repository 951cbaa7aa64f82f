"""Offsets for programs that count otherwise: headgate counts code points, JavaScript UTF-16 units, others bytes."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import Literal

__all__ = ["OffsetUnit", "Offsets"]

OffsetUnit = Literal["utf-16", "utf-8"]


def _utf16_units(character: str) -> int:
    return 2 if character > "\uffff" else 1


def _utf8_bytes(character: str) -> int:
    return 1 + (character > "\x7f") + (character > "\u07ff") + (character > "\uffff")


_WIDTHS: dict[str, Callable[[str], int]] = {"utf-16": _utf16_units, "utf-8": _utf8_bytes}


class Offsets:
    """Where the code points of a text lie when it is counted in other units.

    A position within a character, and one beyond the text, has no counterpart: spans are widened to whole characters
    and cut at the ends of the text.

    Args:
        text: the text that the offsets are of.
        unit: `utf-16` for units of UTF-16, as JavaScript, Java and .NET count, and the Language Server Protocol
            unless agreed otherwise (3.17, "Position"); `utf-8` for bytes, as Go, Rust and files do.

    Raises:
        ValueError: if the unit is another.
    """

    __slots__ = ("_positions",)

    def __init__(self, text: str, unit: OffsetUnit) -> None:
        width = _WIDTHS.get(unit)
        if width is None:
            raise ValueError(f"unit is {unit!r}; it is one of {', '.join(_WIDTHS)}")
        self._positions = array("q", accumulate(map(width, text), initial=0))

    def from_characters(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in units that `text[start:end]` takes."""
        last = len(self._positions) - 1
        first = min(max(start, 0), last)
        return self._positions[first], self._positions[min(max(end, first), last)]

    def to_characters(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in code points behind `start:end` in units."""
        last = len(self._positions) - 1
        first = max(bisect_right(self._positions, start) - 1, 0)
        return first, min(max(bisect_left(self._positions, end), first), last)
