"""Whether what a prompt was given still holds, in five words."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from headgate import Chunk, Gate, Policy
from headgate.cli.app import app
from headgate.record import log_record
from headgate.replay import Recheck, recheck, recheck_record
from headgate.testing import FixedClock, Publisher

PAGE = "https://handbook.example/a"


def both(gate: Gate, chunks: list[Chunk], clock: FixedClock, later: timedelta, policy: Policy | None = None) -> Recheck:
    """Admit now, and judge again later: by the gate, and by the record."""
    admission = gate.admit(chunks, "q")
    now = clock.now + later
    asked = recheck(gate if policy is None else Gate(policy, clock=clock), admission, now)
    recorded = recheck_record(log_record(admission), policy or gate.policy, now)
    assert (asked.answer, [one.answer for one in asked.documents]) == (
        recorded.answer,
        [one.answer for one in recorded.documents],
    )
    assert recorded.to_dict()["answer"] == recorded.answer
    return asked


def test_what_holds_is_current(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source(freshness={"max_age": "30d"})]}, clock=clock)
    found = both(gate, [handbook.seal("text", PAGE, modified=clock.now)], clock, timedelta(days=1))
    assert (found.answer, found.is_current) == ("current", True)
    assert [one.document for one in found.documents] == [PAGE]


def test_what_is_past_its_date_is_stale(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source(freshness={"max_age": "30d"})]}, clock=clock)
    chunks = [
        handbook.seal("old", PAGE, modified=clock.now - timedelta(days=20)),
        handbook.seal("new", "https://handbook.example/b", modified=clock.now),
        Chunk("nobody's", {"source": PAGE}),
    ]
    found = both(gate, chunks, clock, timedelta(days=20))
    assert [one.answer for one in found.documents] == ["stale", "current"]  # what was dropped was not given
    assert (found.answer, found.documents[0].codes) == ("stale", ("F202",))
    assert "F202" not in found.documents[0].why
    assert found.documents[0].why


def test_what_lost_its_key_is_unsupported(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source()]}, clock=clock)
    other = Publisher("handbook", "https://handbook.example/**", clock)
    policy = Policy.from_mapping({"sources": [other.source()]})
    assert both(gate, [handbook.seal("text", PAGE)], clock, timedelta(0), policy).answer == "unsupported"


def test_nothing_given_supports_nothing(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source()]}, clock=clock)
    assert both(gate, [Chunk("x", {"source": PAGE})], clock, timedelta(0)).answer == "unsupported"
    assert both(gate, [], clock, timedelta(0)).answer == "unsupported"


def test_what_a_record_does_not_say_is_unknown(handbook: Publisher, clock: FixedClock) -> None:
    record = json.loads(
        json.dumps(log_record(Gate({"sources": [handbook.source()]}, clock=clock).admit([handbook.seal("x", PAGE)])))
    )
    del record["decisions"][0]["evidence"]
    assert recheck_record(record, Policy.from_mapping({"sources": [handbook.source()]}), clock.now).answer == "unknown"


def test_the_worst_answer_speaks_for_all(handbook: Publisher, clock: FixedClock) -> None:
    rule = {"max_age": "30d", "supersede": True}
    gate = Gate({"sources": [handbook.source(freshness=rule)]}, clock=clock)
    chunks = [
        handbook.seal("ends", PAGE, expires=clock.now + timedelta(days=5)),
        handbook.seal("lasts", "https://handbook.example/b", modified=clock.now),
    ]
    found = both(gate, chunks, clock, timedelta(days=6))
    assert [one.answer for one in found.documents] == ["stale", "current"]
    assert found.answer == "stale"


def test_the_command_says_the_word_and_exits_accordingly(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    log, path = tmp_path / "log.jsonl", tmp_path / "headgate.yaml"
    policy = {"version": 1, "sources": [handbook.source(freshness={"max_age": "30d"})], "log": {"path": str(log)}}
    path.write_text(yaml.safe_dump(json.loads(json.dumps(policy, default=str))))
    with Gate(path, clock=clock) as gate:
        admission = gate.admit([handbook.seal("text", PAGE, modified=clock.now)], "q")

    def run(days: int, *more: str) -> tuple[int, str]:
        now = (clock.now + timedelta(days=days)).isoformat()
        result = CliRunner().invoke(app, ["recheck", admission.id[:12], str(log), "-p", str(path), "--now", now, *more])
        return result.exit_code, result.stdout

    assert run(1)[0] == 0
    assert "current" in run(1)[1]
    code, shown = run(40, "--json")
    assert (code, json.loads(shown)["answer"]) == (1, "stale")


@pytest.mark.parametrize("admission", ["nothing-like-it", ""])
def test_an_admission_that_is_not_there_is_said(
    admission: str, handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    with Gate({"sources": [handbook.source()], "log": {"path": str(log)}}, clock=clock) as gate:
        gate.admit([])
        gate.admit([])
    result = CliRunner().invoke(app, ["recheck", admission, str(log), "-p", str(tmp_path / "no.yaml")])
    assert result.exit_code != 0
    assert isinstance(result.exception, Exception)
    assert "with an id that begins with" in str(result.exception)
