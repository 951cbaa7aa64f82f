"""What commands say of documents under a policy that was pulled and has ended is what every gate says of them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from fleets import HOUR, Fleet
from headgate import Gate
from headgate.admission.loading import policy_and_pulled
from headgate.corpus import audit_corpus
from headgate.corpus.item import CorpusItem
from headgate.corpus.kernel import JudgeRows
from headgate.record import log_record
from headgate.replay import recheck_record, replay_records
from headgate.tuning import look_ahead

pytestmark = pytest.mark.enable_socket
PAGE = "https://docs.example/a"


def ending(fleet: Fleet, **settings: str) -> Path:
    """Return the file of a machine that has a policy in force which ends in three hours."""
    fleet.write("docs", **settings)
    fleet.publish("--expires", "3h")
    fleet.gate().close()
    return fleet.machine()


@pytest.fixture
def machine(fleet: Fleet) -> Path:
    return ending(fleet)


def written(fleet: Fleet) -> Path:
    page = fleet.docs.seal("the page", PAGE)
    file = fleet.folder / "pages.jsonl"
    file.write_text(json.dumps({"text": page.text, "metadata": {"source": PAGE, **page.metadata}}) + "\n")
    return file


@pytest.mark.parametrize("option", ["--now", "--at"])
@pytest.mark.parametrize("mode", ["enforce", "audit"])
def test_an_audit_admits_nothing_from_its_end_on(fleet: Fleet, option: str, mode: str) -> None:
    machine = ending(fleet, mode=mode)
    pages, before, after = (str(written(fleet)), fleet.clock.now + 2 * HOUR, fleet.clock.now + 4 * HOUR)
    words = ("audit", pages, "--policy", str(machine), option)
    assert "1 of 1 document" in fleet.run(*words, before.isoformat())
    said = fleet.run(*words, after.isoformat(), fails=1)
    assert "0 of 1 document" in said
    assert "G910" in said


def test_nor_does_one_of_a_data_set(fleet: Fleet, machine: Path) -> None:
    words = ("audit", str(written(fleet)), "--policy", str(machine), "--json", "--now")
    for hours, fails in ((2, 0), (4, 1)):
        out = ("--out", str(fleet.folder / f"out{hours}"))
        fleet.run(*words, (fleet.clock.now + hours * HOUR).isoformat(), *out, fails=fails)
    chunk = fleet.docs.seal("the page", PAGE)
    for hours, reasons in ((2, []), (4, ["G910"])):
        kernel = JudgeRows(machine, fleet.clock.now + hours * HOUR)
        (judged,) = kernel.gate.judge_each([chunk], kernel.now)
        assert [one.code for one in judged.decision.reasons] == reasons
        assert judged.valid_until == fleet.clock.now + 3 * HOUR


def test_one_of_the_future_takes_for_granted_that_the_place_confirms(fleet: Fleet) -> None:
    gate = fleet.gate(warn_after="2h", stop_after="4h")
    item = CorpusItem("here", fleet.docs.seal("the page", PAGE))
    now = fleet.clock.now + 5 * HOUR
    (row,) = audit_corpus(gate, [item], now, lasting=gate.policy).rows
    assert not row.keeps_out
    (row,) = audit_corpus(gate, [item], now).rows
    assert row.decision is not None
    assert [one.code for one in row.decision.reasons] == ["G910"]


def test_a_record_is_decided_again_as_a_gate_would(fleet: Fleet, machine: Path) -> None:
    gate = Gate(machine, clock=fleet.clock)
    record = log_record(gate.admit([fleet.docs.seal("the page", PAGE)]))
    policy, pulled = policy_and_pulled(machine)
    for hours, answer, action in ((2, "current", "admit"), (4, "unsupported", "drop")):
        now = fleet.clock.now + hours * HOUR
        assert recheck_record(record, policy, now, pulled=pulled).answer == answer
        assert replay_records([record], policy, at=now, pulled=pulled).is_changed == (action == "drop")
    log = fleet.folder / "decisions.jsonl"
    log.write_text(json.dumps(record) + "\n")
    for hours, fails in ((2, 0), (4, 1)):
        at = (fleet.clock.now + hours * HOUR).isoformat()
        fleet.run("replay", str(log), "--policy", str(machine), "--at", at, fails=fails)
        fleet.run("recheck", record["admission"], str(log), "--policy", str(machine), "--now", at, fails=fails)
    # What was kept out for its end then is kept out again.
    fleet.clock.advance(4 * HOUR)
    ended = log_record(gate.admit([fleet.docs.seal("the page", PAGE)]))
    assert [one["action"] for one in ended["decisions"]] == ["drop"]
    assert not replay_records([ended], policy, pulled=pulled).is_changed


def test_the_outlook_of_every_source_ends_with_the_policy(fleet: Fleet, machine: Path) -> None:
    gate = Gate(machine, clock=fleet.clock)
    for hours, state in ((0, "open"), (2, "soon"), (4, "over")):
        found = look_ahead(gate, now=fleet.clock.now + hours * HOUR, within=timedelta(hours=2))
        assert {one.state for one in found.sources} == {state}
        assert found.is_good == (state == "open")
