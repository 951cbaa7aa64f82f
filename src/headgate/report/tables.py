"""Terminal tables (rich). Text from documents goes in as `Text`, never as markup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from headgate.codes import titled
from headgate.corpus import Audit
from headgate.report.escaping import clip, visible
from headgate.report.palette import SIGNS, TERMINAL
from headgate.report.rows import losses

Cell: TypeAlias = "str | Text"
# Below this a column of words is a column of syllables.
_LEAST_WORDS = 16
_UNBOUNDED = 10_000
_SOFT = TERMINAL["before"]


def plain(text: str, chars: int = 200, style: str = "") -> Text:
    """Return outside text for a table cell: one line, clipped, nothing hidden, no markup."""
    return Text(clip(visible(" ".join(text.split())), chars), style=style)


def prose(text: str, style: str = "") -> Text:
    """Return a sentence, or several lines, that may quote what comes from outside: nothing hidden, no markup."""
    return Text(visible(text), style=style)


def signed(words: str, kind: str) -> Text:
    """Return words in the colour of their kind, with the sign that says the same."""
    sign = SIGNS[kind]
    return Text(words if words.startswith(sign) else f"{sign} {words}", style=TERMINAL[kind])


class Listing:
    """A table that is a list of entries where the terminal is too narrow for its columns.

    Args:
        title: the title above it, if any.
        columns: names, each with whether the column holds numbers.

    Attributes:
        caption: a sentence below it.
    """

    def __init__(self, title: str | None, columns: Sequence[tuple[str, bool]]) -> None:
        self._title, self._columns = title, columns
        self._rows: list[tuple[Cell, ...]] = []
        self.caption: str | None = None

    @property
    def row_count(self) -> int:
        """How many rows it has."""
        return len(self._rows)

    def add_row(self, *cells: Cell) -> None:
        """Add a row, one cell per column."""
        self._rows.append(cells)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, or its entries."""
        if self._title:
            yield Text(visible(self._title), style="bold")
        if self._fits(console, options):
            yield self._table(self._rows)
        else:
            yield from self._entries()
        if self.caption:
            yield Text(visible(self.caption), style=_SOFT)

    def _fits(self, console: Console, options: ConsoleOptions) -> bool:
        """Whether every number fits on its line, and words have room for more than syllables."""
        unbounded = options.update(max_width=_UNBOUNDED)
        needed = 2 * (len(self._columns) - 1)
        for number, (name, is_number) in enumerate(self._columns):
            column = [Text(name), *(_text(row[number]) for row in self._rows if number < len(row))]
            natural = max(Measurement.get(console, unbounded, cell).maximum for cell in column)
            needed += natural if is_number else min(natural, max(_LEAST_WORDS, len(name)))
        return needed <= options.max_width

    def _table(self, rows: Iterable[tuple[Cell, ...]]) -> Table:
        table = Table(header_style=_SOFT, box=None, pad_edge=False)
        for name, is_number in self._columns:
            # Folded, not cut: a URI that ends in an ellipsis cannot be looked up.
            table.add_column(name, justify="right" if is_number else "left", overflow="fold", no_wrap=is_number)
        for row in rows:
            table.add_row(*row)
        return table

    def _entries(self) -> RenderResult:
        width = max(len(name) for name, _ in self._columns)
        for number, row in enumerate(self._rows):
            if number:
                yield Text()
            entry = Table(box=None, pad_edge=False, show_header=False)
            entry.add_column(style=_SOFT, width=width)
            entry.add_column(overflow="fold")
            for (name, _), cell in zip(self._columns, row, strict=False):
                if _text(cell).plain:
                    entry.add_row(name, cell)
            yield entry


def new_table(title: str | None, columns: Sequence[tuple[str, bool]]) -> Listing:
    """Return an empty table.

    Args:
        title: the title above it, if any.
        columns: names, each with whether the column holds numbers.
    """
    return Listing(title, columns)


def audit_reasons(audit: Audit) -> list[tuple[str, int]]:
    """Return how many documents of a corpus each first reason keeps out; they add up to what is kept out."""
    reasons = losses([row.decision.to_dict() for row in audit.rows if row.decision is not None])
    unreadable = sum(row.decision is None for row in audit.rows)
    return [*reasons, *([("unreadable", unreadable)] if unreadable else [])]


def audit_warnings(audit: Audit) -> list[tuple[str, int]]:
    """Return how many admissible documents carry each warning, the most frequent first; one may carry several."""
    counts: Counter[str] = Counter()
    for row in audit.rows:
        if row.decision is not None and not row.keeps_out:
            counts.update({one.code for one in row.decision.findings if one.severity == "warning"})
    return [(titled(code), count) for code, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)
