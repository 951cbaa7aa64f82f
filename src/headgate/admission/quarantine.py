"""Quarantine: a source of which too many documents fail is held back as a whole, until somebody releases it.

What is held is kept in a file that all processes share: JSON Lines, only ever appended to, so that it also says who
released what and when. A failure is a document whose provenance was refuted, or that no check could judge; documents
that are merely old do not count.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeGuard

from headgate.decision import Admission, Decision
from headgate.encoding import in_number
from headgate.errors import HeadgateError
from headgate.events import EventFile, Line
from headgate.forks import renew_after_fork
from headgate.policy import Policy, Quarantine
from headgate.policy.durations import format_duration

__all__ = ["Held", "QuarantineFile", "Watch", "is_failure"]

# The window slides in sixtieths: memory stays constant, and the edge is exact to less than two per cent.
_BUCKETS = 60
_ACTIONS = ("hold", "release")


@dataclass(frozen=True, slots=True)
class Held:
    """A source in quarantine.

    Attributes:
        source: its id.
        since: from when on.
        reason: why, in words.
    """

    source: str
    since: datetime
    reason: str


class QuarantineFile:
    """The file that says which sources are held.

    Args:
        path: the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._events = EventFile(path, self._understand)
        self._is_expected = False

    def held(self) -> Mapping[str, Held]:
        """Return what is held, by source; read again only after the file has changed.

        Raises:
            HeadgateError: a line of the file cannot be read.
            OSError: the file cannot.
        """
        try:
            held = self._events.current()
        except FileNotFoundError:
            if not self._is_expected:
                return {}
            # Without the file nobody knows what is held: whoever removes it must not open anything.
            raise HeadgateError(
                f"{self.path}: the file is gone; its sources are held until it is back, or the gate is built again."
            ) from None
        except Exception:
            self._is_expected = True
            raise
        self._is_expected = True
        return held

    def hold(self, source: str, at: datetime, reason: str) -> None:
        """Put a source into quarantine."""
        self._is_expected = True
        self._events.append({"at": at.isoformat(), "action": "hold", "source": source, "reason": reason})

    def release(self, source: str, at: datetime, by: str) -> None:
        """Take a source out of quarantine."""
        self._events.append({"at": at.isoformat(), "action": "release", "source": source, "by": by})

    def _understand(self, lines: list[Line]) -> Mapping[str, Held]:
        held: dict[str, Held] = {}
        for number, line in lines:
            event = self._parse(line, number)
            if event["action"] == "hold":
                # Two processes may hold a source at once; the first says since when and why.
                held.setdefault(event["source"], Held(event["source"], _at(event), event.get("reason", "")))
            else:
                held.pop(event["source"], None)
        return held

    def _parse(self, line: bytes, number: int) -> dict[str, str]:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        # A line cut off by a crash ends here too: it may have been a hold, so it is never skipped.
        if not _is_event(event):
            problem = "is not a quarantine event. Correct or remove the line; until then its sources are held."
            raise HeadgateError(f"{self.path}:{number}: the line {problem}")
        return dict(event)


class Watch:
    """Counts failures per source, and holds a source that crosses its bound.

    Args:
        policy: says which sources are watched, and where what is held is kept.

    Attributes:
        sources: the ids of the sources that are watched.
    """

    def __init__(self, policy: Policy) -> None:
        self._rules = {source.id: source.quarantine for source in policy.sources if source.quarantine is not None}
        self.sources = frozenset(self._rules)
        self._file = QuarantineFile(policy.resolve_path(policy.quarantine.path)) if policy.quarantine else None
        self._counts: dict[str, deque[list[float]]] = {}
        # Held although the file could not be written, such as on a full disk; tried again with every admission.
        self._unwritten: dict[str, Held] = {}
        self._lock = threading.Lock()
        renew_after_fork(self)

    def under(self, policy: Policy) -> Watch:
        """Return the same under another policy, with what is known of the file and counted by rules that stay."""
        other = Watch(policy)
        if self._file is not None and other._file is not None and self._file.path == other._file.path:
            other._file, other._unwritten, other._lock = self._file, self._unwritten, self._lock
        with self._lock:
            kept = {source for source, rule in other._rules.items() if self._rules.get(source) == rule}
            other._counts = {source: counts for source, counts in self._counts.items() if source in kept}
        return other

    def _after_fork(self) -> None:
        """Count on in the child of a fork; a count that was half made in the parent is off by one admission."""
        self._lock = threading.Lock()

    def held(self) -> Mapping[str, Held]:
        """Return the sources that are held.

        Raises:
            HeadgateError: the file cannot be understood.
            OSError: the file cannot be read.
        """
        return {**(self._file.held() if self._file is not None else {}), **self._unwritten}

    def observe(self, admission: Admission) -> list[Held]:
        """Count an admission; return the sources that it puts into quarantine.

        Raises:
            OSError: the file cannot be written.
        """
        if self._file is None:
            return []
        already = self.held()
        with self._lock:
            for source, (documents, failures) in _counted(admission, self._rules).items():
                if source in already:
                    self._counts.pop(source, None)  # after its release it starts afresh
                    continue
                reason = self._add(source, documents, failures, admission.now)
                if reason is not None:
                    self._counts.pop(source, None)
                    self._unwritten[source] = Held(source, admission.now, reason)
            return self._write_held(self._file)

    def _write_held(self, file: QuarantineFile) -> list[Held]:
        written = []
        for one in tuple(self._unwritten.values()):
            file.hold(one.source, one.since, one.reason)
            # Only now: what cannot be written stays held in this process.
            self._unwritten.pop(one.source, None)
            written.append(one)
        return written

    def _add(self, source: str, documents: int, failures: int, now: datetime) -> str | None:
        """Count in the current bucket; return why the source must be held, if it must."""
        rule = self._rules[source]
        width = rule.window.total_seconds() / _BUCKETS
        bucket = now.timestamp() // width
        counts = self._counts.setdefault(source, deque(maxlen=_BUCKETS))
        if counts and counts[-1][0] == bucket:
            counts[-1][1] += documents
            counts[-1][2] += failures
        else:
            counts.append([bucket, documents, failures])
        # Buckets without traffic do not exist, so the oldest in the queue may be older than the window.
        recent = [count for count in counts if count[0] > bucket - _BUCKETS]
        seen, failed = int(sum(count[1] for count in recent)), int(sum(count[2] for count in recent))
        if seen < rule.at_least or failed <= rule.failures * seen:
            return None
        return (
            f"{failed:,} of {in_number(seen, 'document')} failed within {format_duration(rule.window)}; "
            f"the policy allows {rule.failures:.0%}"
        )


# What says nothing about the document: its source is held, or the source's manifest is out of date or rolled back.
_OF_THE_SOURCE = frozenset(("P108", "P113", "P114"))


def is_failure(decision: Decision) -> bool:
    """Return whether a document counts against its source: refuted provenance, or nothing that could be judged."""
    return any(
        finding.severity == "error" and finding.check in ("provenance", "gate") and finding.code not in _OF_THE_SOURCE
        for finding in decision.findings
    )


def _counted(admission: Admission, rules: Mapping[str, Quarantine]) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for decision in admission.decisions:
        if decision.source in rules:
            documents, failures = counts.get(decision.source, (0, 0))
            counts[decision.source] = (documents + 1, failures + is_failure(decision))
    return counts


def _is_event(event: object) -> TypeGuard[dict[str, str]]:
    if not isinstance(event, dict) or not all(isinstance(value, str) for value in event.values()):
        return False
    if event.get("action") not in _ACTIONS or not event.get("source"):
        return False
    try:
        return _at(event).tzinfo is not None
    except (ValueError, KeyError):
        return False


def _at(event: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(event["at"])
