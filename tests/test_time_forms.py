"""The forms in which programs, mail, browsers and people write times: what each means, and what is not guessed."""

from __future__ import annotations

import random
import string
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from growing import GROWTH, is_growing_too_fast
from headgate.freshness import Unreadable, read_time, resolve_timestamps
from headgate.freshness.month_names import LANGUAGES, MONTHS, WEEKDAYS
from headgate.freshness.parsing import read_values

UTC = timezone.utc

READ = [  # what is written, and the instant in UTC, or the day or month
    ("Thursday, 18-Aug-50 02:01:18 GMT", "2050-08-18T02:01:18"),
    ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37"),
    ("Saturday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37"),  # HTTP's window, not the weekday of 2094
    ("Monday, 02-Jan-06 15:04:05 MST", "2006-01-02T22:04:05"),
    ("02 Jan 06 15:04 MST", "2006-01-02T22:04"),
    ("02 Jan 06 15:04 -0700", "2006-01-02T22:04"),
    ("Tue, 3 Mar 2026 08:30:00 gMT", "2026-03-03T08:30"),
    ("Tue, 3 Mar 2026 08:30:00 est", "2026-03-03T13:30"),
    ("Tue, 3 Mar 2026 08:30:00 EST (EST)", "2026-03-03T13:30"),
    ("Tue, 3 Mar 2026 08:30:00 +0200 (GMT+02:00)", "2026-03-03T06:30"),
    ("Tue, 3 Mar 2026 08:30:00 +0200 (Europe/Helsinki)", "2026-03-03T06:30"),
    ("Tue, 3 Mar 2026 08:30:00 -0330 (Newfoundland Time)", "2026-03-03T12:00"),
    ("2026-03-03 08:30 (UTC)", "2026-03-03T08:30"),
    ("Tue Mar 03 2026 09:30:00 GMT+0100 (Central European Standard Time)", "2026-03-03T08:30"),
    ("Tue Mar 03 2026 09:30:00 GMT+0100 (Mitteleuropäische Normalzeit)", "2026-03-03T08:30"),
    ("Tue Mar 03 2026 09:30:00 GMT+0100 (heure normale d\u2019Europe centrale)", "2026-03-03T08:30"),
    ("Tue Mar 03 2026 17:30:00 GMT+0900 (日本標準時)", "2026-03-03T08:30"),
    ("Tue Mar 3 09:30:00 UTC+0100 2026", "2026-03-03T08:30"),
    ("Tue, 3 Mar 2026 08:30:00 EST-0500", "2026-03-03T13:30"),
    ("Tue, 3 Mar 2026 08:30:00 CET+0100", "2026-03-03T07:30"),
    ("2026-03-03T08:30 UTC+2", "2026-03-03T06:30"),
    ("2026-03-03 08:30 GMT+5:30", "2026-03-03T03:00"),
    ("2026-03-03T09:30:00+01:00[Europe/Berlin]", "2026-03-03T08:30"),
    ("2026-03-03 08:30:00 -0500 EST", "2026-03-03T13:30"),
    ("2026-03-03 08:30:00.5 +0300 MSK m=+12.000000001", "2026-03-03T05:30:00.500000"),
    ("[03/Mar/2026:08:30:00 -0700]", "2026-03-03T15:30"),
    ("13/3/2026, 8:30:00\u202fAM", "2026-03-13T08:30"),
    ("\u200e13\u200e/\u200e3\u200e/\u200e2026 8:30", "2026-03-13T08:30"),
    ("March 3, 2026 5 PM", "2026-03-03T17:00"),
    ("3 Mar 2026 12am", "2026-03-03T00:00"),
    ("Mar 3, 2026 at 9:5:7 a.m.", "2026-03-03T09:05:07"),
    ("Dienstag, 3. März 2026, 10:00 Uhr", "2026-03-03T10:00"),
    ("вторник, 3 марта 2026 г. в 10:30", "2026-03-03T10:30"),
    ("3 gennaio 2026 alle 10:30", "2026-01-03T10:30"),
    ("2026年3月2日(月) 14時30分", "2026-03-02T14:30"),
    ("2026年3月2日 午後3時30分5秒", "2026-03-02T15:30:05"),
    ("2026年3月2日 午前0:30", "2026-03-02T00:30"),
    ("2026/3/2 下午3:30:00", "2026-03-02T15:30"),
    ("2026. 3. 2. 오후 3:30:00", "2026-03-02T15:30"),
    ("2026년 3월 2일 월요일 오전 9시 5분", "2026-03-02T09:05"),
    ("２０２６年３月２日", "day 2026-03-02"),
    ("2026年3月", "month 2026-03-01"),
    ("2026年", "year 2026-01-01"),
    ("2026-Mar-02", "day 2026-03-02"),
    ("2026 Mar 2", "day 2026-03-02"),
    ("2/Mar/2026", "day 2026-03-02"),
    ("2026. március 3.", "day 2026-03-03"),
    ("2026 m. kovo 3 d.", "day 2026-03-03"),
    ("1er mars 2026", "day 2026-03-01"),
    ("terça-feira, 3 de março de 2026", "day 2026-03-03"),
    ("3 d\u2019abril de 2026", "day 2026-04-03"),
    ("3 fevrier 2026", "day 2026-02-03"),
    ("3 באפריל 2026", "day 2026-04-03"),
    ("3. 3. 2026", "day 2026-03-03"),
    ("maart 2026", "month 2026-03-01"),
    ("Mon,02 Mar 2026 09:00:00 GMT", "2026-03-02T09:00"),
    ("2026-03-02T09:00:00\u221205:00", "2026-03-02T14:00"),
    ("2026\u201103\u201102", "day 2026-03-02"),
    ("3 de marzo de 2026, 9:30 p.\u00a0m.", "2026-03-03T21:30"),
    ("3 mars 2026 à 9h30", "2026-03-03T09:30"),
    ("20260302T090000.250Z", "2026-03-02T09:00:00.250000"),
    ("12/2026", "month 2026-12-01"),
    ({"seconds": 1_772_526_600, "nanos": 500_000_000}, "2026-03-03T08:30:00.500000"),
    ({"_seconds": 1_772_526_600, "_nanoseconds": 0}, "2026-03-03T08:30"),
    ({"seconds": "1772526600", "nanos": 0}, "2026-03-03T08:30"),
    ({"$date": {"$numberLong": "1772526600000"}}, "2026-03-03T08:30"),
]


@pytest.mark.parametrize(("value", "meaning"), READ, ids=repr)
def test_a_form_is_read_as_what_it_says(value: object, meaning: str) -> None:
    unit, _, written = meaning.rpartition(" ")
    found = read_time(value, zone=UTC)
    assert found.earliest == datetime.fromisoformat(written).replace(tzinfo=UTC)
    assert found.unit == (unit or "instant")
    assert found.is_instant == (unit == "")


def test_a_timestamp_of_protobuf_is_read() -> None:
    protobuf = pytest.importorskip("google.protobuf.timestamp_pb2", reason="comes with many clients, not with us")
    found = read_time(protobuf.Timestamp(seconds=1_772_526_600, nanos=1_000))
    assert found.earliest == found.latest == datetime(2026, 3, 3, 8, 30, 0, 1, tzinfo=UTC)
    assert read_values(protobuf.Timestamp(seconds=10**17)).problem is not None


@pytest.mark.parametrize(("value", "hours"), [("2026-03-02+08:00", 8), ("2026-03-02-0330", -3.5), ("2026-03-02Z", 0)])
def test_a_day_with_an_offset_is_that_day_there(value: str, hours: float) -> None:
    for zone in (UTC, None, timezone(timedelta(hours=5))):
        found = read_time(value, zone=zone)
        assert found.earliest == datetime(2026, 3, 2, tzinfo=UTC) - timedelta(hours=hours)
        assert found.latest - found.earliest == timedelta(days=1)
        assert (found.unit, found.has_zone) == ("day", True)


UNREAD = [
    "Tue, 3 Mar 2026 08:30:00 CET", "Tue, 3 Mar 2026 08:30:00 A", "Tue, 3 Mar 2026 08:30:00 -0700 (UTC)",
    "2026-03-03 08:30 (CET)", "2026-03-03 08:30 (withdrawn)", "2026-03-03T08:30:00Z (withdrawn)",
    "2026-03-03T08:30:00Z (end of time)", "2999-01-01 (UTC)", "Tue, 3 Mar 2026 08:30:00 +0000 (until 2024)",
    "2026-03-03 08:30:00 +0000 MSK",  # Go writes +0000 behind every name that it does not know
    "2026-03-03 08:30:00 +0300 EST", "2026-03-03 08:30:00 +0300 +04", "2026-03-03 08:30:00 EST+0500",
    "2026-03-03T08:30:00[Europe/Berlin]", "2026-03-03 8", "March 3, 2026 17", "3 Mar 2026 13 PM", "3 Mar 2026 0am",
    "until 3 May 2026", "vor 3. März 2026", "do 3 maja 2026", "pre 3. marta 2026", "2026年3月2日まで", "平成30年3月2日",
    "2026年3月2日 午後12時", "2026年13月2日", "2026年2月30日", "3 มีนาคม 2569", "٣ مارس ٢٠٢٦", "3 Marsch 2026",
    "13/2026", "0/2026", "2026-03-03+25:00", "2026-02-30Z", "1969²-01-01", "2026-03-0①", "Mar 2026 08:30",
    "06/May/2008 08:11:17:00", "2015-02-08 03:02:00 +0300 MSK m=", "Sun 3 Mar", "3. März", "mars", "2026 und 2027",
]  # fmt: skip


@pytest.mark.parametrize("value", UNREAD, ids=ascii)
def test_what_would_have_to_be_guessed_is_not_read(value: str) -> None:
    for zone in (UTC, None):
        with pytest.raises(Unreadable):
            read_time(value, zone=zone)


@pytest.mark.parametrize(
    "written",
    [
        "2568-03-04",
        "2568-03-04 10:00",
        "4/3/2568",
        "4 Mar 2568",
        "2568",
        "1403/12/14",
        "14.12.1403",
        "1447-09",
        "14470904083000",
    ],
)
def test_no_year_of_another_calendar_makes_a_document_hold_for_centuries(written: str) -> None:
    for role in ("valid_until", "valid_from", "modified"):
        times = resolve_timestamps({role: written})
        assert role not in times.intervals
        assert (times.problem_with(role) or times.unread[role]).problem is not None
    # What names its zone was written by a program, in this calendar; so was what is far away, and not so far.
    for far in ("2568-03-04T10:00:00Z", "1403-12-14 10:00 +03:30", "2500-01-01", "2999-12-31", "1601-01-01"):
        assert read_values(far).problem is None


def test_a_weekday_that_contradicts_the_century_leaves_both() -> None:
    found = read_values("Friday, 18-Aug-50 02:01:18 GMT").intervals
    assert [one.earliest.year for one in found] == [2050, 1950]
    times = resolve_timestamps(
        {"valid_until": "Friday, 18-Aug-50 02:01:18 GMT", "modified": "Fri, 18-Aug-50 00:00 GMT"}
    )
    assert times.valid_until is not None
    assert times.valid_until.year == 1950
    assert times.modified is not None
    assert times.modified.year == 1950


def test_a_name_that_is_another_month_in_another_language_means_both() -> None:
    found = read_values("3 listopada 2026", zone=UTC).intervals
    assert [one.earliest.month for one in found] == [10, 11]
    with pytest.raises(Unreadable):
        read_time("3 listopada 2026")


def test_the_languages_agree_with_babel() -> None:
    babel = pytest.importorskip("babel", reason="the names are a table of our own; Babel only checks it")
    missing = []
    for language in LANGUAGES.split():
        locale = babel.Locale.parse(language)
        for number, name in locale.months["format"]["wide"].items():
            folded = name.casefold().removeprefix("de ").removeprefix("d\u2019")
            if " " not in folded and number not in MONTHS.get(folded, ()):
                missing.append((language, name))
    assert not missing


def test_english_names_mean_one_month_in_every_language() -> None:
    for number in range(1, 13):
        day = datetime(2026, number, 9, tzinfo=UTC)
        for form in ("%d %B %Y", "%d %b %Y", "%B %d, %Y", "%Y-%b-%d", "%a %b %d %Y", "%A, %d %B %Y"):
            assert read_time(day.strftime(form), zone=UTC).earliest == day
    assert not {"on", "to", "do", "die", "per", "pre", "until", "bis", "not"} & WEEKDAYS


@pytest.mark.parametrize(
    ("role", "value", "is_open"),
    [
        ("valid_until", "never", True),
        ("valid_until", "infinity", True),
        ("valid_until", "9999-12-31T23:59:59", True),
        ("valid_until", "253402300799", True),
        ("valid_until", 2**63 - 1, True),
        ("valid_until", 2.0**63, True),
        ("valid_until", "-infinity", False),
        ("valid_from", "-infinity", True),
        ("valid_from", "always", True),
        ("valid_from", "0001-01-01T00:00:00", True),
        ("valid_from", "infinity", False),
        ("valid_from", "never", False),
        ("valid_from", "9999-12-31", False),
    ],
)
def test_what_stands_for_no_end_stands_for_no_beginning_only_where_it_says_so(
    role: str, value: object, is_open: bool
) -> None:
    times = resolve_timestamps({role: value})
    assert (role not in times.intervals and times.problem_with(role) is None) == is_open


@given(st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1)), st.integers(-14 * 4, 14 * 4))  # noqa: DTZ001
def test_every_form_of_one_instant_means_that_instant(local: datetime, quarters: int) -> None:
    zone = timezone(timedelta(minutes=15 * quarters))
    at = local.replace(microsecond=0, tzinfo=zone)
    minutes = abs(15 * quarters)
    offset = f"{'-' if quarters < 0 else '+'}{minutes // 60:02}{minutes % 60:02}"
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    month, weekday, clock = names[at.month - 1], days[at.weekday()], f"{at.hour:02}:{at.minute:02}:{at.second:02}"
    for text in (
        f"{weekday}, {at.day:02} {month} {at.year} {clock} {offset}",
        f"{weekday} {month} {at.day:02} {at.year} {clock} GMT{offset}",
        f"{weekday} {month} {at.day:02} {clock} {offset} {at.year}",
        f"{at.day:02}/{month}/{at.year}:{clock} {offset}",
        f"{at.year}/{at.month}/{at.day} {clock} {offset}",
        f"{at.year}-{month}-{at.day:02} {clock}{offset}",
        f"{at.year}年{at.month}月{at.day}日 {clock} {offset}",
    ):
        assert read_time(text).earliest == read_time(text).latest == at, text


ALPHABETS = ("0123456789", "1:", "1 ", "a ", "Mar ", "1.", "1/", "-+01:", "(a)", "é ", "月1", "٣", string.printable)


@pytest.mark.parametrize("alphabet", ALPHABETS, ids=ascii)
def test_reading_costs_no_more_than_its_length(alphabet: str) -> None:
    """Texts are read up to a length; up to any length that a policy allows, what they cost grows with it."""
    chance = random.Random(7)

    def read(size: int) -> None:
        for _ in range(20):
            text = "".join(chance.choice(alphabet) for _ in range(size))
            for value in (text, f"2026-03-03 {text}", f"3 Mar 2026 08:30 ({text})"):
                read_values(value, "valid_until", zone=UTC, max_chars=10**6)

    assert not is_growing_too_fast(lambda: read(1_000), lambda: read(1_000 * GROWTH))
