"""What the framework's own tracers see of an admission."""

from __future__ import annotations

import json
from pathlib import Path

from headgate.testing.suite.bench import HANDBOOK, QUESTION, AdapterBench

__all__ = ["TraceTests"]


class TraceTests(AdapterBench):
    """Tests of traces."""

    def test_the_trace_carries_the_record(self, tmp_path: Path) -> None:
        """One question leaves one record, with a decision for each document that was found."""
        gate = self.gate(tmp_path)
        (record,) = self.traced(self.guarded(gate, self.mixed()), QUESTION)
        assert record["policy_revision"] == gate.policy_revision
        assert record["counts"]["admit"] == 4
        assert record["counts"]["drop"] == len(self.mixed()) - 4
        assert record["counts"]["P101"] >= 3
        assert len(record["decisions"]) == len(self.mixed())
        json.dumps(record)

    def test_the_trace_and_the_documents_agree(self, tmp_path: Path) -> None:
        """What was released names the admission, and each question has one of its own."""
        retriever = self.guarded(self.gate(tmp_path), [self.genuine(1)])
        records = [*self.traced(retriever, QUESTION), *self.traced(retriever, QUESTION)]
        assert len({record["admission"] for record in records}) == 2
        (document,) = self.ask(retriever, QUESTION)
        decided = self.record_of(document)
        assert decided is not None
        assert decided["issuer"] == "handbook"

    def test_the_trace_of_audit_says_what_would_be_dropped(self, tmp_path: Path) -> None:
        """A gate that only observes records what it would have decided."""
        (record,) = self.traced(self.guarded(self.gate(tmp_path, mode="audit"), self.mixed()), QUESTION)
        assert record["counts"]["admit"] == len(self.mixed())
        assert record["counts"]["P101"] >= 3

    def test_records_hold_no_text(self, tmp_path: Path) -> None:
        """Neither the documents nor the question nor credentials are in a record."""
        secret = self.forged(5, source=f"https://user:hunter2@{HANDBOOK.removeprefix('https://')}5")
        (record,) = self.traced(self.guarded(self.gate(tmp_path), [*self.mixed(), secret]), QUESTION)
        written = json.dumps(record)
        for text in ("page 1", "forged 5", "stale 2", "leave", "hunter2"):
            assert text not in written
