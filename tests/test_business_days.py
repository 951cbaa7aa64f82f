"""Business days: when so many of them are over, under which calendar and in which zone, and in a policy."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate, Policy, PolicyError
from headgate.freshness import resolve_timestamps
from headgate.freshness.rules import freshness_bounds, judge_freshness, quiet_window
from headgate.policy import BusinessDays, Freshness, least_of, most_of, restricted
from headgate.policy.calendars import end_of_business_days, is_business_day
from headgate.testing import FixedClock, Publisher

pytest.importorskip("holidays")

UTC, DAY, TICK = timezone.utc, timedelta(days=1), timedelta(microseconds=1)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland", "America/Sao_Paulo"]
CALENDARS = [None, "DE", "DE-BY", "US-CA", "IL", "AE", "JP", "NYSE", "ECB"]
INSTANTS = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - they get one
COUNTS = st.integers(0, 40)


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "days", "calendar", "end"),
    [
        ("2026-06-01T12:00", 2, None, "2026-06-03T12:00"),  # Monday
        ("2026-05-29T12:00", 1, None, "2026-06-01T12:00"),  # Friday noon
        ("2026-05-30T12:00", 1, None, "2026-06-02T00:00"),  # Saturday: the whole Monday
        ("2026-06-01T00:00", 5, None, "2026-06-06T00:00"),  # a whole week, and no more
        ("2026-06-01T00:01", 5, None, "2026-06-08T00:01"),
        ("2026-05-22T12:00", 1, None, "2026-05-25T12:00"),
        ("2026-05-22T12:00", 1, "DE", "2026-05-26T12:00"),  # Whit Monday
        ("2026-06-03T12:00", 1, "DE", "2026-06-04T12:00"),
        ("2026-06-03T12:00", 1, "DE-BY", "2026-06-05T12:00"),  # Corpus Christi, in Bavaria
        ("2026-12-23T12:00", 3, "DE-BY", "2026-12-29T12:00"),
        ("2026-03-27T12:00", 1, None, "2026-03-30T12:00"),  # clocks are set over the weekend
        ("2026-06-01T12:00", 0, None, "2026-06-01T12:00"),
    ],
)
def test_when_business_days_are_over(start: str, days: int, calendar: str | None, end: str) -> None:
    assert end_of_business_days(at(start), days, calendar, "Europe/Berlin") == at(end)


def test_the_week_is_that_of_the_calendar() -> None:
    friday, sunday = date(2026, 6, 5), date(2026, 6, 7)
    assert [is_business_day(name, day) for name in (None, "IL") for day in (friday, sunday)] == [
        True,
        False,
        False,
        True,
    ]


def test_countries_their_parts_and_markets_have_days_of_their_own() -> None:
    names = ("DE", "DE-BY", "US-CA", "NYSE", "ECB")
    days = {
        date(2026, 6, 4): (True, False, True, True, True),  # Corpus Christi
        date(2026, 4, 3): (False, False, True, False, False),  # Good Friday
        date(2026, 3, 31): (True, True, False, True, True),  # Cesar Chavez Day
        date(2026, 7, 3): (True, True, False, False, True),  # in place of the fourth, which is a Saturday
    }
    assert {day: tuple(is_business_day(name, day) for name in names) for day in days} == days


@given(INSTANTS, INSTANTS, COUNTS, st.sampled_from(CALENDARS), st.sampled_from([*ZONES, None]))
def test_what_begins_later_ends_no_earlier(
    one: datetime, other: datetime, days: int, calendar: str | None, zone: str | None
) -> None:
    first, second = sorted((one, other))
    assert end_of_business_days(first, days, calendar, zone) <= end_of_business_days(second, days, calendar, zone)


@given(INSTANTS, COUNTS, st.integers(0, 3), st.sampled_from(CALENDARS), st.sampled_from([*ZONES, None]))
def test_more_days_end_later_and_never_before_as_many_of_any_kind(
    start: datetime, days: int, more: int, calendar: str | None, zone: str | None
) -> None:
    end = end_of_business_days(start, days, calendar, zone)
    later = end_of_business_days(start, days + more, calendar, zone)
    assert later >= end + least_of(BusinessDays(more))
    assert start + least_of(BusinessDays(days)) <= end <= start + most_of(BusinessDays(days))


@given(INSTANTS, COUNTS, st.sampled_from(["DE", "DE-BY", "US-CA", "NYSE"]), st.sampled_from([*ZONES, None]))
def test_holidays_only_make_it_later(start: datetime, days: int, calendar: str, zone: str | None) -> None:
    assert end_of_business_days(start, days, None, zone) <= end_of_business_days(start, days, calendar, zone)


@given(INSTANTS, COUNTS, st.sampled_from(CALENDARS), st.sampled_from(ZONES))
def test_without_a_zone_it_ends_where_it_ends_first(
    start: datetime, days: int, calendar: str | None, zone: str
) -> None:
    anywhere = end_of_business_days(start, days, calendar, None)
    assert anywhere <= end_of_business_days(start, days, calendar, zone)


@given(INSTANTS, COUNTS, st.sampled_from(CALENDARS), st.integers(-48, 56))
def test_between_are_as_many_hours_of_business_days_as_were_asked_for(
    start: datetime, days: int, calendar: str | None, quarters: int
) -> None:
    """Counted day by day, in a zone whose clocks are not set."""
    zone = timezone(timedelta(minutes=15 * quarters))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("headgate.policy.calendars.ZoneInfo", lambda _: zone)
        end = end_of_business_days(start, days, calendar, "here").astimezone(zone)
    place, worked = start.astimezone(zone), timedelta(0)
    while place < end:
        midnight = datetime.combine(place.date() + DAY, datetime.min.time(), tzinfo=zone)
        until = min(midnight, end)
        worked += until - place if is_business_day(calendar, place.date()) else timedelta(0)
        place = until
    assert abs(worked - days * DAY) <= 2 * TICK


# --- In a policy


def rule(**more: Any) -> Freshness:
    return Freshness.model_validate(more)


@pytest.mark.parametrize("text", ["5 business days", "5bd", "5 bd", "5 working days", "5 Bank Days", "5 business-days"])
def test_a_limit_in_business_days_is_read(text: str) -> None:
    assert rule(max_age=text).max_age == BusinessDays(5)
    assert rule(max_age="10000bd").max_age == BusinessDays(10_000)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"max_age": "1.5 business days"}, "whole business days"),
        ({"max_age": "1 business day and 2 hours"}, "whole business days"),
        ({"max_age": "-1bd"}, "not a duration|whole business days"),
        ({"max_age": "10001bd"}, "more than 10,000 business days"),
        ({"future_skew": "1bd"}, "depends on a calendar"),
        ({"max_age": "5bd", "calendar": "XX"}, "'XX' is not a calendar that is known"),
        ({"max_age": "5bd", "calendar": "DE-XX"}, "'DE-XX' is not a calendar"),
        ({"max_age": "5bd", "calendar": "Wall Street"}, "is not a calendar"),
        ({"max_age": "5bd", "calendar": "__class__"}, "is not a calendar"),
        ({"max_age": "5bd", "calendar": ""}, "is not a calendar"),
        ({"max_age": "5bd", "calendar_timezone": "Mars"}, "not a time zone"),
        ({"max_age": "5bd", "warn_after": "6bd"}, "warn_after is longer"),
        ({"max_age": "2bd", "warn_after": "60d"}, "warn_after is longer"),
    ],
)
def test_what_cannot_be_is_an_error_with_its_remedy(more: dict[str, str], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Policy.from_mapping({"default": {"freshness": more}})


def test_a_calendar_without_what_knows_it_says_what_to_install() -> None:
    code = (
        "import sys\n"
        "sys.modules['holidays'] = None\n"
        "from headgate import Policy\n"
        "Policy.from_mapping({'default': {'freshness': {'max_age': '5bd'}}})\n"
        "Policy.from_mapping({'default': {'freshness': {'max_age': '5bd', 'calendar': 'DE'}}})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert "PolicyError: default.freshness.calendar" in done.stderr
    assert "pip install 'headgate[calendars]'" in done.stderr


def test_a_policy_that_is_written_down_is_the_same_policy() -> None:
    mapping = {"default": {"freshness": {"max_age": "5 business days", "warn_after": "2bd", "calendar": "DE-BY"}}}
    policy = Policy.from_mapping(mapping)
    written = json.loads(policy.model_dump_json(exclude_unset=True))
    assert written["default"]["freshness"]["max_age"] == "5bd"
    assert Policy.from_mapping(written) == policy
    assert Policy.model_json_schema()


BERLIN = {"calendar": "DE-BY", "calendar_timezone": "Europe/Berlin"}


def says(freshness: dict[str, Any], modified: datetime, now: datetime, **more: Any) -> str:
    gate = Gate({"default": {"provenance": {"require": "none"}, "freshness": freshness}, **more}, clock=lambda: now)
    (decision,) = gate.admit([Chunk("t", {"last_modified": modified.isoformat()})]).decisions
    return " ".join((decision.action, *decision.codes))


def test_a_document_is_admitted_until_its_business_days_are_over() -> None:
    friday = at("2026-05-22T12:00")
    rules: dict[str, Any] = {"max_age": "1bd", "warn_after": "0bd"}
    # On Hawaii it was midnight, and Friday is over there on Saturday noon; clocks may have been set an hour ahead.
    assert says(rules, friday, at("2026-05-23T10:59")) == "admit F209"
    assert says(rules, friday, at("2026-05-23T11:01")) == "drop F202"
    assert says({**rules, **BERLIN}, friday, at("2026-05-26T12:00")) == "admit F209"
    assert says({**rules, **BERLIN}, friday, at("2026-05-26T12:01")) == "drop F202"


def test_what_is_said_names_the_limit() -> None:
    freshness = {"max_age": "2 business days", **BERLIN}
    gate = Gate({"default": {"provenance": {"require": "none"}, "freshness": freshness}}, clock=FixedClock())
    (decision,) = gate.admit([Chunk("t", {"last_modified": "2026-05-20T00:00:00Z"})]).decisions
    (finding,) = decision.findings
    assert finding.message == "It was modified 12d ago; the limit is 2bd."
    assert finding.detail["max_age"] == "2bd"


def test_verification_and_its_grace_count_by_the_calendar(handbook: Publisher, clock: FixedClock) -> None:
    freshness = {"verified_within": "1bd", "verified_grace": "1bd", **BERLIN}
    gate = Gate({"sources": [handbook.source(freshness=freshness)]}, clock=clock)

    def says_after(sealed: Chunk, *days: float) -> list[str]:
        judged = [gate.admit([sealed], now=clock.now + one * DAY).decisions[0] for one in days]
        return [" ".join((decision.action, *decision.codes)) for decision in judged]

    monday = handbook.seal("one", "https://handbook.example/1")
    assert says_after(monday, 1, 1.1, 2, 2.1) == ["admit", "admit F211", "admit F211", "drop F211"]
    clock.advance(2 * DAY)
    # Corpus Christi, and the weekend: from Wednesday to Friday, and from there to Monday.
    wednesday = handbook.seal("two", "https://handbook.example/2")
    assert says_after(wednesday, 2, 2.1, 5, 5.1) == ["admit", "admit F211", "admit F211", "drop F211"]
    assert gate.admit([wednesday]).valid_until == clock.now + 5 * DAY + TICK


def test_rules_for_some_documents_count_by_the_calendar_of_their_source() -> None:
    freshness = {"max_age": "1bd", **BERLIN, "rules": [{"type": "news", "max_age": "2bd"}]}
    source = {"id": "a", "match": "https://a.example/**", "provenance": {"require": "none"}, "freshness": freshness}
    (found,) = Policy.from_mapping({"sources": [source]}).sources
    start = at("2026-06-03T12:00")
    ends = [one.end_of(start, one.max_age) for one in found.freshness.every if one.max_age is not None]
    assert ends == [at("2026-06-05T12:00"), at("2026-06-08T12:00")]


SPANS = st.one_of(st.none(), st.integers(0, 12).map(BusinessDays), st.integers(0, 400).map(lambda n: n * DAY / 24))
RULES = st.builds(
    lambda age, within, grace, calendar, zone: rule(
        max_age=age,
        calendar=calendar,
        calendar_timezone=zone,
        **({"verified_within": within, "verified_grace": grace or 0 * DAY} if within is not None else {}),
    ),
    SPANS,
    SPANS,
    SPANS,
    st.sampled_from(CALENDARS[:4]),
    st.sampled_from([None, *ZONES[:3]]),
)


@given(RULES, RULES, INSTANTS)
def test_the_stricter_of_two_rules_lets_nothing_through_that_either_does_not(
    one: Freshness, other: Freshness, start: datetime
) -> None:
    both = restricted(one, other)
    for each in (one, other):
        for name in ("max_age", "verified_within"):
            limit, found = getattr(each, name), getattr(both, name)
            if limit is not None:
                assert found is not None
                assert both.end_of(start, found) <= each.end_of(start, limit)
    assert both.end_of(start, both.verified_grace) <= one.end_of(start, one.verified_grace)


@given(RULES, RULES, INSTANTS)
def test_what_is_said_of_the_future_is_what_will_be_said(one: Freshness, other: Freshness, start: datetime) -> None:
    ruled = one.model_copy(update={"warn_after": other.max_age})
    times = resolve_timestamps({"last_modified": start.isoformat()})
    window = quiet_window(times, ruled)
    assert window is not None
    assert not judge_freshness(times, ruled, window[1]).findings
    if window[1].year < 9999:
        assert judge_freshness(times, ruled, window[1] + TICK).findings
    for bound in freshness_bounds(times, ruled):
        if bound > start:
            before, after = (judge_freshness(times, ruled, now).findings for now in (bound - TICK, bound))
            assert "F202" not in [one.code for one in before]
            assert "F202" in [one.code for one in after]
