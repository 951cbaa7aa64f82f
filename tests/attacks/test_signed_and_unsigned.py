"""What is signed and what is not never meet in one comparison; what nobody signed may only restrict."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headgate import Chunk, Gate
from headgate.decision import Decision
from headgate.testing import FixedClock, Publisher

CLOCK = FixedClock()
NOW = CLOCK.now
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
PAGE = "https://docs.example/a"
PAST, FUTURE = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
RECENT, OLD = "2026-05-31T00:00:00Z", "2019-01-01T00:00:00Z"


def seal(metadata: dict[str, object] | None = None, cover: list[str] | None = None, **claims: Any) -> Chunk:
    claims.setdefault("modified", None)
    text = claims.pop("text", "text")
    return DOCS.seal(text, PAGE, metadata or {}, cover=cover or [], **claims)


def judge(*chunks: Chunk, **freshness: Any) -> tuple[Decision, ...]:
    return Gate({"sources": [DOCS.source(freshness=freshness)]}, clock=CLOCK).judge(chunks).decisions


def one(chunk: Chunk, **freshness: Any) -> tuple[str, ...]:
    (decision,) = judge(chunk, **freshness)
    return (decision.action, *decision.codes)


@pytest.mark.parametrize("key", ["last_modified", "Last_Modified", "last-modified", "updated", "when"])
def test_an_unsigned_time_grants_nothing(key: str) -> None:
    assert one(seal({key: RECENT}), max_age="90d") == ("drop", "F203")
    assert one(seal({key: RECENT}), max_age="90d", evidence="any") == ("admit",)
    assert one(seal({key: RECENT}, [key]), max_age="90d") == ("admit",)


@pytest.mark.parametrize("key", ["Last_Modified", "LAST-MODIFIED", "last.modified", "lastmod", "updated", "mtime"])
def test_an_uncovered_time_does_not_beat_a_covered_one(key: str) -> None:
    covered = seal({"last_modified": OLD}, ["last_modified"])
    for evidence in ("sealed", "any"):
        assert one(covered.with_metadata(**{key: RECENT}), max_age="90d", evidence=evidence) == ("drop", "F202")
        before = Chunk(covered.text, {key: RECENT, **covered.metadata})
        assert one(before, max_age="90d", evidence=evidence) == ("drop", "F202")


def test_a_covered_time_that_cannot_be_read_is_not_replaced_by_an_uncovered_one() -> None:
    covered = seal({"last_modified": "?"}, ["last_modified"])
    for evidence in ("sealed", "any"):
        assert one(covered.with_metadata(updated=RECENT), max_age="90d", evidence=evidence) == ("drop", "F203")


def test_an_unsigned_end_never_lengthens_and_may_shorten() -> None:
    covered = seal({"expires": PAST}, ["expires"], modified=NOW)
    for key in ("valid_until", "Expires", "valid_to", "expires_at"):
        assert one(covered.with_metadata(**{key: FUTURE})) == ("drop", "F201")
    claimed = seal(modified=NOW, expires=NOW + timedelta(days=300))
    assert one(claimed) == ("admit",)
    for key in ("valid_until", "expires", "Expires"):
        assert one(claimed.with_metadata(**{key: PAST})) == ("drop", "F201")
        assert one(claimed.with_metadata(**{key: "?"})) == ("drop", "F203")
        assert one(seal({key: PAST}, modified=NOW, expires=NOW + timedelta(days=300))) == ("drop", "F201")


def test_an_unsigned_start_never_brings_forward_and_may_put_off() -> None:
    claimed = seal(modified=NOW, not_before=NOW + timedelta(days=3))
    assert one(claimed.with_metadata(valid_from=PAST)) == ("drop", "F206")
    assert one(seal(modified=NOW, not_before=NOW - timedelta(days=3)).with_metadata(valid_from=FUTURE)) == (
        "drop",
        "F206",
    )


def test_a_nested_entry_is_covered_only_with_its_top() -> None:
    policy = {"metadata": {"modified": "dates.changed"}, "sources": [DOCS.source(freshness={"max_age": "90d"})]}
    chunk = seal({"dates": {"changed": RECENT}})
    assert Gate(policy, clock=CLOCK).judge([chunk]).decisions[0].codes == ("F203",)


V1: dict[str, Any] = {"modified": NOW - timedelta(days=200), "text": "25 days"}
V2: dict[str, Any] = {"modified": NOW - timedelta(days=1), "text": "30 days"}


@pytest.mark.parametrize("evidence", ["sealed", "any", None])
@pytest.mark.parametrize("key", ["version", "Version", "revision"])
def test_an_unsigned_version_changes_nothing_beside_signed_times(key: str, evidence: str | None) -> None:
    old, new = seal(**V1).with_metadata(**{key: 2}), seal(**V2).with_metadata(**{key: 1})
    assert [one.admitted for one in judge(old, new, evidence=evidence)] == [False, True]


@pytest.mark.parametrize("evidence", ["sealed", "any", None])
def test_an_unsigned_time_changes_nothing_beside_signed_versions(evidence: str | None) -> None:
    old = seal({"last_modified": RECENT}, version=1, text="25 days")
    new = seal({"last_modified": OLD}, version=2, text="30 days")
    assert [one.admitted for one in judge(old, new, evidence=evidence)] == [False, True]


def test_an_unsigned_time_keeps_no_signed_version_from_counting() -> None:
    old, new = seal(version=1, text="25 days"), seal({"last_modified": FUTURE}, version=2, text="30 days")
    decisions = judge(old, new, evidence="any")
    assert [decision.codes for decision in decisions] == [("F205",), ("F204",)]
    assert decisions[0].findings[0].detail["uri"] == PAGE


def test_what_is_not_signed_pushes_out_nothing_that_is_kept_out_for_another_reason() -> None:
    rule = {"supersede": True, "evidence": "any"}
    old, new = ({"source": PAGE, "last_modified": value} for value in (OLD, RECENT))
    audit = Gate({"mode": "audit", "sources": [DOCS.source(freshness=rule)]}, clock=CLOCK)
    assert [one.codes for one in audit.judge([Chunk("25", old), Chunk("30", new)]).decisions] == [("P101",)] * 2
    wiki = {"id": "wiki", "match": "https://docs.example/**", "provenance": {"require": "none"}, "freshness": rule}
    gate = Gate({"sources": [wiki]}, clock=CLOCK)
    for added, codes in [
        ({"last_modified": FUTURE}, ("F204",)),
        ({"valid_from": FUTURE}, ("F206",)),
    ]:
        decisions = gate.judge([Chunk("25", old), Chunk("30", {**new, **added})]).decisions
        assert [one.codes for one in decisions] == [(), codes]
    ended = gate.judge([Chunk("25", old), Chunk("30", {**new, "valid_until": PAST})]).decisions
    assert [one.codes for one in ended] == [("F205",), ("F201",)]
    warned = Gate({"sources": [{**wiki, "freshness": {**rule, "warn_after": "1h"}}]}, clock=CLOCK)
    decisions = warned.judge([Chunk("25", old), Chunk("30", new)]).decisions
    assert [one.codes for one in decisions] == [("F209", "F205"), ("F209",)]


def test_a_covered_version_is_signed() -> None:
    old, new = seal({"version": 1}, ["version"], **V2), seal({"version": 2}, ["version"], **V1)
    assert [one.admitted for one in judge(old, new)] == [False, True]


@pytest.mark.parametrize(
    "added", [{"valid_until": PAST}, {"valid_from": FUTURE}, {"superseded_by": "x"}, {"expires": "?"}]
)
def test_what_keeps_the_current_version_out_does_not_bring_the_old_one_back(added: dict[str, object]) -> None:
    old, new = seal(**V1), seal(**V2)
    assert [one.admitted for one in judge(old, new.with_metadata(**added))] == [False, False]


def test_a_proved_document_is_not_pushed_out_by_one_that_is_not() -> None:
    rules = DOCS.source(freshness={"supersede": True, "evidence": "any"}, provenance={"require": "declared"})
    gate = Gate({"sources": [rules]}, clock=CLOCK)
    forged = Chunk("forged", {"source": PAGE, "version": 9, "last_modified": NOW.isoformat()})
    for proved in (seal(**V1), seal({"last_modified": OLD, "version": 1}), seal(version=1)):
        assert gate.judge([forged, proved]).decisions[1].admitted


def test_under_any_evidence_unsigned_dates_order_proved_documents_that_have_no_signed_ones() -> None:
    old, new = seal({"version": 1}, text="25 days"), seal({"version": 2}, text="30 days")
    assert [one.admitted for one in judge(old, new, evidence="any", supersede=True)] == [False, True]
    assert [one.admitted for one in judge(old, new, supersede=True)] == [True, True]


def test_an_audit_says_what_unsigned_dates_would_say() -> None:
    (decision,) = judge(seal({"updated": RECENT}), max_age="90d")
    assert "Nobody signed 'updated'" in decision.findings[0].message
    assert decision.findings[0].detail == {"unsigned": {"modified": RECENT, "key": "updated"}}
    gate = Gate({"mode": "audit", "sources": [DOCS.source(freshness={"max_age": "90d"})]}, clock=CLOCK)
    unproved = gate.judge([Chunk("text", {"source": PAGE, "updated": OLD})]).decisions[0]
    assert unproved.codes == ("P101", "F202")
