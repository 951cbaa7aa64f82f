"""How far a table was read: the highest time or version in it, and from where on its rows are read again. No I/O."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal, Protocol

from headgate.clock import read_instant
from headgate.encoding import shown
from headgate.origins.feeds.feed import FeedError

__all__ = ["Mark", "TimeMark", "VersionMark", "version_number"]

_Kind = Literal["instant", "local", "day", "text", "number"]
_DAY_FIRST = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")
# What has no zone, or one of its own in each row, and clocks that are set back: read from so much earlier.
_ANYWHERE = timedelta(days=2)
# From which number on an epoch is one of nanoseconds, of microseconds, and of milliseconds.
_UNITS = ((1e17, 1_000_000_000), (1e14, 1_000_000), (1e11, 1_000), (0.0, 1))
_STEPS = 50


class Mark(Protocol):
    """How far a table was read."""

    def since(self) -> object:
        """Return the value from which on rows are read; None for all of them."""

    def is_there(self, values: Iterable[object]) -> bool:
        """Return whether among values is one as high as the highest that was read before."""

    def after(self, values: Iterable[object], now: datetime) -> str:
        """Return the cursor after a pull.

        Args:
            values: of the column, as far as they count.
            now: when it was.

        Raises:
            FeedError: the values are not of one kind, or cannot be ordered.
        """


@dataclass(frozen=True, slots=True)
class TimeMark:
    """The latest time of a column, in the form in which the column has it.

    Args:
        cursor: what `after` has returned; empty before the first pull.
        overlap: how long before it rows are read again.
    """

    cursor: str
    overlap: timedelta

    def since(self) -> object:
        """Return the value from which on rows are read; None for all of them."""
        kind, value = self._read()
        if kind == "number" and isinstance(value, float):
            unit = next(unit for least, unit in _UNITS if abs(value) >= least)
            return math.floor(value - self.overlap.total_seconds() * unit)
        if isinstance(value, datetime):
            return value - (self.overlap if kind == "instant" else self.overlap + _ANYWHERE)
        if isinstance(value, date):
            return (datetime.combine(value, time()) - self.overlap - _ANYWHERE).date()
        if isinstance(value, str):
            # The day alone: whatever comes after it, the beginning of ISO 8601 sorts alike.
            return (datetime.fromisoformat(value[:10]) - self.overlap - _ANYWHERE).date().isoformat()
        return None

    def is_there(self, values: Iterable[object]) -> bool:
        """Return whether among values is one as high as the highest that was read before."""
        kind, mark = self._read()
        found = map(_ordered, values)
        return any(one[0] == kind and one[1] >= mark for one in found)

    def after(self, values: Iterable[object], now: datetime) -> str:  # noqa: ARG002 - the time is in the values
        """Return the cursor after a pull, as `Mark.after` does."""
        known = [self._read()] if self.cursor else []
        found = [*known, *map(_ordered, values)]
        kinds = {kind for kind, _ in found}
        if len(kinds) > 1:
            raise FeedError(f"updated_at has values of several kinds ({', '.join(sorted(kinds))}). Cast them to one.")
        if not found:
            return ""
        kind, value = max(found)
        return json.dumps([kind, value.isoformat() if isinstance(value, date) else value])

    def _read(self) -> tuple[_Kind, Any]:
        if not self.cursor:
            return "text", None
        kind, value = json.loads(self.cursor)
        if kind in ("instant", "local"):
            return kind, datetime.fromisoformat(value)
        return kind, date.fromisoformat(value) if kind == "day" else value


@dataclass(frozen=True, slots=True)
class VersionMark:
    """The highest version of a column, and what it was at earlier pulls.

    What was given a number before a pull and was shown later, by a transaction that was open for no longer than the
    overlap, has been read by a pull so much later, and by none before.

    Args:
        cursor: what `after` has returned; empty before the first pull.
        overlap: how long a transaction is open at most.
    """

    cursor: str
    overlap: timedelta

    def since(self) -> object:
        """Return the value from which on rows are read; None for all of them."""
        pulls = self._read()
        settled = [mark for at, mark in pulls if at <= pulls[-1][0] - self.overlap]
        return settled[-1] if settled else None

    def is_there(self, values: Iterable[object]) -> bool:
        """Return whether among values is one as high as the highest that was read before."""
        last = self.last
        return last is not None and any(version_number(value) >= last for value in values)

    def after(self, values: Iterable[object], now: datetime) -> str:
        """Return the cursor after a pull, as `Mark.after` does."""
        pulls = self._read()
        highest = max([*(mark for _, mark in pulls[-1:]), *map(version_number, values)])
        # As few as tell what was settled at the next pull.
        settled = [at for at, _ in pulls if at <= now - self.overlap]
        kept = [pull for pull in pulls if not settled or pull[0] >= settled[-1]]
        if len(kept) > 1 and kept[-1][0] - kept[-2][0] < self.overlap / _STEPS:
            kept.pop()
        return json.dumps([[at.isoformat(), mark] for at, mark in [*kept, (now, highest)]])

    @property
    def last(self) -> int | None:
        """The highest that was read; None before the first pull."""
        pulls = self._read()
        return pulls[-1][1] if pulls else None

    def _read(self) -> Sequence[tuple[datetime, int]]:
        return [(read_instant(at), int(mark)) for at, mark in json.loads(self.cursor or "[]")]


def version_number(value: object) -> int:
    """Return the number that a version of a column is.

    Raises:
        FeedError: it is none.
    """
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise FeedError(f"the version {shown(value, 40)} is not a whole number, and cannot say what is new.")


def _ordered(value: object) -> tuple[_Kind, Any]:
    """Return of which kind a time of a column is, and what it is compared by.

    Raises:
        FeedError: values of its kind cannot be compared.
    """
    if isinstance(value, datetime):
        return ("local", value) if value.tzinfo is None else ("instant", value.astimezone(timezone.utc))
    if isinstance(value, date):
        return "day", value
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return "number", float(value)
    if isinstance(value, str) and _DAY_FIRST.match(value):
        return "text", value
    raise FeedError(f"updated_at is {shown(value, 40)}, which does not sort. Cast it to a time, or to ISO 8601.")
