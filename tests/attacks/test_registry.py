"""Attacks on what is remembered across retrievals: from the index, with another key, through a shared file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, Gate
from headgate.testing import FixedClock, Publisher

PAGE = "https://docs.example/leave"


@pytest.fixture
def docs(clock: FixedClock) -> Publisher:
    return Publisher("docs", "https://docs.example/**", clock)


def codes(gate: Gate, *chunks: Chunk) -> list[tuple[str, ...]]:
    return [decision.codes for decision in gate.admit(chunks).decisions]


def gate_of(clock: FixedClock, *sources: dict[str, Any], file: Path | None = None) -> Gate:
    registry = {"registry": {"path": str(file)}} if file is not None else {}
    return Gate({"sources": list(sources), **registry}, clock=clock)


def test_a_version_that_nobody_signed_withdraws_nothing(docs: Publisher, clock: FixedClock) -> None:
    gate = gate_of(clock, docs.source())
    current = docs.seal("30 days", PAGE, version=2)
    forged = [
        Chunk("x", {"source": PAGE, "version": 99}),
        Chunk("x", docs.seal("y", PAGE, version=99).metadata),
        current.with_metadata(version=99),
    ]
    gate.admit(forged)
    assert codes(gate, current) == [()]


def test_the_key_of_one_source_withdraws_nothing_of_another(docs: Publisher, clock: FixedClock) -> None:
    other = Publisher("other", "https://other.example/**", clock)
    gate = gate_of(clock, docs.source(), other.source())
    gate.admit([other.seal("x", PAGE, version=99)])
    assert codes(gate, docs.seal("30 days", PAGE, version=2)) == [()]


def test_gates_of_other_keys_share_a_file_and_nothing_in_it(docs: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    impostor = Publisher("docs", "https://docs.example/**", clock)
    file = tmp_path / "registry.sqlite"
    theirs, ours = gate_of(clock, impostor.source(), file=file), gate_of(clock, docs.source(), file=file)
    assert codes(theirs, impostor.seal("x", PAGE, version=99)) == [()]
    assert codes(ours, docs.seal("30 days", PAGE, version=2)) == [()]
    assert codes(ours, docs.seal("25 days", PAGE, version=1)) == [("F205",)]
    assert codes(theirs, impostor.seal("y", PAGE, version=98)) == [("F205",)]


def test_a_key_that_leaked_runs_versions_ahead_until_it_goes(
    docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    file, fresh = tmp_path / "registry.sqlite", Publisher("docs-2", "https://docs.example/**", clock)
    gate = gate_of(clock, docs.source(), file=file)
    assert codes(gate, docs.seal("poison", PAGE, version=2**63 - 1)) == [()]
    assert codes(gate, docs.seal("30 days", PAGE, version=2)) == [("F205",)]
    source = docs.source(provenance={"keys": fresh.key.public_jwks()})
    assert codes(gate_of(clock, source, file=file), fresh.seal("30 days", PAGE, version=2)) == [()]


def test_a_version_of_the_future_withdraws_nothing_yet(docs: Publisher, clock: FixedClock) -> None:
    gate = gate_of(clock, docs.source())
    gate.admit([docs.seal("x", PAGE, version=9, modified=clock.now + timedelta(days=9))])
    gate.admit([docs.seal("x", PAGE, version=9, not_before=clock.now + timedelta(days=9))])
    assert codes(gate, docs.seal("30 days", PAGE, version=2)) == [()]


def test_one_text_under_another_version_is_no_way_back(docs: Publisher, clock: FixedClock) -> None:
    gate = gate_of(clock, docs.source())
    old = docs.seal("25 days", PAGE, version=1)
    gate.admit([docs.seal("30 days", PAGE, version=2)])
    for attempt in (
        old.with_metadata(version=3),
        old.with_metadata(source=f"{PAGE}?v=1"),
        old.with_metadata(source=f"{PAGE}#part"),
        Chunk(old.text, {**old.metadata, "last_modified": "2026-06-01"}),
    ):
        assert not gate.admit([attempt]).decisions[0].admitted, attempt.metadata


def test_two_versions_never_stand_together_in_one_prompt_nor_in_two(docs: Publisher, clock: FixedClock) -> None:
    gate = gate_of(clock, docs.source())
    parts = {
        version: [docs.seal(f"{version} {part}", PAGE, version=version) for part in range(3)] for version in (1, 2)
    }
    assert codes(gate, *parts[1][:2]) == [(), ()]
    assert codes(gate, parts[1][2], parts[2][0]) == [("F205",), ()]
    assert codes(gate, *parts[1], *parts[2]) == [("F205",)] * 3 + [()] * 3
    assert codes(gate, parts[1][2]) == [("F205",)]
