"""What is about to go out of date, per source and document, and what has to be fetched again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from headgate.admission.gate import Gate
from headgate.admission.revision import ResolvedSource
from headgate.clock import read_instant
from headgate.codes import TO_FETCH
from headgate.decision import Finding
from headgate.display import Printable
from headgate.freshness import shift
from headgate.history.counting import MostFrequent
from headgate.origins.feeds import feed_id, feed_name
from headgate.policy import Freshness, Policy, least_of
from headgate.record import AdmissionRecord, DecisionRecord, LogEntry, error_codes, name_of, records_in
from headgate.record.refetch import Refetch
from headgate.registry import open_feeds
from headgate.replay import Redecided, Redecider
from headgate.verification import VERIFIERS, Verification, Verifier

__all__ = ["Ending", "FeedOutlook", "Outlook", "SourceOutlook", "look_ahead"]

_DOCUMENTS = 50_000
# Said of a time at which nobody had vouched: for a document that was not retrieved since, that may be past.
_VOUCHING = frozenset(("F208", "F210", "F211", "P114"))
# Said of a date of the document itself: it is over also where it was when it was recorded, by a gate that let it pass.
_DATED = frozenset(("F201", "F202"))
State = Literal["over", "unknown", "soon", "good", "open"]
_STATES: tuple[State, ...] = get_args(State)  # the worst first


@dataclass(frozen=True, slots=True)
class SourceOutlook:
    """One source.

    Attributes:
        source: its id.
        state: `good`, `soon` (it ends within the time that is looked ahead), `over`, `unknown` (verification is
            required, and nothing tells when there was one), `open` (the policy does not ask for any).
        verified: who has vouched for its documents last, and when.
        ends: when they are kept out if nobody does again; None if never.
    """

    source: str
    state: State
    verified: Verification | None = None
    ends: datetime | None = None

    def until(self, end: datetime | None, now: datetime, within: timedelta) -> SourceOutlook:
        """Return what is said of the source under a policy that ends itself."""
        if end is None or end > now + within or (self.ends is not None and self.ends <= end):
            return self
        state: State = "over" if end <= now else min(self.state, "soon", key=_STATES.index)
        return replace(self, state=state, ends=end)

    def to_dict(self) -> dict[str, object]:
        """Return the source as plain JSON values."""
        verified = self.verified
        return {
            "source": self.source,
            "state": self.state,
            "verified": [verified.at.isoformat(), verified.by, verified.name] if verified is not None else None,
            "ends": self.ends.isoformat() if self.ends is not None else None,
        }


@dataclass(frozen=True, slots=True)
class FeedOutlook:
    """One feed.

    Attributes:
        source: its source.
        name: of the feed.
        pulled: when it was pulled last with success; None if never.
        is_late: whether that is so long ago that its documents are kept out, or it never was.
    """

    source: str
    name: str
    pulled: datetime | None
    is_late: bool = False

    def to_dict(self) -> dict[str, object]:
        """Return the feed as plain JSON values."""
        pulled = self.pulled.isoformat() if self.pulled is not None else None
        return {"source": self.source, "feed": self.name, "pulled": pulled, "is_late": self.is_late}


@dataclass(frozen=True, slots=True)
class Ending:
    """A document that will be kept out soon, or is by now although it entered a prompt not long ago.

    Attributes:
        document: its URI, id or digest.
        source: its source.
        prompts: how many prompts it entered.
        reasons: the codes that will keep it out, or do.
        at: when, if a date says so.
    """

    document: str
    source: str
    prompts: int
    reasons: tuple[str, ...]
    at: datetime | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the document as plain JSON values."""
        return {
            "document": self.document,
            "source": self.source,
            "prompts": self.prompts,
            "reasons": list(self.reasons),
            "at": self.at.isoformat() if self.at is not None else None,
        }


@dataclass(slots=True, repr=False)
class Outlook(Printable):
    """What is about to go out of date.

    Attributes:
        now: the present.
        within: how far ahead was looked.
        sources: the sources of the policy, the worst first.
        feeds: the feeds of the policy, the one that has been silent for longest first.
        endings: documents that entered prompts and will be kept out, the most used first.
        refetch: documents to fetch again, the last seen first.
        undecided: how many documents the records say too little about.
        otherwise: how many documents the policy keeps out as they were recorded last, whatever the time: the policy is
            another one since, or they were let pass in audit mode. They may be in the index as they have to be by now.
        skipped: lines of the log without a record that can be used.
    """

    now: datetime
    within: timedelta
    sources: tuple[SourceOutlook, ...]
    feeds: tuple[FeedOutlook, ...] = ()
    endings: list[Ending] = field(default_factory=list)
    refetch: list[Refetch] = field(default_factory=list)
    undecided: int = 0
    otherwise: int = 0
    skipped: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nothing has to be done."""
        is_quiet = not (self.endings or self.refetch) and not any(one.is_late for one in self.feeds)
        return is_quiet and all(one.state in ("good", "open") for one in self.sources)

    def to_dict(self, most: int | None = None) -> dict[str, object]:
        """Return everything, or the first of each list, as plain JSON values."""
        return {
            "now": self.now.isoformat(),
            "within_seconds": self.within.total_seconds(),
            "is_good": self.is_good,
            "sources": [one.to_dict() for one in self.sources],
            "feeds": [one.to_dict() for one in self.feeds],
            "endings": [one.to_dict() for one in self.endings[:most]],
            "ending": len(self.endings),
            "refetch": [one.to_dict() for one in self.refetch[:most]],
            "to_fetch": len(self.refetch),
            "undecided": self.undecided,
            "kept_out_otherwise": self.otherwise,
            "skipped_lines": self.skipped,
        }


def look_ahead(
    gate: Gate,
    entries: Iterable[LogEntry | Mapping[str, Any]] = (),
    *,
    now: datetime,
    within: timedelta = timedelta(days=7),
) -> Outlook:
    """Return what is about to go out of date.

    Args:
        gate: under whose policy.
        entries: recorded admissions: what `read_log` yields, or records; without them only sources are looked at.
        now: the present.
        within: how far to look ahead.
    """
    kept: MostFrequent[AdmissionRecord] = MostFrequent(_DOCUMENTS)
    wanted: dict[str, tuple[Refetch, str]] = {}
    latest: dict[str, Verification] = {}
    unanswered: dict[str, datetime] = {}
    skipped = 0
    for entry in records_in(entries):
        if entry.record is None:
            skipped += 1
            continue
        for decision in entry.record["decisions"]:
            _take(entry.record, decision, kept, wanted, latest)
            _note_silence(entry.record, decision, unanswered)
    revision = gate.in_force
    feeds, pulled = _feeds(gate.policy, now)
    for source, verified in pulled.items():
        if source not in latest or latest[source].by != "feed" or latest[source].at < verified.at:
            latest[source] = verified
    end = gate.pulled.bundle.expires if gate.pulled is not None else None
    sources = [
        _source(one, latest.get(one.id), unanswered.get(one.id), now, within).until(end, now, within)
        for one in (*revision.sources.values(), revision.default)
    ]
    sources.sort(key=lambda one: _STATES.index(one.state))
    outlook = Outlook(now, within, tuple(sources), feeds, skipped=skipped)
    _add_endings(outlook, gate, kept)
    outlook.refetch = sorted((one for one, _ in wanted.values()), key=lambda one: one.at, reverse=True)
    return outlook


def _take(
    record: AdmissionRecord,
    decision: DecisionRecord,
    kept: MostFrequent[AdmissionRecord],
    wanted: dict[str, tuple[Refetch, str]],
    latest: dict[str, Verification],
) -> None:
    name = name_of(decision) or "without a name"
    code = next((code for code in error_codes(decision) if code in TO_FETCH), None)
    at = _instant(record["now"])
    if code is not None and at is not None and len(wanted) < _DOCUMENTS:
        before = wanted[name][0].pieces if name in wanted else ()
        found = Refetch(name, decision["source"][:100], code, at, before)
        wanted[name] = found.with_pieces((str(decision["id"] or decision["digest"])[:200],)), record["admission"]
    elif decision["action"] == "admit":
        # Fetched since, or never in need of it; another piece of it in the same prompt says nothing of that one.
        if name in wanted and wanted[name][1] != record["admission"]:
            del wanted[name]
        kept.put(name, {**record, "decisions": [decision]})
    verified = _verified(decision)
    known = latest.get(decision["source"])
    if verified is not None and (known is None or verified.at > known.at):
        latest[decision["source"]] = verified


def _note_silence(record: AdmissionRecord, decision: DecisionRecord, unanswered: dict[str, datetime]) -> None:
    """Note when a source's own servers last did not answer for one of its documents (F208)."""
    at = _instant(record["now"])
    if at is not None and "F208" in error_codes(decision):
        unanswered[decision["source"]] = max(at, unanswered.get(decision["source"], at))


def _source(
    source: ResolvedSource,
    seen: Verification | None,
    unanswered: datetime | None,
    now: datetime,
    within: timedelta,
) -> SourceOutlook:
    """Return the worst of what holds for any document of a source: rules of their own may ask for more."""
    own = [(source.freshness, source.verifiers), *((rule.freshness, rule.verifiers) for rule in source.rules)]
    is_silent = unanswered is not None and (seen is None or unanswered > seen.at)
    every = [_under(source, rule, counted, seen, now, within, is_silent=is_silent) for rule, counted in own]
    return min(every, key=lambda one: _STATES.index(one.state))


def _under(
    source: ResolvedSource,
    rule: Freshness,
    counted: Collection[Verifier],
    seen: Verification | None,
    now: datetime,
    within: timedelta,
    *,
    is_silent: bool,
) -> SourceOutlook:
    manifest = source.requirement.manifest
    ends: list[datetime] = []
    verified = seen if seen is not None and seen.by in counted else None
    if manifest is not None:
        _, expires = manifest.window
        ends.append(shift(expires, source.requirement.grace))
        stamp = manifest.timestamp
        if "manifest" in counted and (verified is None or verified.at < stamp.issued):
            verified = Verification(stamp.issued, "manifest", f"list {stamp.version} of {stamp.corpus!r}")
    if rule.verified_within is not None and verified is not None:
        ends.append(rule.end_of(verified.at, rule.verified_within, rule.verified_grace))
    end = min(ends, default=None)
    if end is None:
        return SourceOutlook(source.id, "open" if rule.verified_within is None else "unknown")
    if verified is not None and verified.by == "origin" and not is_silent:
        return SourceOutlook(source.id, "good", verified)  # it is asked again with the next question
    horizon = within
    if verified is not None and verified.by == "feed" and rule.verified_within is not None:
        # What is asked again and again by itself is late from half of its time on, and not before.
        horizon = min(within, least_of(rule.verified_within) / 2 + least_of(rule.verified_grace))
    state: State = "over" if end <= now else "soon" if end <= now + horizon else "good"
    return SourceOutlook(source.id, state, verified, end)


def _feeds(policy: Policy, now: datetime) -> tuple[tuple[FeedOutlook, ...], dict[str, Verification]]:
    """Return the feeds of a policy, and by source the last pull of one that tells of changes."""
    registry = open_feeds(policy)
    if registry is None:
        return (), {}
    states = registry.states()
    registry.close()
    found: list[FeedOutlook] = []
    latest: dict[str, Verification] = {}
    for source in policy.sources:
        for rule in source.freshness.feeds:
            state = states.get(feed_id(rule, policy, source.id, source.match))
            pulled = state.pulled if state is not None else None
            within = source.freshness.shortest_verified_within
            is_late = pulled is None or (
                within is not None and now >= source.freshness.end_of(pulled, within, source.freshness.verified_grace)
            )
            found.append(FeedOutlook(source.id, feed_name(rule), pulled, is_late))
            known = latest.get(source.id)
            if state is not None and state.tells_changes and (known is None or known.at < state.pulled):
                latest[source.id] = Verification(state.pulled, "feed", state.name)
    found.sort(key=lambda one: (one.pulled is not None, one.pulled))
    return tuple(found), latest


def _add_endings(outlook: Outlook, gate: Gate, kept: MostFrequent[AdmissionRecord]) -> None:
    present = Redecider(gate.policy, at=outlook.now)
    then = Redecider(gate.policy, at=outlook.now + outlook.within)
    recorded = Redecider(gate.policy)
    # What is in the news is said of each document by itself.
    news = {one.id for one in gate.policy.sources if any(feed.kind == "news" for feed in one.freshness.feeds)}
    for name, count, record in kept.items():
        try:
            (today,), (later,) = present.redecide_read(record), then.redecide_read(record)
        except ValueError:
            outlook.undecided += 1
            continue
        if today.action is None or later.action is None:
            outlook.undecided += 1
            continue
        # Of what entered a prompt not longer ago than is looked ahead. Who vouches may have done so since.
        found = [one.code for one in today.reasons if one.code not in _VOUCHING]
        over = _since(record, found, recorded) if found else ()
        outlook.otherwise += bool(found) and not over
        if over and read_instant(record["now"]) >= outlook.now - outlook.within:
            ended = max((bound for bound in today.bounds if bound <= outlook.now), default=None)
            outlook.endings.append(Ending(name, today.source, count, over, ended))
            continue
        before = {one.code for one in today.reasons}
        tells_each = later.source in news
        reasons = tuple(
            one.code for one in later.reasons if one.code not in before and (tells_each or not _is_of_source(one))
        )
        if reasons:
            outlook.endings.append(Ending(name, later.source, count, reasons, _end_of(later, outlook)))
    outlook.endings.sort(key=lambda one: (-one.prompts, one.document))


def _since(record: AdmissionRecord, codes: Sequence[str], recorded: Redecider) -> tuple[str, ...]:
    """Return the codes that time has brought since a record was made."""
    (at_the_time,) = recorded.redecide_read(record)
    before = {one.code for one in at_the_time.reasons}
    return tuple(code for code in codes if code in _DATED or code not in before)


def _is_of_source(finding: Finding) -> bool:
    """Return whether it is said of a source as a whole, and so not again for each of its documents."""
    by = finding.detail.get("by")
    return finding.code == "P114" or (finding.code == "F211" and by in ("manifest", "feed", "origin"))


def _end_of(later: Redecided, outlook: Outlook) -> datetime | None:
    last = outlook.now + outlook.within
    return next((bound for bound in later.bounds if outlook.now < bound <= last), None)


def _verified(decision: DecisionRecord) -> Verification | None:
    said = decision.get("verified")
    if said is None:
        return None
    at, by = _instant(said[0]), next((known for known in VERIFIERS if known == said[1]), None)
    return Verification(at, by, said[2][:200]) if at is not None and by is not None else None


def _instant(text: object) -> datetime | None:
    try:
        return read_instant(text)
    except ValueError:
        return None
