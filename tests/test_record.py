"""The decision record: made once, of the shape that its schema says, and read back through one door."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.callbacks import CallbackManager
from langchain_core.tracers.base import BaseTracer

from headgate import Admission, Chunk, Finding, Gate
from headgate.encoding import to_json, to_json_line
from headgate.record import DecisionLog, log_record, mend_admission, name_of, read_admission, read_log, records_in
from headgate.record.schema import AdmissionRecord, DecisionRecord, EvidenceRecord, FindingRecord, SealRecord
from headgate.testing import FixedClock, Publisher
from langchain_headgate.tracing import record as record_langchain

URI = "https://handbook.example/a"
PAGE = (Path(__file__).parents[1] / "docs" / "decision-log.md").read_text(encoding="utf-8")


class Counted(Mapping[str, object]):
    """The detail of a finding that counts how often it is made into plain values."""

    def __init__(self) -> None:
        self.times = 0

    def __getitem__(self, key: str) -> object:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        self.times += 1
        return iter(())

    def __len__(self) -> int:
        return 0


class Tracer(BaseTracer):
    def _persist_run(self, run: object) -> None:
        pass


def counted(admission: Admission) -> tuple[Admission, Counted]:
    detail = Counted()
    (decision,) = admission.decisions
    finding = Finding("F209", "It is due.", "warning", detail)
    return replace(admission, decisions=(replace(decision, findings=(finding,)),)), detail


def test_a_decision_is_made_into_plain_values_once_whoever_records_it(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    gate = Gate({"sources": [handbook.source()], "log": {"path": str(tmp_path / "log.jsonl")}}, clock=clock)
    admission, detail = counted(gate.judge([handbook.seal("text", URI)]))
    record_langchain(gate, admission, CallbackManager(handlers=[Tracer()]))
    admission.to_dict()
    log_record(admission, full=True)
    assert detail.times == 1


def test_what_a_handler_changes_in_its_record_changes_no_other(handbook: Publisher, clock: FixedClock) -> None:
    admission = Gate({"sources": [handbook.source()]}, clock=clock).admit([handbook.seal("text", URI)])
    admission.to_dict()["decisions"][0]["action"] = "drop"
    admission.to_dict()["decisions"].clear()
    assert admission.to_dict()["decisions"][0]["action"] == "admit"
    assert log_record(admission)["decisions"][0]["action"] == "admit"


def test_the_page_and_the_schema_name_the_same_entries() -> None:
    for heading, kind in (("A record", AdmissionRecord), ("A decision", DecisionRecord), ("Evidence", EvidenceRecord)):
        section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        first_cells = re.findall(r"^\| (`[^|]*) \|", section, re.M)
        named = {name for cell in first_cells for name in re.findall(r"`([a-z_]+)`", cell)}
        missing = set(get_type_hints(kind)) - named - {name for name in get_type_hints(kind) if f"`{name}`" in section}
        assert not missing, (heading, missing)
        assert named <= set(get_type_hints(kind)), heading


def test_what_the_gate_writes_is_what_the_schema_says_and_is_read_back_unchanged(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    (tmp_path / "terms.yaml").write_text("terms: {Kubernetes: [k8s]}")
    source = handbook.source(terminology=[str(tmp_path / "terms.yaml")])
    gate = Gate({"sources": [source]}, clock=clock)
    admission = gate.admit([handbook.seal("k8s", URI, {"title": "t"}), Chunk("x", {"source": URI, "modified": "?"})])
    record = log_record(admission, full=True)
    for value, kind in (
        (record, AdmissionRecord),
        (record["decisions"][0], DecisionRecord),
        (record["decisions"][1]["findings"][0], FindingRecord),
        (record["decisions"][0]["evidence"], EvidenceRecord),
        (record["decisions"][0]["evidence"]["seal"], SealRecord),
    ):
        assert set(value) <= set(get_type_hints(kind)), kind
    DecisionLog(tmp_path / "log.jsonl").write(admission)
    (entry,) = read_log([tmp_path / "log.jsonl"])
    assert entry.record is not None
    written = json.loads((tmp_path / "log.jsonl").read_text())
    assert entry.record == written == read_admission(written)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"now": "x", "admission": "y"},
        {"now": 1, "admission": "y", "decisions": []},
        {"now": "x", "admission": "y", "decisions": [{}]},
        {"now": "x", "admission": "y", "decisions": [{"action": "pass", "source": "s", "findings": []}]},
        {"now": "x", "admission": "y", "decisions": [{"action": "admit", "source": "s", "findings": [{"code": "?"}]}]},
    ],
)
def test_what_is_not_a_record_is_refused_and_can_still_be_shown(value: Any) -> None:
    with pytest.raises(ValueError, match=r"record|decision|finding"):
        read_admission(value)
    if isinstance(value, dict):
        assert isinstance(mend_admission(value)["decisions"], list)
        assert [entry.record for entry in records_in([value])] == [None]


def test_entries_of_the_wrong_type_count_as_not_said() -> None:
    decision = {
        "action": "admit",
        "source": "docs",
        "findings": [{"code": "F209", "severity": 3, "detail": []}],
        "id": 7,
        "age_seconds": "old",
        "text": 5,
        "evidence": {"times": {"modified": ["2026"]}},
        "later": 1,
    }
    record = read_admission({"now": "x", "admission": "y", "decisions": [decision], "counts": {"admit": "1"}})
    (read,) = record["decisions"]
    assert (read["id"], read["age_seconds"], read["findings"][0]["detail"]) == (None, None, {})
    assert "text" not in read
    assert "evidence" not in read
    assert read["later"] == 1  # type: ignore[typeddict-item]
    assert record["counts"] == {}
    assert decision["id"] == 7
    assert name_of(read) == ""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_a_line_reads_the_same_whichever_library_writes_it(value: object) -> None:
    assert json.loads(to_json_line(value)) == json.loads(to_json(value))


@pytest.mark.parametrize(
    "value", [2**80, "\ud800", {1: 2}, {"at": datetime(2026, 6, 1, tzinfo=timezone.utc)}, [Path("a")], {"a": {1}}]
)
def test_what_json_does_not_know_is_written_as_before(value: object) -> None:
    assert json.loads(to_json_line(value)) == json.loads(to_json(value))
