"""Documents that mean harm: never a crash, never an admission that is not earned, never a change of the input."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from headgate import Chunk, Gate
from headgate.chunk import SEAL_KEY
from headgate.testing import HOSTILE_METADATA, HOSTILE_STRINGS, FixedClock, Publisher, hostile_seals

URI = "https://handbook.example/page"


@pytest.fixture
def gate(handbook: Publisher, prices: Publisher, clock: FixedClock, tmp_path: Any) -> Gate:
    glossary = tmp_path / "terms.yaml"
    glossary.write_text("fuzzy: flag\nterms: {Kubernetes: [k8s, kube cluster manager], B: [a]}")
    rules: dict[str, Any] = {"freshness": {"max_age": "90d"}, "terminology": [str(glossary)]}
    return Gate({"sources": [handbook.source(**rules), prices.source()]}, clock=clock)


@pytest.mark.parametrize("text", HOSTILE_STRINGS, ids=range(len(HOSTILE_STRINGS)))
def test_a_hostile_text_without_proof_stays_out(gate: Gate, text: str) -> None:
    admission = gate.admit([Chunk(text, {"source": URI})])
    assert not admission.chunks
    assert admission.decisions[0].reasons


@pytest.mark.parametrize("text", HOSTILE_STRINGS, ids=range(len(HOSTILE_STRINGS)))
def test_a_hostile_text_that_is_proved_comes_through(gate: Gate, handbook: Publisher, text: str) -> None:
    try:
        chunk = handbook.seal(text, URI)
    except UnicodeEncodeError:  # a lone surrogate cannot be sealed, nor admitted
        return
    admission = gate.admit([chunk])
    assert admission.decisions[0].admitted


@pytest.mark.parametrize("value", HOSTILE_METADATA, ids=range(len(HOSTILE_METADATA)))
@pytest.mark.parametrize("key", ["source", "last_modified", "valid_until", "superseded_by", "version", SEAL_KEY, "x"])
def test_hostile_metadata_neither_crashes_nor_admits(gate: Gate, key: str, value: object) -> None:
    metadata: dict[str, object] = {"source": URI, key: value}
    admission = gate.admit([Chunk("text", metadata)])
    assert not admission.chunks
    admission.to_dict()
    repr(admission.counts())


@pytest.mark.parametrize("value", HOSTILE_METADATA, ids=range(len(HOSTILE_METADATA)))
def test_hostile_metadata_beside_a_valid_seal_does_not_freshen(
    gate: Gate, handbook: Publisher, clock: FixedClock, value: object
) -> None:
    stale = handbook.seal("text", URI, modified=clock.ago(days=200))
    assert not gate.admit([stale.with_metadata(last_modified=value, date=value)]).chunks


def test_hostile_seals_of_every_kind_stay_out(gate: Gate, handbook: Publisher) -> None:
    token = str(handbook.seal("text", URI).metadata[SEAL_KEY])
    forms = hostile_seals(token, handbook.sealer.public)
    assert len(forms) > 20
    for name, form in forms.items():
        (decision,) = gate.admit([Chunk("text", {SEAL_KEY: form, "source": URI})]).decisions
        assert not decision.admitted, name
        assert decision.codes[0].startswith("P1"), name


def test_a_seal_from_another_chunk_stays_out(gate: Gate, handbook: Publisher) -> None:
    one, other = handbook.seal("one", URI), handbook.seal("other", URI)
    (decision,) = gate.admit([Chunk("one", other.metadata)]).decisions
    assert decision.codes == ("P105",)
    assert gate.admit([one]).chunks


@pytest.mark.parametrize("metadata", [None, 7, "text", [("source", URI)], object()])
def test_metadata_that_is_no_mapping_stays_out(gate: Gate, metadata: Any) -> None:
    assert gate.admit([Chunk("text", metadata)]).decisions[0].codes == ("G902",)


@pytest.mark.parametrize("text", [None, 7, b"bytes", ["list"], object()])
def test_a_text_that_is_no_string_stays_out(gate: Gate, text: Any) -> None:
    assert gate.admit([Chunk(text, {"source": URI})]).decisions[0].codes == ("G902",)


def test_ten_megabytes_are_judged_and_more_than_the_limit_is_not(gate: Gate, handbook: Publisher) -> None:
    assert gate.admit([handbook.seal("word k8s " * 1_200_000, URI)]).decisions[0].admitted
    assert gate.admit([Chunk("x" * 20_000_001)]).decisions[0].codes == ("G903",)


def test_deep_metadata_is_left_as_it_was(gate: Gate) -> None:
    deep: dict[str, object] = {}
    place = deep
    for _ in range(900):
        inner: dict[str, object] = {}
        place["source"] = inner
        place = inner
    metadata = {"source": deep, "when": [deep]}
    before = copy.copy(metadata)
    assert not gate.admit([Chunk("text", metadata)]).chunks
    assert metadata == before


def test_a_hundred_thousand_keys_cost_no_more_than_a_few(gate: Gate) -> None:
    metadata: dict[str, object] = {f"key{number}": number for number in range(100_000)}
    metadata["source"] = URI
    assert not gate.admit([Chunk("text", metadata)] * 3).chunks


def test_a_mapping_that_raises_is_a_finding(gate: Gate) -> None:
    class Raises(dict[str, object]):
        def get(self, key: str, default: object = None) -> object:
            raise RuntimeError("no")

        def items(self) -> Any:
            raise RuntimeError("no")

    (decision,) = gate.admit([Chunk("text", Raises(source=URI))]).decisions
    assert decision.action == "drop"
    assert "G901" in decision.codes


def test_more_documents_than_the_limit_are_refused_one_by_one(gate: Gate) -> None:
    admission = gate.admit([Chunk("x")] * 10_001)
    assert admission.decisions[-1].codes == ("G904",)
    assert not admission.chunks
