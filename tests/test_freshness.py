"""What the freshness rules say of a document: at the very instant where it changes, and in which words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest

from headgate.decision import Finding
from headgate.freshness import (
    Candidate,
    Timestamps,
    as_release,
    find_superseded,
    find_time_like,
    fragment_of,
    identify_document,
    judge_freshness,
    quiet_window,
    read_time,
    resolve_timestamps,
)
from headgate.freshness.catalogue import lookup
from headgate.policy import Freshness, MetadataKeys

UTC = timezone.utc
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


def judged(metadata: dict[str, object], at: datetime = NOW, **rule: Any) -> tuple[Finding, ...]:
    return judge_freshness(resolve_timestamps(metadata), Freshness.model_validate(rule), at).findings


def codes(metadata: dict[str, object], at: datetime = NOW, **rule: Any) -> list[str]:
    return [finding.code for finding in judged(metadata, at, **rule)]


AGES = [
    (
        {"updated": "2026-03-01T12:00:00Z"},
        {},
        "It was modified 92d ago; the limit is 10d.",
    ),
    (
        {"updated": "2026-05-22"},
        {},
        "It was modified up to 11d ago; the limit is 10d. "
        "The day alone leaves that open: add a time and a zone, or set metadata.timezone.",
    ),
    (
        {"updated": "2026-05-22"},
        {"timezone": "UTC"},
        "It was modified up to 10d ago; the limit is 10d. The day alone leaves that open: add a time.",
    ),
    (
        {"created": "2026-05-22T06:00:00"},
        {},
        "It was created up to 10d ago; the limit is 10d. "
        "The time alone leaves that open: add a zone, or set metadata.timezone.",
    ),
    (
        {"published": "2026-05"},
        {},
        "It was published up to 32d ago; the limit is 10d. "
        "The month alone leaves that open: add a time and a zone, or set metadata.timezone.",
    ),
]


@pytest.mark.parametrize(("metadata", "keys", "message"), AGES, ids=[message[-40:] for _, _, message in AGES])
def test_an_age_that_is_too_high_says_what_is_known_and_what_would_help(
    metadata: dict[str, object], keys: dict[str, str], message: str
) -> None:
    times = resolve_timestamps(metadata, keys=MetadataKeys.model_validate(keys))
    (finding,) = judge_freshness(times, Freshness.model_validate({"max_age": "10d"}), NOW).findings
    assert (finding.code, finding.severity, finding.message) == ("F202", "error", message)
    assert finding.detail["max_age"] == "10d"


def test_an_age_counts_from_its_limit_on() -> None:
    limits: dict[str, Any] = {"max_age": "10d", "warn_after": "5d"}
    for age, expected in [(10 * DAY + TICK, ["F202"]), (10 * DAY, ["F209"]), (5 * DAY + TICK, ["F209"]), (5 * DAY, [])]:
        assert codes({"updated": NOW - age}, **limits) == expected
    (due,) = judged({"updated": NOW - 7 * DAY}, **limits)
    assert (due.severity, due.message) == ("warning", "It was modified 7d ago; review is due after 5d.")
    assert due.detail["age_seconds"] == 7 * 86_400
    assert codes({"updated": NOW - 99 * DAY}) == []


def test_a_day_is_too_old_for_certain_once_all_of_it_is() -> None:
    times = resolve_timestamps({"updated": "2026-05-22"}, keys=MetadataKeys.model_validate({"timezone": "UTC"}))
    over = datetime(2026, 6, 2, tzinfo=UTC)
    for now, is_open in [(over, True), (over + TICK, False)]:
        (finding,) = judge_freshness(times, Freshness.model_validate({"max_age": "10d"}), now).findings
        assert ("It was modified up to 11d ago" in finding.message) == is_open


def test_the_future_begins_after_the_skew() -> None:
    skew = timedelta(minutes=5)
    assert codes({"updated": NOW + skew}) == []
    (ahead,) = judged({"updated": NOW + skew + timedelta(seconds=1)})
    assert (ahead.code, ahead.message) == ("F204", "It claims to be modified 5m 1s in the future.")
    late = judge_freshness(resolve_timestamps({"updated": NOW + DAY}), Freshness(), NOW)
    assert (late.modified, late.age) == (NOW + DAY, None)
    soon = judge_freshness(resolve_timestamps({"updated": NOW + skew}), Freshness(), NOW)
    assert (soon.modified, soon.age) == (NOW + skew, timedelta(0))
    past = judge_freshness(resolve_timestamps({"updated": NOW - DAY}), Freshness(), NOW)
    assert (past.modified, past.age) == (NOW - DAY, DAY)


def test_a_validity_ends_at_its_instant_and_begins_at_its_instant() -> None:
    assert codes({"expires": NOW}) == ["F201"]
    assert codes({"expires": NOW + TICK}) == []
    assert codes({"valid_from": NOW}) == []
    assert codes({"valid_from": NOW + TICK}) == ["F206"]
    hint = " in some time zones; add a zone to say where"
    table = [
        ("expires", "2026-06-01T12:00:00Z", "It was valid until 2026-06-01T12:00:00Z."),
        ("expires", "2026-06-02T00:00:00", f"It was valid until 2026-06-01T10:00:00Z{hint}."),
        ("expires", "2026-06-01T00:00:00", "It was valid until 2026-05-31T10:00:00Z."),
        ("valid_from", "2026-06-01T12:00:00", f"It is valid from 2026-06-02T00:00:00Z{hint}."),
        ("valid_from", "2026-06-02T02:00:00", f"It is valid from 2026-06-02T14:00:00Z{hint}."),
        ("valid_from", "2026-06-02T02:00:01", "It is valid from 2026-06-02T14:00:01Z."),
    ]
    for key, value, message in table:
        assert [finding.message for finding in judged({key: value})] == [message]


def test_a_named_day_begins_where_it_begins_last_and_ends_where_it_ends_first() -> None:
    assert codes({"valid_from": "2026-06-01"}) == []
    assert codes({"valid_from": "2026-06-01"}, NOW - TICK) == ["F206"]
    assert codes({"expires": "2026-06-01"}, NOW - timedelta(hours=2)) == ["F201"]
    assert codes({"expires": "2026-06-01"}, NOW - timedelta(hours=2) - TICK) == []


@pytest.mark.parametrize(
    ("missing", "expected"), [("drop", [("F203", "error")]), ("warn", [("F203", "warning")]), ("admit", [])]
)
def test_a_missing_time_counts_where_an_age_is_limited(missing: str, expected: list[tuple[str, str]]) -> None:
    found = judged({}, max_age="1d", missing=missing)
    assert [(finding.code, finding.severity) for finding in found] == expected
    assert judged({}, missing=missing) == ()
    if found:
        assert found[0].message == "It has no time of modification, publication or creation."
        (unread,) = judged({"updated": "soon"}, max_age="1d", missing=missing)
        assert unread.message.startswith("No usable time ('updated': ")
        times = resolve_timestamps({"updated": "2026-05-01T00:00:00Z"}, evidence="sealed")
        (unsigned,) = judge_freshness(times, Freshness.model_validate({"max_age": "1d"}), NOW).findings
        assert "Nobody signed 'updated', which says that it was modified 2026-05-01T00:00:00Z." in unsigned.message
        assert unsigned.detail == {"unsigned": {"modified": "2026-05-01T00:00:00Z", "key": "updated"}}
        times = resolve_timestamps({"updated": "soon"}, evidence="sealed")
        (neither,) = judge_freshness(times, Freshness.model_validate({"max_age": "1d"}), NOW).findings
        assert (neither.message, neither.detail) == (found[0].message, {})


def test_of_a_name_as_much_is_shown_as_fits_a_message() -> None:
    updated, expires = "updated" + "_" * 100, "expires" + "_" * 100
    (unread,) = judged({expires: "soon"})
    assert unread.message.startswith(f"{expires[:80]!r} cannot be read")
    assert unread.detail["unreadable"] == expires[:80]
    (missing,) = judged({updated: "soon"}, max_age="1d")
    assert str(missing.detail["unreadable"]).startswith(f"{updated[:80]!r}: ")
    times = resolve_timestamps({updated: "2026-05-01"}, evidence="sealed")
    (unsigned,) = judge_freshness(times, Freshness.model_validate({"max_age": "1d"}), NOW).findings
    assert f" {updated[:80]!r}, which says" in unsigned.message
    assert unsigned.detail == {"unsigned": {"modified": "2026-04-30T10:00:00Z", "key": updated[:80]}}


def test_what_cannot_be_read_is_excused_only_where_it_was_looked_at() -> None:
    for rule, severity in [("drop", "error"), ("warn", "warning")]:
        (finding,) = judged({"expires": "soon"}, unreadable=rule)
        assert (finding.code, finding.severity, finding.detail["role"]) == ("F203", severity, "valid_until")
    long = resolve_timestamps({f"k{number}": "x" for number in range(100_000)})
    (unseen,) = judge_freshness(long, Freshness(unreadable="warn"), NOW).findings
    assert (unseen.severity, unseen.detail["role"]) == ("error", "metadata")


def test_a_window_is_quiet_up_to_both_of_its_ends() -> None:
    times = resolve_timestamps({"updated": NOW, "valid_from": NOW + DAY, "expires": NOW + 3 * DAY})
    assert quiet_window(times, Freshness()) == (NOW + DAY, NOW + 3 * DAY - TICK)
    assert quiet_window(times, Freshness(max_age=2 * DAY)) == (NOW + DAY, NOW + 2 * DAY)
    assert quiet_window(times, Freshness(max_age=3 * DAY, warn_after=2 * DAY)) == (NOW + DAY, NOW + 2 * DAY)
    assert quiet_window(times, Freshness(max_age=DAY)) == (NOW + DAY, NOW + DAY)
    assert quiet_window(times, Freshness(max_age=DAY - TICK)) is None
    alone = resolve_timestamps({"updated": NOW})
    window = quiet_window(alone, Freshness(max_age=DAY, future_skew=timedelta(hours=1)))
    assert window == (NOW - timedelta(hours=1), NOW + DAY)
    ends = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert quiet_window(Timestamps(), Freshness()) == ends
    assert quiet_window(Timestamps(), Freshness(max_age=DAY)) is None
    assert quiet_window(Timestamps(), Freshness(max_age=DAY, missing="warn")) is None
    assert quiet_window(Timestamps(), Freshness(max_age=DAY, missing="admit")) == ends
    assert quiet_window(resolve_timestamps({"superseded_by": "b"}), Freshness()) is None
    assert quiet_window(resolve_timestamps({"expires": "soon"}), Freshness()) is None


def version(index: int, *, number: int | None = None, at: str | None = None, **more: Any) -> Candidate:
    modified, release = read_time(at) if at else None, as_release(number)
    return Candidate(index=index, document="d", digest=str(index), version=release, modified=modified, **more)


OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
PAIRS = [  # the older, the newer, and how each is called
    (version(0, number=1, uri="u"), version(1, number=2), "version 1", "version 2"),
    (version(0, number=1, at=NEW), version(1, number=2, at=OLD), "version 1", "version 2"),
    (version(0, at=OLD), version(1, at=NEW), OLD, NEW),
    (version(0, at=OLD), version(1, number=2, at=NEW), OLD, NEW),
    (version(0, number=7, at=OLD, counts=False), version(1, at=NEW), OLD, NEW),
]


@pytest.mark.parametrize(("older", "newer", "was", "now"), PAIRS)
def test_what_is_pushed_out_says_by_what(older: Candidate, newer: Candidate, was: str, now: str) -> None:
    for retrieval in ([older, newer], [newer, older]):
        found = find_superseded(retrieval)
        assert list(found) == [0]
        assert found[0].message.index(was) < found[0].message.index(now)
        assert found[0].detail == {"uri": older.uri, "found": was, "newest": now, "newest_index": 1}


def test_chunks_of_one_version_may_differ_by_the_tolerance() -> None:
    hour = timedelta(hours=1)
    new = Candidate(index=1, document="d", digest="b", modified=read_time(NOW))
    for apart, out in [(hour, []), (hour + TICK, [0])]:
        old = Candidate(index=0, document="d", digest="a", modified=read_time(NOW - apart))
        assert list(find_superseded([old, new])) == out
        assert not find_superseded([Candidate(index=0, document="d", digest="b", modified=old.modified), new])


def test_versions_of_one_number_and_those_without_any_stay() -> None:
    assert not find_superseded([version(0, number=2), version(1, number=2)])
    assert not find_superseded([version(0), version(1, number=2)])
    assert not find_superseded([version(0), version(1)])
    assert not find_superseded([version(0, number=1, applies=False), version(1, number=2)])
    assert not find_superseded([version(0, number=1), version(1, number=2, counts=False)])
    assert not find_superseded([version(0, number=2, at=OLD, counts=False), version(1, number=2, at=NEW)])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/%C3%BC", "https://a.example/ü", True),
        ("https://a.example/x%FFy", "https://a.example/x%FEy", False),
        ("https://a.example/x%FFy", "https://a.example/x\ufffdy", False),
        ("https://a.example/u%CC%88", "https://a.example/%C3%BC", True),
        ("https://a.example/a/", "https://a.example/a", True),
        ("https://a.example/a?b/", "https://a.example/a?b", False),
        ("https://a.example/a#x", "https://a.example/a#y", False),
        ("https://a.example/a#x:~:text=b", "https://a.example/a#x", True),
        ("https://a.example/a#:~:text=b", "https://a.example/a", True),
        ("folder/a#b", "folder/a", False),
    ],
)
def test_what_is_one_document(one: str, other: str, same: bool) -> None:
    assert (identify_document(one) == identify_document(other)) is same


def test_a_fragment_that_is_known_decides() -> None:
    page = "https://a.example/a"
    assert identify_document(f"{page}#x", fragment="f") == f"{page}#f"
    assert identify_document(f"{page}#x", fragment="") == page
    assert identify_document(f"{page}#x") == f"{page}#{fragment_of(f'{page}#x')}"
    assert len(fragment_of(f"{page}#x")) == 16
    assert fragment_of(f"{page}#x", len(page) + 2) == fragment_of(f"{page}#x")
    assert fragment_of(f"{page}#x", len(page) + 1) == ""
    assert identify_document(7) is None


@pytest.mark.parametrize(
    ("metadata", "covered", "kind"),
    [
        ({"meta": {"changed": OLD}}, ["meta"], "covered"),
        ({"meta": {"changed": OLD}}, ["changed"], "metadata"),
        ({"meta": {"changed": OLD}}, ["meta.changed"], "metadata"),
        ({"meta.changed": OLD}, ["meta.changed"], "covered"),
        ({"meta.changed": OLD}, ["meta"], "metadata"),
    ],
)
def test_a_nested_entry_is_covered_if_the_one_that_holds_it_is(
    metadata: dict[str, object], covered: list[str], kind: str
) -> None:
    keys = MetadataKeys.model_validate({"modified": "meta.changed"})
    times = resolve_timestamps(metadata, keys=keys, covered=covered)
    assert times.modified == datetime(2026, 1, 1, tzinfo=UTC)
    assert times.evidence["modified"].kind == kind


def test_an_entry_is_looked_up_by_its_name_before_its_path() -> None:
    nested: dict[str, object] = {"a": {"b": 1}}
    assert lookup(nested, "a.b") == 1
    assert lookup({**nested, "a.b": 2}, "a.b") == 2
    assert lookup(nested, "a") == {"b": 1}
    assert lookup(nested, "a.c") is lookup(nested, "c") is lookup({"a": 1}, "a.b") is None


def test_by_default_a_uri_may_have_2048_characters() -> None:
    page = "https://a.example/".ljust(2_048, "a")
    assert identify_document(page) == page
    assert identify_document(f"{page}a") is None
    fragment = "https://a.example/#".ljust(2_048, "a")
    assert fragment_of(fragment)
    assert fragment_of(f"{fragment}a") == ""


class Somewhere(tzinfo):
    """A zone that does not say how far it is from UTC."""

    def utcoffset(self, _: datetime | None) -> None:
        return None

    dst = tzname = utcoffset


def test_a_zone_without_an_offset_is_not_known() -> None:
    found = read_time(datetime(2026, 3, 4, 12, tzinfo=Somewhere()))
    assert not found.has_zone
    assert found.latest - found.earliest == timedelta(hours=26)


def test_a_weaker_key_does_not_stand_in_for_one_that_cannot_be_read() -> None:
    metadata: dict[str, object] = {"updated": "?", "mtime": "2026-01-01T00:00:00Z"}
    for keys in (None, MetadataKeys.model_validate({"source": "at"})):
        times = resolve_timestamps(metadata, keys=keys)
        assert times.modified is None
        assert times.evidence["modified"].key == "updated"
    assert find_time_like({"t": "2026-05-01"}) == ("t",)
