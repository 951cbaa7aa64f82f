"""Overrides: a source opened by hand, for a stated time and reason, although nobody has vouched for it lately.

They are kept in a file that all processes share: JSON Lines, only ever appended to, so that it also says who opened
what, and when. An override lifts what says that a list is out of date: a broken job of the publisher's. It never lifts
what was refuted, taken back, rolled back, never listed or never signed, nor what a document says about itself: that is
not for one person to decide at night, and belongs in the policy.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from headgate.admission.judging import Judgement
from headgate.decision import Finding
from headgate.encoding import shown
from headgate.errors import HeadgateError
from headgate.events import EventFile, Line
from headgate.policy import Policy

__all__ = ["LIFTED", "Override", "OverrideFile", "apply_overrides", "opened_by_hand", "overrides_of", "read_overrides"]

LIFTED: Final = frozenset(("P114", "F211"))
"""The codes that an override makes warnings of; no other."""

_WORDS = 500
_log = logging.getLogger("headgate")


@dataclass(frozen=True, slots=True)
class Override:
    """A source that is opened by hand.

    Attributes:
        source: its id.
        since: from when.
        until: until before when.
        reason: why, in words.
        by: who did it.
    """

    source: str
    since: datetime
    until: datetime
    reason: str
    by: str

    def __str__(self) -> str:
        by, why = shown(self.by), shown(self.reason, _WORDS)
        return f"{shown(self.source)}, until {self.until:%Y-%m-%d %H:%M} UTC, by {by}: {why}"

    def to_dict(self) -> dict[str, str]:
        """Return the override as plain JSON values."""
        times = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        return {"source": self.source, **times, "reason": self.reason, "by": self.by}


class OverrideFile:
    """The file that says which sources are opened.

    Args:
        path: the file; it need not exist.
        at_most: the longest time that one override holds, whatever the file says.
    """

    def __init__(self, path: Path, at_most: timedelta) -> None:
        self.path, self.at_most = path, at_most
        self._events = EventFile(path, self._understand)
        self._refused: tuple[int, ...] = ()

    def current(self, now: datetime) -> Mapping[str, Override]:
        """Return what is open at a time, by source; read again only after the file has changed.

        What is not understood opens nothing, and is said once per change of the file.

        Raises:
            HeadgateError: a line of the file cannot be read.
            OSError: the file cannot.
        """
        try:
            state = self._events.state()
            if state == self._refused:
                return {}
            last = self._events.current()
        except FileNotFoundError:
            return {}
        except HeadgateError:
            self._refused = state
            raise
        return {name: one for name, one in last.items() if one.since <= now < one.until}

    def open(self, override: Override) -> None:
        """Open a source."""
        self._events.append({"action": "open", **override.to_dict()})

    def close(self, source: str, at: datetime, by: str) -> None:
        """End the override of a source."""
        self._events.append({"action": "close", "source": source, "since": at.isoformat(), "by": by})

    def _understand(self, lines: list[Line]) -> Mapping[str, Override]:
        last: dict[str, Override] = {}
        for number, line in lines:
            found = self._parse(line)
            if found is None:
                # It may have been the end of one: nothing is opened by a file that is not understood.
                raise HeadgateError(f"{self.path}:{number}: the line is not an override. Correct or remove it.")
            source, override = found
            if override is None:
                last.pop(source, None)
            else:
                last[source] = override
        return last

    def _parse(self, line: bytes) -> tuple[str, Override | None] | None:
        try:
            event = json.loads(line)
            if not all(isinstance(value, str) for value in event.values()):
                return None
            source, since = event["source"], datetime.fromisoformat(event["since"])
            if since.tzinfo is None or event["action"] not in ("open", "close"):
                return None
            if event["action"] == "close":
                return source, None
            until, reason, by = datetime.fromisoformat(event["until"]), event["reason"].strip(), event["by"]
            if until.tzinfo is None or not reason:
                return None
            return source, Override(source, since, min(until, since + self.at_most), reason[:_WORDS], by[:_WORDS])
        except (ValueError, LookupError, AttributeError, TypeError, OverflowError, RecursionError):
            return None


def overrides_of(policy: Policy) -> OverrideFile | None:
    """Return the file that a policy names, if it names one."""
    if policy.overrides is None:
        return None
    return OverrideFile(policy.resolve_path(policy.overrides.path), policy.overrides.at_most)


def opened_by_hand(policy: Policy, now: datetime) -> Sequence[Override]:
    """Return what is open under a policy; nothing where the file cannot be read, which is logged."""
    return tuple(read_overrides(overrides_of(policy), now).values())


def read_overrides(file: OverrideFile | None, now: datetime) -> Mapping[str, Override]:
    """Return what is open; nothing where the file cannot be read, which is logged."""
    if file is None:
        return {}
    try:
        return file.current(now)
    except (OSError, HeadgateError) as error:
        _log.warning("nothing is opened by hand: %s", error)
        return {}


def apply_overrides(judged: Sequence[Judgement], overrides: Mapping[str, Override]) -> None:
    """Make warnings of what an override lifts, and say so (G909)."""
    for judgement in judged:
        override = overrides.get(judgement.facts.source.id)
        if override is None:
            continue
        lifted = [one for one in judgement.findings if one.code in LIFTED and one.severity == "error"]
        if not lifted:
            continue
        judgement.findings = tuple(
            replace(one, severity="warning") if one in lifted else one for one in judgement.findings
        )
        judgement.is_kept_out = any(one.blocks for one in judgement.findings)
        judgement.add((_overridden(override, lifted),), judgement.facts.source.modes["provenance"])


def _overridden(override: Override, lifted: Sequence[Finding]) -> Finding:
    codes = list(dict.fromkeys(one.code for one in lifted))
    message = (
        f"{', '.join(codes)} is overridden for {override.source!r} until {override.until:%Y-%m-%d %H:%M} UTC by "
        f"{override.by}: {override.reason}"
    )
    return Finding("G909", message, "warning", {**override.to_dict(), "codes": codes})
