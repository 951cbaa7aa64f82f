"""An admission for people: a sentence, a funnel by reason, and one row per document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from headgate.record import AdmissionRecord, DecisionRecord
from headgate.report.charts import funnel_chart
from headgate.report.escaping import clip, escape
from headgate.report.html import badge, diff_html, table, within
from headgate.report.rows import DocumentRow, losses, rows_of
from headgate.report.tables import new_table, plain, prose

__all__ = ["admission_html", "admission_rich", "document_rich", "document_table", "funnel_rich", "headline"]

# What one document may take of a page, whatever it holds.
_NAME_CHARS = 120
_MESSAGE_CHARS = 240
_TEXT_CHARS = 240
_FINDINGS = 6
_EDITS = 4


def headline(record: AdmissionRecord) -> str:
    """Return an admission in one sentence of plain text."""
    decisions = record["decisions"]
    dropped = sum(decision["action"] != "admit" for decision in decisions)
    reasons = losses(decisions)
    said = f"{len(decisions):,} {'document' if len(decisions) == 1 else 'documents'}: "
    said += f"{len(decisions) - dropped:,} admitted, {dropped:,} dropped"
    if not _is_enforced(record):
        said += f" (mode {record['mode']}: {sum(count for _, count in reasons):,} would be)"
    if decisions and dropped == len(decisions) and reasons:
        most = max(reasons, key=lambda pair: pair[1])
        said += f". Nothing is left; what dropped most is {most[0]}"
    return said + "."


def admission_html(record: AdmissionRecord, texts: Sequence[object] = ()) -> str:
    """Return an admission as HTML.

    Args:
        record: what `Admission.to_dict` returns, or what `read_admission` made of anything else.
        texts: the original texts, one per decision.
    """
    decisions = record["decisions"]
    parts = [f"<p><strong>{escape(headline(record))}</strong> {_facts(record)}</p>"]
    reasons = losses(decisions)
    if reasons:
        end = "admitted" if _is_enforced(record) else "admissible"
        parts.append(funnel_chart(len(decisions), reasons, end))
    parts.append(document_table(list(rows_of(decisions, texts))))
    return "".join(parts)


def document_table(rows: Sequence[DocumentRow], *, most: int = 50) -> str:
    """Return documents as an HTML table, as many as fit."""
    if not rows:
        return '<p class="soft">No document was retrieved.</p>'
    kept, rest = within(map(_cells, rows), len(rows), "documents", most)
    return table(("decision", "document", "source", "age", "why, and what was changed"), kept) + rest


def admission_rich(record: AdmissionRecord, texts: Sequence[object] = ()) -> Group:
    """Return an admission for a terminal."""
    rows = list(rows_of(record["decisions"], texts))
    parts: list[Any] = [prose(headline(record), "bold")]
    if any(row.would_drop for row in rows):
        parts.append(funnel_rich(record["decisions"]))
    return Group(*parts, document_rich(rows))


def document_rich(rows: Sequence[DocumentRow]) -> Group:
    """Return documents for a terminal, one row per document."""
    columns = [("decision", False), ("document", False), ("source", False), ("age", True), ("why", False)]
    listed = new_table(None, columns)
    for row in rows[:50]:
        words, kind = row.verdict
        listed.add_row(
            Text(words, style={"good": "green", "bad": "red", "warn": "yellow"}[kind]),
            plain(row.name, 70),
            plain(row.source, 30),
            plain("; ".join(filter(None, (row.age, row.verified))), 120),
            _reasons_text(row),
        )
    parts: list[Any] = [listed]
    if len(rows) > 50:
        parts.append(Text(f"and {len(rows) - 50:,} more; `to_dict()`, or --json, has all", style="dim"))
    return Group(*parts)


def funnel_rich(decisions: Sequence[DecisionRecord]) -> Table:
    """Return for a terminal how many documents each first reason took."""
    funnel = Table(box=None, pad_edge=False, show_header=False)
    total = left = len(decisions)
    funnel.add_row("retrieved", f"{left:,}", Text(_bar(left, total), style="green"))
    for reason, count in losses(decisions):
        left -= count
        bar = Text.assemble((_bar(left, total), "green"), (_bar(count, total, "\u2591"), "red"))
        funnel.add_row(plain(f"\u2212 {reason}", 80), f"{count:,}", bar)
    funnel.add_row("left", f"{left:,}", Text(_bar(left, total), style="green"))
    return funnel


def _bar(count: int, total: int, block: str = "\u2588") -> str:
    # What is not nothing is seen: one of ten thousand has a block too.
    return block * max(1 if count else 0, round(24 * count / max(1, total)))


def _reasons_text(row: DocumentRow) -> Text:
    lines = [f"{code} {message}" for code, _, message in row.findings[:_FINDINGS]]
    if len(row.findings) > _FINDINGS:
        lines.append(f"and {len(row.findings) - _FINDINGS} more")
    return plain("  ".join(lines), _MESSAGE_CHARS)


def _is_enforced(record: AdmissionRecord) -> bool:
    # A record that was mended may have no mode; what it says was dropped, was dropped.
    return record["mode"] in ("", "enforce")


def _facts(record: AdmissionRecord) -> str:
    facts = []
    if record["now"]:
        facts.append(f"At {record['now'][:19].replace('T', ' ')} UTC")
    if record["as_of"]:
        facts.append(f"judged as of {record['as_of'][:19].replace('T', ' ')}")
    if record["policy_revision"]:
        facts.append(f"policy {record['policy_revision'][:18]}\u2026")
    if record["admission"]:
        facts.append(f"admission {record['admission'][:12]}\u2026")
    counted = [one["tokens"] for one in record["decisions"] if "tokens" in one]
    if counted:
        facts.append(f"{sum(entering for _, entering in counted):,} tokens")
    # A record from elsewhere may claim any duration.
    if 0 < record["seconds"] < 86_400:
        facts.append(f"{record['seconds'] * 1e3:.1f} ms")
    return f'<span class="soft">{escape(", ".join(facts))}.</span>' if facts else ""


def _cells(row: DocumentRow) -> tuple[str, ...]:
    # Clipped before it is escaped: half an entity would be shown as letters.
    name = f"<code>{escape(clip(row.name, _NAME_CHARS))}</code>"
    text = f'<div class="text {row.verdict[1]}">{_shown_text(row)}</div>' if row.text else ""
    source = escape(clip(row.source, 60)) + (
        f'<br><span class="soft">{escape(row.assurance[:20])}</span>' if row.assurance else ""
    )
    verified = f'<br><span class="soft">{escape(clip(row.verified, 120))}</span>' if row.verified else ""
    age = f'<span class="nowrap">{escape(row.age)}</span>{verified}'
    return (badge(*row.verdict), name + text, source, age, _reasons(row))


def _shown_text(row: DocumentRow) -> str:
    text = row.text or ""
    # What did not enter the prompt is shown as it came, whatever words would have been put in.
    if row.action == "admit" and any(edit.changes_text for edit in row.edits):
        return diff_html(text, row.edits, shown=_EDITS)
    return escape(clip(text, _TEXT_CHARS))


def _reasons(row: DocumentRow) -> str:
    kinds = {"error": "bad", "warning": "warn"}
    lines = [
        f"<div>{badge(code[:8], kinds.get(severity, 'good'))} {escape(clip(message, _MESSAGE_CHARS))}</div>"
        for code, severity, message in row.findings[:_FINDINGS]
    ]
    if len(row.findings) > _FINDINGS:
        lines.append(f'<div class="soft">and {len(row.findings) - _FINDINGS} more</div>')
    return "".join(lines) or '<span class="soft">nothing to say</span>'
