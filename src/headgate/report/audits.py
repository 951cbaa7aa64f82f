"""The audit of a corpus for people: a sentence, a funnel by reason, the sources, and what would be kept out."""

from __future__ import annotations

from rich.console import Group

from headgate.corpus import Audit, AuditRow
from headgate.report.admissions import document_table
from headgate.report.charts import funnel_chart
from headgate.report.escaping import clip, escape
from headgate.report.html import table, within
from headgate.report.rows import DocumentRow, rows_of
from headgate.report.tables import audit_reasons, audit_tables, prose

__all__ = ["audit_html", "audit_rich"]

_SOURCES = 50


def audit_html(audit: Audit) -> str:
    """Return an audit as HTML."""
    parts = [f"<p><strong>{escape(_sentence(audit))}</strong> "]
    parts.append(f'<span class="soft">At {audit.now:%Y-%m-%d %H:%M} UTC.</span></p>')
    reasons = audit_reasons(audit)
    if reasons:
        parts.append(funnel_chart(len(audit.rows), reasons, "admissible", start="documents"))
    sources = list(audit.sources().items())
    rows = (
        (escape(clip(name, 80)), *(f"{counts[key]:,}" for key in ("documents", "admissible", "kept_out")))
        for name, counts in sources
    )
    kept, rest = within(rows, len(sources), "sources", _SOURCES)
    if kept:
        parts.append(table(("source", "documents", "admissible", "kept out"), kept, numbers=(1, 2, 3)) + rest)
    kept_out = [row for row in audit.rows if row.keeps_out]
    if kept_out:
        parts.append(f"<h4>What would be kept out ({len(kept_out):,})</h4>")
        parts.append(document_table([_row(row) for row in kept_out]))
    return "".join(parts)


def audit_rich(audit: Audit) -> Group:
    """Return an audit for a terminal."""
    return Group(prose(_sentence(audit), "bold"), *audit_tables(audit))


def _sentence(audit: Audit) -> str:
    counts = audit.counts()
    total = counts["documents"]
    if not total:
        return "The corpus is empty: there was nothing to judge."
    share = counts["admissible"] / total
    said = f"{counts['admissible']:,} of {total:,} documents are admissible ({share:.0%})"
    return said + (f"; {counts['kept_out']:,} would be kept out." if counts["kept_out"] else ".")


def _row(row: AuditRow) -> DocumentRow:
    if row.decision is None:
        finding = ("", "error", row.problem or "It cannot be read.")
        return DocumentRow("drop", True, row.place, "", "", "", "", (finding,), None, ())
    return next(rows_of([row.decision.to_dict()]))
