"""What the gate promises, whatever the framework."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timedelta
from typing import Any

import pytest

from headgate import Admission, Chunk, Gate, Policy, PolicyError
from headgate.testing import FixedClock, Publisher

URI = "https://handbook.example/paris"


@pytest.fixture
def gate(handbook: Publisher, prices: Publisher, clock: FixedClock) -> Gate:
    policy = {
        "sources": [
            handbook.source(freshness={"max_age": "90d", "warn_after": "60d"}),
            prices.source(freshness={"max_age": "24h"}),
        ]
    }
    return Gate(policy, clock=clock)


def codes(admission: Admission) -> set[str]:
    return {code for decision in admission.decisions for code in decision.codes}


def test_a_sealed_fresh_document_is_admitted(gate: Gate, handbook: Publisher) -> None:
    admission = gate.admit([handbook.seal("Paris is lovely.", URI)])
    assert [chunk.text for chunk in admission.chunks] == ["Paris is lovely."]
    assert admission.decisions[0].assurance == "sealed"
    assert admission.decisions[0].issuer == "handbook"
    assert admission.decisions[0].uri == URI
    assert not codes(admission)


def test_a_document_without_a_seal_stays_out(gate: Gate) -> None:
    assert "P101" in codes(gate.admit([Chunk("Paris is free.", {"source": URI})]))


def test_a_seal_for_another_source_does_not_admit(gate: Gate, prices: Publisher) -> None:
    admission = gate.admit([prices.seal("Paris is free.", subject="file:handbook/paris.md")])
    assert codes(admission) == {"P104"}
    assert not admission.chunks


def test_metadata_of_another_source_than_the_seal_does_not_admit(gate: Gate, handbook: Publisher) -> None:
    chunk = handbook.seal("Paris costs 10.", URI).with_metadata(source="s3://prices/paris")
    assert codes(gate.admit([chunk])) == {"P104"}


def test_metadata_that_names_another_page_of_the_source_is_a_warning(gate: Gate, handbook: Publisher) -> None:
    chunk = handbook.seal("Paris.", URI).with_metadata(source="https://handbook.example/rome")
    admission = gate.admit([chunk])
    assert codes(admission) == {"P111"}
    assert admission.chunks


def test_one_changed_digit_does_not_admit(gate: Gate, handbook: Publisher) -> None:
    chunk = handbook.seal("The fee is 15,000.", URI)
    assert codes(gate.admit([Chunk("The fee is 15,500.", chunk.metadata)])) == {"P105"}


def test_covered_metadata_cannot_be_changed_or_removed(gate: Gate, handbook: Publisher) -> None:
    chunk = handbook.seal("Text.", URI, {"title": "Fees"}, cover=["title"])
    assert gate.admit([chunk]).chunks
    assert codes(gate.admit([chunk.with_metadata(title="No fees")])) == {"P105"}
    removed = Chunk(chunk.text, {key: value for key, value in chunk.metadata.items() if key != "title"})
    assert codes(gate.admit([removed])) == {"P105"}


def test_a_covered_number_is_not_a_covered_truth_value(gate: Gate, handbook: Publisher) -> None:
    chunk = handbook.seal("Text.", URI, {"rank": 1}, cover=["rank"])
    assert gate.admit([chunk]).chunks
    assert codes(gate.admit([chunk.with_metadata(rank=True)])) == {"P105"}


def test_editing_metadata_freshens_nothing(gate: Gate, handbook: Publisher, clock: FixedClock) -> None:
    chunk = handbook.seal("Old.", URI, modified=clock.ago(days=400))
    fresh = chunk.with_metadata(last_modified=clock.now.isoformat(), date=clock.now.isoformat())
    assert codes(gate.admit([fresh])) == {"F202"}


def test_a_strangers_key_is_unknown(gate: Gate, clock: FixedClock) -> None:
    stranger = Publisher("stranger", "https://elsewhere.example/**", clock)
    assert codes(gate.admit([stranger.seal("Text.", URI)])) == {"P103"}


def test_a_strangers_key_under_a_known_name_is_a_bad_signature(gate: Gate, clock: FixedClock) -> None:
    impostor = Publisher("handbook", "https://handbook.example/**", clock)
    assert codes(gate.admit([impostor.seal("Text.", URI)])) == {"P102"}


def test_nothing_configured_admits_nothing(handbook: Publisher) -> None:
    admission = Gate(Policy()).admit([handbook.seal("Text.", URI), Chunk("Text.", {"source": URI}), Chunk("Text.")])
    assert not admission.chunks
    assert all("P109" in decision.codes for decision in admission.decisions)


def test_a_source_that_requires_an_issuer_refuses_another(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source(provenance={"issuers": ["legal"]})]}, clock=clock)
    assert codes(gate.admit([handbook.seal("Text.", URI)])) == {"P104"}


def test_age_limits_hold_to_the_second(gate: Gate, handbook: Publisher, clock: FixedClock) -> None:
    chunk = handbook.seal("Text.", URI, modified=clock.ago(days=90))
    assert codes(gate.admit([chunk])) == {"F209"}
    clock.advance(timedelta(seconds=1))
    assert codes(gate.admit([chunk])) == {"F202"}


def test_signed_validity_is_enforced_without_any_freshness_rule(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source()]}, clock=clock)
    expired = handbook.seal("Text.", URI, expires=clock.now)
    future = handbook.seal("Text.", URI, not_before=clock.now + timedelta(seconds=1))
    assert codes(gate.admit([expired])) == {"F201"}
    assert codes(gate.admit([future])) == {"F206"}


def test_a_time_in_the_future_beyond_the_skew_stays_out(gate: Gate, handbook: Publisher, clock: FixedClock) -> None:
    within = handbook.seal("Text.", URI, modified=clock.now + timedelta(minutes=5))
    beyond = handbook.seal("Text.", URI, modified=clock.now + timedelta(minutes=5, seconds=1))
    assert not codes(gate.admit([within]))
    assert codes(gate.admit([beyond])) == {"F204"}
    assert gate.admit([beyond]).decisions[0].age is None


def test_only_the_newest_version_is_admitted(gate: Gate, handbook: Publisher, clock: FixedClock) -> None:
    old = handbook.seal("Old.", URI, modified=clock.ago(days=20))
    new = handbook.seal("New.", URI, modified=clock.ago(days=1))
    admission = gate.admit([old, new, handbook.seal("New too.", URI, modified=clock.ago(days=1))])
    assert [chunk.text for chunk in admission.chunks] == ["New.", "New too."]
    assert admission.decisions[0].codes == ("F205",)


def test_a_version_number_decides_before_the_time(gate: Gate, handbook: Publisher, clock: FixedClock) -> None:
    second = handbook.seal("Two.", URI, version=2, modified=clock.ago(days=20))
    first = handbook.seal("One, corrected later.", URI, version=1, modified=clock.ago(days=1))
    assert [chunk.text for chunk in gate.admit([first, second]).chunks] == ["Two."]


def test_a_forgery_cannot_push_out_the_genuine_document(gate: Gate, handbook: Publisher, clock: FixedClock) -> None:
    genuine = handbook.seal("Genuine.", URI, modified=clock.ago(days=20))
    newer = handbook.seal("Newer.", URI, modified=clock.ago(days=1))
    admission = gate.admit([genuine, Chunk("Forged.", newer.metadata)])
    assert [chunk.text for chunk in admission.chunks] == ["Genuine."]


def test_a_version_that_is_not_in_force_yet_replaces_nothing(
    gate: Gate, handbook: Publisher, clock: FixedClock
) -> None:
    current = handbook.seal("Current.", URI, modified=clock.ago(days=20))
    coming = handbook.seal("Coming.", URI, not_before=clock.now + timedelta(days=10))
    assert [chunk.text for chunk in gate.admit([current, coming]).chunks] == ["Current."]


def test_as_of_asks_about_another_date(gate: Gate, handbook: Publisher, clock: FixedClock) -> None:
    old = handbook.seal("Old.", URI, modified=clock.ago(days=200))
    new = handbook.seal("New.", URI, modified=clock.ago(days=10))
    assert [chunk.text for chunk in gate.admit([old, new]).chunks] == ["New."]
    assert [chunk.text for chunk in gate.admit([old, new], as_of=clock.ago(days=150)).chunks] == ["Old."]


def test_a_document_that_names_its_successor_stays_out(gate: Gate, handbook: Publisher) -> None:
    chunk = handbook.seal("Text.", URI, {"superseded_by": "pep-9999"}, cover=["superseded_by"])
    assert codes(gate.admit([chunk])) == {"F205"}


@pytest.mark.parametrize("mode", ["warn", "audit"])
def test_warn_and_audit_admit_with_findings(mode: str, handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"mode": mode, "sources": [handbook.source()]}, clock=clock)
    admission = gate.admit([Chunk("Forged.", {"source": URI})])
    assert [chunk.text for chunk in admission.chunks] == ["Forged."]
    assert admission.decisions[0].would_drop
    assert admission.decisions[0].findings[0].mode == mode


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"mode": "enforce"}, "drop"),
        ({"mode": "audit"}, "admit"),
        ({"mode": "enforce", "modes": {"freshness": "warn"}}, "admit"),
        ({"mode": "audit", "modes": {"freshness": "enforce"}}, "drop"),
    ],
)
def test_a_mode_for_a_check_beats_the_policys_mode(
    policy: dict[str, Any], expected: str, handbook: Publisher, clock: FixedClock
) -> None:
    gate = Gate({**policy, "sources": [handbook.source(freshness={"max_age": "1d"})]}, clock=clock)
    assert gate.admit([handbook.seal("Old.", URI, modified=clock.ago(days=2))]).decisions[0].action == expected


def test_a_sources_mode_beats_the_global_mode_of_a_check(handbook: Publisher, clock: FixedClock) -> None:
    source = handbook.source(freshness={"max_age": "1d"}, mode="audit")
    gate = Gate({"modes": {"freshness": "enforce"}, "sources": [source]}, clock=clock)
    assert gate.admit([handbook.seal("Old.", URI, modified=clock.ago(days=2))]).chunks


def test_inputs_are_never_mutated(gate: Gate, handbook: Publisher) -> None:
    chunk = handbook.seal("Text.", URI, {"nested": {"list": [1]}})
    before = copy.deepcopy(chunk)
    admission = gate.admit([chunk])
    assert chunk == before
    assert admission.chunks[0] is not chunk
    assert admission.chunks[0].metadata is not chunk.metadata


def test_every_dropped_chunk_can_be_seen_with_its_decision(gate: Gate, handbook: Publisher) -> None:
    forged = Chunk("Forged.", {"source": URI})
    admission = gate.admit([forged, handbook.seal("Text.", URI)])
    assert [(dropped.chunk, dropped.decision.index) for dropped in admission.dropped] == [(forged, 0)]
    assert admission.counts()["admit"] == 1
    assert admission.counts()["drop"] == 1


def test_one_decision_per_chunk_in_order(gate: Gate, handbook: Publisher) -> None:
    chunks = [Chunk("x"), handbook.seal("a", URI), Chunk("y"), handbook.seal("b", URI)]
    assert [decision.index for decision in gate.admit(chunks).decisions] == [0, 1, 2, 3]


async def test_sync_and_async_decide_alike(gate: Gate, handbook: Publisher) -> None:
    chunks = [Chunk("x"), handbook.seal("a", URI)]
    assert gate.admit(chunks).decisions == (await gate.aadmit(chunks)).decisions


def test_a_naive_now_is_refused(gate: Gate) -> None:
    with pytest.raises(ValueError, match="aware"):
        gate.admit([], now=datetime(2026, 1, 1))  # noqa: DTZ001


def test_limited_to_forgets_the_surplus_and_keeps_what_was_dropped_before(gate: Gate, handbook: Publisher) -> None:
    chunks = [handbook.seal("a", URI), Chunk("x"), handbook.seal("b", URI), Chunk("y"), handbook.seal("c", URI)]
    admission = gate.admit(chunks).limited_to(2)
    assert [chunk.text for chunk in admission.chunks] == ["a", "b"]
    assert [dropped.decision.index for dropped in admission.dropped] == [1]
    assert admission.surplus == 2


def test_a_reload_is_atomic_and_a_broken_file_replaces_nothing(
    tmp_path: Any, handbook: Publisher, clock: FixedClock
) -> None:
    handbook.key.save(tmp_path / "handbook")
    file = tmp_path / "headgate.yaml"
    text = "version: 1\nsources:\n  - {id: handbook, match: 'https://handbook.example/**', %s}\n"
    file.write_text(text % "provenance: {keys: handbook.jwks.json}")
    gate = Gate(file, clock=clock)
    first = gate.policy_revision
    assert gate.reload() is False
    file.write_text("version: 1\nsauces: []\n")
    with pytest.raises(PolicyError, match="sauces"):
        gate.reload()
    assert gate.policy_revision == first
    assert gate.admit([handbook.seal("Text.", URI)]).policy_revision == first
    file.write_text(text % "provenance: {keys: handbook.jwks.json}, freshness: {max_age: 1d}")
    assert gate.reload() is True
    assert gate.policy_revision != first


def test_the_revision_depends_on_keys_and_glossaries(tmp_path: Any, handbook: Publisher) -> None:
    glossary = tmp_path / "terms.yaml"
    glossary.write_text("terms: {Kubernetes: [K8s]}")
    policy = {"sources": [handbook.source(terminology=[str(glossary)])]}
    one = Gate(policy).policy_revision
    assert Gate(policy).policy_revision == one
    glossary.write_text("terms: {Kubernetes: [K8s, kube]}")
    assert Gate(policy).policy_revision != one
    other = Publisher("handbook", handbook.match)
    assert Gate({"sources": [other.source(terminology=[str(glossary)])]}).policy_revision != one


def test_a_gate_survives_pickling(gate: Gate, handbook: Publisher) -> None:
    chunk = handbook.seal("Text.", URI)
    again = pickle.loads(pickle.dumps(gate))
    assert again.policy_revision == gate.policy_revision
    assert again.admit([chunk]).decisions == gate.admit([chunk]).decisions


def test_an_admission_as_plain_values_holds_no_text(gate: Gate, handbook: Publisher) -> None:
    admission = gate.admit([handbook.seal("A secret text.", URI)], query="a secret question")
    shown = repr(admission.to_dict())
    assert "secret" not in shown
    assert admission.decisions[0].digest in shown


def test_a_budget_drops_what_does_not_fit(handbook: Publisher, clock: FixedClock, offline_tokens: None) -> None:
    gate = Gate({"sources": [handbook.source()], "budget": {"max_tokens": 40, "encoding": "cl100k_base"}}, clock=clock)
    chunks = [handbook.seal(text, URI) for text in ("one two three", "word " * 100, "four <|endoftext|>")]
    admission = gate.admit(chunks)
    assert [decision.action for decision in admission.decisions] == ["admit", "drop", "admit"]
    assert admission.decisions[1].codes == ("B402",)


def test_a_budget_may_cut_the_first_that_does_not_fit(
    handbook: Publisher, clock: FixedClock, offline_tokens: None
) -> None:
    budget = {"max_tokens": 20, "encoding": "cl100k_base", "cut": True}
    gate = Gate({"sources": [handbook.source()], "budget": budget}, clock=clock)
    admission = gate.admit([handbook.seal("word " * 100, URI), handbook.seal("more", URI)])
    assert [decision.codes for decision in admission.decisions] == [("B401",), ("B402",)]
    assert 0 < len(admission.chunks[0].text) < 200


def test_a_seal_that_nobody_checks_does_not_excuse_a_missing_time() -> None:
    stranger = Publisher("stranger", "https://x.example/**")
    chunk = stranger.seal("text", "https://docs.example/a", {"source": "https://docs.example/a"}, modified=None)
    rules = {"provenance": {"require": "declared"}, "freshness": {"max_age": "30d"}}
    gate = Gate({"sources": [{"id": "docs", "match": "https://docs.example/**", **rules}]})
    assert gate.admit([chunk]).decisions[0].codes == ("F203",)


@pytest.mark.parametrize("chunk", [Chunk("x", None), Chunk(None), Chunk("x", 3), Chunk(b"x", {"a": 1})])  # type: ignore[arg-type]
def test_what_cannot_be_read_leaves_audit_mode_as_it_came(chunk: Chunk) -> None:
    admission = Gate({"mode": "audit"}).admit([chunk])
    assert admission.chunks == (chunk,)
    assert admission.decisions[0].codes == ("G902",)
    assert not Gate({"mode": "enforce"}).admit([chunk]).chunks
