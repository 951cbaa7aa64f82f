"""`verified_within`: fresh means that somebody who may vouched for it recently, whatever dates a document has."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, Gate, PolicyError, Sealer
from headgate.record.writing import log_record
from headgate.replay import Redecider, recheck_record
from headgate.report import show
from headgate.testing import FixedClock, Publisher
from shelves import WEEK, Shelf, page

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def shelf(tmp_path: Path, clock: FixedClock) -> Shelf:
    shelf = Shelf(tmp_path / "shelf", clock)
    shelf.publish([page("a", "one", last_modified="2019-01-01T00:00:00Z")])
    return shelf


def gate_of(clock: FixedClock, source: dict[str, Any], **policy: Any) -> Gate:
    return Gate({"sources": [source], **policy}, clock=clock)


def codes(gate: Gate, *chunks: Chunk) -> list[str]:
    return [" ".join((one.action, *one.codes)) for one in gate.admit(chunks, query="?").decisions]


def test_a_seal_vouches_at_the_time_of_sealing(handbook: Publisher, clock: FixedClock) -> None:
    old = handbook.seal("text", "https://handbook.example/1", modified=clock.ago(days=3000))
    gate = gate_of(clock, handbook.source(freshness={"verified_within": "24h"}))
    clock.advance(DAY)
    assert codes(gate, old) == ["admit"]
    clock.advance(timedelta(seconds=1))
    assert codes(gate, old) == ["drop F211"]
    again = handbook.seal("text", "https://handbook.example/1", modified=clock.ago(days=3000))
    assert codes(gate, again) == ["admit"]


def test_the_grace_is_a_warning_that_names_who_it_was(handbook: Publisher, clock: FixedClock) -> None:
    sealed = handbook.seal("text", "https://handbook.example/1")
    gate = gate_of(clock, handbook.source(freshness={"verified_within": "24h", "verified_grace": "6h"}))
    clock.advance(DAY + 6 * HOUR)
    (decision,) = gate.admit([sealed]).decisions
    assert (decision.action, decision.codes, decision.findings[0].severity) == ("admit", ("F211",), "warning")
    assert decision.findings[0].message == ("It was last verified 1d 6h ago (sealed by 'handbook'); the limit is 1d.")
    clock.advance(timedelta(microseconds=1))
    assert codes(gate, sealed) == ["drop F211"]


def test_a_manifest_vouches_with_each_timestamp_and_the_seal_beside_it_no_more(shelf: Shelf, clock: FixedClock) -> None:
    gate = gate_of(clock, shelf.source(freshness={"verified_within": "2d"}))
    chunk = page("a", "one", last_modified="2019-01-01T00:00:00Z")
    (decision,) = gate.admit([chunk]).decisions
    assert decision.verified is not None
    assert str(decision.verified) == "current as of 2026-06-01 12:00 UTC (list 1 of 'shelf')"
    clock.advance(3 * DAY)
    assert codes(gate, chunk) == ["drop F211"]
    shelf.renew()
    assert gate.reload()
    assert codes(gate, chunk) == ["admit"]


def test_a_seal_counts_beside_a_manifest_only_where_the_policy_says_so(shelf: Shelf, clock: FixedClock) -> None:
    sealer = Sealer(shelf.key, issuer="shelf", clock=clock)
    clock.advance(3 * DAY)
    sealed = sealer.seal(page("a", "one", last_modified="2019-01-01T00:00:00Z"), subject="https://shelf.example/a")
    rules = {"verified_within": "2d"}
    strict = gate_of(clock, shelf.source(provenance={"require": "sealed"}, freshness=rules))
    both = gate_of(
        clock,
        shelf.source(provenance={"require": "sealed"}, freshness={**rules, "verified_by": ["manifest", "seal"]}),
    )
    assert codes(strict, sealed) == ["drop F211"]
    assert codes(both, sealed) == ["admit"]


def test_what_nobody_signed_verifies_nothing(handbook: Publisher, clock: FixedClock) -> None:
    source = handbook.source(provenance={"require": "sealed", "mode": "warn"}, freshness={"verified_within": "24h"})
    said = {key: clock.now.isoformat() for key in ("verified", "verified_at", "last_modified", "checked", "iat")}
    chunk = Chunk("text", {"source": "https://handbook.example/1", **said})
    # That the proof is only warned of excuses nothing else: nobody has verified it.
    assert codes(gate_of(clock, source), chunk) == ["drop P101 F210"]
    stamped = handbook.seal("text", "https://handbook.example/1")
    clock.advance(2 * DAY)
    unsigned = Chunk("text", {**stamped.metadata, **said})
    assert codes(gate_of(clock, source), unsigned)[0].startswith("drop F211")


def test_that_nobody_has_verified_is_said_beside_an_age_and_not_beside_a_refused_proof(
    handbook: Publisher, clock: FixedClock
) -> None:
    rules = {"verified_within": "24h", "max_age": "30d", "evidence": "any"}
    old = Chunk("text", {"source": "https://handbook.example/1", "last_modified": clock.ago(days=90).isoformat()})
    warned = handbook.source(provenance={"require": "sealed", "mode": "warn"}, freshness=rules)
    assert codes(gate_of(clock, warned), old) == ["drop P101 F210 F202"]
    forged = Chunk("another text", handbook.seal("text", "https://handbook.example/1").metadata)
    assert codes(gate_of(clock, handbook.source(freshness={"verified_within": "24h"})), forged) == ["drop P105"]


def test_a_time_from_the_future_verifies_nothing(handbook: Publisher, clock: FixedClock) -> None:
    ahead = FixedClock(clock.now + 2 * DAY)
    sealed = Sealer(handbook.key, issuer="handbook", clock=ahead).seal(
        Chunk("text"), subject="https://handbook.example/1"
    )
    gate = gate_of(clock, handbook.source(freshness={"verified_within": "24h"}))
    assert "admit" not in codes(gate, sealed)[0]


def test_a_question_about_the_past_is_no_excuse_for_a_frozen_list(handbook: Publisher, clock: FixedClock) -> None:
    sealed = handbook.seal("text", "https://handbook.example/1")
    gate = gate_of(clock, handbook.source(freshness={"verified_within": "24h"}))
    asked = clock.now
    clock.advance(2 * DAY)
    assert gate.admit([sealed], as_of=asked).decisions[0].codes == ("F211",)


def test_audit_mode_only_says_so(handbook: Publisher, clock: FixedClock) -> None:
    sealed = handbook.seal("text", "https://handbook.example/1")
    clock.advance(2 * DAY)
    gate = gate_of(clock, handbook.source(freshness={"verified_within": "24h"}), mode="audit")
    assert codes(gate, sealed) == ["admit F211"]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"provenance": {"require": "declared"}, "freshness": {"verified_within": "1d"}}, "somebody who verifies"),
        ({"freshness": {"verified_by": "seal"}}, "is about verified_within"),
        ({"freshness": {"verified_within": "1d", "verified_by": "manifest"}}, "Add provenance.manifest"),
        ({"freshness": {"verified_within": "1d", "verified_by": "me"}}, "verified_by"),
    ],
)
def test_a_rule_that_nobody_can_meet_is_an_error(rules: dict[str, Any], words: str, handbook: Publisher) -> None:
    with pytest.raises(PolicyError, match=words):
        Gate({"sources": [handbook.source(**rules)]})


def test_a_record_says_who_vouched_and_is_decided_again_alike(shelf: Shelf, clock: FixedClock, tmp_path: Path) -> None:
    source = shelf.source(freshness={"verified_within": "2d"})
    gate = gate_of(clock, source)
    chunk = page("a", "one", last_modified="2019-01-01T00:00:00Z")
    first = gate.admit([chunk])
    clock.advance(3 * DAY)
    second = gate.admit([chunk])
    for admission, action in ((first, "admit"), (second, "drop")):
        record = json.loads(json.dumps(log_record(admission)))
        assert record["decisions"][0]["verified"] == ["2026-06-01T12:00:00+00:00", "manifest", "list 1 of 'shelf'"]
        (again,) = Redecider(gate.policy).redecide(record)
        assert again.action == action
        assert "current as of 2026-06-01 12:00 (list 1 of &#x27;shelf&#x27;)" in show(record)._repr_html_()


def test_a_longer_limit_is_tried_on_a_log(handbook: Publisher, clock: FixedClock) -> None:
    sealed = handbook.seal("text", "https://handbook.example/1")
    clock.advance(2 * DAY)
    gate = gate_of(clock, handbook.source(freshness={"verified_within": "24h"}))
    record = json.loads(json.dumps(log_record(gate.admit([sealed]))))
    longer = gate_of(clock, handbook.source(freshness={"verified_within": "3d"})).policy
    assert [one.action for one in Redecider(longer).redecide(record)] == ["admit"]
    assert [one.action for one in Redecider(gate.policy).redecide(record)] == ["drop"]


def test_rechecking_asks_whether_it_is_verified_by_now(shelf: Shelf, clock: FixedClock) -> None:
    gate = gate_of(clock, shelf.source(freshness={"verified_within": "2d"}))
    record = log_record(gate.admit([page("a", "one", last_modified="2019-01-01T00:00:00Z")]))
    clock.advance(3 * DAY)
    assert recheck_record(record, gate.policy, clock.now).answer == "stale"
    shelf.renew()
    assert recheck_record(record, gate.policy, clock.now).answer == "current"


def test_an_answer_holds_until_the_first_thing_that_ends(handbook: Publisher, shelf: Shelf, clock: FixedClock) -> None:
    begin = clock.now
    gate = Gate(
        {
            "sources": [
                handbook.source(freshness={"verified_within": "10d", "max_age": "90d"}),
                shelf.source(provenance={"grace": "1d"}),
            ]
        },
        clock=clock,
    )
    plain = handbook.seal("plain", "https://handbook.example/1")
    ending = handbook.seal("ending", "https://handbook.example/2", expires=begin + 3 * DAY)
    later = handbook.seal("later", "https://handbook.example/3", not_before=begin + 2 * DAY)
    listed = page("a", "one", last_modified="2019-01-01T00:00:00Z")
    tick = timedelta(microseconds=1)
    assert gate.admit([plain]).valid_until == begin + 10 * DAY + tick
    assert gate.admit([plain, listed]).valid_until == begin + WEEK + DAY
    assert gate.admit([plain, ending]).valid_until == begin + 3 * DAY
    assert gate.admit([plain, ending, later]).valid_until == begin + 2 * DAY
    assert gate.admit([Chunk("forged", {"source": "https://handbook.example/1"})]).valid_until is None
    assert gate.admit([]).valid_until is None


def test_an_answer_holds_until_a_signed_version_begins(handbook: Publisher, clock: FixedClock) -> None:
    begin = clock.now
    first = handbook.seal("first", "https://handbook.example/1", version=1)
    second = handbook.seal(
        "second", "https://handbook.example/1", {"title": "A"}, cover=["title"], version=2, not_before=begin + DAY
    )
    # Somebody has changed its title, so it may not enter; that there is a version 2 is signed all the same.
    changed = Chunk("second", {**second.metadata, "title": "B"})
    gate = gate_of(clock, handbook.source())
    assert codes(gate, first, changed) == ["admit", "drop P105"]
    assert gate.admit([first, changed]).valid_until == begin + DAY
    clock.advance(DAY)
    assert codes(gate, first, changed) == ["drop F205", "drop P105"]
