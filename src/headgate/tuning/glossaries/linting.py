"""Documents held to a glossary: where they have an alias, with file, line and column."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from headgate.terminology import Glossary
from headgate.terminology.edits import Edit
from headgate.terminology.reviewing import Level

__all__ = ["Hit", "lint_text"]

_LEVELS: dict[str, Level] = {"replace": "warning", "annotate": "note", "flag": "note"}


@dataclass(frozen=True, slots=True)
class Hit:
    """One place of a document that is not in the words of the glossary.

    Attributes:
        rule: `alias`, `near-miss`, `ambiguous`, or `unsettled` where a text could not be looked at in whole.
        level: how much it matters.
        file: the file, or what the document is called.
        line: the line, counted from 1; None where the text is not what the file has, as with HTML.
        column: the first character in that line, counted from 1, in code points.
        end_column: the one behind the last.
        found: what is written there.
        wanted: what the glossary would have.
        text: the message.
    """

    rule: str
    level: Level
    file: str
    line: int | None
    column: int | None
    end_column: int | None
    found: str
    wanted: str
    text: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{place}: {self.level}: {self.text} [{self.rule}]"

    def to_dict(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return asdict(self)


def lint_text(place: str, text: str, glossary: Glossary, source: str | None = None) -> Iterator[Hit]:
    """Yield where a document is not in the words of a glossary.

    What the gate would leave alone (code, addresses, mentions, the canonical terms) is not a hit.

    Args:
        place: the file that it comes from, or `file:line` of a line that holds a record.
        text: the document's text.
        glossary: the glossary.
        source: the id of its source, for terms with a scope.
    """
    rewrite = glossary.rewrite(text, source)
    where = _Places(place, text)
    if rewrite.unsettled is not None:
        why = f"the document was not looked at in whole: {rewrite.unsettled}."
        yield Hit("unsettled", "warning", place, None, None, None, "", "", why)
    found = [(edit.start, edit.end, _of_edit(edit)) for edit in rewrite.edits]
    for start, end, alias, names in rewrite.ambiguous:
        wanted = " or ".join(names)
        message = f"{alias!r} may be {wanted}; say which."
        found.append((start, end, ("ambiguous", "warning", alias, wanted, message)))
    for start, end, (rule, level, alias, wanted, message) in sorted(found):
        yield Hit(rule, level, *where.of(start, end), alias, wanted, message)


def _of_edit(edit: Edit) -> tuple[str, Level, str, str, str]:
    alias = " ".join(edit.alias.split())
    # In the number and case that the place needs, where the text would be changed.
    wanted = edit.replacement if edit.mode == "replace" and edit.changes_text else edit.canonical
    if edit.fuzzy:
        return "near-miss", "note", alias, wanted, f"{alias!r} is one or two letters away from {wanted!r}."
    return "alias", _LEVELS[edit.mode], alias, wanted, f"write {wanted!r} instead of {alias!r}."


class _Places:
    """Lines and columns of a text in its file."""

    def __init__(self, place: str, text: str) -> None:
        self._file, self._line = place, 0
        self._text, self._starts = text, _starts(text)
        self._offset: int | None = 0
        path = Path(place)
        file, colon, line = place.rpartition(":")
        if path.is_file():
            raw = path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff")
            # Front matter is part of the file, not of the text.
            at = raw.find(text) if text else -1
            self._offset = raw.count("\n", 0, at) if at >= 0 else None
        elif colon and line.isdecimal():
            self._file, self._line = file, int(line)
            self._offset = None

    def of(self, start: int, end: int) -> tuple[str, int | None, int | None, int | None]:
        """Return file, line, column and last column of a span; without columns where the file has another text."""
        if self._offset is None:
            return self._file, self._line or None, None, None
        number = bisect_right(self._starts, start) - 1
        column = start - self._starts[number] + 1
        return self._file, self._offset + number + 1, column, column + max(1, end - start)


def _starts(text: str) -> Sequence[int]:
    starts, at = [0], text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts
