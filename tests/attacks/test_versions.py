"""Of several versions one is current, and it stays; sections, spellings and chunks are told apart."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from doors import DOORS, ids_through
from headgate import Chunk, Gate, Policy
from headgate.freshness import fragment_of, identify_document
from headgate.record import log_record
from headgate.replay import Redecider
from headgate.testing import FixedClock, Publisher

CLOCK = FixedClock()
NOW = CLOCK.now
SITE = "https://docs.example"
PAGE = f"{SITE}/a"
DOCS = Publisher("docs", f"{SITE}/**", CLOCK)
DAY = timedelta(days=1)
SKEW = timedelta(minutes=5)
TICK = timedelta(seconds=1)


def days(count: float) -> datetime:
    return NOW - timedelta(days=count)


def admitted(*chunks: Chunk, as_of: datetime | None = None, **freshness: Any) -> list[bool]:
    gate = Gate({"sources": [DOCS.source(freshness=freshness)]}, clock=CLOCK)
    return [one.admitted for one in gate.judge(chunks, as_of=as_of).decisions]


def seal(text: str, page: str = PAGE, **claims: Any) -> Chunk:
    claims.setdefault("modified", None)
    return DOCS.seal(text, page, **claims)


def test_a_cycle_of_versions_and_times_leaves_the_highest_version() -> None:
    circle = [
        seal("a", modified=days(30), version=2),
        seal("b", modified=days(10), version=1),
        seal("c", modified=days(20)),
    ]
    assert admitted(*circle)[:2] == [True, False]
    assert admitted(*reversed(circle))[1:] == [False, True]


def test_a_chunk_without_a_version_is_compared_by_time_with_the_current_version() -> None:
    current = [seal("a", modified=days(30), version=2), seal("b", modified=days(20), version=2)]
    assert admitted(*current, seal("c", modified=days(25)), seal("d", modified=days(31))) == [True, True, True, False]
    assert admitted(*current, seal("e", modified=days(40)), seal("f")) == [True, True, False, True]


def test_chunks_of_one_version_never_compete() -> None:
    hour = timedelta(hours=1)
    within = [seal(f"c{n}", modified=NOW - n * hour / 4) for n in range(5)]
    assert admitted(*within) == [True] * 5
    assert admitted(seal("a", modified=NOW), seal("b", modified=NOW - hour - timedelta(seconds=1))) == [True, False]
    assert admitted(*within, supersede_tolerance="1m") == [True, False, False, False, False]
    assert admitted(seal("a", modified=NOW, version=1), seal("b", modified=days(90), version=1)) == [True, True]
    assert admitted(seal("a"), seal("b"), seal("c", modified=NOW)) == [True, True, True]


def test_a_chunk_that_is_unchanged_in_the_current_version_is_current() -> None:
    old = [seal("unchanged", modified=days(90), version=1), seal("25 days", modified=days(90), version=1)]
    new = [seal("unchanged", modified=NOW, version=2), seal("30 days", modified=NOW, version=2)]
    assert admitted(*old, *new) == [True, False, True, True]
    undated = [
        seal("unchanged", modified=days(90)),
        seal("25 days", modified=days(90)),
        seal("unchanged", modified=NOW),
    ]
    assert admitted(*undated) == [True, False, True]


def test_sections_and_hash_routes_are_documents_of_their_own() -> None:
    for first, second in [("#1", "#2"), ("/#/guide", "/#/faq"), ("", "#part"), ("#a%20b", "#a")]:
        chunks = seal("one", f"{PAGE}{first}", modified=NOW), seal("two", f"{PAGE}{second}", modified=days(9))
        assert admitted(*chunks) == [True, True]
    for first, second in [("#1", "#1"), ("#", ""), ("#:~:text=leave", ""), ("#é", "#%C3%A9"), ("#s:~:text=x", "#s")]:
        chunks = seal("one", f"{PAGE}{first}", modified=NOW), seal("two", f"{PAGE}{second}", modified=days(9))
        assert admitted(*chunks) == [True, False]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("über", "%C3%BCber"),
        ("über", "u\u0308ber"),
        ("%C3%BCber", "u%CC%88ber"),
        ("leave", "leave/"),
        ("leave?x=é", "leave?x=%C3%A9"),
        ("leave/?x=1", "leave?x=1"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
    ],
)
def test_spellings_of_one_address_are_one_document(first: str, second: str) -> None:
    assert identify_document(f"{SITE}/{first}") == identify_document(f"{SITE}/{second}")
    old, new = seal("old", f"{SITE}/{first}", modified=days(9)), seal("new", f"{SITE}/{second}", modified=NOW)
    assert admitted(old, new) == [False, True]
    assert admitted(new, old) == [True, False]


@pytest.mark.parametrize(
    ("first", "second"),
    [("a%2Fb", "a/b"), ("a", "b"), ("a?x=1", "a?x=2"), ("%FF", "%FE"), ("a%C3", "a%C4"), ("A", "a")],
)
def test_other_addresses_are_other_documents(first: str, second: str) -> None:
    assert identify_document(f"{SITE}/{first}") != identify_document(f"{SITE}/{second}")


def test_what_names_no_document_has_no_identity() -> None:
    for value in (None, 7, "", "https://user@docs.example/", "x" * 5_000, ["https://docs.example/a"]):
        assert identify_document(value) is None
        assert fragment_of(value) == ""
    assert identify_document(f"{SITE}/") == f"{SITE}/"
    assert identify_document("folder/a#1.md") == identify_document("file:folder/a%231.md")
    assert fragment_of("folder/a#1.md") == ""
    assert "token" not in str(identify_document(f"{PAGE}#access_token=secret"))


@pytest.mark.parametrize("versions", [(3.0, 4.0), ("3", "4"), (3, 4.0)], ids=repr)
def test_a_version_that_a_store_made_a_float_is_one(versions: tuple[object, object]) -> None:
    rule = {"id": "s", "match": f"{SITE}/**", "provenance": {"require": "none"}, "freshness": {"supersede": True}}
    gate = Gate({"sources": [rule]}, clock=CLOCK)
    chunks = [Chunk(f"{version}", {"source": PAGE, "version": version}) for version in versions]
    assert [one.admitted for one in gate.judge(chunks).decisions] == [False, True]
    for odd in (True, -1, 1.5, float("nan"), float("inf"), "1.5a", "x", 2**63, None, object(), []):
        chunks = [Chunk("odd", {"source": PAGE, "version": odd}), Chunk("whole", {"source": PAGE, "version": 2})]
        assert [one.admitted for one in gate.judge(chunks).decisions] == [True, True]


def test_a_version_that_is_not_in_force_yet_pushes_nothing_out() -> None:
    old = seal("old", modified=days(200), version=1)
    for new in (
        seal("new", modified=days(1), version=2),
        seal("new", modified=days(300), version=2, not_before=days(1)),
    ):
        assert admitted(old, new) == [False, True]
        assert admitted(old, new, as_of=days(100)) == [True, False]


def test_what_is_not_proved_pushes_nothing_out() -> None:
    old, new = seal("old", modified=days(200), version=1), seal("new", modified=NOW, version=2)
    forged = Chunk("forged", new.metadata)
    assert admitted(old, forged) == [True, False]
    assert admitted(old, new, forged) == [False, True, False]


def test_the_key_of_one_source_pushes_out_nothing_of_another() -> None:
    other = Publisher("other", f"{PAGE}/", CLOCK)
    gate = Gate({"sources": [DOCS.source(), other.source()]}, clock=CLOCK)
    ours, theirs = seal("ours", PAGE, version=1), other.seal("theirs", f"{PAGE}/", version=9)
    assert [one.admitted for one in gate.judge([ours, theirs]).decisions] == [True, True]


def test_times_of_different_precision_are_superseded_only_if_that_is_certain() -> None:
    rule = {"id": "s", "match": f"{SITE}/**", "provenance": {"require": "none"}, "freshness": {"supersede": True}}
    gate = Gate({"sources": [rule]}, clock=CLOCK)

    def decide(*modified: str) -> list[bool]:
        chunks = [Chunk(f"{n}", {"source": PAGE, "modified": value}) for n, value in enumerate(modified)]
        return [one.admitted for one in gate.judge(chunks).decisions]

    assert decide("2026-05-01", "2026-05-02") == [False, True]
    assert decide("2026-05-01T10:00:00", "2026-05-01T12:00:00") == [False, True]
    assert decide("2026-05-01", "2026-05-01T18:00:00Z") == [True, True]
    assert decide("2026-05-01", "2026-05-03T18:00:00Z") == [False, True]


@pytest.mark.parametrize(
    "added",
    [
        {"url": "https://other.example/page"},
        {"absent": "x"},
        {"headgate": '{"edits":[[0,0,"x"]]}'},
        {"headgate": '{"metadata_edits":{"title":[[0,0,"x"]]}}'},
    ],
    ids=repr,
)
def test_an_entry_that_has_the_current_version_refused_brings_back_none_before(added: dict[str, object]) -> None:
    other = Publisher("other", "https://other.example/**", CLOCK)
    gate = Gate({"sources": [DOCS.source(), other.source()]}, clock=CLOCK)
    metadata: dict[str, object] = {"title": "T"}
    old = DOCS.seal("old", PAGE, metadata, version=1, cover=["title"])
    new = DOCS.seal("new", PAGE, metadata, version=2, cover=["title", "absent"])
    spoiled = new.with_metadata(**added)
    for chunks in ([old, spoiled], [spoiled, old]):
        assert "old" not in [chunk.text for chunk in gate.admit(chunks).chunks]
    with_media = replace(new, media={"image": None})
    assert gate.admit([old, with_media]).chunks == ()
    for name in ("langchain_retriever", "llama_index_retriever", "llama_index_postprocessor"):
        named = [replace(old, id="old"), replace(spoiled, id="new")]
        assert "old" not in ids_through(DOORS[name], gate, named)


@pytest.mark.parametrize(
    ("before", "claims", "is_current"),
    [
        ({"version": 1}, {"version": 2}, True),
        ({"version": 1}, {"version": 2, "modified": NOW + SKEW}, True),
        ({"version": 1}, {"version": 2, "modified": NOW + SKEW + TICK}, False),
        ({"version": 1}, {"version": 2, "not_before": NOW}, True),
        ({"version": 1}, {"version": 2, "not_before": NOW + TICK}, False),
        ({"version": 1}, {"version": 2, "not_before": days(9), "modified": NOW + DAY}, False),
        ({"modified": days(9)}, {"modified": NOW}, True),
        ({"modified": days(9)}, {"modified": NOW + SKEW + TICK}, False),
        ({"modified": days(9)}, {"version": 2}, False),
        ({"modified": days(9)}, {}, False),
        ({"version": 2}, {"version": 1}, False),
    ],
    ids=repr,
)
def test_what_is_refused_pushes_out_the_one_before_only_if_it_would_be_in_force(
    before: dict[str, Any], claims: dict[str, Any], is_current: bool
) -> None:
    old = seal("old", metadata={"title": "T"}, cover=["title"], **before)
    refused = seal("new", metadata={"title": "T"}, cover=["title"], **claims).with_metadata(title="other")
    gate = Gate({"sources": [DOCS.source()]}, clock=CLOCK)
    first, second = gate.judge([old, refused]).decisions
    assert first.codes == (("F205",) if is_current else ())
    assert "P105" in second.codes
    assert "F205" not in second.codes


@pytest.mark.parametrize("dated", [False, True])
def test_a_replay_knows_the_version_that_a_refused_document_proved(dated: bool) -> None:
    policy = Policy.from_mapping({"sources": [DOCS.source()]})
    claims: list[dict[str, Any]] = [{"version": 1}, {"version": 2}] if not dated else [{"modified": days(9)}, {}]
    old = DOCS.seal("old", f"{PAGE}#part", {"title": "T"}, cover=["title"], **claims[0])
    new = DOCS.seal("new", f"{PAGE}#part", {"title": "T"}, cover=["title"], **claims[1])
    for spoiled in (new.with_metadata(title="other"), replace(new, media={"image": None})):
        admission = Gate(policy, clock=CLOCK).admit([old, spoiled])
        record = json.loads(json.dumps(log_record(admission), default=str))
        again = Redecider(policy).redecide(record)
        assert [one.action for one in again] == [one.action for one in admission.decisions] == ["drop", "drop"]
        assert [one.lack for one in again] == [None, None]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("9.0", "10.0"),
        ("v9", "v10"),
        ("2.9.3", "2.10.1"),
        ("2025-07", "2026-01"),
        ("2026-01-02", "2026-01-10"),
        (9, "10"),
        ("9", "v9.1"),
        (9.0, "V10"),
        ("1.2", "1.2.1"),
    ],
)
def test_versions_are_compared_as_they_are_written(older: object, newer: object) -> None:
    gate = Gate({"default": {"provenance": {"require": "none"}, "freshness": {"supersede": True}}}, clock=CLOCK)
    # The older version was touched last: versions decide, and not the time.
    chunks = [
        Chunk("old", {"source": PAGE, "version": older, "last_modified": days(1).isoformat()}),
        Chunk("new", {"source": PAGE, "version": newer, "last_modified": days(90).isoformat()}),
    ]
    admission = gate.admit(chunks)
    assert [one.codes for one in admission.decisions] == [("F205",), ()]
    record = json.loads(json.dumps(log_record(admission)))
    assert [one.action for one in Redecider(gate.policy).redecide(record)] == ["drop", "admit"]


NO_NUMBERS = ["2026-01", "10.0rc1", "final", 2.1, True, "1" * 50, "1..2", "10.0.0.0.0.0.0", "\u0661\u0660"]


@pytest.mark.parametrize("other", NO_NUMBERS)
def test_what_cannot_be_compared_leaves_it_to_the_time(other: object) -> None:
    gate = Gate({"default": {"provenance": {"require": "none"}, "freshness": {"supersede": True}}}, clock=CLOCK)
    chunks = [
        Chunk("old", {"source": PAGE, "version": 10, "last_modified": days(90).isoformat()}),
        Chunk("new", {"source": PAGE, "version": other, "last_modified": days(1).isoformat()}),
    ]
    assert {one.codes for one in gate.admit(chunks).decisions} <= {(), ("F205",)}
    assert any(one.admitted for one in gate.admit(chunks).decisions)


def test_zeros_at_the_end_are_the_same_version() -> None:
    gate = Gate({"default": {"provenance": {"require": "none"}, "freshness": {"supersede": True}}}, clock=CLOCK)
    written = enumerate(("10", "10.0", "v10.0.0", 10.0))
    chunks = [Chunk(f"{number}", {"source": PAGE, "version": version}) for number, version in written]
    assert [one.admitted for one in gate.admit(chunks).decisions] == [True] * 4
