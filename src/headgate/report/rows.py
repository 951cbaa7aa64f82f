"""What is shown about an admission, whether it comes from a gate, a trace or a log: the record and the texts.

What a record holds has the type that its schema says; whether it fits a text is looked at here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headgate.codes import CHECKS, first_reason, titled
from headgate.record import DecisionRecord, error_codes, name_of
from headgate.terminology.edits import Edit

__all__ = ["DocumentRow", "age_in_words", "edits_of", "framework_in_words", "losses", "ranked", "rows_of"]

# Ten thousand years in seconds; what says to be older says nothing.
_LONGEST = 3.2e11
_FRAMEWORKS = {"langchain": "LangChain", "llama_index": "LlamaIndex"}
_ORDER = {letter: number for number, letter in enumerate(CHECKS)}


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document of an admission, ready to show.

    Attributes:
        rank: its place in what was retrieved, from 1 on; 0 where there is none.
        action: `admit` or `drop`.
        would_drop: whether it would be dropped if every check were enforced.
        name: what it is called: its URI, otherwise its id, otherwise its digest.
        source: the id of its source.
        assurance: how much is proved about it.
        age: how old it is, in words; empty if unknown.
        verified: as of when it is known to be current, and who says so; empty if nobody does.
        findings: code, severity and message of each finding, errors first.
        text: the original text, if there is one to show.
        edits: what terminology did with it.
    """

    rank: int
    action: str
    would_drop: bool
    name: str
    source: str
    assurance: str
    age: str
    verified: str
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

    @property
    def reason(self) -> str | None:
        """The code that it counts under, if it is kept out or would be; empty where that has no code."""
        if self.action != "drop" and not self.would_drop:
            return None
        return first_reason(code for code, severity, _ in self.findings if severity == "error") or ""


def rows_of(decisions: Sequence[DecisionRecord], texts: Sequence[object] = ()) -> Iterator[DocumentRow]:
    """Yield the documents of an admission.

    Args:
        decisions: of its record.
        texts: the original texts, one per decision; without them no text and no edit is shown.
    """
    for number, decision in enumerate(decisions):
        text = texts[number] if number < len(texts) else decision.get("text")
        yield _row(number + 1, decision, text if isinstance(text, str) else None)


def losses(decisions: Sequence[DecisionRecord]) -> list[tuple[str, int]]:
    """Return how many documents each first reason took, the most frequent first: code and title, number."""
    counts = Counter(code for decision in decisions if (code := first_reason(error_codes(decision))) is not None)
    return [(titled(code), count) for code, count in ranked(counts)]


def ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    """Return what was counted, the most frequent first; equal counts in the order of the checks, then by name."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], _ORDER.get(pair[0][:1], len(_ORDER)), pair[0]))


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
    """Return an age as people say it: years beside the days in which policies count, never alone."""
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 <= seconds <= _LONGEST:
        return ""
    for size, word in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            years = seconds / (86_400 * 365.25)
            more = f" ({years:.1f} years)" if 2 <= years < 10 else f" ({int(years):,} years)" if years >= 10 else ""
            return f"{int(seconds // size):,} {word}{more}"
    return "1 second" if int(seconds) == 1 else f"{int(seconds)} seconds"


def framework_in_words(name: str) -> str:
    """Return a framework's name as it is written in text; the name itself of one that is not known."""
    return _FRAMEWORKS.get(name, name)


def _row(rank: int, decision: DecisionRecord, text: str | None) -> DocumentRow:
    findings = sorted(decision["findings"], key=lambda finding: finding["severity"] != "error")
    return DocumentRow(
        rank=rank,
        action=decision["action"],
        would_drop=bool(error_codes(decision)),
        name=name_of(decision) or "a document without a name",
        source=decision["source"],
        assurance=decision["assurance"],
        age=age_in_words(decision["age_seconds"]),
        verified=_verified(decision),
        findings=tuple((finding["code"], finding["severity"], finding["message"]) for finding in findings),
        text=text,
        edits=edits_of(decision["edits"], text) if text is not None else (),
    )


def _verified(decision: DecisionRecord) -> str:
    entry = decision.get("verified")
    if entry is None:
        return ""
    return f"current as of {entry[0][:16].replace('T', ' ')} ({entry[2]})"
