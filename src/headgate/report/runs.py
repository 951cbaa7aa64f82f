"""What came of a run over a data set, for terminals: by source, by reason, and what was skipped."""

from __future__ import annotations

from collections import Counter

from headgate.codes import CODES, titled
from headgate.corpus.datasets import Summary, quantile
from headgate.encoding import in_number
from headgate.report.tables import Listing, new_table, plain
from headgate.report.verdicts import Step

__all__ = ["run_steps", "run_tables"]

_SOURCES = 50
_REASONS = 30


def run_tables(summary: Summary) -> list[Listing]:
    """Return the counts of judged rows as tables: by source, by reason, and how old they are."""
    tables = [_by_source(summary)]
    reasons = _reasons(summary)
    if reasons:
        tables.append(_by_reason(summary, reasons))
    ages = [(share, quantile(summary.ages, share)) for share in (0.5, 0.9, 0.99)]
    if summary.ages:
        table = new_table("Age", [("share of the rows", False), ("at most, in days", True)])
        for share, age in ages:
            table.add_row(f"{share:.0%}", f"{age:,.0f}")
        tables.append(table)
    return tables


def run_steps(summary: Summary) -> list[Step]:
    """Return what to do about the reason that most rows have."""
    known = [(number, code) for code, number in _reasons(summary).items() if code in CODES]
    if not known:
        return []
    number, code = max(known)
    words = f"{titled(code)} is said of the most ({in_number(number, 'row')}). {CODES[code].fix}"
    return [Step(words, f"headgate explain {code}")]


def _by_source(summary: Summary) -> Listing:
    columns = [("source", False), ("rows", True), ("admissible", True), ("kept out", True)]
    table = new_table("Sources", columns)
    ordered = sorted(summary.sources.items(), key=lambda one: (-one[1]["rows"], one[0]))
    for source, counts in ordered[:_SOURCES]:
        rows, out = counts["rows"], counts["would_drop"]
        table.add_row(plain(source), f"{rows:,}", f"{rows - out:,}", f"{out:,}")
    return table


def _reasons(summary: Summary) -> Counter[str]:
    found: Counter[str] = Counter()
    for counts in summary.sources.values():
        found.update({code: number for code, number in counts.items() if code not in ("rows", "would_drop")})
    if summary.counts["unread"]:
        found["unread"] = summary.counts["unread"]
    return found


def _by_reason(summary: Summary, reasons: Counter[str]) -> Listing:
    table = new_table("Reasons; a row may have several", [("kept out for", False), ("rows", True), ("such as", False)])
    for code, number in reasons.most_common(_REASONS):
        table.add_row(plain(titled(code)), f"{number:,}", plain("; ".join(summary.examples.get(code, ())[:2]), 100))
    return table
