"""An admission in a few words, as traces and their lists of spans show it."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from headgate.codes import titled
from headgate.decision import Admission

__all__ = ["TraceInner", "headline", "outcome", "reasons", "shown"]

TraceInner = Literal["full", "ids", "off"]
"""How much traces show of a retriever behind a gate: `full`, its own trace with texts; `ids`, that it ran, with ids and
digests instead of texts; `off`, nothing."""

_SEVERITIES = ("error", "warning", "info")


def headline(admission: Admission) -> str:
    """Return the name of an admission's run or span, such as `headgate: 4 in, 3 out`.

    Where nothing was kept out that a check objected to, the name says how many: `headgate: 4 in, 4 out, 1 objected to`.
    It has no hyphen, because some tracers of LlamaIndex cut a name there.
    """
    objected = sum(decision.admitted and decision.would_drop for decision in admission.decisions)
    objection = f", {objected} objected to" if objected else ""
    return f"headgate: {_in_and_out(admission)}{objection}"


def outcome(admission: Admission) -> str:
    """Return `ok`, `empty` where nothing was admissible, or `no_documents` where there was nothing to judge."""
    if not admission.decisions:
        return "no_documents"
    return "ok" if admission.chunks else "empty"


def reasons(admission: Admission) -> list[str]:
    """Return the reasons in words, each with the number of documents: `P101 no seal: 2`; the gravest come first."""
    counts: Counter[str] = Counter()
    gravest: dict[str, int] = {}
    for decision in admission.decisions:
        counts.update(dict.fromkeys(decision.codes, 1))
        for finding in decision.findings:
            rank = _SEVERITIES.index(finding.severity)
            gravest[finding.code] = min(rank, gravest.get(finding.code, rank))
    # Those of one rank and count stay in the order of the checks.
    ordered = sorted(counts, key=lambda code: (gravest[code], -counts[code]))
    return [f"{titled(code)}: {counts[code]}" for code in ordered]


def shown(admission: Admission) -> dict[str, Any]:
    """Return what a trace shows of an admission: the outcome and the reasons in words, and the record.

    Plain JSON values, without any text of the documents or the query.
    """
    return {"outcome": _in_and_out(admission), "reasons": reasons(admission), **admission.to_dict()}


def _in_and_out(admission: Admission) -> str:
    return f"{len(admission.decisions)} in, {len(admission.chunks)} out"
