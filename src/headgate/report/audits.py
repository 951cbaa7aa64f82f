"""The audit of a corpus for people: a verdict, a funnel by reason, what would be kept out, and the sources."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rich.console import Group
from rich.text import Text

from headgate.codes import CODES
from headgate.corpus import Audit, AuditRow
from headgate.encoding import are, in_number
from headgate.report.charts import funnel_chart
from headgate.report.documents import document_groups, document_groups_rich
from headgate.report.escaping import clip, escape
from headgate.report.html import Room, table, titled_html, within
from headgate.report.rows import DocumentRow, rows_of
from headgate.report.tables import Listing, audit_reasons, audit_warnings, new_table, plain
from headgate.report.verdicts import Step, Verdict, steps_rich, verdict_html, verdict_rich

__all__ = ["audit_html", "audit_rich", "audit_verdict"]

_SOURCES = 50
_SHOWN = 20
_COUNTED = ("documents", "admissible", "kept_out")
_HEAD = ("source", "documents", "admissible", "kept out")


def audit_verdict(audit: Audit) -> Verdict:
    """Return how a corpus stands."""
    counts = audit.counts()
    total, kept_out = counts["documents"], counts["kept_out"]
    if not total:
        return Verdict("warn", "The corpus is empty: there was nothing to judge.")
    verb = are(1 if total == 1 else counts["admissible"])
    said = f"{counts['admissible']:,} of {in_number(total, 'document')} {verb} admissible "
    said += f"({counts['admissible'] / total:.0%})"
    warnings = audit_warnings(audit)
    if warnings:
        said += f", {_warned(audit):,} of them with a warning"
    if not kept_out:
        return Verdict("warn" if warnings else "good", f"{said}.", steps=_warning_steps(warnings))
    said += f"; {kept_out:,} would be kept out."
    steps = []
    reason, count = max(audit_reasons(audit), key=lambda pair: pair[1])
    code = reason[:4]
    if code in CODES:
        words = f"{reason} keeps out the most ({in_number(count, 'document')}). {CODES[code].fix}"
        steps.append(Step(words, f"headgate explain {code}"))
    else:
        steps.append(Step(f"{in_number(count, 'document')} cannot be read; the reason stands beside each."))
    return Verdict(
        "bad",
        said,
        f"{in_number(total, 'document')} can be retrieved",
        f"{in_number(counts['admissible'], 'document')} can enter a prompt",
        steps,
    )


def _warned(audit: Audit) -> int:
    admissible = (row.decision for row in audit.rows if row.decision is not None and not row.keeps_out)
    return sum(any(one.severity == "warning" for one in decision.findings) for decision in admissible)


def _warning_steps(warnings: list[tuple[str, int]]) -> list[Step]:
    """Return what to do about the warning that most documents carry."""
    if not warnings:
        return []
    warning, count = warnings[0]
    code = warning[:4]
    fix = f" {CODES[code].fix}" if code in CODES else ""
    return [Step(f"{warning}: {in_number(count, 'document')}.{fix}", f"headgate explain {code}")]


def audit_html(audit: Audit) -> str:
    """Return an audit as HTML."""
    room = Room()
    parts = [verdict_html(audit_verdict(audit), f'<p class="soft">At {audit.now:%Y-%m-%d %H:%M} UTC.</p>')]
    reasons = audit_reasons(audit)
    if reasons:
        parts.append(funnel_chart(len(audit.rows), reasons, "admissible", start="documents"))
    sources = list(audit.sources().items())
    rows = (
        (f"<bdi>{escape(clip(name, 80))}</bdi>", *(f"{counts[key]:,}" for key in _COUNTED)) for name, counts in sources
    )
    kept, rest = within(rows, len(sources), "sources", _SOURCES, room)
    kept_out = [row for row in audit.rows if row.keeps_out]
    if kept_out:
        parts += [
            f"<h2>What would be kept out ({len(kept_out):,})</h2>",
            document_groups(list(map(_row, kept_out)), room),
        ]
    warned = [(titled_html(warning[:4]), f"{count:,}") for warning, count in audit_warnings(audit)]
    if warned:
        parts += ["<h2>Admissible, with a warning</h2>", table(("warning", "documents"), warned, numbers=(1,))]
    if kept:
        parts += ["<h2>Sources</h2>", table(_HEAD, kept, numbers=(1, 2, 3)) + rest]
    if audit.skipped:
        skipped = ((escape(clip(line, 300)),) for line in audit.skipped)
        kept, rest = within(skipped, len(audit.skipped), "places", _SOURCES, room)
        parts += [f"<h2>Passed over ({len(audit.skipped):,})</h2>", table(("place and reason",), kept) + rest]
    return "".join(parts)


def audit_rich(audit: Audit, shown: int = _SHOWN) -> Group:
    """Return an audit for a terminal.

    Args:
        audit: the audit.
        shown: how many documents to list at most.
    """
    verdict = audit_verdict(audit)
    parts: list[Any] = [verdict_rich(verdict)]
    if not audit.rows:
        return Group(*parts)
    parts += document_groups_rich([_row(row) for row in audit.rows if row.keeps_out], shown)
    reasons = audit_reasons(audit)
    parts += [Text(), _by_source(audit), *([Text(), _counted("Reasons", "kept out for", reasons)] if reasons else [])]
    warnings = audit_warnings(audit)
    parts += [Text(), _counted("Admissible, with a warning", "warning", warnings)] if warnings else []
    return Group(*parts, steps_rich(verdict))


def _by_source(audit: Audit) -> Listing:
    listed = new_table("Sources", [(name, number > 0) for number, name in enumerate(_HEAD)])
    for source, counts in audit.sources().items():
        listed.add_row(plain(source), *(f"{counts[name]:,}" for name in _COUNTED))
    return listed


def _counted(title: str, name: str, reasons: list[tuple[str, int]]) -> Listing:
    listed = new_table(title, [(name, False), ("documents", True)])
    for reason, count in reasons:
        listed.add_row(plain(reason), f"{count:,}")
    return listed


def _row(row: AuditRow) -> DocumentRow:
    if row.decision is None:
        finding = ("", "error", row.problem or "It cannot be read.")
        return DocumentRow(0, "drop", True, row.place, "", "", "", "", (finding,), None, ())
    uri = row.decision.uri
    name = row.place if uri is None or uri.endswith(row.place) else f"{row.place} ({uri})"
    return replace(next(rows_of([row.decision.to_dict()])), rank=0, name=name)
