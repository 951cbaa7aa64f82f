"""Laws of time: reading never guesses, and the short way decides like the long one."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st

from headgate.freshness import Unreadable, judge_freshness, quiet_window, read_time, resolve_timestamps
from headgate.freshness.forms import read_digits
from headgate.freshness.parsing import read_values
from headgate.policy import Freshness
from headgate.policy.durations import format_duration, parse_duration

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
zones = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=zones)  # noqa: DTZ001 - bounds
near = st.integers(-5_000_000, 30_000_000).map(lambda seconds: NOW - timedelta(seconds=seconds))
durations = st.integers(0, 400 * 86_400).map(lambda seconds: timedelta(seconds=seconds))


@given(instants)
def test_an_iso_time_with_an_offset_is_that_instant(instant: datetime) -> None:
    interval = read_time(instant.isoformat())
    assert interval.is_instant
    assert interval.earliest == instant


@given(instants)
def test_an_rfc_2822_time_is_that_second(instant: datetime) -> None:
    assert read_time(format_datetime(instant)).earliest == instant.replace(microsecond=0)


def is_written_date(value: object) -> bool:
    digits = str(value)
    return len(digits) == 12 and read_digits(digits, timezone.utc) is not None


@given(instants)
def test_epoch_seconds_and_milliseconds_are_that_second(instant: datetime) -> None:
    second = instant.replace(microsecond=0)
    epoch = int(second.timestamp())
    if epoch >= 10**8:
        for written in (epoch, str(epoch), epoch * 1_000, epoch * 10**9):
            readings = read_values(written).intervals
            # Digits that are a date as well are that; ten of them may be either.
            assert second in {one.earliest for one in readings} or is_written_date(written)


@given(st.dates(date(1971, 1, 1), date(2100, 1, 1)), zones)
def test_a_date_is_every_instant_that_is_that_day_somewhere(day: date, zone: timezone) -> None:
    interval = read_time(day.isoformat())
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    assert interval.earliest <= noon <= interval.latest
    assert not interval.is_instant


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - naive on purpose
def test_a_time_without_a_zone_is_every_instant_that_it_can_mean(naive: datetime) -> None:
    interval = read_time(naive.isoformat(sep=" "))
    assert interval.latest - interval.earliest == timedelta(hours=26)
    for hours in (-12, 0, 14):
        assert interval.earliest <= naive.replace(tzinfo=timezone(timedelta(hours=hours))) <= interval.latest


@given(st.text(max_size=80) | st.integers() | st.floats() | st.binary(max_size=9) | st.none() | st.booleans())
def test_no_value_crashes_the_reader(value: object) -> None:
    try:
        interval = read_time(value)
    except Unreadable:
        return
    assert interval.earliest <= interval.latest


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "modified": near | near.map(lambda moment: moment.date().isoformat()),
            "published": near,
            "valid_from": near,
            "valid_until": near | near.map(lambda moment: moment.date().isoformat()),
            "superseded_by": st.sampled_from(["", "none", "page 2"]),
        },
    ),
    durations,
    durations,
    st.sampled_from(["drop", "warn", "admit"]),
    durations,
)
def test_within_the_quiet_window_the_rules_find_nothing_and_outside_they_do(
    metadata: dict[str, object], one: timedelta, other: timedelta, missing: str, offset: timedelta
) -> None:
    rule = Freshness.model_validate(
        {"max_age": max(one, other), "warn_after": min(one, other), "missing": missing, "future_skew": "5m"}
    )
    times = resolve_timestamps(metadata)
    window = quiet_window(times, rule)
    moments = [NOW, NOW + offset, NOW - offset]
    if window is not None:
        moments += (
            [*window, window[0] - timedelta(microseconds=1), window[1] + timedelta(microseconds=1)]
            if (window[0].year > 1 and window[1].year < 9_999)
            else []
        )
    for moment in moments:
        is_quiet = window is not None and window[0] <= moment <= window[1]
        assert is_quiet == (not judge_freshness(times, rule, moment).findings)


@given(near, durations)
def test_age_limits_are_exact(modified: datetime, limit: timedelta) -> None:
    rule = Freshness(max_age=limit, future_skew=timedelta(days=10_000))
    times = resolve_timestamps({"modified": modified})
    found = {finding.code for finding in judge_freshness(times, rule, NOW).findings}
    assert ("F202" in found) == (NOW - modified > limit)


@given(st.integers(0, 9 * 86_400).map(lambda seconds: timedelta(seconds=seconds)))
def test_short_durations_read_back_to_their_two_largest_units(value: timedelta) -> None:
    assert timedelta(0) <= value - parse_duration(format_duration(value)) < timedelta(hours=1)
