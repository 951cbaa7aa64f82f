"""One pass over a decision log: is it whole, and what happened in a span of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from headgate.clock import read_instant, require_aware
from headgate.encoding import replace_surrogates
from headgate.record import AdmissionRecord, DecisionRecord
from headgate.record.chain import ChainCheck, Head, LogLines, link_of, verify_lines
from headgate.record.reading import parse_line, too_long

__all__ = ["KeyUse", "Overriding", "RevisionUse", "Span", "Survey", "survey"]

# A log may come from anywhere: whatever it names, no table has more rows than these.
_MOST_ROWS = 10_000
_MOST_NOTICES = 100
_WORDS = 300
_PROOFS = ("seal", "manifest")
_OVERRIDDEN = "G909"


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, from `since` on and before `until`; both aware."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if require_aware(self.since, "since") >= require_aware(self.until, "until"):
            raise ValueError("the span ends before it begins")

    def __contains__(self, instant: datetime) -> bool:
        return self.since <= instant < self.until

    def to_dict(self) -> dict[str, str]:
        """Return both ends as text."""
        return {"since": self.since.isoformat(), "until": self.until.isoformat()}


@dataclass(slots=True)
class RevisionUse:
    """How a revision of the policy was used: in which modes, from when to when, for how many admissions."""

    first: str
    last: str
    modes: set[str] = field(default_factory=set)
    admissions: int = 0


@dataclass(slots=True)
class KeyUse:
    """How a key was relied on: for which source, from when to when, for how many documents."""

    kid: str
    issuer: str
    source: str
    first: str
    last: str
    documents: int = 0


@dataclass(slots=True)
class Overriding:
    """An override that let documents in: what it says of itself, and how many."""

    detail: Mapping[str, Any]
    documents: int = 0


@dataclass(slots=True)
class Survey:
    """What a log says about a span.

    Attributes:
        span: which.
        check: what the chains of the whole log show.
        parts: of each chain that has records in the span, the first and the last of them.
        unchained: how many records of the span are of a version that wrote no chain.
        outside: how many records of the log are not of the span.
        skipped: how many lines of the log hold no record.
        notices: why, with the place; the first hundred.
        counts: of admissions, of those that left nothing, of documents, of those admitted and kept out.
        modes: how many admissions, by the mode of the policy.
        kept_out: how many documents, by the codes of errors, whether or not they were enforced.
        codes: how many documents, by code.
        sources: of each source, how many documents were admitted and dropped.
        days: of each day in UTC, how many documents were admitted and dropped.
        revisions: the revisions of the policy that decided.
        keys: the keys that proved admitted documents, by thumbprint and source.
        overrides: what was opened by hand.
        is_cut: whether there was more of something than a table holds.
    """

    span: Span
    check: ChainCheck = field(default_factory=ChainCheck)
    parts: dict[str, list[int]] = field(default_factory=dict)
    unchained: int = 0
    outside: int = 0
    skipped: int = 0
    notices: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    kept_out: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    sources: dict[str, Counter[str]] = field(default_factory=dict)
    days: dict[str, Counter[str]] = field(default_factory=dict)
    revisions: dict[str, RevisionUse] = field(default_factory=dict)
    keys: dict[tuple[str, str], KeyUse] = field(default_factory=dict)
    overrides: dict[tuple[str, ...], Overriding] = field(default_factory=dict)
    is_cut: bool = False

    @property
    def records(self) -> int:
        """How many records of the log are of the span."""
        return self.counts["admissions"]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain JSON values; chains, revisions, keys and overrides have files of their own."""
        return {
            "span": self.span.to_dict(),
            "counts": {name: self.counts[name] for name in ("admissions", "empty", "documents", "admitted", "dropped")},
            "modes": dict(sorted(self.modes.items())),
            "errors": dict(sorted(self.kept_out.items())),
            "codes": dict(sorted(self.codes.items())),
            "sources": {name: dict(sorted(counted.items())) for name, counted in sorted(self.sources.items())},
            "days": {day: dict(sorted(counted.items())) for day, counted in sorted(self.days.items())},
            "skipped_lines": self.skipped,
            "notices": list(self.notices),
            "is_cut": self.is_cut,
        }


def survey(logs: Iterable[LogLines], span: Span, known: Mapping[str, Head] | None = None) -> Survey:
    """Return what a log says about a span, and whether the whole of it is as it was written.

    Args:
        logs: of each log the lines, as `verify_lines` takes them; read once.
        span: which admissions count, by their own time.
        known: heads of chains that were seen before, as for `verify_lines`.

    Raises:
        HeadgateError: a file cannot be read.
    """
    found = Survey(span)
    found.check = verify_lines((_noted(found, log) for log in logs), known)
    return found


def _noted(found: Survey, log: LogLines) -> Iterator[tuple[str, bytes | None, bool]]:
    for place, line, may_begin_before in log:
        entry = parse_line(line, place) if line is not None else None
        if entry is None or entry.record is None:
            found.skipped += 1
            if len(found.notices) < _MOST_NOTICES:
                found.notices.append(f"{place}: {entry.notice if entry is not None else too_long()}")
        else:
            _note(found, entry.record)
        yield place, line, may_begin_before


def _note(found: Survey, record: AdmissionRecord) -> None:
    if not is_within(record, found.span):
        found.outside += 1
        return
    link = link_of(record)
    if link is None:
        found.unchained += 1
    else:
        part = found.parts.setdefault(link["id"], [link["n"], link["n"]])
        part[:] = [min(part[0], link["n"]), max(part[1], link["n"])]
    found.counts["admissions"] += 1
    found.modes[record["mode"] or "unknown"] += 1
    _note_revision(found, record)
    admitted = sum(_note_decision(found, record, one) for one in record["decisions"])
    found.counts["empty"] += bool(record["decisions"]) and not admitted


def is_within(record: AdmissionRecord, span: Span) -> bool:
    """Return whether an admission is of a span; one whose time cannot be read is of none."""
    try:
        return read_instant(record["now"]) in span
    except ValueError:
        return False


def _in_utc(record: AdmissionRecord) -> str:
    """Return when an admission was, as text whose order is that of time."""
    return read_instant(record["now"]).astimezone(timezone.utc).isoformat(timespec="microseconds")


def _note_revision(found: Survey, record: AdmissionRecord) -> None:
    now, name = _in_utc(record), record["policy_revision"] or "unknown"
    use = found.revisions.get(name)
    if use is None:
        if not _has_room(found, found.revisions):
            return
        use = found.revisions[name] = RevisionUse(now, now)
    use.first, use.last = min(use.first, now), max(use.last, now)
    use.modes.add(record["mode"] or "unknown")
    use.admissions += 1


def _note_decision(found: Survey, record: AdmissionRecord, decision: DecisionRecord) -> bool:
    """Count a document; return whether it was admitted."""
    is_in = decision["action"] == "admit"
    which, source = ("admitted" if is_in else "dropped"), _short(decision["source"])
    found.counts["documents"] += 1
    found.counts[which] += 1
    now = _in_utc(record)
    for table, name in ((found.sources, source), (found.days, now[:10])):
        if name in table or _has_room(found, table):
            table.setdefault(name, Counter())[which] += 1
    findings = decision["findings"]
    _count_each(found, found.codes, {one["code"] for one in findings})
    _count_each(found, found.kept_out, {one["code"] for one in findings if one["severity"] == "error"})
    if is_in:
        _note_key(found, now, source, decision)
    for finding in findings:
        if finding["code"] == _OVERRIDDEN:
            _note_override(found, finding["detail"])
    return is_in


def _count_each(found: Survey, table: Counter[str], codes: Iterable[str]) -> None:
    for code in codes:
        if code in table or _has_room(found, table):
            table[code] += 1


def _note_key(found: Survey, now: str, source: str, decision: DecisionRecord) -> None:
    evidence: Mapping[str, Any] = decision.get("evidence", {})
    for name in _PROOFS:
        proof = evidence.get(name)
        if not isinstance(proof, Mapping) or decision["issuer"] is None:
            continue
        thumbprint = _short(proof.get("key") or proof.get("kid"))
        use = found.keys.get((thumbprint, source))
        if use is None:
            if not _has_room(found, found.keys):
                return
            kid, issuer = _short(proof.get("kid")), _short(proof.get("iss"))
            use = found.keys[thumbprint, source] = KeyUse(kid, issuer, source, now, now)
        use.first, use.last = min(use.first, now), max(use.last, now)
        use.documents += 1


def _note_override(found: Survey, detail: Mapping[str, Any]) -> None:
    kept = {name: _short(detail.get(name)) for name in ("source", "since", "until", "reason", "by")}
    key = tuple(kept.values())
    if key in found.overrides or _has_room(found, found.overrides):
        found.overrides.setdefault(key, Overriding(kept)).documents += 1


def _has_room(found: Survey, table: Mapping[Any, Any]) -> bool:
    if len(table) < _MOST_ROWS:
        return True
    found.is_cut = True
    return False


def _short(value: object) -> str:
    return replace_surrogates(str(value))[:_WORDS]
