"""What is read as a time, and what is not."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy
import pytest

from headgate import Gate
from headgate.freshness import (
    Unreadable,
    find_entry,
    find_time_like,
    judge_freshness,
    read_time,
    resolve_timestamps,
    shift,
)
from headgate.freshness.parsing import read_values
from headgate.limits import Limits
from headgate.policy import Freshness, MetadataKeys
from headgate.testing import FixedClock, Publisher

UTC = timezone.utc
NOON = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)

EXACT = [
    "2026-03-04T12:30:00Z",
    "2026-03-04T13:30:00+01:00",
    "2026-03-04 12:30:00+0000",
    "2026-03-04T12:30Z",
    "20260304T123000Z",
    "2026-03-04T12:30:00.000000Z",
    "2026-03-04 12:30:00 UTC",
    "Wed, 04 Mar 2026 12:30:00 GMT",
    "Wed, 04 Mar 2026 07:30:00 -0500",
    "D:20260304123000Z",
    "D:20260304133000+01'00'",
    1_772_627_400,
    1_772_627_400.0,
    1_772_627_400_000,
    1_772_627_400_000_000,
    "1772627400",
    datetime(2026, 3, 4, 12, 30, tzinfo=UTC),
]


@pytest.mark.parametrize("value", EXACT, ids=str)
def test_a_time_with_a_zone_is_an_instant(value: object) -> None:
    assert read_time(value).earliest == read_time(value).latest == NOON


@pytest.mark.parametrize(
    "value", ["2026-03-04", "20260304", "4 March 2026", "March 4, 2026", "Mar 4, 2026", date(2026, 3, 4)]
)
def test_a_date_is_fifty_hours_without_a_zone_and_a_day_with_one(value: object) -> None:
    interval = read_time(value)
    assert interval.earliest == datetime(2026, 3, 3, 10, tzinfo=UTC)
    assert timedelta(hours=49) < interval.latest - interval.earliest <= timedelta(hours=50)
    zoned = read_time(value, zone=UTC)
    assert zoned.earliest == datetime(2026, 3, 4, tzinfo=UTC)
    assert zoned.latest - zoned.earliest <= timedelta(hours=24)


@pytest.mark.parametrize(
    ("value", "order", "expected"),
    [
        ("03/04/2026", "DMY", (4, 3)),
        ("03/04/2026", "MDY", (3, 4)),
        ("3.4.2026", "DMY", (4, 3)),
        ("13/04/2026", None, (4, 13)),
        ("13/04/2026", "MDY", (4, 13)),
        ("04/13/2026", "DMY", (4, 13)),
        ("04/13/2026", None, (4, 13)),
    ],
)
def test_slashed_dates_are_read_as_the_policy_says(value: str, order: Any, expected: tuple[int, int]) -> None:
    found = read_time(value, zone=UTC, date_order=order).earliest
    assert (found.month, found.day) == expected


@pytest.mark.parametrize(
    "value",
    [
        "03/04/2026",
        "2026-02-30",
        "2026-13-01",
        "yesterday",
        "",
        "   ",
        "12",
        12,
        True,
        float("nan"),
        float("inf"),
        1e300,
        None,
        [],
        b"2026-03-04",
        "\u0662\u0660\u0662\u0666-\u0660\u0663-\u0660\u0664",
        "2026-03-04T25:00:00Z",
        "x" * 100_000,
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_what_is_ambiguous_or_no_time_is_not_guessed(value: object) -> None:
    with pytest.raises(Unreadable):
        read_time(value)


@pytest.mark.parametrize(
    ("metadata", "role"),
    [
        ({"last_modified": EXACT[0]}, "modified"),
        ({"last_modified_date": EXACT[0]}, "modified"),
        ({"Last-Modified": EXACT[7]}, "modified"),
        ({"updated_at": EXACT[0]}, "modified"),
        ({"moddate": EXACT[9]}, "modified"),
        ({"ModDate": EXACT[9]}, "modified"),
        ({"content_modified_at": EXACT[0], "modified_at": "2026-05-01"}, "modified"),
        ({"date": EXACT[0]}, "modified"),
        ({"article:modified_time": EXACT[0]}, "modified"),
        ({"creationdate": EXACT[9]}, "created"),
        ({"publish_date": EXACT[0]}, "published"),
        ({"expires_at": EXACT[0]}, "valid_until"),
        ({"effective_date": EXACT[0]}, "valid_from"),
    ],
    ids=str,
)
def test_the_keys_of_usual_loaders_are_known(metadata: dict[str, object], role: str) -> None:
    times = resolve_timestamps(metadata)
    assert times.intervals[role].earliest == NOON
    assert times.evidence[role].kind == "metadata"


READINGS = [  # what is written, and what it means in UTC: an instant, or a day, month or year
    ("2014-04-02T04:08:09.123456789Z", "2014-04-02T04:08:09.123456"),
    ("2014-04-02T04:08:09,5Z", "2014-04-02T04:08:09.500000"),
    ("2014-04-02T04:08:09.00025Z", "2014-04-02T04:08:09.000250"),
    ("2014-4-2 04:08", "2014-04-02T04:08"),
    ("2014-04-02  04:08", "2014-04-02T04:08"),
    ("2014-04-02T24:00:00Z", "2014-04-03T00:00"),
    ("2014-04-02T23:59:60Z", "2014-04-03T00:00"),
    ("1998-12-31T15:59:60-08:00", "1999-01-01T00:00"),
    ("2014-04-02 04:08:09 +0000 UTC", "2014-04-02T04:08:09"),
    ("2014-04-02T04:08:09+05:30", "2014-04-01T22:38:09"),
    ("2014-04-02T04:08:09-23:59", "2014-04-03T04:07:09"),
    ("2014/04/02 04:08:09 PM", "2014-04-02T16:08:09"),
    ("2014.04.02", "day 2014-04-02"),
    ("2014-04-02 12:00:01 AM", "2014-04-02T00:00:01"),
    ("2014-04-02 12:00:01 p.m.", "2014-04-02T12:00:01"),
    ("20140402T040809Z", "2014-04-02T04:08:09"),
    ("20140402T0408+0100", "2014-04-02T03:08"),
    ("20140402T04Z", "2014-04-02T04:00"),
    ("20141222T0408", "2014-12-22T04:08"),
    ("20141222T124837Z", "2014-12-22T12:48:37"),
    ("20141222T12:48:37Z", "2014-12-22T12:48:37"),
    ("2014-04-02 1:05 AM", "2014-04-02T01:05"),
    ("20140402 040809", "2014-04-02T04:08:09"),
    ("201404020408", "2014-04-02T04:08"),
    ("20140402040809", "2014-04-02T04:08:09"),
    ("20140402040809123", "2014-04-02T04:08:09.123000"),
    ("20140402124837987", "2014-04-02T12:48:37.987000"),
    (20140402040809, "2014-04-02T04:08:09"),
    ("20140402", "day 2014-04-02"),
    ("19000101", "day 1900-01-01"),
    ("21991231", "day 2199-12-31"),
    ("2014:04:02 04:08:09", "2014-04-02T04:08:09"),
    ("2014", "year 2014-01-01"),
    ("2014-12", "month 2014-12-01"),
    ("2014/02", "month 2014-02-01"),
    ("9999", "year 9999-01-01"),
    ("9999-12", "month 9999-12-01"),
    ("D:2014", "year 2014-01-01"),
    ("D:201404", "month 2014-04-01"),
    ("D:20140402", "day 2014-04-02"),
    ("D:2014040204", "2014-04-02T04:00"),
    ("D:20140402040809", "2014-04-02T04:08:09"),
    ("D:20140402040809Z", "2014-04-02T04:08:09"),
    ("D:20140402040809Z00", "2014-04-02T04:08:09"),
    ("D:20140402040809-03'30'", "2014-04-02T07:38:09"),
    ("D:20140402040809+03", "2014-04-02T01:08:09"),
    ("Wed, 02 Apr 2014 04:08:09 CST", "2014-04-02T10:08:09"),
    ("Wed, 02 Apr 2014 04:08:09 PDT", "2014-04-02T11:08:09"),
    ("2 Apr 14 04:08 UT", "2014-04-02T04:08"),
    ("02-Apr-49 04:08:09 GMT", "2049-04-02T04:08:09"),
    ("02-Apr-50 04:08:09 GMT", "1950-04-02T04:08:09"),
    ("WEDNESDAY, 2 Apr 2014 04:08:09 +0100 (CET)", "2014-04-02T03:08:09"),
    ("Wed Apr  2 04:08:09 2014", "2014-04-02T04:08:09"),
    ("Wed Apr 02 04:08:09 -0700 2014", "2014-04-02T11:08:09"),
    ("2nd of April 2014", "day 2014-04-02"),
    ("Sept. 7, 1970", "day 1970-09-07"),
    ("April 2, 2014 5:57:51 PM", "2014-04-02T17:57:51"),
    ("Apr 2014", "month 2014-04-01"),
    ("13NOV2017", "day 2017-11-13"),
    ("13.4.2014", "day 2014-04-13"),
    ("4/13/2014 04:08", "2014-04-13T04:08"),
    ("12-12-12", "day 2012-12-12"),
    ("31/12/49", "day 2049-12-31"),
    (100_000_000, "1973-03-03T09:46:40"),
    (99_999_999_999, "5138-11-16T09:46:39"),
    (100_000_000_000, "1973-03-03T09:46:40"),
    (100_000_000_000_000, "1973-03-03T09:46:40"),
    (100_000_000_000_000_000, "1973-03-03T09:46:40"),
    (1_396_411_689_250, "2014-04-02T04:08:09.250000"),
    ("1396411689.25", "2014-04-02T04:08:09.250000"),
    (1_396_411_689_250_001_999, "2014-04-02T04:08:09.250001"),
    (1_396_411_689, "2014-04-02T04:08:09"),
    ("2017-01-01T01:59:60+02:00", "2017-01-01T00:00:00"),
    ("2016-12-31T18:59:60-05:00", "2017-01-01T00:00:00"),
    (1_396_411_689_250.0, "2014-04-02T04:08:09.250000"),
    ("20140402.0", "day 2014-04-02"),
    (Decimal(1_396_411_689_250_001_999), "2014-04-02T04:08:09.250001"),
    (Decimal("1396411689.25"), "2014-04-02T04:08:09.250000"),
    (time.struct_time((2014, 4, 2, 4, 8, 61, 2, 92, 0)), "2014-04-02T04:08:59"),
    (2_014_040_204.5, "2033-10-27T15:36:44.500000"),
    (22_001_332_000_000, "2667-03-13T01:06:40"),
    (18_991_332_000_000, "2571-10-24T02:00:00"),
]


@pytest.mark.parametrize(("value", "meaning"), READINGS, ids=repr)
def test_a_value_is_read_as_what_it_says(value: object, meaning: str) -> None:
    unit, _, written = meaning.rpartition(" ")
    found = read_time(value, zone=UTC)
    assert found.earliest == datetime.fromisoformat(written).replace(tzinfo=UTC)
    assert found.unit == (unit or "instant")
    assert found.has_zone
    lengths = {"": (0, 0), "day": (1, 1), "month": (28, 31), "year": (365, 366)}
    shortest, longest = (timedelta(days=days) for days in lengths[unit])
    if found.latest.year < 9999:
        assert shortest <= found.latest - found.earliest <= longest
    if unit in ("month", "year") and found.latest.year < 9999:
        assert found.latest.day == 1
        assert unit == "month" or found.latest.month == 1
    assert found.is_instant == (unit == "")


@pytest.mark.parametrize("value", READINGS, ids=repr)
def test_without_a_zone_a_value_means_at_least_as_much(value: tuple[object, str]) -> None:
    known, open_ = read_time(value[0], zone=UTC), read_time(value[0])
    assert open_.earliest <= known.earliest <= known.latest <= open_.latest
    assert open_.unit == known.unit
    if not open_.has_zone and open_.latest.year < 9999:
        assert open_.latest - open_.earliest == known.latest - known.earliest + timedelta(hours=26)


NO_TIMES = [
    "2014-13-01", "2014-02-29", "0000-00-00", "2014-04-02T24:00:01Z", "2014-04-02T04:60Z", "2014-04-02 0:00 AM",
    "2014-04-02 13:00 PM", "2014-04-02T23:58:60Z", "2014-04-02T22:59:60Z", "2014-04-02T04:08:61Z",
    "2014-04-02T04:08:09+24:00", "2014-04-02T04:08:09+10:60", "2014-04-02T04:08:09.", "02014-04-02", "+2014-04-02",
    "2014-04/02", "20140402T04", "2014040", "20140230", "20140230120000", "20140402250000", "18991231", "22000101",
    "32/12/2014", "13/13/2014", "1/2/3", "Apr 2014 04:08", "Foo 2, 2014", "Septe mber 2014", "SeptemberRR 7th, 1970",
    "Marsh 2, 2014", "2 Mayo 14x", "Thu 10:36:28", "P30D", "10am", "D:", "9999-12-31T24:00:00Z", "D:20140402T040809Z",
    "99999999", 99_999_999, 10_000_000_000_000_000_000, -1, 1.5, "0", "2014-04-02 (a) (b", "20140402T04 (UTC)x",
    "19001332000000", "21991332000000", "20141332235959123", -20_140_402, 10**400,
]  # fmt: skip


@pytest.mark.parametrize("value", NO_TIMES, ids=repr)
def test_what_says_no_time_is_not_read(value: object) -> None:
    for zone in (UTC, None):
        with pytest.raises(Unreadable):
            read_time(value, zone=zone)


@pytest.mark.parametrize(
    ("value", "following"),
    [
        ("2014-01", "2014-02-01"),
        ("2014-02", "2014-03-01"),
        ("2014-11", "2014-12-01"),
        ("2014-12", "2015-01-01"),
        ("D:201404", "2014-05-01"),
        ("Apr 2014", "2014-05-01"),
        ("2014", "2015-01-01"),
        ("D:2014", "2015-01-01"),
        ("9998", "9999-01-01"),
        ("9998-12", "9999-01-01"),
        ("9999-11", "9999-12-01"),
        ("9999-12-30", "9999-12-31"),
        ("2014-02-28", "2014-03-01"),
    ],
)
def test_a_year_a_month_and_a_day_last_until_the_next_one(value: str, following: str) -> None:
    latest = datetime.fromisoformat(following).replace(tzinfo=UTC)
    assert read_time(value, zone=UTC).latest == latest
    if latest.year < 9999:
        assert read_time(value).latest == latest + timedelta(hours=12)


@pytest.mark.parametrize("value", ["9999", "9999-12", "9999-12-31"])
def test_what_has_no_next_one_lasts_until_the_end_of_the_calendar(value: str) -> None:
    for zone in (UTC, None):
        assert read_time(value, zone=zone).latest == datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    ["2014-04-02T04:08:09", "20140402T0408", "D:20140402040809", "2 Apr 2014 04:08", "Wed Apr  2 04:08:09 2014",
     "13.4.2014 04:08", "2014:04:02 04:08:09", "20140402040809", "2014-04-02 4:08 PM"],
)  # fmt: skip
def test_a_time_that_names_no_zone_has_none(value: str) -> None:
    found = read_time(value)
    assert not found.has_zone
    assert found.latest - found.earliest == timedelta(hours=26)
    assert read_time(value, zone=UTC).is_instant


@pytest.mark.parametrize("zone", ["+24:00", "-24:00", "+99:00", "+10:60", "+1099"])
def test_an_offset_of_a_day_or_of_sixty_minutes_is_not_a_zone(zone: str) -> None:
    with pytest.raises(Unreadable, match="no such zone"):
        read_time(f"2014-04-02T04:08:09{zone}")


@pytest.mark.parametrize("value", ["12/04/2026", "04/12/2026", "1.2.2026", "11-12-2026"])
def test_what_can_be_a_day_and_a_month_both_ways_is_both(value: str) -> None:
    readings = read_values(value, zone=UTC)
    assert readings.is_ambiguous
    assert len(readings.intervals) == 2
    dmy, mdy = (read_time(value, zone=UTC, date_order=order).earliest for order in ("DMY", "MDY"))
    assert {one.earliest for one in readings.intervals} == {dmy, mdy}
    assert (dmy.day, dmy.month) == (mdy.month, mdy.day)


def test_two_digits_may_be_the_year_too() -> None:
    years = {order: read_values("05/05/31", zone=UTC, date_order=order).intervals for order in ("DMY", "MDY", None)}
    assert [[one.earliest.year for one in found] for found in years.values()] == [[2031], [2031], [2031, 2005]]
    readings = read_values("11-12-26", zone=UTC)
    assert {one.earliest.date().isoformat() for one in readings.intervals} == {"2026-12-11", "2026-11-12", "2011-12-26"}


def test_a_number_beyond_nineteen_digits_is_not_a_time_of_any_unit() -> None:
    for value in (10**19, -(10**19), 1e300, float("inf"), 10**400):
        assert read_values(value).problem == "this number is not a time"
    assert "since 1970" in str(read_values(-(10**18)).problem)
    assert read_values(10**19 - 1).problem is None


def test_digits_that_may_be_an_hour_or_an_epoch_are_both() -> None:
    hour, epoch = read_values("2020010112", zone=UTC).intervals
    assert (hour.earliest, hour.latest) == (
        datetime(2020, 1, 1, 12, tzinfo=UTC),
        datetime(2020, 1, 1, 13, tzinfo=UTC),
    )
    assert epoch.is_instant
    assert epoch.earliest == datetime(2034, 1, 4, 17, 55, 12, tzinfo=UTC)
    assert len(read_values(2020019912).intervals) == 1
    with pytest.raises(Unreadable, match="several ways"):
        read_time("2020010112")
    assert resolve_timestamps({"modified": 2020010112}, keys=MetadataKeys(timezone="UTC")).modified == hour.earliest


def test_a_date_with_two_readings_has_both_for_limits_and_none_for_ages() -> None:
    readings = read_values("03/04/2026", zone=UTC)
    assert {one.earliest.month for one in readings.intervals} == {3, 4}
    assert readings.is_ambiguous
    assert not read_values(["2026-01-01", "2026-01-02"]).is_ambiguous
    times = resolve_timestamps(
        {"modified": "03/04/2026", "valid_until": "03/04/2026"}, keys=MetadataKeys(timezone="UTC")
    )
    assert times.modified is None
    assert "date_order" in str(times.evidence["modified"].problem)
    assert times.valid_until == datetime(2026, 3, 5, tzinfo=UTC)
    with pytest.raises(Unreadable, match="date_order"):
        read_time("03/04/2026")


def test_at_the_ends_of_the_calendar_an_interval_is_cut_off() -> None:
    for value in ("0001-01-01", "0001-01-01T00:00:00", "9999-12-31", "9999-12-31T23:59:59", "9999"):
        for zone in (None, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))):
            found = read_time(value, zone=zone)
            for interval in (found, found.start(), found.end()):
                assert interval.earliest <= interval.latest


@pytest.mark.parametrize("by", [timedelta(microseconds=1), timedelta(days=1), timedelta(days=999_999_999)])
def test_beyond_the_calendar_an_instant_stays_at_its_end(by: timedelta) -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert shift(last, by) == last
    assert shift(first, -by) == first


class Unmoved(datetime):
    """A time of somebody's own making, which names no instant."""

    def astimezone(self, tz: Any = None) -> Any:
        raise RuntimeError("not here")


def test_a_time_of_a_class_of_its_own_is_what_it_shows() -> None:
    assert read_time(Unmoved(2026, 3, 4, 12, 30, tzinfo=UTC)).earliest == NOON
    assert type(read_time(Unmoved(2026, 3, 4, 12, 30, tzinfo=UTC)).earliest) is datetime


def test_only_the_roles_that_are_asked_for_are_resolved() -> None:
    metadata = {"expires": EXACT[0], "last_modified": EXACT[0], "version": 1, "superseded_by": "b"}
    some = resolve_timestamps(metadata, roles=["modified", "version"])
    assert (some.modified, some.version, some.valid_until, some.superseded_by) == (NOON, 1, None, None)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("MDT", 6, 6),
        ("PDT", 7, 7),
        ("UT", 0, 0),
        ("EST", -11, 5),
        ("CST", -10.5, 6),
        ("PST", -8, 8),
    ],
)
def test_a_zone_name_means_every_zone_that_has_it_and_in_mail_the_one_of_the_standard(
    name: str, first: float, last: float
) -> None:
    midday = datetime(2014, 4, 2, 12, tzinfo=UTC)
    for value in ("2014-04-02 12:00 {}", "Wed Apr  2 12:00:00 {} 2014", "April 2, 2014 12:00 {}", "2.4.2014 12:00 {}"):
        found = read_time(value.format(name), date_order="DMY")
        assert (found.earliest, found.latest) == (midday + timedelta(hours=first), midday + timedelta(hours=last))
        assert found.has_zone == (first == last)
    defined = read_time(f"Wed, 2 Apr 2014 12:00:00 {name}")
    assert defined.earliest == defined.latest
    assert (defined.earliest - midday) == timedelta(hours={"CST": 6, "EST": 5}.get(name, last))


@pytest.mark.parametrize("name", ["XYZ", "CET", "CEST", "AEST", "JST", "MSK", "IST", "BST", "WET", "A", "M"])
@pytest.mark.parametrize("value", ["Wed, 2 Apr 2014 12:00:00 {}", "2014-04-02 12:00 {}", "Wed Apr  2 12:00:00 {} 2014"])
def test_a_zone_name_that_no_standard_defines_is_not_read(value: str, name: str) -> None:
    with pytest.raises(Unreadable):
        read_time(value.format(name), zone=UTC)


@pytest.mark.parametrize("value", ["25/05/31", "25-05-31", "25.05.31", "25-May-31", "25 May 31", "25/05/31 10:00"])
def test_a_date_in_which_the_year_may_come_first_has_both_readings(value: str) -> None:
    readings = read_values(value, "valid_until", zone=UTC)
    assert [interval.earliest.date().isoformat() for interval in readings.intervals] == ["2031-05-25", "2025-05-31"]
    assert not readings.is_ambiguous
    if value[2] != "-" and "May" not in value:
        (settled,) = read_values(value, "valid_until", zone=UTC, date_order="DMY").intervals
        assert settled.earliest.year == 2031
        assert len(read_values(value, "valid_until", zone=UTC, date_order="MDY").intervals) == 2
    assert len(read_values(f"Sunday, {value}", zone=UTC).intervals) == ("May" in value)


def test_a_leap_second_without_a_zone_is_read_where_one_can_be() -> None:
    assert read_time("2016-12-31T23:59:60").earliest == datetime(2016, 12, 31, 10, tzinfo=UTC)
    assert read_time("2017-01-01T05:44:60").unit == "instant"  # in Nepal, 5:45 ahead
    with pytest.raises(Unreadable, match="no leap second"):
        read_time("2017-01-01T05:45:60")
    with pytest.raises(Unreadable, match="no such month"):
        read_time("2 Foo 2014")


def test_a_named_day_ends_when_it_is_over_and_starts_when_it_begins() -> None:
    day = read_time("2026-03-04")
    end, start = day.end(), day.start()
    assert (start.earliest, start.latest) == (
        datetime(2026, 3, 3, 10, tzinfo=UTC),
        datetime(2026, 3, 4, 12, tzinfo=UTC),
    )
    assert (end.earliest, end.latest) == (datetime(2026, 3, 4, 10, tzinfo=UTC), datetime(2026, 3, 5, 12, tzinfo=UTC))
    zoned = read_time("2026-03-04", zone=UTC)
    assert zoned.end().is_instant
    assert zoned.start().earliest == datetime(2026, 3, 4, tzinfo=UTC)
    local = read_time("2026-03-04T10:00:00")
    assert (local.end(), local.start()) == (local, local)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        (numpy.int64(1_396_411_689), "2014-04-02T04:08:09"),
        (numpy.float64(1_396_411_689.5), "2014-04-02T04:08:09.500000"),
        (numpy.datetime64("2014-04-02T04:08:09"), "2014-04-02T04:08:09"),
        (numpy.datetime64("2014-04-02T04:08:09.25", "ns"), "2014-04-02T04:08:09.250000"),
        (numpy.array(["2014-04-02"]), "2014-04-02"),
        (Decimal("1396411689"), "2014-04-02T04:08:09"),
        (Decimal("1396411689.5"), "2014-04-02T04:08:09.500000"),
        (time.struct_time((2014, 4, 2, 4, 8, 9, 1, 63, 0)), "2014-04-02T04:08:09"),
        (time.struct_time((2014, 4, 2, 4, 8, 9, 1, 63, 0, "X", 3_600)), "2014-04-02T03:08:09"),
        (["2014-04-02"], "2014-04-02"),
        ({"$date": ["2014-04-02", None]}, "2014-04-02"),
    ],
    ids=repr,
)
def test_what_libraries_make_of_a_time_is_that_time(value: object, meaning: str) -> None:
    assert read_time(value, zone=UTC).earliest == datetime.fromisoformat(meaning).replace(tzinfo=UTC)


def test_numpy_has_a_none_too_and_large_arrays_are_not_read() -> None:
    assert read_values(numpy.array(["2014-04-02"] * 16)).problem is None
    assert read_values(numpy.array(["2014-04-02"] * 17)).problem is not None
    (local,) = read_values(numpy.datetime64("2014-04-02T04:08:09.000000001")).intervals
    assert not local.has_zone
    assert read_values(numpy.datetime64("NaT", "s")).intervals == ()
    assert read_values(numpy.datetime64("NaT", "s")).problem is None
    assert read_values(numpy.zeros(100_000)).problem is not None
    assert read_values(["2014-04-02"] * 16).problem is None
    assert read_values(["2014-04-02"] * 17).problem is not None
    assert read_values([[["2014-04-02"]]]).problem is None
    assert read_values([[[["2014-04-02"]]]]).problem is not None


@pytest.mark.parametrize(
    ("value", "is_none"),
    [
        ("9999-12-29T23:59:59Z", False),
        ("9999-12-30T00:00:00Z", True),
        ("9999-12-31T23:59:59Z", True),
        ("0001-01-01", True),
        ("0001-01-03T00:00:00Z", True),
        ("0001-01-03T00:00:01Z", False),
    ],
)
def test_the_ends_of_the_calendar_stand_for_no_end(value: str, is_none: bool) -> None:
    times = resolve_timestamps({"valid_until": value})
    assert (times.valid_until is None) == is_none
    assert times.problem_with("valid_until") is None
    start = resolve_timestamps({"valid_from": value}).valid_from
    assert (start is None) == (is_none and value.startswith("0"))


@pytest.mark.parametrize(("count", "is_read"), [(32, True), (33, False)])
def test_of_many_spellings_of_one_name_so_many_are_read(count: int, is_read: bool) -> None:
    times = resolve_timestamps({"expires" + "_" * number: "2999-01-01" for number in range(count)})
    assert (times.problem_with("valid_until") is None) == is_read
    assert (times.valid_until or NOON).year == 2999


@pytest.mark.parametrize(
    ("value", "version"),
    [
        (0, 0),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (-1, None),
        (True, None),
        ("0", 0),
        ("9" * 18, 10**18 - 1),
        ("1" * 19, None),
        ("-1", None),
        ("1.0", 1),
        ("1.1", None),
        ("\u0661", None),
        (0.0, 0),
        (107.0, 107),
        (2.0**53 - 1, 2**53 - 1),
        (2.0**53, None),
        (-1.0, None),
        (1.5, None),
        (float("nan"), None),
        (Decimal("7"), 7),
    ],
    ids=ascii,
)
def test_a_version_is_a_whole_number_that_no_store_rounds(value: object, version: int | None) -> None:
    assert resolve_timestamps({"version": value}).version == version


def test_texts_are_read_up_to_a_length() -> None:
    written = "2014-04-02T04:08:09.000000000Z"
    assert read_time(written, max_chars=len(written)).is_instant
    with pytest.raises(Unreadable):
        read_time(written, max_chars=len(written) - 1)
    padded = f"2014-04-02 04:08:09.{'0' * 18} +0000 (Local{' ' * 40}Time)"
    assert len(padded) == 96
    for readings in (read_values(padded), read_values(padded, "valid_until")):
        assert readings.problem is None
    assert read_time(padded).is_instant
    with pytest.raises(Unreadable):
        read_time(padded.replace("Local", "LLocal"))
    assert read_values(padded.replace("Local", "LLocal")).problem is not None


def test_signed_times_beat_metadata_and_the_policys_keys_beat_the_catalogue() -> None:
    metadata = {"last_modified": "2020-01-01T00:00:00Z", "stand": EXACT[0]}
    assert resolve_timestamps(metadata, keys=MetadataKeys(modified=("stand",))).modified == NOON
    assert resolve_timestamps(metadata, signed={"modified": NOON}).modified == NOON
    assert resolve_timestamps(metadata, signed={"modified": NOON}).evidence["modified"].kind == "seal"


def test_a_signed_none_leaves_the_age_to_what_nobody_signed() -> None:
    metadata = {"updated": "none", "last_modified": EXACT[0]}
    assert resolve_timestamps(metadata, covered=["updated"]).modified == NOON
    assert resolve_timestamps(metadata, covered=["updated"], evidence="sealed").modified is None
    assert resolve_timestamps({**metadata, "updated": "?"}, covered=["updated"]).modified is None


def test_a_dotted_key_reaches_into_nested_metadata() -> None:
    metadata = {"meta": {"dates": {"changed": EXACT[0]}}}
    assert resolve_timestamps(metadata, keys=MetadataKeys(modified=("meta.dates.changed",))).modified == NOON


def test_a_date_alone_is_fresh_only_if_all_of_it_is(handbook: Publisher, clock: FixedClock) -> None:
    policy = {
        "sources": [
            {
                "id": "wiki",
                "match": "https://wiki.example/**",
                "provenance": {"require": "declared"},
                "freshness": {"max_age": "10d"},
            }
        ]
    }
    from headgate import Chunk

    def admit(day: str, **keys: Any) -> Any:
        gate = Gate({**policy, "metadata": keys}, clock=clock)
        return gate.admit([Chunk("text", {"source": "https://wiki.example/a", "date": day})]).decisions[0]

    assert admit("2026-05-24").admitted
    border = admit("2026-05-22")
    assert border.codes == ("F202",)
    assert "add a time and a zone" in border.findings[0].message
    assert admit("2026-05-23", timezone="UTC").admitted


def test_a_key_that_nobody_reads_and_that_holds_a_time_is_named() -> None:
    metadata: dict[str, object] = {
        "stamp": "2026-05-01",
        "when_": "2026-05-01T10:00:00",
        "id": 1_772_627_400,
        "digits": "1772627400",
        "date": "2026-05-01",
        "title": "March",
        "day": date(2026, 5, 1),
        "x" * 64: "1 May 2026",
        "x" * 65: "1 May 2026",
        "": "1 May 2026",
        "slashed": "03/04/2026",
        "dotted": "1.5.2026",
        "list": ["2026-05-01"],
        "none": " - ",
    }
    assert find_time_like(metadata, most=10) == ("stamp", "day", "x" * 64, "slashed", "dotted")
    assert find_time_like(metadata, most=2) == ("stamp", "day")
    assert find_time_like({f"k{n}": "2026-05-01" for n in range(9)}) == ("k0", "k1", "k2", "k3", "k4")
    assert find_time_like(metadata, Limits(metadata_keys=1), most=5) == ("stamp",)


def named(**keys: str) -> MetadataKeys:
    return MetadataKeys.model_validate(keys)


def test_an_entry_is_found_by_its_name_without_case_and_punctuation() -> None:
    assert find_entry({"Last-Modified": "x"}, "modified") == ("Last-Modified", "x")
    assert find_entry({"last.modified": "", "updated": "x"}, "modified") == ("updated", "x")
    assert find_entry({"source": "", "url": "none"}, "source") == ("url", "none")
    assert find_entry({"source": None}, "source") is None
    assert find_entry({"updated": "nan"}, "modified") is None
    assert find_entry({"stand": "x", "updated": "y"}, "modified", named(modified="stand")) == ("stand", "x")
    assert find_entry({"updated": "y"}, "modified", named(modified="stand")) is None
    assert find_entry({"at": "x", "source": "y"}, "source", named(source="at")) == ("at", "x")
    assert find_entry({"source": "y"}, "source", named(source="at")) == ("source", "y")
    name = "_" * 51 + "last_modified"
    assert find_entry({name: "x"}, "modified") == (name, "x")
    assert find_entry({"_" * 960 + name: "x"}, "modified") == ("_" * 960 + name, "x")
    assert find_entry({"_" * 961 + name: "x"}, "modified") is None
    nested = {"a": {"b": "x"}, "a.c": "y", "d": "z"}
    for key, value in [("a.b", "x"), ("a.c", "y"), ("a.d", None), ("d.e", None), ("e.f", None)]:
        found = find_entry(nested, "modified", named(modified=key))
        assert found == ((key, value) if value else None)
    deep: dict[str, object] = {"k": "x"}
    for _ in range(7):
        deep = {"k": deep}
    assert find_entry(deep, "modified", named(modified=".".join("k" * 8))) is not None
    cut = find_entry({"k": deep}, "modified", named(modified=".".join("k" * 9)))
    assert cut is not None
    assert isinstance(cut[1], dict)


def test_only_as_many_keys_are_looked_at_as_the_limit_says() -> None:
    metadata = {"a": "x", "b": "x", "updated": EXACT[0]}
    assert resolve_timestamps(metadata, limits=Limits(metadata_keys=3)).modified == NOON
    cut = resolve_timestamps(metadata, limits=Limits(metadata_keys=2))
    assert cut.modified is None
    assert "first 2 of its entries" in str(cut.unread["metadata"].problem)
    assert not resolve_timestamps(metadata, limits=Limits(metadata_keys=3)).unread
    many = {**{f"k{n}": "x" for n in range(300)}, "updated": EXACT[0]}
    assert resolve_timestamps(many).modified == NOON


def test_the_detail_of_a_finding_has_both_ends_of_what_a_time_can_mean() -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)

    def found(metadata: dict[str, object], **rule: Any) -> Any:
        return judge_freshness(resolve_timestamps(metadata), Freshness(**rule), at).findings[0]

    ended = found({"expires": "2026-05-01T10:00:00"})
    assert ended.detail == {
        "valid_until": "2026-04-30T20:00:00Z",
        "evidence": "metadata:expires",
        "latest": "2026-05-01T22:00:00Z",
    }
    assert "latest" not in found({"expires": "2026-05-01T10:00:00Z"}).detail
    assert "some time zones" in found({"expires": "2026-06-01T00:00:00"}).message
    assert "some time zones" not in ended.message
    assert "some time zones" in found({"valid_from": "2026-06-01T00:00:00"}).message
    assert "some time zones" not in found({"valid_from": "2026-06-03T00:00:00"}).message
    border = "add a zone, or set metadata.timezone"
    assert border in found({"updated": "2026-05-31T00:00:00"}, max_age=timedelta(hours=30)).message
    assert border not in found({"updated": "2026-05-01T00:00:00"}, max_age=timedelta(hours=30)).message
    assert found({"updated": "2026-05-30"}, max_age=timedelta(days=1, hours=23)).detail["age_seconds"] == 223_200


def test_a_skew_beyond_the_calendar_breaks_nothing() -> None:
    rule = Freshness(max_age=timedelta(days=999_999_999), future_skew=timedelta(days=999_999_999))
    for value in ("0001-01-01", "9999-12-31", "2026-01-01"):
        assert judge_freshness(resolve_timestamps({"updated": value}), rule, NOON).findings == ()
