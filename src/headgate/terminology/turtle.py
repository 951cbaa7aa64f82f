"""The texts of a Turtle file and their lines, which parsers of it do not keep."""

from __future__ import annotations

import re
from collections.abc import Iterator

from headgate.errors import PolicyError

__all__ = ["lines_of_texts"]

_MOST_CHARS = 100_000
"""How long a text may be: the time that rdflib takes for one is quadratic in it."""
_START = re.compile(r'#[^\n]*|<[^<>"\s]*>|("""|\'\'\'|"|\')')
_CLOSE = {mark: re.compile(rf"\\.|{mark}", re.DOTALL) for mark in ('"""', "'''", '"', "'")}


def lines_of_texts(text: str) -> dict[str, int]:
    """Return the line on which each text of a Turtle file, or of N-Triples, begins first.

    Raises:
        PolicyError: one is too long.
    """
    found: dict[str, int] = {}
    line, counted = 1, 0
    for begin, end in _texts(text):
        line += text.count("\n", counted, begin)
        counted = begin
        if end - begin > _MOST_CHARS:
            problem = f"a text is longer than {_MOST_CHARS:,} characters, or is not closed."
            raise PolicyError(problem, "Leave it out: labels are short.", line=line)
        found.setdefault(" ".join(text[begin:end].split()), line)
    return found


def _texts(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each text begins and ends, between its quotation marks; comments and addresses hold none."""
    position = 0
    while (start := _START.search(text, position)) is not None:
        position = start.end()
        if start[1] is None:
            continue
        begin = position
        close = next((one for one in _CLOSE[start[1]].finditer(text, begin) if one[0] == start[1]), None)
        if close is None:
            yield begin, len(text)
            return
        yield begin, close.start()
        position = close.end()
