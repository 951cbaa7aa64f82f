"""What a command says to do next can be pasted: it names the very files that the command was given."""

from __future__ import annotations

import json
import shlex
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from langchain_core.documents import Document
from typer.testing import CliRunner

from headgate import Chunk, Gate
from headgate.cli.app import app
from headgate.testing import FixedClock, Publisher
from langchain_headgate import decision_record, gate_documents

URI = "https://handbook.example/a"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handbook: Publisher, clock: FixedClock) -> Path:
    """A folder with a policy and a log with a genuine and a changed document."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    source = handbook.source(freshness={"verified_within": "1d"})
    (tmp_path / "keys.json").write_text(json.dumps(source["provenance"]["keys"]))
    source["provenance"] = {**source["provenance"], "keys": ["keys.json"]}
    Path("my policy.yaml").write_text(yaml.safe_dump({"sources": [source], "log": {"path": "my log.jsonl"}}))
    good = handbook.seal("Payments go to account 12.", URI)
    with Gate("my policy.yaml", clock=clock) as gate:
        gate.admit([good, Chunk("Payments go to account 66.", good.metadata)], "account?")
    return tmp_path


def said(*words: str) -> str:
    return CliRunner().invoke(app, list(words)).output


def commands(text: str) -> list[list[str]]:
    found = [line.strip() for line in text.splitlines() if "headgate " in line]
    return [shlex.split(line[line.index("headgate ") :]) for line in found]


def test_the_worst_source_is_looked_up_in_the_log_that_was_read(here: Path) -> None:
    out = said("sources", "my log.jsonl", "--html", "page.html")
    assert ["headgate", "log", "my log.jsonl", "--source", "handbook"] in commands(out)
    page = Path("page.html").read_text()
    assert "headgate log LOG" not in page
    assert "0 of less than 1" in page  # a prompt is whole, and so is what is spent of a budget of prompts


def test_a_source_is_verified_by_the_policy_that_was_read_and_lists_are_named(here: Path, clock: FixedClock) -> None:
    later = (clock.now + timedelta(days=3)).isoformat()
    out = said("freshness", "--policy", "my policy.yaml", "--log", "my log.jsonl", "--now", later)
    assert ["headgate", "watch", "--policy", "my policy.yaml"] in commands(out)
    assert "listed as 'To fetch again'" in out
    assert "below" not in out


def test_a_bundle_that_lacks_something_is_made_again_by_the_same_command(here: Path, clock: FixedClock) -> None:
    span = ("--since", "2020-01-01", "--until", f"{clock.now.year + 1}-01-01")
    out = said("evidence", "build", "my log.jsonl", *span, "--out", "e.zip")
    again = [*("headgate", "evidence", "build", "my log.jsonl"), *span, "--out", "e.zip", "--force"]
    assert [*again, "--policy", "FILE"] in commands(out)
    assert [*again, "--key", "KEY"] in commands(out)


def test_a_record_names_its_edits_where_nothing_was_rewritten(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source()]}, clock=clock)
    sealed = handbook.seal("Nothing to rewrite.", URI)
    (found,) = gate_documents(gate).invoke([Document(page_content=sealed.text, metadata=sealed.metadata)])
    record = decision_record(found)
    assert record is not None
    assert (record["edits"], record["metadata_edits"]) == ([], {})
