"""What the gate promises, whatever the framework."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from headgate import Admission, Chunk, Gate, Policy, PolicyError
from headgate.admission.observing import observing
from headgate.admission.proving import knowing_keys, proving
from headgate.admission.revision import Revision
from headgate.limits import DEFAULT_LIMITS, Limits
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


@pytest.mark.parametrize(
    ("chunks", "is_elsewhere"),
    [
        ([], False),
        ([Chunk("x")] * 10, False),
        ([Chunk(None)] * 10, False),  # type: ignore[arg-type]
        ([Chunk("x" * 100_000)], True),
        ([Chunk("x")] * 100, True),
        ([Chunk("x", {"author": "x" * 100})] * 10, False),
        ([Chunk("x", {"note": "x" * 100_000})], True),
        ([Chunk("x", {f"key{number}": number for number in range(1_000)})], True),
        ([Chunk("x", MappingProxyType({}))], True),
    ],
    ids=["nothing", "little", "no text", "long", "many", "usual", "long entry", "many entries", "foreign mapping"],
)
async def test_more_than_a_few_milliseconds_of_work_leave_the_event_loop(
    chunks: list[Chunk], is_elsewhere: bool, clock: FixedClock
) -> None:
    threads: set[int] = set()

    class Media(dict[str, str | None]):
        """Content that tells where it is looked at."""

        def items(self) -> Any:
            threads.add(threading.get_ident())
            return super().items()

    await Gate({}, clock=clock).aadmit([replace(chunk, media=Media(image=None)) for chunk in chunks])
    assert any(thread != threading.get_ident() for thread in threads) == is_elsewhere


@pytest.mark.parametrize(("kind", "is_elsewhere"), [("quarantine", True), ("forced log", True), ("log", False)])
async def test_what_waits_for_a_disk_leaves_the_event_loop(
    kind: str,
    is_elsewhere: bool,
    handbook: Publisher,
    clock: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rule = {"failures": "20%", "window": "1h", "at_least": 1}
    path = str(tmp_path / "file")
    policies: dict[str, dict[str, Any]] = {
        "quarantine": {"sources": [handbook.source(quarantine=rule)], "quarantine": {"path": path}},
        "forced log": {"log": {"path": path, "fsync": True}},
        "log": {"log": {"path": path}},
    }
    gate = Gate(policies[kind], clock=clock)

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)  # so that it is said, in the thread that writes
    with caplog.at_level(logging.WARNING, "headgate"):
        admission = await gate.aadmit([Chunk("text", {"source": URI})])
    assert not admission.chunks
    assert [record.thread != threading.get_ident() for record in caplog.records] == [is_elsewhere]


def test_an_admission_says_how_long_it_took(gate: Gate, handbook: Publisher) -> None:
    before = time.perf_counter()
    admission = gate.admit([handbook.seal("Text.", URI)])
    assert 0 <= admission.seconds <= time.perf_counter() - before


@pytest.mark.parametrize("query", [None, "what?", "lone \ud800 surrogate", 7])
def test_a_query_is_recorded_as_a_digest(gate: Gate, query: Any) -> None:
    admission = gate.admit([], query)
    assert (admission.query_digest is None) == (not isinstance(query, str))
    assert admission.query == (query if isinstance(query, str) else None)
    assert admission.query_digest == gate.admit([], query).query_digest


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, None),
        ("a1", "a1"),
        (7, "7"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (1.5, None),
        (["a"], None),
        ("https://u:p@x.example/", "https://~"),
    ],
    ids=ascii,
)
def test_a_chunk_keeps_the_identifier_that_its_store_gave(gate: Gate, given: Any, shown: str | None) -> None:
    (decision,) = gate.admit([Chunk("Text.", id=given)]).decisions
    if shown == "https://~":
        assert str(decision.chunk_id).startswith(shown)
    else:
        assert decision.chunk_id == shown


@pytest.mark.parametrize(
    ("text", "codes"),
    [("0123456789", ()), ("0123456789x", ("G903",)), ("\u00e9" * 5, ()), ("\u00e9" * 6, ("G903",))],
    ids=ascii,
)
def test_a_text_has_a_largest_size(text: str, codes: tuple[str, ...], clock: FixedClock) -> None:
    gate = Gate({"default": {"provenance": {"require": "none"}}}, clock=clock, limits=Limits(text_bytes=10))
    assert gate.admit([Chunk(text)]).decisions[0].codes == codes


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_an_admission_judges_so_many_documents_and_drops_the_rest(number: int, clock: FixedClock) -> None:
    gate = Gate({"default": {"provenance": {"require": "none"}}}, clock=clock, limits=Limits(chunks=3))
    decisions = gate.admit([Chunk(str(index)) for index in range(number)]).decisions
    assert [decision.codes for decision in decisions] == [("G904",) if index >= 3 else () for index in range(number)]
    assert [decision.index for decision in decisions] == list(range(number))


def test_metadata_may_be_any_mapping(gate: Gate, handbook: Publisher) -> None:
    chunk = handbook.seal("Text.", URI, {"title": "T"}, cover=["title"])
    admission = gate.admit([Chunk(chunk.text, MappingProxyType(dict(chunk.metadata)))])
    assert [one.metadata for one in admission.chunks] == [{"title": "T", "source": URI}]


def test_a_gate_whose_memory_is_full_decides_alike(handbook: Publisher, clock: FixedClock) -> None:
    source = handbook.source(freshness={"max_age": "90d"})
    small = Gate({"sources": [source]}, clock=clock, limits=Limits(memo_entries=2, memo_chars=10))
    large = Gate({"sources": [source]}, clock=clock)
    chunks = [handbook.seal(f"Text {number}.", f"{URI}/{number}") for number in range(7)]
    chunks += [chunk.with_metadata(headgate_seal="x") for chunk in chunks]
    for _ in range(2):
        assert small.admit(chunks).decisions == large.admit(chunks).decisions


def key_file(folder: Path, publisher: Publisher) -> dict[str, Any]:
    """Write the publisher's key into a file, and return a policy that names it."""
    (folder / "key.jwks.json").write_text(json.dumps(publisher.key.public_jwks()))
    return {"sources": [publisher.source(provenance={"keys": [str(folder / "key.jwks.json")]})]}


@pytest.mark.parametrize("is_file", [True, False])
def test_a_reload_reads_keys_again_wherever_the_policy_came_from(
    is_file: bool, tmp_path: Path, handbook: Publisher, clock: FixedClock
) -> None:
    policy = key_file(tmp_path, handbook)
    file = tmp_path / "headgate.yaml"
    file.write_text(json.dumps(policy))
    gate = Gate(file if is_file else policy, clock=clock)
    assert gate.path == (file if is_file else None)
    assert gate.reload() is False
    chunk = handbook.seal("Text.", URI)
    assert gate.admit([chunk]).chunks
    key_file(tmp_path, Publisher("handbook", handbook.match, clock))
    assert gate.admit([chunk]).chunks
    assert gate.reload() is True
    assert codes(gate.admit([chunk])) == {"P102"}


@pytest.mark.parametrize("is_file", [True, False])
def test_a_pickled_gate_comes_back_under_the_same_revision_or_not_at_all(
    is_file: bool, tmp_path: Path, handbook: Publisher, clock: FixedClock
) -> None:
    policy = key_file(tmp_path, handbook)
    file = tmp_path / "headgate.yaml"
    file.write_text(json.dumps(policy))
    gate = Gate(file if is_file else policy, clock=clock)
    pickled = pickle.dumps(gate)
    again = pickle.loads(pickled)
    assert (again.path, again.policy_revision) == (gate.path, gate.policy_revision)
    key_file(tmp_path, Publisher("handbook", handbook.match, clock))
    with pytest.raises(PolicyError, match="pickled gate") as error:
        pickle.loads(pickled)
    assert error.value.file == (str(file) if is_file else None)


@pytest.mark.parametrize("is_file", [True, False])
def test_an_error_in_what_a_policy_names_says_where(is_file: bool, tmp_path: Path, handbook: Publisher) -> None:
    policy = key_file(tmp_path, handbook)
    (tmp_path / "key.jwks.json").write_text("{}")
    file = tmp_path / "headgate.yaml"
    file.write_text(json.dumps(policy))
    with pytest.raises(PolicyError) as error:
        Gate(file if is_file else policy)
    assert error.value.path == ("sources", 0, "provenance", "keys", 0)
    assert error.value.file == (str(file) if is_file else None)
    assert "key.jwks.json" in error.value.problem
    policy["sources"][0]["provenance"]["keys"] = [{"keys": []}]
    with pytest.raises(PolicyError) as error:
        Gate(policy)
    assert (error.value.path, error.value.file) == (("sources", 0, "provenance", "keys", 0), None)
    assert error.value.problem == "no keys are listed here."


@pytest.mark.parametrize("mode", ["enforce", "warn", "audit"])
def test_a_budget_has_a_mode_of_its_own(
    mode: str, handbook: Publisher, clock: FixedClock, offline_tokens: None
) -> None:
    budget = {"max_tokens": 4, "encoding": "cl100k_base", "cut": True}
    gate = Gate({"sources": [handbook.source()], "budget": budget, "modes": {"budget": mode}}, clock=clock)
    admission = gate.admit([handbook.seal(text, URI) for text in ("0123456789", "x", "y")] + [Chunk("not admitted")])
    assert [decision.codes for decision in admission.decisions[:3]] == [("B401",), ("B402",), ("B402",)]
    expected = {"enforce": ["0123"], "warn": ["0123", "x", "y"], "audit": ["0123456789", "x", "y"]}
    assert [chunk.text for chunk in admission.chunks] == expected[mode]


@pytest.mark.parametrize("hours", [-5, 5])
def test_an_instant_that_no_calendar_has_is_a_wrong_call(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    edge = datetime.max.replace(tzinfo=zone) if hours < 0 else datetime.min.replace(tzinfo=zone)
    for argument in ("now", "as_of"):
        with pytest.raises(ValueError, match="outside the years"):
            Gate({"mode": "audit"}).admit([Chunk("x")], **{argument: edge})  # type: ignore[arg-type]


class _AsItIs:
    """A proof that judges as the policy says."""

    def __init__(self) -> None:
        self.seen: list[Admission] = []

    def revision_of(self, gate: object, revision: Revision, limits: Limits) -> Revision:
        return revision

    def released(self, gate: object, admission: Admission) -> None:
        self.seen.append(admission)


@pytest.mark.parametrize("aside", ["a proof", "observing", "neither"])
def test_what_is_judged_for_a_proof_or_only_looked_at_leaves_no_trace(
    aside: str, handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    log, proof = tmp_path / "log.jsonl", _AsItIs()
    told: list[Admission] = []
    policy = {
        "sources": [handbook.source(quarantine={"failures": "50%", "window": "1h", "at_least": 10})],
        "log": {"path": str(log)},
        "quarantine": {"path": str(tmp_path / "quarantine.json")},
    }
    around: AbstractContextManager[None] = nullcontext()
    if aside != "neither":
        around = proving(proof) if aside == "a proof" else observing()
    with Gate(policy, clock=clock, sinks=[told.append]) as gate:
        with around:
            admission = gate.admit([handbook.seal("30 days", URI, version=2)])
            for _ in range(20):
                gate.admit([replace(handbook.seal("x", URI), text="forged")])
        assert gate.flush()
        is_told = aside == "neither"
        assert (len(told), log.exists() and len(log.read_text().splitlines())) == ((21, 21) if is_told else (0, 0))
        assert (tmp_path / "quarantine.json").exists() is is_told
        assert (len(proof.seen), admission in proof.seen) == ((21, True) if aside == "a proof" else (0, False))
        # Nor is it known afterwards which version was current.
        found = gate.admit([handbook.seal("25 days", URI, version=1)]).decisions[0].codes
        assert found == (("P113", "F205") if is_told else ())


def test_while_a_chain_is_looked_at_as_it_is_a_gate_changes_nothing(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    (tmp_path / "terms.yaml").write_text("terms: {Kubernetes: [K8s]}")
    rule = {"rewrite": [str(tmp_path / "terms.yaml")], "mode": "replace"}
    gate = Gate({"sources": [handbook.source()], "invisible": "drop", "query": rule}, clock=clock)
    question, reply, hidden = "What is K8s?", "Kubernetes is this.", "a\U000e0061b"

    def state() -> tuple[object, ...]:
        return gate.keeps_out, gate.hides_in(hidden), gate.reworded(question), gate.answered(reply, question)

    assert state() == (True, True, "What is Kubernetes?", "K8s is this.")
    with observing():
        assert state() == (False, False, question, reply)
        assert [one.action for one in gate.admit([Chunk("forged", {"source": URI})]).decisions] == ["admit"]
    assert state() == (True, True, "What is Kubernetes?", "K8s is this.")
    assert not gate.hides_in("ab")
    plain = Gate({"mode": "audit"}, clock=clock)
    assert (plain.keeps_out, plain.hides_in(hidden), plain.reworded(question)) == (False, False, question)
    assert plain.answered(reply, question) == reply


def test_a_proof_brings_keys_only_where_some_are_accepted(handbook: Publisher, prices: Publisher) -> None:
    declared = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}
    gate = Gate({"sources": [handbook.source(), declared]})
    known = knowing_keys(gate.in_force, prices.key.public, DEFAULT_LIMITS)
    found = {one.id: len(one.requirement.keys) for one in (*known.sources.values(), known.default)}
    assert found == {"handbook": 2, "wiki": 0, "default": 0}
