"""What is read as a time, and what is not."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from headgate import Gate
from headgate.freshness import Unreadable, read_time, resolve_timestamps
from headgate.policy import MetadataKeys
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
        ({"mtime": EXACT[11]}, "modified"),
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


def test_signed_times_beat_metadata_and_the_policys_keys_beat_the_catalogue() -> None:
    metadata = {"last_modified": "2020-01-01T00:00:00Z", "stand": EXACT[0]}
    assert resolve_timestamps(metadata, keys=MetadataKeys(modified=("stand",))).modified == NOON
    assert resolve_timestamps(metadata, signed={"modified": NOON}).modified == NOON
    assert resolve_timestamps(metadata, signed={"modified": NOON}).evidence["modified"].kind == "seal"


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
