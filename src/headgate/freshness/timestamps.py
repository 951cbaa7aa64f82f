"""From claims and metadata to timestamps, each with the evidence it rests on.

Evidence is signed (a claim of a verified seal, or an entry that the seal covers) or it is not, and the two never
meet in one comparison: what is signed decides about ages and versions, and what nobody signed may only restrict. For
a restriction every key counts and the cautious reading decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from headgate.freshness.catalogue import AGE_ROLES, RESTRICTING_TIMES
from headgate.freshness.entries import NO_KEYS, Entries
from headgate.freshness.interval import Interval
from headgate.freshness.parsing import AMBIGUOUS, Readings
from headgate.freshness.releases import Release, as_release, read_release
from headgate.freshness.statuses import read_status
from headgate.freshness.successors import name_successor
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy.rules import MetadataKeys

__all__ = ["Evidence", "Timestamps", "resolve_timestamps"]

# Which kinds of evidence are signed: the mechanisms of proof, and what a proof covers.
_SIGNED = frozenset(("seal", "manifest", "covered"))
# Every spelling of a key counts for a restriction; nobody needs so many, and each may hold several readings.
_MOST_NAMES = 32
_ENDS = ("valid_until", "review_by")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a timestamp rests on.

    Attributes:
        kind: the name of a mechanism, such as `seal`, for what a verified proof says; `covered` for a metadata entry
            that the proof covers, `metadata` for one that nobody signed.
        key: the claim or the metadata key.
        problem: why the entry could not be read, if it could not.
    """

    kind: str
    key: str
    problem: str | None = None

    @property
    def is_signed(self) -> bool:
        """Whether a verified proof vouches for it."""
        return self.kind in _SIGNED


@dataclass(frozen=True, slots=True)
class Timestamps:
    """What is known about a document's times.

    Each time is the cautious end of what its source can mean: the earliest instant for `modified`, `created`,
    `published` and `valid_until`, the latest for `valid_from`; `intervals` has both ends.

    Attributes:
        intervals: the instants each role can mean.
        evidence: what each role rests on; also for ages that could not be read.
        release: the document's version, if it has one that orders something; `is_signed("version")` tells who says so.
        superseded_by: the successor that the document names itself, if any, fit to be shown.
        unread: by role, the first restriction that is there and could not be read.
        uncounted: ages that nobody signed and that do not count because of that; None for one that cannot be read.
        signed_start: from when signed evidence says that the document holds, if it says so.
        statuses: the words for its state that are known, each with the entry that says so.
    """

    intervals: Mapping[str, Interval] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    release: Release | None = None
    superseded_by: str | None = None
    unread: Mapping[str, Evidence] = field(default_factory=dict)
    uncounted: Mapping[str, tuple[Interval | None, Evidence]] = field(default_factory=dict)
    signed_start: datetime | None = None
    statuses: Mapping[str, Evidence] = field(default_factory=dict)

    @property
    def version(self) -> int | None:
        """The document's version, if it is a whole number."""
        return self.release.whole if self.release is not None else None

    @property
    def modified(self) -> datetime | None:
        """The earliest instant of the last modification."""
        return self._earliest("modified")

    @property
    def created(self) -> datetime | None:
        """The earliest instant of the creation."""
        return self._earliest("created")

    @property
    def published(self) -> datetime | None:
        """The earliest instant of the publication."""
        return self._earliest("published")

    @property
    def valid_from(self) -> datetime | None:
        """The instant from which the document is certainly valid."""
        interval = self.intervals.get("valid_from")
        return interval.latest if interval else None

    @property
    def valid_until(self) -> datetime | None:
        """The instant until which the document is certainly valid."""
        return self._earliest("valid_until")

    def age_basis(self) -> tuple[str, Interval] | None:
        """Return the role and interval from which age counts: modification, otherwise publication, otherwise creation.

        The later two are never after the modification, so they make a document older, not younger.
        """
        for role in AGE_ROLES:
            interval = self.intervals.get(role)
            if interval is not None:
                return role, interval
        return None

    def is_signed(self, role: str) -> bool:
        """Whether what is known for a role is signed."""
        evidence = self.evidence.get(role)
        return evidence is not None and evidence.is_signed

    def problem_with(self, role: str) -> Evidence | None:
        """Return the entry of a role that is there and could not be read, if there is one."""
        evidence = self.unread.get(role) or self.evidence.get(role)
        return evidence if evidence is not None and evidence.problem is not None else None

    def _earliest(self, role: str) -> datetime | None:
        interval = self.intervals.get(role)
        return interval.earliest if interval else None


def resolve_timestamps(
    metadata: Mapping[str, object],
    *,
    signed: Mapping[str, datetime] | None = None,
    version: int | None = None,
    mechanism: str = "seal",
    covered: Collection[str] = (),
    evidence: Literal["any", "sealed"] = "any",
    keys: MetadataKeys | None = None,
    roles: Sequence[str] | None = None,
    status_words: Collection[str] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Timestamps:
    """Return a document's times from signed claims and from its metadata.

    Args:
        metadata: the document's metadata.
        signed: times from a verified proof, by role.
        version: the version from a verified proof.
        mechanism: the name of the proof's mechanism.
        covered: the names of the metadata entries that the verified proof covers.
        evidence: `any` if entries that nobody signed may say what signed evidence leaves open; `sealed` if they may
            only restrict.
        keys: the policy's names of keys, and how to read what has no zone. For ages they replace the catalogue, for
            everything else they come before it.
        roles: the roles to look for in metadata; by default all.
        status_words: words for a document's state that the policy knows, beside those that are known anyway.
        limits: `date_chars` and `metadata_keys` bound what is looked at.
    """
    entries = Entries(metadata, frozenset(covered), keys or NO_KEYS, limits, evidence == "any")
    found = _Found(claims=signed or {}, mechanism=mechanism, counts_unsigned=evidence == "any")
    present = entries.present()
    if roles is not None:
        present = {role: names for role, names in present.items() if role in roles}
    for role in AGE_ROLES:
        if role in present or role in found.claims:
            found.add_age(role, entries, present.get(role, ()))
    for role in RESTRICTING_TIMES:
        if role in present or role in found.claims:
            found.add_restriction(role, entries, present.get(role, ()))
    found.add_statuses(entries, present.get("status", ()), status_words)
    if version is not None or "version" in present:
        found.add_version(version, entries, present.get("version", ()))
    if "superseded_by" in present:
        found.add_successor(entries, present["superseded_by"])
    if len(metadata) > limits.metadata_keys:
        # A restriction could be among those that were not looked at.
        problem = f"only the first {limits.metadata_keys:,} of its entries were looked at"
        found.unread["metadata"] = Evidence("metadata", "metadata", problem)
    return found.timestamps()


@dataclass(slots=True)
class _Found:
    """Timestamps while they are being resolved."""

    claims: Mapping[str, datetime]
    mechanism: str
    counts_unsigned: bool
    intervals: dict[str, Interval] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    unread: dict[str, Evidence] = field(default_factory=dict)
    uncounted: dict[str, tuple[Interval | None, Evidence]] = field(default_factory=dict)
    release: Release | None = None
    successor: str | None = None
    signed_start: datetime | None = None
    statuses: dict[str, Evidence] = field(default_factory=dict)

    def add_age(self, role: str, entries: Entries, names: Sequence[str]) -> None:
        """Take the signed statement if there is one, otherwise what nobody signed, as far as that counts."""
        claim = self.claims.get(role)
        if claim is not None:
            self.intervals[role], self.evidence[role] = Interval(claim, claim), Evidence(self.mechanism, role)
            return
        for kind, group in entries.by_kind(names):
            stated = _read_age(role, entries, group)
            if stated is None:
                continue
            interval, key, problem = stated
            evidence = Evidence(kind, key, problem)
            if kind != "covered" and not self.counts_unsigned:
                self.uncounted[role] = (interval, evidence)
                return
            self.evidence[role] = evidence
            if interval is not None:
                self.intervals[role] = interval
            # A signed statement that cannot be read is not replaced by an unsigned one.
            return

    def add_restriction(self, role: str, entries: Entries, names: Sequence[str]) -> None:
        """Take the cautious reading of everything that anybody says, signed or not."""
        stated: list[tuple[Interval, Evidence]] = []
        claim = self.claims.get(role)
        if claim is not None:
            stated.append((Interval(claim, claim), Evidence(self.mechanism, role)))
        for kind, group in entries.by_kind(names[:_MOST_NAMES]):
            for name, value in group:
                readings = entries.read(value, role, name)
                stated += [(_as_role(role, interval), Evidence(kind, name)) for interval in readings.intervals]
                if readings.problem is not None:
                    # Noted besides what could be read: the part that was not understood may be the stricter one.
                    self.unread.setdefault(role, Evidence(kind, name, readings.problem))
        if len(names) > _MOST_NAMES:
            # Among those that were not read could be the one that has passed.
            self.unread.setdefault(role, Evidence("metadata", names[_MOST_NAMES], f"more than {_MOST_NAMES} say this"))
        if not stated:
            return
        self.intervals[role], self.evidence[role] = _cautious(role, stated)
        # Kept apart: whether a signed version is in force must not depend on entries that nobody signed.
        signed = [one for one in stated if one[1].is_signed]
        if signed and role == "valid_from":
            self.signed_start = _cautious(role, signed)[0].latest

    def add_version(self, claim: int | None, entries: Entries, names: Sequence[str]) -> None:
        """Take the signed version if there is one, otherwise what nobody signed; the evidence tells which it is."""
        if claim is not None:
            self.release, self.evidence["version"] = as_release(claim), Evidence(self.mechanism, "version")
            return
        for kind, group in entries.by_kind(names):
            for name, value in group:
                release = read_release(value)
                if release is not None:
                    # A dotted name that holds two of them is of the older one.
                    same = [read_release(other) for key, other in group if key == name]
                    self.release = min(one for one in same if one is not None and one.scheme == release.scheme)
                    self.evidence["version"] = Evidence(kind, name)
                    return

    def add_successor(self, entries: Entries, names: Sequence[str]) -> None:
        """Take the first successor that anybody names."""
        for kind, name, value in entries.values(names):
            successor = name_successor(value)
            if successor is not None:
                self.successor = successor
                self.evidence["superseded_by"] = Evidence(kind, name)
                return

    def add_statuses(self, entries: Entries, names: Sequence[str], words: Collection[str]) -> None:
        """Take every known word for the document's state, whoever says it."""
        for kind, name, value in entries.values(names[:_MOST_NAMES]):
            for word in read_status(name, value, words):
                self.statuses.setdefault(word, Evidence(kind, name))

    def timestamps(self) -> Timestamps:
        """Return what was found."""
        return Timestamps(
            self.intervals,
            self.evidence,
            self.release,
            self.successor,
            self.unread,
            self.uncounted,
            self.signed_start,
            self.statuses,
        )


def _read_age(
    role: str, entries: Entries, group: Sequence[tuple[str, object]]
) -> tuple[Interval | None, str, str | None] | None:
    """Return what the most telling keys that are there say: an interval, or why it cannot be read; with the key.

    A weaker rank is looked at only if no key of a stronger one holds anything. Where one key holds two values, the
    cautious one is its statement.
    """
    ranked: dict[float, dict[str, list[object]]] = {}
    for name, value in group:
        ranked.setdefault(entries.rank(name, value, role), {}).setdefault(name, []).append(value)
    for rank in sorted(ranked):
        unread: tuple[None, str, str] | None = None
        for name, values in ranked[rank].items():
            readings = [entries.read(value, role, name) for value in values]
            problem = next((_problem(each) for each in readings if _problem(each) is not None), None)
            intervals = [interval for each in readings for interval in each.intervals]
            if problem is not None:
                unread = unread or (None, name, problem)
            elif intervals:
                # An unreadable entry does not matter where another of the same rank can be read.
                return min(intervals, key=lambda interval: interval.earliest), name, None
        if unread is not None:
            return unread
    return None


def _problem(readings: Readings) -> str | None:
    return readings.problem or (AMBIGUOUS if readings.is_ambiguous else None)


def _cautious(role: str, stated: Sequence[tuple[Interval, Evidence]]) -> tuple[Interval, Evidence]:
    """Return the earliest end, or the latest start; of equal ones the signed one, which comes first."""
    if role in _ENDS:
        return min(stated, key=lambda one: one[0].earliest)
    return max(stated, key=lambda one: one[0].latest)


def _as_role(role: str, interval: Interval) -> Interval:
    return interval.end() if role in _ENDS else interval.start()
