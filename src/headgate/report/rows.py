"""What is shown about an admission, whether it comes from a gate, a trace or a log: the record and the texts.

A record may come from a file that somebody else wrote, so nothing in it is taken for granted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headgate.codes import CODES
from headgate.terminology.edits import Edit

__all__ = ["DocumentRow", "age_in_words", "edits_of", "first_reason", "losses", "rows_of"]

# Ten thousand years in seconds; what says to be older says nothing.
_LONGEST = 3.2e11
_ORDER = {letter: number for number, letter in enumerate("PFTBG")}


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document of an admission, ready to show.

    Attributes:
        action: `admit` or `drop`.
        would_drop: whether it would be dropped if every check were enforced.
        name: what it is called: its URI, else its id, else its digest.
        source: the id of its source.
        assurance: how much is proved about it.
        age: how old it is, in words; empty if unknown.
        findings: code, severity and message of each finding, errors first.
        text: the original text, if there is one to show.
        edits: what terminology did with it.
    """

    action: str
    would_drop: bool
    name: str
    source: str
    assurance: str
    age: str
    findings: tuple[tuple[str, str, str], ...]
    text: str | None
    edits: tuple[Edit, ...]

    @property
    def verdict(self) -> tuple[str, str]:
        """The words of the badge and its kind."""
        if self.action == "drop":
            return "\u2717 dropped", "bad"
        if self.would_drop:
            return "! would be dropped", "warn"
        return "\u2713 admitted", "good"


def rows_of(record: Mapping[str, Any], texts: Sequence[object] = ()) -> Iterator[DocumentRow]:
    """Yield the documents of an admission's record.

    Args:
        record: what `Admission.to_dict` returns, or what a log holds.
        texts: the original texts, one per decision; without them no text and no edit is shown.
    """
    decisions = record.get("decisions")
    for number, decision in enumerate(decisions if isinstance(decisions, list) else ()):
        if isinstance(decision, Mapping):
            text = texts[number] if number < len(texts) else decision.get("text")
            yield _row(decision, text if isinstance(text, str) else None)


def first_reason(decision: Mapping[str, Any]) -> str | None:
    """Return the first code that kept, or would keep, a document out."""
    codes = [code for code, severity, _ in _findings(decision) if severity == "error"]
    return min(codes, key=lambda code: _ORDER.get(code[:1], 9), default=None)


def losses(decisions: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Return how many documents each first reason took, in the order of the checks: code and title, number."""
    counts = Counter(code for decision in decisions if (code := first_reason(decision)) is not None)
    ordered = sorted(counts.items(), key=lambda pair: (_ORDER.get(pair[0][:1], 9), pair[0]))
    return [(f"{code} {CODES[code].title}" if code in CODES else code, count) for code, count in ordered]


def edits_of(recorded: object, text: str) -> tuple[Edit, ...]:
    """Return recorded edits of a text; none if they do not fit it.

    Args:
        recorded: `[start, end, canonical, mode]` or `[start, end, canonical, mode, replacement]` each.
        text: the original text.
    """
    if not isinstance(recorded, list):
        return ()
    edits: list[Edit] = []
    position = 0
    for entry in recorded:
        if not isinstance(entry, (list, tuple)) or len(entry) not in (4, 5):
            return ()
        start, end, canonical, mode, *rest = entry
        is_span = type(start) is int and type(end) is int and position <= start <= end <= len(text)
        if not is_span or not isinstance(canonical, str) or mode not in ("replace", "annotate", "flag"):
            return ()
        alias = text[start:end]
        replacement = rest[0] if rest and isinstance(rest[0], str) else alias if mode == "flag" else canonical
        edits.append(Edit(start, end, alias, canonical, mode, replacement))
        position = end
    return tuple(edits)


def age_in_words(seconds: object) -> str:
    """Return an age as people say it."""
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 <= seconds <= _LONGEST:
        return ""
    for size, word in ((86_400 * 365.25, "years"), (86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{int(seconds // size):,} {word}"
    return "1 second" if int(seconds) == 1 else f"{int(seconds)} seconds"


def _row(decision: Mapping[str, Any], text: str | None) -> DocumentRow:
    findings = sorted(_findings(decision), key=lambda finding: finding[1] != "error")
    name = next(
        (str(value) for key in ("uri", "id", "digest") if (value := decision.get(key))), "a document without a name"
    )
    return DocumentRow(
        action="admit" if decision.get("action") == "admit" else "drop",
        would_drop=any(severity == "error" for _, severity, _ in findings),
        name=name,
        source=str(decision.get("source") or ""),
        assurance=str(decision.get("assurance") or ""),
        age=age_in_words(decision.get("age_seconds")),
        findings=tuple(findings),
        text=text,
        edits=edits_of(decision.get("edits"), text) if text is not None else (),
    )


def _findings(decision: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    findings = decision.get("findings")
    return [
        (str(finding.get("code", "")), str(finding.get("severity", "")), str(finding.get("message", "")))
        for finding in (findings if isinstance(findings, list) else ())
        if isinstance(finding, Mapping)
    ]
