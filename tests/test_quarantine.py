"""A source that goes bad is held back as a whole until somebody releases it."""

from __future__ import annotations

import json
import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headgate import Chunk, Gate, HeadgateError, Policy, PolicyError
from headgate.admission.quarantine import QuarantineFile, Watch
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


@pytest.mark.parametrize(("minutes", "is_held"), [(0, True), (59, True), (60, False), (61, False)])
def test_a_failure_counts_for_the_length_of_the_window(minutes: int, is_held: bool, tmp_path: Path) -> None:
    clock = FixedClock()
    gate = gate_of(tmp_path, clock)
    gate.admit([bad()] * 9)
    clock.advance(timedelta(minutes=minutes))
    gate.admit([bad()])
    assert gate.admit([good()]).counts()["drop"] == is_held


def test_every_admission_counts_however_many_there_are_in_a_window(tmp_path: Path) -> None:
    clock = FixedClock()
    rule = {"failures": "50%", "window": "1h", "at_least": 150}
    gate = gate_of(tmp_path, clock, sources=[DOCS.source(quarantine=rule)])
    for number in range(150):
        assert gate.judge([good()]).counts()["admit"] == 1, number
        gate.admit([bad()])
        clock.advance(timedelta(seconds=0.1))
    assert gate.judge([good()]).counts()["admit"] == 0


@pytest.mark.parametrize(
    ("admitted", "failed", "is_held"),
    [(9, 0, False), (8, 2, False), (7, 3, True), (0, 9, False), (0, 10, True), (80, 20, False), (80, 21, True)],
)
def test_more_than_the_share_that_the_policy_allows_holds_a_source(
    admitted: int, failed: int, is_held: bool, tmp_path: Path
) -> None:
    gate = gate_of(tmp_path)
    gate.admit([good()] * admitted + [bad()] * failed)
    assert gate.admit([good()]).counts()["drop"] == is_held


def test_after_its_release_a_source_is_counted_afresh(tmp_path: Path) -> None:
    gate = gate_of(tmp_path)
    gate.admit([bad()] * 10)
    gate.admit([bad()] * 10)
    QuarantineFile(tmp_path / "quarantine.jsonl").release("docs", CLOCK(), "anna")
    gate.admit([bad()] * 9)
    assert gate.admit([good()]).counts()["admit"] == 1
    gate.admit([bad()])
    assert gate.admit([good()]).counts()["admit"] == 0


def test_sources_are_counted_each_for_itself(tmp_path: Path) -> None:
    other = Publisher("other", "https://other.example/**", CLOCK)
    sources = [publisher.source(quarantine=RULE) for publisher in (DOCS, WIKI, other)]
    gate = gate_of(tmp_path, sources=sources)
    gate.admit([bad()] * 10)
    gate.admit([bad(), *[bad(WIKI)] * 9, *[good(other)] * 40])
    assert [decision.codes for decision in gate.admit([good(), good(WIKI), good(other)]).decisions] == [
        ("P113",),
        (),
        (),
    ]
    gate.admit([bad(), bad(WIKI), *[bad(other)] * 10])
    assert [decision.codes for decision in gate.admit([good(), good(WIKI), good(other)]).decisions] == [
        ("P113",),
        ("P113",),
        (),
    ]


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


@pytest.mark.parametrize("content", [None, "garbage"])
def test_a_file_that_another_process_made_is_missed_too(content: str | None, tmp_path: Path) -> None:
    gate, other, path = gate_of(tmp_path), gate_of(tmp_path), tmp_path / "quarantine.jsonl"
    assert gate.admit([good()]).counts()["admit"] == 1
    if content is None:
        other.admit([bad()] * 50)
    else:
        path.write_text(content)
    assert gate.admit([good()]).counts()["admit"] == 0
    path.unlink()
    assert gate.admit([good()]).counts()["admit"] == 0


def test_audit_mode_records_and_admits(tmp_path: Path) -> None:
    gate = gate_of(tmp_path, mode="audit")
    gate.admit([bad().with_metadata(source="https://docs.example/a")] * 50)
    decision = gate.admit([good()]).decisions[0]
    assert decision.admitted
    assert decision.codes == ("P113",)


@pytest.mark.parametrize(
    "line",
    [
        "garbage",
        "[]",
        '{"action":"hold"}',
        '{"at":"x","action":"hold","source":"docs"}',
        '{"at":"2026-06-01T12:00:00","action":"hold","source":"docs"}',
        '{"at":"2026-06-01T12:00:00+00:00","action":"unhold","source":"docs"}',
        '{"at":"2026-06-01T12:00:00+00:00","source":"docs"}',
        '{"at":"2026-06-01T12:00:00+00:00","action":"hold","source":""}',
        '{"at":"2026-06-01T12:00:00+00:00","action":"hold"}',
        '{"at":"2026-06-01T12:00:00+00:00","action":"hold","source":7}',
        '{"at":"2026-06-01T12:00:00+00:00","action":"hold","source":"docs","reason":7}',
        "[" * 9000,
    ],
    ids=lambda line: line[:80],
)
def test_a_file_that_cannot_be_understood_holds_what_is_watched(tmp_path: Path, line: str) -> None:
    gate = gate_of(tmp_path)
    path = tmp_path / "quarantine.jsonl"
    path.write_text("\n" + line + "\n")
    admission = gate.admit([good(), good(WIKI)])
    assert [decision.codes for decision in admission.decisions] == [("G901",), ()]
    (finding,) = admission.decisions[0].findings
    assert "quarantine" in finding.message
    assert str(finding.detail["error"]).startswith(f"{path}:2: ")


def test_what_a_release_does_not_name_stays_held(tmp_path: Path) -> None:
    file = QuarantineFile(tmp_path / "q")
    assert file.held() == {}
    file.hold("a", CLOCK(), "one")
    file.hold("b", CLOCK(), "two")
    file.hold("a", CLOCK.now + timedelta(days=1), "three")
    file.release("c", CLOCK(), "anna")
    file.release("b", CLOCK(), "anna")
    assert {one.source: (one.since, one.reason) for one in file.held().values()} == {"a": (CLOCK.now, "one")}
    assert stat.S_IMODE((tmp_path / "q").stat().st_mode) & 0o137 == 0  # not everybody's, and nothing to run
    assert os.listdir(tmp_path) == ["q"]


@pytest.mark.parametrize(("size", "codes"), [(10_000_000, ()), (10_000_001, ("G901",))])
def test_a_file_has_a_largest_size(size: int, codes: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "quarantine.jsonl").write_bytes(b" " * size)
    (decision,) = gate_of(tmp_path).admit([good()]).decisions
    assert decision.codes == codes
    assert all("larger than 10,000,000 bytes" in str(finding.detail) for finding in decision.findings)


def test_what_is_said_about_a_file_stays_short(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120) / ("y" * 120) / ("z" * 120)
    folder.mkdir(parents=True)
    (folder / "quarantine.jsonl").write_text("garbage")
    (finding,) = gate_of(folder).admit([good()]).decisions[0].findings
    assert finding.detail["error"] == str(folder)[:300]


def test_where_nothing_is_watched_nothing_is_held() -> None:
    watch = Watch(Policy())
    assert watch.held() == {}
    assert watch.observe(Gate({}, clock=CLOCK).admit([bad()] * 50)) == []


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


def test_an_event_after_one_that_was_cut_off_has_a_line_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, write = QuarantineFile(tmp_path / "q"), os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:20]))
        with pytest.raises(OSError, match="only 20 of"):
            file.hold("a", CLOCK(), "one")
    with pytest.raises(HeadgateError, match=r"q:1: the line is not a quarantine event"):
        file.held()
    file.hold("b", CLOCK(), "two")
    cut, whole = (tmp_path / "q").read_text().splitlines()
    (tmp_path / "q").write_text(whole + "\n")
    assert len(cut) == 20
    assert set(file.held()) == {"b"}
