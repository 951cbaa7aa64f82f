"""A source that goes bad is held back as a whole until somebody releases it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headgate import Chunk, Gate, HeadgateError, PolicyError
from headgate.cli.app import app
from headgate.testing import FixedClock, Publisher

CLOCK = FixedClock()
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
WIKI = Publisher("wiki", "https://wiki.example/**", CLOCK)
RULE = {"failures": "20%", "window": "1h", "at_least": 10}


def good(publisher: Publisher = DOCS) -> Chunk:
    return publisher.seal("text", f"https://{publisher.name}.example/a")


def bad(publisher: Publisher = DOCS) -> Chunk:
    return Chunk("changed", good(publisher).metadata)


def gate_of(folder: Path, clock: FixedClock = CLOCK, **more: Any) -> Gate:
    policy = {
        "sources": [DOCS.source(quarantine=RULE), WIKI.source()],
        "quarantine": {"path": str(folder / "quarantine.jsonl")},
        **more,
    }
    return Gate(policy, clock=clock)


def test_a_source_that_goes_bad_is_held_until_it_is_released(tmp_path: Path) -> None:
    gate = gate_of(tmp_path)
    assert gate.admit([good()] * 20).counts()["admit"] == 20
    for _ in range(5):
        gate.admit([bad()])
    assert gate.admit([good()]).counts()["admit"] == 1  # 5 of 25 are allowed
    gate.admit([bad()])
    held = gate.admit([good(), good(WIKI)])
    assert [decision.codes for decision in held.decisions] == [("P113",), ()]
    assert "6 of 27 documents failed within 1h" in held.decisions[0].findings[0].message
    from headgate.admission.quarantine import QuarantineFile

    QuarantineFile(tmp_path / "quarantine.jsonl").release("docs", CLOCK(), "anna")
    assert gate.admit([good()]).counts()["admit"] == 1
    events = [json.loads(line) for line in (tmp_path / "quarantine.jsonl").read_text().splitlines()]
    assert [(event["action"], event.get("by")) for event in events] == [("hold", None), ("release", "anna")]


def test_another_process_and_a_restarted_one_hold_it_too(tmp_path: Path) -> None:
    gate, other = gate_of(tmp_path), gate_of(tmp_path)
    gate.admit([bad()] * 10)
    assert other.admit([good()]).decisions[0].codes == ("P113",)
    assert gate_of(tmp_path).admit([good()]).decisions[0].codes == ("P113",)


def test_failures_leave_the_window_again(tmp_path: Path) -> None:
    clock = FixedClock()
    gate = gate_of(tmp_path, clock)
    gate.admit([good()] * 12 + [bad()] * 2)
    clock.advance(timedelta(minutes=61))
    gate.admit([good()] * 12 + [bad()] * 2)
    assert gate.admit([good()]).counts()["admit"] == 1
    gate.admit([bad()] * 2)
    assert gate.admit([good()]).counts()["admit"] == 0


def test_documents_that_are_merely_old_are_no_failures(tmp_path: Path) -> None:
    policy = {
        "sources": [DOCS.source(quarantine=RULE, freshness={"max_age": "30d"})],
        "quarantine": {"path": str(tmp_path / "quarantine.jsonl")},
    }
    gate = Gate(policy, clock=CLOCK)
    gate.admit([DOCS.seal("old", "https://docs.example/a", modified=CLOCK.ago(days=90))] * 50)
    assert gate.admit([good()]).counts()["admit"] == 1


def test_what_is_only_judged_does_not_count(tmp_path: Path) -> None:
    gate = gate_of(tmp_path)
    gate.judge([bad()] * 50)
    assert gate.admit([good()]).counts()["admit"] == 1


def test_a_proof_of_the_chain_does_not_count(tmp_path: Path) -> None:
    gate = gate_of(tmp_path)
    probe = Publisher("probe", "https://probe.example/**", CLOCK)
    with gate.knowing(probe.source()):
        assert gate.admit([probe.seal("canary", "https://probe.example/1"), *[bad()] * 50]).counts()["admit"] == 1
    assert gate.admit([good()]).counts()["admit"] == 1


def test_what_others_ask_during_a_proof_counts_and_stays_held(tmp_path: Path) -> None:
    gate = gate_of(tmp_path)
    probe = Publisher("probe", "https://probe.example/**", CLOCK)
    with gate.knowing(probe.source()):
        gate.admit([bad()] * 50)
        assert gate.admit([good()]).counts()["admit"] == 0
    assert gate.admit([good()]).counts()["admit"] == 0
    with gate.knowing(probe.source()):
        assert gate.admit([good()]).counts()["admit"] == 0


def test_a_file_that_vanishes_opens_nothing(tmp_path: Path) -> None:
    gate = gate_of(tmp_path)
    gate.admit([bad()] * 50)
    (tmp_path / "quarantine.jsonl").unlink()
    assert gate.admit([good()]).counts()["admit"] == 0
    assert "is gone" in str(gate.admit([good()]).decisions[0].findings[0].detail)
    assert gate.admit([good(WIKI)]).counts()["admit"] == 1


def test_audit_mode_records_and_admits(tmp_path: Path) -> None:
    gate = gate_of(tmp_path, mode="audit")
    gate.admit([bad().with_metadata(source="https://docs.example/a")] * 50)
    decision = gate.admit([good()]).decisions[0]
    assert decision.admitted
    assert decision.codes == ("P113",)


@pytest.mark.parametrize(
    "line", ["garbage", "[]", '{"action":"hold"}', '{"at":"x","action":"hold","source":"docs"}', "[" * 9000]
)
def test_a_file_that_cannot_be_understood_holds_what_is_watched(tmp_path: Path, line: str) -> None:
    gate = gate_of(tmp_path)
    (tmp_path / "quarantine.jsonl").write_text(line + "\n")
    admission = gate.admit([good(), good(WIKI)])
    assert [decision.codes for decision in admission.decisions] == [("G901",), ()]
    assert "quarantine" in str(admission.decisions[0].findings[0].message)


def test_a_rule_without_a_place_to_keep_it_is_refused() -> None:
    with pytest.raises(PolicyError, match="Add quarantine"):
        Gate({"sources": [DOCS.source(quarantine=RULE)]})
    with pytest.raises(PolicyError, match="failures"):
        Gate({"sources": [DOCS.source(quarantine={"failures": "200%"})], "quarantine": {"path": "q"}})


def test_the_command_shows_releases_and_holds(tmp_path: Path) -> None:
    policy = tmp_path / "headgate.yaml"
    jwks = json.dumps(DOCS.key.public_jwks())
    rule = "quarantine: {failures: 20%, window: 1h, at_least: 10}"
    source = f"{{id: docs, match: 'https://docs.example/**', provenance: {{keys: {jwks}}}, {rule}}}"
    policy.write_text(f"sources: [{source}]\nquarantine: {{path: q.jsonl}}\n")
    gate = Gate(policy, clock=CLOCK)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["quarantine", "--policy", str(policy), *words])
        return done.exit_code, str(done.exception) if isinstance(done.exception, HeadgateError) else done.output

    assert run() == (0, "No source is held back.\n")
    gate.admit([bad()] * 10)
    code, shown = run()
    assert code == 1
    assert "10 of 10 documents failed" in shown
    assert json.loads(run("--json")[1])["held"][0]["source"] == "docs"
    assert run("--release", "docs", "--by", "anna") == (0, "No source is held back.\n")
    assert gate.admit([good()]).counts()["admit"] == 1
    assert run("--hold", "docs", "--by", "ben")[0] == 1
    assert gate.admit([good()]).counts()["admit"] == 0
    assert "is not a source of" in run("--release", "nobody")[1]
