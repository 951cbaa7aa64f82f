"""What one chunk of a document says of its short forms holds for the other chunks of it, in one retrieval."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, Gate, Policy
from headgate.record.writing import log_record
from headgate.replay import Redecider
from headgate.testing import FixedClock, Publisher

TERMS = """
terms:
  access point: {aliases: [AP], near: [radio]}
  accounts payable: {aliases: [AP], near: [invoice]}
  service level agreement: [SLA]
"""
DEFINES = "The access point (AP) stands on the roof."
USES = "Each AP has a number."


def gate_of(folder: Path, clock: FixedClock, *publishers: Publisher, **more: Any) -> Gate:
    (folder / "terms.yaml").write_text(TERMS)
    sources = [{**one.source(), "terminology": "terms.yaml"} for one in publishers]
    wiki = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}
    policy = {"sources": [*sources, {**wiki, "terminology": "terms.yaml"}], **more}
    return Gate(Policy.from_mapping(policy, folder), clock=clock)


def page(text: str, name: str = "a", **metadata: object) -> Chunk:
    return Chunk(text, {"source": f"https://wiki.example/{name}", **metadata})


def texts(gate: Gate, *chunks: Chunk) -> list[str]:
    return [one.text for one in gate.admit(chunks).chunks]


def test_a_definition_in_one_chunk_decides_in_another(tmp_path: Path, clock: FixedClock) -> None:
    gate = gate_of(tmp_path, clock)
    assert texts(gate, page(USES)) == [USES]
    for chunks in ([page(DEFINES), page(USES)], [page(USES), page(DEFINES)]):
        admission = gate.admit(chunks)
        found = {one.text: decision.codes for one, decision in admission.admitted()}
        assert found["Each access point has a number."] == ("T301",)  # and no longer T302
    assert texts(gate, page(USES)) == [USES]  # it is not remembered beyond the retrieval


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Autonomous Prefecture (AP) of the north.", USES),  # something that none of our terms names
        ("The accounts payable (AP) are due.", "Each accounts payable has a number."),
    ],
)
def test_what_another_chunk_says_counts_whatever_it_is(
    text: str, expected: str, tmp_path: Path, clock: FixedClock
) -> None:
    assert texts(gate_of(tmp_path, clock), page(text), page(USES))[1] == expected


def test_an_alias_without_rivals_is_left_where_its_document_means_something_else(
    tmp_path: Path, clock: FixedClock
) -> None:
    gate = gate_of(tmp_path, clock)
    assert texts(gate, page("The Sierra Leone Army (SLA) was small."), page("The SLA grew."))[1] == "The SLA grew."
    assert texts(gate, page("The Sierra Leone Army (SLA) was small.", "b"), page("The SLA grew."))[1] == (
        "The service level agreement grew."
    )


@pytest.mark.parametrize("text", ["The SLAs grew.", "The **SLA** grew.", "SLA"])
def test_the_other_chunk_may_write_it_in_other_ways(text: str, tmp_path: Path, clock: FixedClock) -> None:
    gate = gate_of(tmp_path, clock)
    assert "service level" in texts(gate, page(text))[0]
    assert texts(gate, page("The Sierra Leone Army (SLA) was small."), page(text))[1] == text


def test_a_title_in_the_prompt_is_in_the_words_of_another_chunk(tmp_path: Path, clock: FixedClock) -> None:
    gate = gate_of(tmp_path, clock)

    def titles(*chunks: Chunk) -> list[object]:
        return [one.metadata.get("title") for one in gate.admit(chunks).chunks]

    titled = replace(page("Nothing of it.", title="The SLA"), prompt_metadata=("title",))
    assert titles(titled) == ["The service level agreement"]
    assert titles(page("The Sierra Leone Army (SLA) was small."), titled)[1] == "The SLA"
    hidden = replace(titled, prompt_metadata=())
    assert titles(page("The Sierra Leone Army (SLA) was small."), hidden)[1] == "The SLA"


def test_its_own_word_comes_first_and_contradictions_count_for_nothing(tmp_path: Path, clock: FixedClock) -> None:
    gate = gate_of(tmp_path, clock)
    own = "Accounts payable (AP) come first. Pay each AP."
    assert "accounts payable" in texts(gate, page(DEFINES), page(own))[1].lower().partition("pay each")[2]
    contradictory = [page(DEFINES), page("All accounts payable (AP) are due."), page(USES)]
    assert texts(gate, *contradictory)[2] == USES
    armies = [page("The Sierra Leone Army (SLA) left."), page("A service level agreement (SLA) holds.")]
    assert texts(gate, *armies, page("The SLA grew."))[2] == "The SLA grew."


def test_what_stays_out_defines_nothing(tmp_path: Path, clock: FixedClock, handbook: Publisher) -> None:
    gate = gate_of(tmp_path, clock, handbook)
    uri = "https://handbook.example/1"
    forged = Chunk(DEFINES, {"source": uri})
    sealed = handbook.seal(USES, uri)
    assert texts(gate, forged, sealed) == [USES]
    assert texts(gate, handbook.seal(DEFINES, uri), sealed)[1] == "Each access point has a number."
    expired = page(DEFINES, valid_until="2020-01-01")
    assert texts(gate, expired, page(USES)) == [USES]
    # Where a proof is only asked for, what has none still defines no words of what has one.
    source = {**handbook.source(), "terminology": "terms.yaml", "mode": "warn"}
    warning = Gate(Policy.from_mapping({"sources": [source]}, tmp_path), clock=clock)
    assert texts(warning, forged, sealed) == [DEFINES, USES]


def test_a_record_with_texts_is_decided_alike(tmp_path: Path, clock: FixedClock) -> None:
    log = {"path": str(tmp_path / "log.jsonl"), "content": "full"}
    gate = gate_of(tmp_path, clock, log=log)
    admission = gate.admit([page(DEFINES), page(USES)])
    record = json.loads(json.dumps(log_record(admission, full=True)))
    for decision, again in zip(admission.decisions, Redecider(gate.policy).redecide(record), strict=True):
        assert (again.action, again.codes) == (decision.action, decision.codes)
    gate.close()
