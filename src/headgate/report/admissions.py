"""An admission for people: a verdict, a funnel by reason, and one row per document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from rich.console import Group
from rich.table import Table
from rich.text import Text

from headgate.codes import CODES, first_reason, titled
from headgate.encoding import in_number
from headgate.record import AdmissionRecord, DecisionRecord, error_codes
from headgate.report.charts import funnel_chart
from headgate.report.documents import document_groups, documents_rich
from headgate.report.escaping import clip, escape
from headgate.report.palette import TERMINAL
from headgate.report.rows import losses, ranked, rows_of
from headgate.report.tables import plain, prose
from headgate.report.verdicts import Step, Verdict, steps_rich, verdict_html, verdict_rich

__all__ = ["admission_html", "admission_rich", "admission_verdict", "funnel_rich", "headline"]

_QUESTION_CHARS = 500


def headline(record: AdmissionRecord) -> str:
    """Return an admission in one sentence of plain text."""
    decisions = record["decisions"]
    dropped = sum(decision["action"] != "admit" for decision in decisions)
    reasons = losses(decisions)
    said = f"{in_number(len(decisions), 'document')}: {len(decisions) - dropped:,} admitted, {dropped:,} dropped"
    if not _is_enforced(record):
        said += f" (mode {record['mode']}: {sum(count for _, count in reasons):,} would be)"
    if decisions and dropped == len(decisions) and reasons:
        most = max(reasons, key=lambda pair: pair[1])
        said += f". Nothing is left, mostly because of {most[0]}"
    return said + "."


def admission_verdict(record: AdmissionRecord) -> Verdict:
    """Return how an admission stands."""
    decisions = record["decisions"]
    against = sum(bool(error_codes(decision)) for decision in decisions)
    admitted = sum(decision["action"] == "admit" for decision in decisions)
    if not decisions:
        return Verdict("warn", headline(record))
    kind: Literal["good", "bad", "warn"]
    kind = "bad" if not admitted else "good" if _is_enforced(record) or not against else "warn"
    before = after = ""
    if against:
        fail = "fails" if against == 1 else "fail"
        before = f"{in_number(len(decisions), 'document')} retrieved; {against:,} {fail} a check"
        after = f"{in_number(admitted, 'document')} in the prompt"
        after += "" if _is_enforced(record) else f", {against:,} of them only because the mode is {record['mode']}"
    return Verdict(kind, headline(record), before, after, _steps(decisions))


def admission_html(record: AdmissionRecord, texts: Sequence[object] = (), query: object = None) -> str:
    """Return an admission as HTML.

    Args:
        record: what `Admission.to_dict` returns, or what `read_admission` made of anything else.
        texts: the original texts, one per decision.
        query: what was asked, if it is at hand; by default what the record keeps.
    """
    decisions = record["decisions"]
    asked = query if query is not None else record.get("query")
    parts = []
    if isinstance(asked, str) and asked:
        parts.append(f'<p>Asked: <q><bdi dir="auto">{escape(clip(asked, _QUESTION_CHARS))}</bdi></q></p>')
    parts.append(verdict_html(admission_verdict(record), _facts(record)))
    reasons = losses(decisions)
    if reasons:
        end = "admitted" if _is_enforced(record) else "admissible"
        parts.append(funnel_chart(len(decisions), reasons, end))
    parts.append(document_groups(list(rows_of(decisions, texts)), level=2))
    return "".join(parts)


def admission_rich(record: AdmissionRecord, texts: Sequence[object] = ()) -> Group:
    """Return an admission for a terminal."""
    rows = list(rows_of(record["decisions"], texts))
    verdict = admission_verdict(record)
    parts: list[Any] = [verdict_rich(verdict)]
    if isinstance(record.get("query"), str):
        parts.insert(0, prose(f"Asked: {clip(str(record.get('query')), _QUESTION_CHARS)}"))
    if any(row.would_drop for row in rows):
        parts += [Text(), funnel_rich(record["decisions"])]
    return Group(*parts, Text(), documents_rich(rows), steps_rich(verdict))


def funnel_rich(decisions: Sequence[DecisionRecord]) -> Table:
    """Return for a terminal how many documents each first reason took."""
    funnel = Table(box=None, pad_edge=False, show_header=False)
    total = left = len(decisions)
    good, bad, before = TERMINAL["good"], TERMINAL["bad"], TERMINAL["before"]
    funnel.add_row("retrieved", f"{left:,}", Text(_bar(left, total), style=before))
    for reason, count in losses(decisions):
        left -= count
        bar = Text.assemble((_bar(left, total), before), (_bar(count, total, "\u2591"), bad))
        funnel.add_row(plain(f"\u2212 {reason}", 80), f"{count:,}", bar)
    funnel.add_row("left", f"{left:,}", Text(_bar(left, total), style=good))
    return funnel


def _bar(count: int, total: int, block: str = "\u2588") -> str:
    # What is not nothing is seen: one of ten thousand has a block too.
    return block * max(1 if count else 0, round(24 * count / max(1, total)))


def _steps(decisions: Sequence[DecisionRecord]) -> list[Step]:
    """Return what to do about the reason that took most."""
    reasons = [code for decision in decisions if (code := first_reason(error_codes(decision))) is not None]
    known = ranked(Counter(code for code in reasons if code in CODES))
    if not known:
        return []
    most, count = known[0]
    words = f"{titled(most)} ({in_number(count, 'document')}): {CODES[most].fix}"
    return [Step(words, f"headgate explain {most}")]


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
        facts.append(in_number(sum(entering for _, entering in counted), "token"))
    # A record from elsewhere may claim any duration.
    if 0 < record["seconds"] < 86_400:
        facts.append(f"{record['seconds'] * 1e3:.1f} ms")
    return f'<p class="soft">{escape(", ".join(facts))}.</p>' if facts else ""
