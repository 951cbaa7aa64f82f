"""Terminal tables (rich). Text from documents goes in as `Text`, never as markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from headgate.corpus import Audit, AuditRow
from headgate.decision import Decision
from headgate.report.escaping import clip, visible
from headgate.report.rows import losses

__all__ = ["audit_reasons", "audit_tables", "decision_rows", "new_table", "plain", "prose"]

_PLACE_CHARS = 60
_COUNTED_FIRST = ("documents", "admissible", "kept_out")


def plain(text: str, chars: int = 200, style: str = "") -> Text:
    """Return outside text for a table cell: one line, clipped, nothing hidden, no markup."""
    return Text(clip(visible(" ".join(text.split())), chars), style=style)


def prose(text: str, style: str = "") -> Text:
    """Return a sentence, or several lines, that may quote what comes from outside: nothing hidden, no markup."""
    return Text(visible(text), style=style)


def audit_tables(audit: Audit, *, shown: int = 20) -> list[Table]:
    """Return an audit as tables: by source, by reason, and the first documents kept out."""
    tables = [_by_source(audit)]
    reasons = audit_reasons(audit)
    if reasons:
        tables.append(_by_reason(reasons))
    kept_out = [row for row in audit.rows if row.keeps_out]
    if kept_out:
        tables.append(_documents(kept_out, shown))
    return tables


def audit_reasons(audit: Audit) -> list[tuple[str, int]]:
    """Return how many documents of a corpus each first reason keeps out; they add up to what is kept out."""
    reasons = losses([row.decision.to_dict() for row in audit.rows if row.decision is not None])
    unreadable = sum(row.decision is None for row in audit.rows)
    return [*reasons, *([("unreadable", unreadable)] if unreadable else [])]


def decision_rows(decision: Decision) -> Iterable[tuple[str, str]]:
    """Yield code and message of a decision's findings, errors first."""
    for finding in sorted(decision.findings, key=lambda finding: finding.severity != "error"):
        yield finding.code, finding.message


def new_table(title: str | None, columns: Sequence[tuple[str, bool]]) -> Table:
    """Return an empty table.

    Args:
        title: the title above it, if any.
        columns: names, each with whether the column holds numbers.
    """
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False)
    for name, is_number in columns:
        # Folded, not cut: a URI that ends in an ellipsis cannot be looked up.
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    return table


def _by_source(audit: Audit) -> Table:
    table = new_table("Sources", [("source", False), ("documents", True), ("admissible", True), ("kept out", True)])
    for source, counts in audit.sources().items():
        table.add_row(plain(source), *(f"{counts[name]:,}" for name in _COUNTED_FIRST))
    return table


def _by_reason(reasons: Sequence[tuple[str, int]]) -> Table:
    table = new_table("Reasons", [("kept out for", False), ("documents", True)])
    for reason, count in reasons:
        table.add_row(plain(reason), f"{count:,}")
    return table


def _documents(rows: Sequence[AuditRow], shown: int) -> Table:
    title = (
        f"Kept out ({len(rows):,})"
        if len(rows) <= shown
        else f"Kept out (the first {shown} of {len(rows):,}; --json lists all)"
    )
    table = new_table(title, [("document", False), ("source", False), ("code", False), ("why", False)])
    for row in rows[:shown]:
        if row.decision is None:
            table.add_row(plain(row.place, _PLACE_CHARS), "", "", plain(row.problem or "unreadable"))
            continue
        for number, finding in enumerate(row.decision.reasons):
            place = plain(row.place, _PLACE_CHARS) if number == 0 else Text("")
            source = plain(row.decision.source, 30) if number == 0 else Text("")
            table.add_row(place, source, finding.code, plain(finding.message))
    return table
