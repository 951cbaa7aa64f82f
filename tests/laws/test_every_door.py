"""Whichever door a document comes through, the decision is one, and nothing that is not proved comes out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doors import DOORS, ids_through
from worlds import Origin, gate_of, policies, retrievals

doors = st.sampled_from(sorted(DOORS))


@given(policies(), retrievals(), doors)
def test_every_door_lets_the_same_documents_through(policy: Any, found: list[Origin], name: str) -> None:
    gate, chunks = gate_of(policy), [one.chunk for one in found]
    assert ids_through(DOORS[name], gate, chunks) == ids_through(DOORS["core"], gate, chunks)


@given(policies(), retrievals(), doors)
def test_nothing_forged_comes_out(policy: Any, found: list[Origin], name: str) -> None:
    forged = {str(one.chunk.id) for one in found if not one.is_genuine}
    assert not forged & set(ids_through(DOORS[name], gate_of(policy), [one.chunk for one in found]))


@pytest.mark.parametrize("name", sorted(DOORS))
def test_every_door_lets_something_through(name: str) -> None:
    from worlds import HANDBOOK

    chunk = HANDBOOK.seal("genuine", "https://handbook.example/1")
    gate = gate_of({"sources": [HANDBOOK.source()]})
    assert len(ids_through(DOORS[name], gate, [chunk])) == 1
