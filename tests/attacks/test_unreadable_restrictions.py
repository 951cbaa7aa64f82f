"""A restriction that is there keeps the document out, however it is written, and also if nobody can read it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from headgate import Chunk, Gate
from headgate.decision import Decision
from headgate.testing import HOSTILE_METADATA, FixedClock

NOW = FixedClock().now
PAGE = "https://wiki.example/leave"
PAST = datetime(2020, 12, 31, 23, 59, 59, tzinfo=timezone.utc)


FIRST, LAST = (datetime(*parts) for parts in ((1, 1, 1), (9999, 12, 31, 23, 59, 59, 999999)))  # noqa: DTZ001


def judge(metadata: Mapping[str, object], *, keys: dict[str, Any] | None = None, **freshness: Any) -> Decision:
    source = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "none"}}
    gate = Gate({"sources": [{**source, "freshness": freshness}], "metadata": keys or {}}, clock=lambda: NOW)
    return gate.admit([Chunk("text", {"source": PAGE, **metadata})]).decisions[0]


ENDED = [
    "25/05/31",
    "25-05-31",
    "26.05.31",
    "25-May-31",
    "2026-06-01 20:30 CST",
    "2020-12-31T23:59:59",
    "2020-12-31 23:59",
    "2020-12-31T23:59:59.123456789Z",
    "2020/12/31",
    "2020.12.31",
    "31.03.2020 10:00",
    "31/12/20",
    "03/04/2020",
    "12/01/2025",
    "03-04-2020 10:00 PM",
    "Thu, 31 Dec 2020 23:59:59 +0000 (UTC)",
    "Thu, 31 Dec 2020 23:59:59 +0100 (CET)",
    "Thursday, 31-Dec-20 23:59:59 GMT",
    "Thu Dec 31 23:59:59 2020",
    "December 31, 2020",
    "2020",
    "2020-12",
    "20201231",
    "2020123123",
    "202012312359",
    "20201231235959",
    "20201231235959123",
    20201231,
    2020010112,
    20201231235959,
    20201231235959.0,
    1_609_459_199,
    1_609_459_199_000,
    1_609_459_199_000_000,
    1_609_459_199_000_000_000,
    "1609459199000000000",
    "1609459199.25",
    Decimal(1_609_459_199),
    PAST,
    PAST.replace(tzinfo=None),
    date(2020, 12, 31),
    PAST.timetuple(),
    0,
    -1,
    "0",
    "-1",
    ["2020-12-31T23:59:59Z"],
    ["2999-01-01", "2020-12-31"],
    ("2999-01-01", ["2020-12-31"]),
    {"date": "2020-12-31"},
    {"start": "2019-01-01", "end": "2020-01-01"},
    "2020-12-31T23:59:59+14:00",
    "0001-01-04",
]


@pytest.mark.parametrize("value", ENDED, ids=repr)
def test_what_has_ended_stays_out_however_its_end_is_written(value: object) -> None:
    decision = judge({"valid_until": value})
    assert "F201" in decision.codes
    assert not decision.admitted


NOT_UNDERSTOOD = [
    "end of 2020",
    "soon",
    "next week",
    "never".ljust(33),
    "none".ljust(33),
    "31/31/2020",
    "2020-02-30",
    "20200230120000",
    "32 December 2020",
    "2020-12-31T25:00:00Z",
    "2026-05-31T10:10:60Z",
    "7",
    7,
    3.5,
    -5,
    True,
    float("inf"),
    -float("inf"),
    b"2020-12-31",
    1j,
    ["2999-01-01", "soon"],
    ["2999-01-01"] * 17,
    [[]] * 10_000,
    [[[[["2999-01-01"]]]]],
    {"date": "2999-01-01", "timezone": "UTC"},
    "x" * 100_000,
    "9" * 400,
    10**400,
    Decimal("1E+1000000"),
]


@pytest.mark.parametrize("role", ["valid_until", "valid_from", "expires", "Not-Before"])
@pytest.mark.parametrize("value", NOT_UNDERSTOOD, ids=lambda value: ascii(value)[:30])
def test_a_limit_that_nobody_can_read_keeps_the_document_out(role: str, value: object) -> None:
    if value == float("inf") and role in ("valid_until", "expires"):
        pytest.skip("an end at infinity is not an end")
    decision = judge({role: value})
    assert "F203" in decision.codes
    assert not decision.admitted
    assert role in next(one.message for one in decision.findings if one.code == "F203")
    # A part that can be read counts beside one that cannot.
    assert judge({role: value}, unreadable="warn").admitted == (decision.codes == ("F203",))


@pytest.mark.parametrize(
    "role", ["valid_until", "valid_from", "last_modified", "version", "superseded_by", "source", "x"]
)
def test_no_value_breaks_the_check(role: str) -> None:
    for value in (*HOSTILE_METADATA, FIRST, LAST, date.min, date.max, *ENDED, *NOT_UNDERSTOOD):
        for keys in ({}, {"timezone": "Pacific/Kiritimati"}, {"timezone": "Etc/GMT+12", "date_order": "MDY"}):
            assert "G901" not in judge({role: value}, keys=keys, max_age="90d").codes


NONE: list[object] = [
    "",
    " ",
    "-",
    "--",
    "none",
    "none".ljust(32),
    "None",
    "NULL",
    "n/a",
    "N/A",
    "nan",
    "NaN",
    "NaT",
    "<NA>",
    None,
    float("nan"),
    [],
    {},
    Decimal("NaN"),
    [None, ""],
    -(2**63),
]


@pytest.mark.parametrize("value", NONE, ids=repr)
@pytest.mark.parametrize("role", ["valid_until", "valid_from", "superseded_by"])
def test_spellings_of_none_restrict_nothing(role: str, value: object) -> None:
    assert judge({role: value, "modified": NOW}, max_age="90d").codes == ()


@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01",
        FIRST,
        "9999-12-31",
        "9999-12-31T23:59:59Z",
        date.max,
        LAST,
        "infinity",
        "never",
        "forever",
        "never".ljust(32),
        float("inf"),
        253402300799,
    ],
    ids=repr,
)
def test_an_end_that_never_comes_is_no_end(value: object) -> None:
    assert judge({"valid_until": value}).codes == ()


def test_a_start_that_never_comes_is_a_start() -> None:
    assert judge({"valid_from": "9999-12-31"}).codes == ("F206",)
    assert judge({"valid_from": "infinity"}).codes == ("F203",)
    assert judge({"valid_from": "0001-01-01"}).codes == ()


@pytest.mark.parametrize(
    ("successor", "shown"),
    [
        ("https://wiki.example/b", "https://wiki.example/b"),
        (uuid.UUID(int=7), str(uuid.UUID(int=7))),
        (7, "7"),
        (1_234_567, "1234567"),
        (2**63, "9223372036854775808"),
        (2**63 + 1, "9.22337e+18"),
        (2**80, "1.20893e+24"),
        (True, "unnamed"),
        ([7, None, 8.5], "7, 8.5"),
        ({"id": 7}, "7"),
        ({7}, "7"),
        (Decimal("1E+20"), "1e+20"),
        (Decimal("1E+21"), "a value of type Decimal"),
        (1j, "a value of type complex"),
        (type("x" * 81, (), {})(), f"a value of type {'x' * 80}"),
        ([1, 2, 3, 4, 5], "1, 2, 3, 4, 5"),
        ([1, 2, 3, 4, 5, 6], "several documents"),
        (["x"] * 100, "several documents"),
        ([[[7]]], "7"),
        ([[[["x"]]]], "several documents"),
        ([[10**18] * 5] * 5, ", ".join([f"{10**18}"] * 25)[:400]),
    ],
    ids=lambda value: repr(value).partition(" object at ")[0],
)
def test_a_successor_of_any_type_is_one(successor: object, shown: str) -> None:
    decision = judge({"superseded_by": successor})
    assert decision.codes == ("F205",)
    assert decision.findings[0].detail["superseded_by"] == shown


@pytest.mark.parametrize(
    "text",
    [
        "The whole text of the successor.",
        "https://user:secret@wiki.example/b",
        "https://wiki.example/b?X-Amz-Signature=secret",
        "x" * 81,
    ],
)
def test_what_a_successor_says_is_not_recorded(text: str) -> None:
    decision = judge({"superseded_by": text})
    assert decision.codes == ("F205",)
    assert text not in repr(decision)
    assert "secret" not in repr(decision)


@pytest.mark.parametrize("value", ["no", "False", "0", 0, False, 0.0, {"id": None}, [""]], ids=repr)
def test_no_successor_is_none(value: object) -> None:
    assert judge({"superseded_by": value}).admitted


def test_every_key_of_a_restriction_counts_and_the_cautious_one_decides() -> None:
    early, late = "2026-05-01T00:00:00Z", "2030-01-01T00:00:00Z"
    for first, second in [("valid_until", "expires"), ("expires", "valid_until"), ("Expires", "expires")]:
        assert judge({first: late, second: early}).codes == ("F201",)
    for first, second in [("valid_from", "not_before"), ("not_before", "valid_from"), ("Valid-From", "valid_from")]:
        assert judge({first: early, second: late}).codes == ("F206",)
    assert judge({"superseded_by": "none", "replaced_by": "page-2"}).codes == ("F205",)
    assert judge({"review": late, "expires": early}, keys={"valid_until": "review"}).codes == ("F201",)
    assert judge({"a": {"end": early}}, keys={"valid_until": "a.end"}).codes == ("F201",)


EARLY, LATE = "2020-01-01", "2999-01-01"


@pytest.mark.parametrize(
    ("role", "nested", "beside", "code"),
    [
        ("valid_until", EARLY, LATE, "F201"),
        ("valid_until", LATE, EARLY, "F201"),
        ("valid_until", EARLY, None, "F201"),
        ("valid_until", "?", LATE, "F203"),
        ("valid_from", LATE, EARLY, "F206"),
        ("superseded_by", "page-2", "none", "F205"),
        ("superseded_by", "none", "page-2", "F205"),
        ("modified", EARLY, "2026-05-31", "F202"),
        ("modified", "2026-05-31", EARLY, "F202"),
        ("published", EARLY, "2026-05-31", "F202"),
    ],
)
def test_a_nested_entry_and_one_that_is_spelled_like_its_path_both_count(
    role: str, nested: str, beside: str | None, code: str
) -> None:
    for path in ("doc.end", "doc.meta.end"):
        entry: object = nested
        for step in reversed(path.split(".")[1:]):
            entry = {step: entry}
        for metadata in ({"doc": entry, path: beside}, {path: beside, "doc": entry}):
            assert judge(metadata, keys={role: [path]}, max_age="90d", missing="admit").codes == (code,)


@pytest.mark.parametrize("entry", [{"valid_until": "2020-01-01"}, {"superseded_by": "b"}, {"VALID_FROM": "2999"}])
def test_a_restriction_does_not_hide_behind_other_keys(entry: dict[str, object]) -> None:
    assert not judge({**{f"field_{n}": "x" for n in range(9_000)}, **entry}).admitted
    assert not judge({**{f"field_{n}": "x" for n in range(30_000)}, **entry}).admitted


def test_more_entries_than_are_looked_at_are_never_excused() -> None:
    many: dict[str, object] = {f"field_{n}": "x" for n in range(10_001)}
    assert judge(many, unreadable="warn").codes == ("F203",)
    assert not judge(many, unreadable="warn").admitted
    del many["field_0"], many["field_1"]
    assert judge(many).admitted  # with `source` exactly as many as are looked at


@pytest.mark.parametrize("value", ["?", "03/04/2026", ["2026-05-31T00:00:00Z", "?"]], ids=repr)
@pytest.mark.parametrize("weaker", ["date", "when"])
def test_an_unreadable_statement_is_not_replaced_by_a_weaker_one(value: object, weaker: str) -> None:
    fresh = "2026-05-31T00:00:00Z"
    decision = judge({"last_modified": value, weaker: fresh}, max_age="90d")
    assert decision.codes == ("F203",)
    assert not decision.admitted
    assert judge({"last_modified": "", weaker: fresh}, max_age="90d").admitted
    assert judge({weaker: fresh}, max_age="90d").admitted
    assert judge({"last_modified": value, "updated": fresh}, max_age="90d").admitted
    assert judge({"last_modified": value, weaker: fresh}, keys={"modified": weaker}, max_age="90d").admitted


def test_a_documents_own_statement_comes_before_its_files() -> None:
    old, fresh = "2019-04-03T10:00:00", NOW - timedelta(days=1)
    assert judge({"mtime": fresh.isoformat(), "last_modified": old}, max_age="90d").codes == ("F202",)
    # What `stat` tells is a float; some loaders write it under the name of the document's own statement.
    assert judge({"last_modified": fresh.timestamp(), "updated": old}, max_age="90d").codes == ("F202",)
    assert judge({"last_modified": fresh.timestamp(), "date": old}, max_age="90d").admitted


def test_for_ages_the_keys_of_the_policy_replace_the_catalogue() -> None:
    fresh = {"last_modified": "2026-05-31T00:00:00Z"}
    assert judge({**fresh, "stand": "2019-01-01"}, keys={"modified": "stand"}, max_age="90d").codes == ("F202",)
    assert judge(fresh, keys={"modified": "stand"}, max_age="90d").codes == ("F203",)
    assert judge({**fresh, "stand": "?"}, keys={"modified": "stand"}, max_age="90d").codes == ("F203",)
    assert judge({**fresh, "made": "2019-01-01"}, keys={"created": "made"}, max_age="90d").admitted


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("valid_from", "2026-10-25T02:30:00", "F206"),
        ("valid_from", "2026-10-25T00:10:00", None),
        ("valid_until", "2026-10-25T02:30:00", "F201"),
        ("valid_until", "2026-10-25T02:50:00", None),
    ],
)
def test_an_hour_that_comes_twice_is_both(key: str, value: str, code: str | None) -> None:
    gate = Gate({"default": {"provenance": {"require": "none"}}, "metadata": {"timezone": "Europe/Berlin"}})
    at = datetime(2026, 10, 25, 0, 45, tzinfo=timezone.utc)
    decision = gate.judge([Chunk("text", {"source": PAGE, key: value})], now=at).decisions[0]
    assert decision.codes == ((code,) if code else ())


@pytest.mark.parametrize("note", ["withdrawn 2024-01-01", "until 2025", "withdrawn", "was 2024", "é", "CET 2"])
def test_a_note_behind_a_date_is_not_passed_over(note: str) -> None:
    for role in ("valid_until", "superseded_by"):
        assert not judge({role: f"2999-01-01 ({note})"}).admitted
    assert not judge({"valid_from": f"2020-01-01 ({note})"}).admitted
    for zone in ("CET", "Central European Summer Time"):
        assert judge({"valid_until": f"2999-01-01 10:00 +0100 ({zone})"}).admitted


@pytest.mark.parametrize(
    "key",
    [
        *("valid_till", "expire_date", "expire_at", "expirationDateTime", "valid_to_date", "not_valid_after"),
        *("dcterms:valid_until", "schema:expires", "article:expiration_time", "#valid_until", "valid/until"),
        *(
            "valid\u200b_until",
            "\ufeffexpires",
            "exp\u00adires",
            "\uff36\uff21\uff2c\uff29\uff24_UNTIL",
            "expires\u3164",
        ),
        *("valid_until" + "_" * 200, "valid_until" + "\u2060" * 200, "expire\u017f"),
        "expires".ljust(1_024, "_"),
    ],
    ids=ascii,
)
def test_a_restriction_counts_however_its_key_is_dressed(key: str) -> None:
    assert judge({key: "2020-01-01"}).codes == ("F201",)
    assert judge({key: "2999-01-01"}).admitted


@pytest.mark.parametrize(
    "key", ["dcterms:isReplacedBy", "dc:isReplacedBy", "replaced-by-url", "superseded\u200dBy"], ids=ascii
)
def test_a_successor_counts_however_its_key_is_dressed(key: str) -> None:
    assert judge({key: "page-2"}).codes == ("F205",)


def test_equal_values_that_mean_two_things_are_not_remembered_as_one() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    ends = [datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1)]
    between = datetime(2026, 10, 25, 1, 0, tzinfo=timezone.utc)
    for first, second in (ends, reversed(ends)):
        for wrap in (lambda end: end, lambda end: (end,)):
            gate = Gate(
                {"sources": [{"id": "w", "match": "https://wiki.example/**", "provenance": {"require": "none"}}]},
                clock=lambda: between,
            )
            chunks = [Chunk("text", {"source": PAGE, "valid_until": wrap(end)}) for end in (first, second)]
            decisions = [gate.admit([chunk]).decisions[0].admitted for chunk in chunks]
            assert decisions == [bool(end.fold) for end in (first, second)]
