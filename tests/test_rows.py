"""Rows that share a source: each is a document of its own, as far as whoever vouches for it says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_community.document_loaders import CSVLoader

from headgate import Chunk, Gate, Policy, PolicyError
from headgate.freshness.rows import find_row
from headgate.record.writing import log_record
from headgate.replay import Redecider
from headgate.testing import FixedClock, Publisher

SITE = "https://wiki.example"


def gate_of(clock: FixedClock, **source: Any) -> Gate:
    rules = {"provenance": {"require": "declared"}, "freshness": {"supersede": True}, **source}
    return Gate({"sources": [{"id": "tables", "match": ["file:**", "s3://b/**"], **rules}]}, clock=clock)


def says(gate: Gate, *chunks: Chunk) -> list[str]:
    admission = gate.admit(chunks)
    record = json.loads(json.dumps(log_record(admission)))
    again = Redecider(gate.policy).redecide(record)
    assert [one.action for one in again] == [one.action for one in admission.decisions]
    return [" ".join((one.action, *one.codes)) for one in admission.decisions]


def row(number: object, month: int, source: str = "prices.csv", key: str = "row") -> Chunk:
    metadata = {"source": source, key: number, "last_modified": f"2026-0{month}-01T00:00:00Z"}
    return Chunk(f"row {number} of {month}", metadata)


@pytest.mark.parametrize(
    ("key", "source"), [("row", "prices.csv"), ("seq_num", "s3://b/dump.jsonl"), ("row", "A.XLSX")]
)
def test_rows_of_a_table_are_documents_of_their_own(key: str, source: str, clock: FixedClock) -> None:
    gate = gate_of(clock)
    assert says(gate, *(row(number, number + 1, source, key) for number in range(4))) == ["admit"] * 4
    # The same row again, as a store made a float of its number.
    assert says(gate, row(1, 1, source, key), row(1.0, 3, source, key), row(2, 1, source, key)) == [
        "drop F205",
        "admit",
        "admit",
    ]


@pytest.mark.parametrize("number", [None, "", "one", True, [1], {}, float("nan"), 10**400, "٣x"])
def test_what_names_no_row_makes_no_document(number: object, clock: FixedClock) -> None:
    assert says(gate_of(clock), row(number, 1), row(7, 3), row(number, 2)) == ["drop F205", "admit", "admit"]


def test_only_of_tables_and_only_by_the_key_that_counts(clock: FixedClock) -> None:
    assert says(gate_of(clock), row(1, 1, "a.md"), row(2, 3, "a.md")) == ["drop F205", "admit"]
    named = gate_of(clock, identity={"row_key": "sku"})
    assert says(named, row("a", 1, key="sku"), row("b", 3, key="sku")) == ["admit", "admit"]
    assert says(named, row("a", 1, "a.md", "sku"), row("b", 3, "a.md", "sku")) == ["admit", "admit"]
    assert says(named, row(1, 1), row(2, 3)) == ["drop F205", "admit"]
    none = gate_of(clock, identity={"row_key": False})
    assert says(none, row(1, 1), row(2, 3)) == ["drop F205", "admit"]


def test_of_a_proved_text_only_the_proof_says_which_row_it_is(clock: FixedClock) -> None:
    publisher = Publisher("tables", "file:**", clock)
    gate = Gate({"sources": [publisher.source(freshness={"supersede": True})]}, clock=clock)
    old, new = (
        publisher.seal(text, "prices.csv", modified=clock.ago(days=days)) for text, days in (("10", 9), ("12", 1))
    )
    assert says(gate, old.with_metadata(row="5"), new.with_metadata(row="6"))[0] == "drop F205"
    covered = [
        publisher.seal(text, "prices.csv", {"row": number}, modified=clock.ago(days=days), cover=["row"])
        for text, days, number in (("20", 9, "1"), ("22", 1, "2"), ("19", 30, "2"))
    ]
    assert says(gate, *covered) == ["admit", "admit", "drop F205"]


def test_a_feed_of_the_table_speaks_for_its_rows(tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "changes.jsonl").write_text(json.dumps({"uri": "s3://b/dump.jsonl", "kind": "removed"}) + "\n")
    policy = {
        "sources": [
            {
                "id": "tables",
                "match": ["s3://b/**"],
                "provenance": {"require": "declared"},
                "freshness": {"feeds": [{"changes": "changes.jsonl"}]},
            }
        ],
        "registry": {"path": "registry.sqlite"},
    }
    file = tmp_path / "headgate.yaml"
    file.write_text(json.dumps(policy))
    from typer.testing import CliRunner

    from headgate.cli.app import app

    assert CliRunner().invoke(app, ["watch", "-p", str(file)]).exit_code == 0
    assert says(Gate(file, clock=clock), row(3, 5, "s3://b/dump.jsonl", "seq_num")) == ["drop F212"]


def test_a_row_that_names_its_page_is_of_that_page_where_the_same_rules_count(clock: FixedClock) -> None:
    chunk = Chunk("text", {"source": "pages.csv", "row": 0, "url": f"{SITE}/0"})
    default = Gate({"default": {"provenance": {"require": "declared"}}, "sources": []}, clock=clock)
    assert default.admit([chunk]).decisions[0].uri == f"{SITE}/0"
    milder = {"id": "wiki", "match": [f"{SITE}/**"], "provenance": {"require": "none"}}
    strict = Gate({"sources": [milder], "default": {"provenance": {"require": "declared"}}}, clock=clock)
    assert strict.admit([chunk]).decisions[0].uri == "file:pages.csv"


def test_rows_as_a_loader_makes_them(tmp_path: Path, clock: FixedClock) -> None:
    table = tmp_path / "prices.csv"
    table.write_text("sku,price\na,10\nb,20\n")
    documents = CSVLoader(str(table)).load()
    chunks = [
        Chunk(one.page_content, {**one.metadata, "last_modified": f"2026-0{month}-01"})
        for month, one in enumerate(documents, 1)
    ]
    assert says(gate_of(clock), *chunks) == ["admit", "admit"]


def test_current_without_a_pattern_is_an_error() -> None:
    source = {"id": "a", "match": "file:**", "provenance": {"require": "declared"}, "identity": {"current": "v2"}}
    with pytest.raises(PolicyError, match="no pattern"):
        Policy.from_mapping({"sources": [source]})


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=6, unique=True))
def test_of_every_row_the_latest_text_enters_and_no_other(rows: list[tuple[int, int]]) -> None:
    latest = {number: max(month for other, month in rows if other == number) for number, _ in rows}
    assert [one.startswith("admit") for one in says(gate_of(FixedClock()), *(row(*one) for one in rows))] == [
        latest[number] == month for number, month in rows
    ]


@pytest.mark.parametrize(("chars", "is_row"), [(1, True), (256, True), (257, False)])
def test_what_names_a_row_has_a_length(chars: int, is_row: bool) -> None:
    found = [find_row({"key": sign * chars}, "file:t.csv", "key") for sign in "ab"]
    assert [one is not None for one in found] == [is_row, is_row]
    assert not is_row or found[0] != found[1]
