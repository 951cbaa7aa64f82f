"""Laws of clocks: whatever they show, what enters is within its rule, and what is over stays over."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Gate
from headgate.freshness import resolve_timestamps
from headgate.freshness.loaders import known_loaders
from headgate.testing import FixedClock, Publisher

BEGIN = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
MACHINES = ("UTC", "Asia/Tokyo", "America/St_Johns", "Pacific/Kiritimati", "Europe/Berlin")
hours = st.integers(0, 400)
OVER = {"F201", "F202", "F211"}


@given(
    st.lists(hours, min_size=1, max_size=8),
    st.tuples(hours, st.none() | hours, st.none() | hours),
    st.fixed_dictionaries({}, optional={"max_age": hours, "verified_within": hours, "verified_grace": hours}),
)
def test_whatever_the_clock_shows_what_enters_is_within_its_rule_and_what_is_over_stays_over(
    shown: list[int], times: tuple[int, int | None, int | None], limits: dict[str, int]
) -> None:
    if "verified_within" not in limits:
        limits.pop("verified_grace", None)
    clock = FixedClock(BEGIN)
    publisher = Publisher("docs", "https://docs.example/**", clock)
    age, since, until = times
    modified = BEGIN - age * HOUR
    expires = BEGIN + until * HOUR if until else None
    begins = BEGIN + since * HOUR if since else None
    page = publisher.seal("text", "https://docs.example/a", modified=modified, not_before=begins, expires=expires)
    gate = Gate(
        {"sources": [publisher.source(freshness={name: f"{limit}h" for name, limit in limits.items()})]}, clock=clock
    )

    def codes(at: int) -> set[str]:
        clock.now = BEGIN + at * HOUR
        (decision,) = gate.admit([page]).decisions
        found = set(decision.codes) if decision.action == "drop" else set()
        if not found:
            assert begins is None or begins <= clock.now
            assert expires is None or clock.now < expires
            assert "max_age" not in limits or clock.now - modified <= limits["max_age"] * HOUR
            last = limits.get("verified_within", 400) + limits.get("verified_grace", 0)
            assert clock.now - BEGIN <= last * HOUR or "verified_within" not in limits
        return found

    for at in shown:  # to and fro, as clocks are set
        codes(at)
    over: set[str] = set()
    for at in sorted(shown):
        found = codes(at)
        assert over <= found
        over |= found & OVER


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


class Unremembered(str):
    """A text whose reading is not remembered."""

    __slots__ = ()


VALUES: tuple[object, ...] = (
    *map(
        Unremembered,
        (
            "2026-03-29 02:30", "2026-03-04", "04.03.2026 08:30", "Tue Mar  3 09:30:00 2026", "4. März 2026",
            "4 mars 2026", "March 2026", "Tue, 3 Mar 2026 08:30:00 EST", "1772526600", "20260303083000", "2026",
            "D:20260303083000", "2026:03:03 08:30:00", "5:57 PM", "3/4/2026, 8:30:00 AM", "2026年3月2日",
        ),
    ),
    datetime(2026, 3, 29, 2, 30),  # noqa: DTZ001 - naive on purpose
    date(2026, 3, 4), Decimal("1772526600.5"), 1772526600, time.struct_time((2026, 3, 3, 8, 30, 0, 1, 62, -1)),
)  # fmt: skip


def test_no_reading_depends_on_the_zone_or_the_language_of_the_machine(machine: pytest.MonkeyPatch) -> None:
    read: list[list[object]] = []
    for zone in MACHINES:
        machine.setitem(os.environ, "TZ", zone)
        machine.setitem(os.environ, "LC_ALL", "de_DE.UTF-8" if zone == "Europe/Berlin" else "C")
        time.tzset()
        found = [resolve_timestamps({role: value}) for value in VALUES for role in ("modified", "valid_until")]
        found += [resolve_timestamps({**loader.metadata}) for loader in known_loaders()]
        read.append([(times.intervals, times.unread) for times in found])
    assert all(one == read[0] for one in read)
