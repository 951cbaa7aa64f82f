"""Recorded traffic decided again: the same policy changes nothing, and another one what the gate itself would."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from headgate import Chunk, Gate, Policy
from headgate.cli.app import app
from headgate.demo.company import open_company
from headgate.policy import Budget
from headgate.record import log_record
from headgate.replay import Redecider, replay_records
from headgate.testing import HOSTILE_METADATA, FixedClock, Publisher

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
CLOCK = FixedClock(NOW)
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
WIKI = Publisher("wiki", "https://wiki.example/**", CLOCK)
STRANGER = Publisher("stranger", "https://x.example/**", CLOCK)


def policy_of(**changes: Any) -> Policy:
    rules = {"freshness": {"max_age": "90d"}, **changes}
    return Policy.from_mapping({"sources": [DOCS.source(**rules), WIKI.source()]})


def record_of(policy: Policy, chunks: list[Chunk], *, full: bool = False) -> dict[str, Any]:
    record = log_record(Gate(policy, clock=CLOCK).judge(chunks, "q"), full=full)
    loaded: dict[str, Any] = json.loads(json.dumps(record, default=str))
    return loaded


@st.composite
def chunks_of(draw: st.DrawFn) -> Chunk:
    pages = ["a", "a/", "a#part", "b", "b?token=1"]
    page = draw(st.sampled_from([*(f"https://docs.example/{page}" for page in pages), "https://wiki.example/a"]))
    age = timedelta(days=draw(st.integers(-2, 400)))
    metadata: dict[str, object] = {"source": page}
    if draw(st.booleans()):
        key = draw(st.sampled_from(["last_modified", "Last-Modified", "mtime", "created"]))
        metadata[key] = draw(
            st.sampled_from([(NOW - age).isoformat(), "2026-05-01", "2026-05-01 10:00", "03/04/2026", "?"])
        )
    limits: list[dict[str, object]] = [
        {},
        {"valid_until": "2026-05-31"},
        {"expires": "2026-06-20 10:00", "valid_until": "2099-01-01"},
        {"valid_until": "?"},
        {"valid_from": "2026-05-20"},
        {"superseded_by": "x"},
        {"version": 7},
        {"title": "t"},
    ]
    metadata.update(draw(st.sampled_from(limits)))
    who = draw(st.sampled_from([None, DOCS, WIKI, STRANGER]))
    text = draw(st.sampled_from(["one", "two"]))
    if who is None:
        return Chunk(text, metadata)
    modified = NOW - age if draw(st.booleans()) else None
    cover = [name for name in metadata if name != "source" and draw(st.booleans())]
    sealed = who.sealer.seal(
        Chunk(text, metadata),
        subject=page,
        modified=modified,
        version=draw(st.sampled_from([None, 1, 2])),
        not_before=draw(st.sampled_from([None, NOW - timedelta(days=10)])),
        cover=cover,
    )
    damage = draw(st.sampled_from(["none", "none", "text", "token"]))
    if damage == "text":
        return Chunk(f"{text}!", sealed.metadata)
    if damage == "token":
        return sealed.with_metadata(headgate_seal=str(sealed.metadata["headgate_seal"])[:-6] + "AAAAAA")
    return sealed


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    keys = draw(
        st.sampled_from(
            [DOCS.key.public_jwks(), {"keys": [*DOCS.key.public_jwks()["keys"], *STRANGER.key.public_jwks()["keys"]]}]
        )
    )
    provenance: dict[str, object] = {
        "require": draw(st.sampled_from(["sealed", "declared", "none"])),
        "keys": keys,
        "cover": draw(st.sampled_from([[], ["title"]])),
        "issuers": draw(st.sampled_from([None, ["docs"], {"docs": None}])),
    }
    if provenance["require"] != "sealed" and draw(st.booleans()):
        provenance["keys"] = []
    freshness = {
        "max_age": draw(st.sampled_from([None, "30d", "365d"])),
        "missing": draw(st.sampled_from(["drop", "warn", "admit"])),
        "evidence": draw(st.sampled_from([None, "any", "sealed"])),
        "unreadable": draw(st.sampled_from(["drop", "warn"])),
        "supersede_tolerance": draw(st.sampled_from(["1h", "30d"])),
        "supersede": draw(st.sampled_from([None, True, False])),
    }
    docs = {"id": "docs", "match": DOCS.match, "provenance": provenance, "freshness": freshness}
    mode = draw(st.sampled_from(["enforce", "warn", "audit"]))
    default = {"provenance": {"require": draw(st.sampled_from(["sealed", "declared", "none"]))}}
    return Policy.from_mapping({"mode": mode, "sources": [docs, WIKI.source()], "default": default})


@given(policies(), st.lists(chunks_of(), max_size=6))
def test_the_same_policy_changes_nothing_and_decides_everything(policy: Policy, chunks: list[Chunk]) -> None:
    for one in Redecider(policy).redecide(record_of(policy, chunks)):
        assert one.lack is None
        recorded = [f["code"] for f in one.before["findings"] if f["code"] not in ("P111", "P112")]
        assert one.action == one.before["action"]
        assert {code for code in one.codes if code != "P111"} == set(recorded)


@given(policies(), policies(), st.lists(chunks_of(), max_size=6), st.integers(-300, 300))
def test_another_policy_decides_as_the_gate_would(old: Policy, new: Policy, chunks: list[Chunk], days: int) -> None:
    at = NOW + timedelta(days=days)
    real = Gate(new).judge(chunks, now=at).decisions
    again = Redecider(new, at=at).redecide(record_of(old, chunks))
    is_whole = all(one.lack is None for one in again)
    for one, decision in zip(again, real, strict=True):
        if one.lack is None:
            assert one.action == decision.action
        if one.lack is None and (is_whole or "F205" not in {*decision.codes, *one.codes}):
            # Of what carries a seal that does not count, a record does not have all reasons, but it has one.
            is_refused = any(code.startswith("P") for code in decision.codes)
            if "unproved_seal" not in one.before["evidence"] and not is_refused:
                assert {f.code for f in one.reasons} == {f.code for f in decision.reasons}


def test_the_demo_company_is_decided_again_as_it_was(tmp_path: Path) -> None:
    company = open_company(tmp_path)
    admission = company.gate.judge([document.chunk for document in company.documents])
    replay = replay_records([json.loads(json.dumps(log_record(admission), default=str))], company.gate.policy)
    assert not replay.is_changed
    assert not replay.undecided
    assert replay.documents == 47


def test_a_shorter_age_says_which_documents_would_go() -> None:
    fresh, old = (
        DOCS.seal("a", "https://docs.example/a"),
        DOCS.seal("b", "https://docs.example/b", modified=CLOCK.ago(days=60)),
    )
    replay = replay_records([record_of(policy_of(), [fresh, old])], policy_of(freshness={"max_age": "30d"}))
    assert dict(replay.newly_dropped) == {("docs", "F202"): 1}
    assert (replay.admitted_before, replay.admitted_after, replay.emptied_prompts) == (2, 1, 0)
    example = replay.examples["- F202"][0]
    assert example.document == "https://docs.example/b"
    assert "60d" in example.after[0]


def test_a_later_date_lets_documents_expire() -> None:
    chunk = DOCS.seal("a", "https://docs.example/a", expires=NOW + timedelta(days=10))
    records = [record_of(policy_of(), [chunk])]
    assert not replay_records(records, policy_of(), at=NOW + timedelta(days=9)).is_changed
    assert dict(replay_records(records, policy_of(), at=NOW + timedelta(days=11)).newly_dropped) == {
        ("docs", "F201"): 1
    }


def test_what_the_record_does_not_hold_is_not_guessed() -> None:
    chunk = STRANGER.seal("a", "https://docs.example/a")
    trusting = policy_of(provenance={"keys": [DOCS.key.public_jwks(), STRANGER.key.public_jwks()]})
    replay = replay_records([record_of(policy_of(), [chunk])], trusting)
    assert dict(replay.undecided) == {"it carries a seal that was never verified with these keys": 1}
    renamed = Policy.from_mapping({"metadata": {"modified": "stamp"}, "default": {"provenance": {"require": "none"}}})
    plain = Chunk("a", {"source": "https://docs.example/a", "stamp": "2020-01-01"})
    replay = replay_records([record_of(policy_of(), [plain])], renamed)
    assert list(replay.undecided) == ["its metadata would be read otherwise (the policies differ under `metadata`)"]


def test_the_budget_is_decided_again_only_from_texts(offline_tokens: None) -> None:
    tight = policy_of().model_copy(update={"budget": Budget(max_tokens=200)})
    chunks = [DOCS.seal("word " * 30, f"https://docs.example/{n}") for n in range(2)]
    bare, full = record_of(tight, chunks), record_of(tight, chunks, full=True)
    assert [entry["action"] for entry in bare["decisions"]] == ["admit", "drop"]
    replay = replay_records([bare], policy_of())
    assert list(replay.undecided) == ["it did not fit into the token budget, and the log keeps no texts to count again"]
    assert not replay.is_changed
    assert sum(replay_records([full], policy_of()).newly_admitted.values()) == 1
    assert not replay_records([full], tight).is_changed


def test_quarantine_is_not_replayed(tmp_path: Path) -> None:
    rule = {"failures": 0.1, "window": "1h", "at_least": 1}
    mapping = {"sources": [DOCS.source(quarantine=rule)], "quarantine": {"path": str(tmp_path / "q.jsonl")}}
    gate = Gate(mapping, clock=CLOCK)
    good = DOCS.seal("a", "https://docs.example/a")
    gate.admit([Chunk("b", good.metadata)])
    record = json.loads(json.dumps(log_record(gate.judge([good])), default=str))
    assert [f["code"] for f in record["decisions"][0]["findings"]] == ["P113"]
    replay = replay_records([record], gate.policy)
    assert list(replay.undecided) == ["its source was in quarantine, which depends on the traffic of the time"]


def test_terms_are_decided_again_only_from_texts(tmp_path: Path) -> None:
    (tmp_path / "terms.yaml").write_text("terms: {Kubernetes: [k8s]}")
    new = policy_of(terminology=[str(tmp_path / "terms.yaml")])
    chunk = DOCS.seal("k8s and k8s", "https://docs.example/a")
    assert replay_records([record_of(policy_of(), [chunk])], new).texts == 0
    replay = replay_records([record_of(policy_of(), [chunk], full=True)], new)
    assert (replay.texts, replay.rewritten_before, replay.rewritten_after) == (1, 0, 2)


def in_json(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


DEEP: Any = json.loads("[" * 900 + "]" * 900)


@pytest.mark.parametrize(
    "spoil", [value for value in (*HOSTILE_METADATA, [], {}, [[]], 3, None, DEEP) if in_json(value)]
)
def test_records_of_other_making_break_nothing(spoil: object) -> None:
    chunk = DOCS.seal("a", "https://docs.example/a")
    for place in ("evidence", "digest", "uri", "id", "text"):
        record = record_of(policy_of(), [chunk])
        record["decisions"][0][place] = spoil
        assert len(Redecider(policy_of()).redecide(record)) == 1
    for place in ("seal", "times", "unreadable", "version", "declared"):
        record = record_of(policy_of(), [chunk])
        record["decisions"][0]["evidence"][place] = spoil
        assert len(Redecider(policy_of()).redecide(record)) == 1


def test_the_command(tmp_path: Path) -> None:
    log, new = tmp_path / "log.jsonl", tmp_path / "new.yaml"
    gate = Gate(policy_of().model_copy(update={"base_dir": tmp_path, "log": None}), clock=CLOCK)
    records = [
        log_record(gate.judge([DOCS.seal(str(n), f"https://docs.example/{n}", modified=CLOCK.ago(days=n))]))
        for n in range(80)
    ]
    lines = [json.dumps({**record}, default=str) for record in records]
    log.write_text("\n".join([*lines, '{"schema":9,"type":"admission"}', "garbage"]) + '\n{"schema":1')
    jwks = json.dumps(DOCS.key.public_jwks())
    source = f"id: docs, match: 'https://docs.example/**', provenance: {{keys: {jwks}}}, freshness: {{max_age: 40d}}"
    new.write_text(f"sources: [{{{source}}}]")
    run = CliRunner().invoke(app, ["replay", str(log), "--policy", str(new), "--html", str(tmp_path / "page.html")])
    assert run.exit_code == 1, run.output
    assert "39 of 80 prompts would change: 39 documents would be dropped" in run.output
    assert "39 prompts would have no document left" in run.output
    page = (tmp_path / "page.html").read_text()
    assert "F202 older than max_age" in page
    run = CliRunner().invoke(app, ["replay", str(log), "--policy", str(new), "--json"])
    found = json.loads(run.stdout)
    assert found["newly_dropped"] == [{"source": "docs", "code": "F202", "documents": 39}]
    assert sum(found["skipped_lines"].values()) == 3
    new.write_text("default: {provenance: {require: sealed}}")
    run = CliRunner().invoke(app, ["replay", str(log), "--policy", str(new)])
    assert "Nothing would be admitted any more, mostly because of P109 source not in policy." in run.output


def test_a_policy_that_only_records_says_so() -> None:
    record = record_of(policy_of(), [DOCS.seal("Text.", "https://docs.example/a")])
    later = NOW + timedelta(days=200)
    watching = replay_records([record], policy_of().model_copy(update={"mode": "audit"}), at=later)
    assert watching.admitted_after == 1
    assert "does not enforce every check" in watching._repr_html_()
    enforcing = replay_records([record], policy_of(), at=later)
    assert enforcing.admitted_after == 0
    assert "does not enforce every check" not in enforcing._repr_html_()


def test_words_that_are_only_recorded_are_not_looked_for_in_what_has_an_error(tmp_path: Path) -> None:
    terms = tmp_path / "terms.yaml"
    terms.write_text("terms:\n  LarkDesk: [LDX]\n")
    source = DOCS.source(freshness={"max_age": "30d"}, terminology=[str(terms)])
    policy = Policy.from_mapping({"sources": [source], "modes": {"terminology": "audit", "freshness": "audit"}})
    old = DOCS.seal("LDX", "https://docs.example/a", modified=CLOCK.ago(days=90))
    record = record_of(policy, [old], full=True)
    (again,) = Redecider(policy).redecide(record)
    (recorded,) = record["decisions"]
    assert list(again.codes) == [finding["code"] for finding in recorded["findings"]] == ["F202"]


@pytest.mark.parametrize("others", [0, 1])
def test_where_nothing_can_be_decided_again_this_is_said(others: int, tmp_path: Path) -> None:
    stranger = STRANGER.seal("a", "https://docs.example/a")
    known = [DOCS.seal("b", "https://docs.example/b")] * others
    policy, log = tmp_path / "p.json", tmp_path / "log.jsonl"
    log.write_text(json.dumps(record_of(policy_of(), [stranger, *known])) + "\n")
    trusting = DOCS.source(provenance={"keys": [DOCS.key.public_jwks(), STRANGER.key.public_jwks()]})
    policy.write_text(json.dumps({"sources": [trusting]}))
    done = CliRunner().invoke(app, ["replay", str(log), "--policy", str(policy)])
    assert done.exit_code == 1
    said = " ".join(done.stdout.split())
    if others:
        assert "0 of 1 prompt would change" in said
        assert "Of 1 more document it cannot be told." in said
    else:
        assert "None of 1 document can be decided again: this says nothing about the policy." in said
        assert "admitted then" not in said
