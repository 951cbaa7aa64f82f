"""Durations: in the short forms, in words and in ISO 8601; whatever is none is refused with an example."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Policy, PolicyError
from headgate.policy import format_duration, parse_duration

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90d", 90 * DAY),
        ("1d12h", 1.5 * DAY),
        ("1d 12h", 1.5 * DAY),
        ("300ms", timedelta(milliseconds=300)),
        ("90 days", 90 * DAY),
        ("1 day", DAY),
        ("2 Weeks", 14 * DAY),
        ("1 week and 2 days", 9 * DAY),
        ("1 week, 2 days", 9 * DAY),
        ("1.5 hours", timedelta(minutes=90)),
        ("1y", 365 * DAY),
        ("3 months", 90 * DAY),
        ("3mo", 90 * DAY),
        ("15 min", timedelta(minutes=15)),
        ("P30D", 30 * DAY),
        ("P1M", 30 * DAY),
        ("P1Y2M3DT4H5M6S", 428 * DAY + timedelta(hours=4, minutes=5, seconds=6)),
        ("PT36H", 1.5 * DAY),
        ("PT0,5H", timedelta(minutes=30)),
        ("P2W", 14 * DAY),
    ],
)
def test_a_duration_is_read_as_it_is_meant(text: str, meant: timedelta) -> None:
    assert parse_duration(text) == meant


ODD_ISO = ["P", "PT", "P1", "T1H", "P-1D", "P1H", "PT1D", "P" + "1D" * 50]
ODD_WORDS = ["", "90", "d", "-1d", "1 fortnight", "1d.", "1dd", "d1", "1 d and", "and 1d", "1e3d", "\u0661d"]


@pytest.mark.parametrize("text", [*ODD_ISO, *ODD_WORDS, "1d" * 9, "1" * 10 + "d", "9" * 9 + "y", None, 90, True])
def test_what_is_none_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match=r"Write 90d, 36h"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3M", "minutes or months"),
        ("1d 3M", "minutes or months"),
        ("2 business days", "calendar of holidays"),
        ("5 working days", "calendar of holidays"),
    ],
)
def test_what_has_two_meanings_or_needs_a_calendar_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_duration(text)


def test_a_policy_says_where_the_duration_stands() -> None:
    with pytest.raises(PolicyError, match=r"default\.freshness\.max_age.*'soon' is not a duration"):
        Policy.from_mapping({"default": {"freshness": {"max_age": "soon"}}})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (timedelta(0), "0s"),
        (timedelta(milliseconds=999), "0s"),
        (timedelta(seconds=59), "59s"),
        (timedelta(seconds=60), "1m"),
        (timedelta(seconds=-90), "-1m 30s"),
        (timedelta(hours=1, minutes=2, seconds=3), "1h 2m"),
        (timedelta(hours=25, seconds=3), "1d 1h"),
        (timedelta(days=1, seconds=3), "1d 3s"),
        (10 * DAY - timedelta(seconds=1), "9d 23h"),
        (10 * DAY, "10d"),
        (412.9 * DAY, "412d"),
        (-412.9 * DAY, "-412d"),
    ],
)
def test_a_duration_is_shown_in_its_two_largest_units(value: timedelta, shown: str) -> None:
    assert format_duration(value) == shown


def test_a_duration_is_not_negative_and_no_more_than_a_thousand_years() -> None:
    assert parse_duration(timedelta(0)) == timedelta(0)
    assert parse_duration(timedelta(days=400_000)) == timedelta(days=400_000)
    assert parse_duration("366000d") == 366_000 * DAY
    for value, words in ((timedelta(seconds=-1), "is negative"), ("366001d", "more than a thousand years")):
        with pytest.raises(ValueError, match=words):
            parse_duration(value)
    assert parse_duration("1d" + " " * 98) == DAY
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration("1d" + " " * 99)


@given(st.integers(0, 30_000), st.integers(0, 86_399))
def test_what_is_shown_is_read_again_to_its_two_largest_units(days: int, seconds: int) -> None:
    value = timedelta(days=days, seconds=seconds)
    again = parse_duration(format_duration(value))
    assert value - DAY < again <= value


@given(st.text(st.sampled_from("0123456789.,dhmswyPTDHMSWYao "), max_size=120))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert parse_duration(text) >= timedelta(0)
