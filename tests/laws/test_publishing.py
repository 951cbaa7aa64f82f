"""Law 8: whatever signs makes its claims from metadata in one function."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from llama_index.core.schema import TextNode

from headgate import Chunk, Policy
from headgate.chunk import SEAL_KEY
from headgate.corpus import CorpusItem, seal_corpus
from headgate.freshness import CATALOGUE
from headgate.freshness.catalogue import SIDE_ROLES
from headgate.integration.publishing import Publishing
from headgate.provenance import Seal, read_seal
from headgate.rehearsal.world import World
from headgate.testing import FixedClock, Publisher
from langchain_headgate import SealDocuments
from llama_index.postprocessor.headgate import SealNodes

CLOCK = FixedClock()
PUBLISHER = Publisher("handbook", "https://handbook.example/**", CLOCK)
WORLD = World(
    Policy.from_mapping({"sources": [PUBLISHER.source()]}), CLOCK.now, ["?"], seed=1, folder=Path(tempfile.gettempdir())
)
KEYS = [name for role, names in CATALOGUE.items() if role not in ("source", *SIDE_ROLES) for name in names]
FIRST, LAST = datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2060-01-01")
TIMES = st.one_of(
    st.datetimes(min_value=FIRST, max_value=LAST).map(lambda t: f"{t:%Y-%m-%dT%H:%M:%S}Z"),
    st.dates().map(str),
    st.sampled_from(["2019-04-03T10:00:00", "03/04/2023", "soon", "", "2026", "20240310120000"]),
)
VALUES = st.one_of(TIMES, st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=8), st.lists(TIMES))
METADATA = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), VALUES, max_size=6).map(
    lambda entries: {**entries, "source": "https://handbook.example/a"}
)


def claims(metadata: object) -> tuple[object, ...] | None:
    """What a seal says, apart from who says it."""
    assert isinstance(metadata, dict)
    token = metadata.get(SEAL_KEY)
    return _without_issuer(read_seal(token)[1]) if token is not None else None


def _without_issuer(seal: Seal) -> tuple[object, ...]:
    return (
        seal.subject,
        seal.digest,
        seal.version,
        seal.modified,
        seal.valid_from,
        seal.valid_until,
        seal.covered,
        seal.covered_digest,
        seal.hidden,
    )


def by_command_line(metadata: dict[str, object]) -> tuple[object, ...] | None:
    (item,) = seal_corpus([CorpusItem("x", Chunk("text", metadata))], PUBLISHER.sealer)
    return claims(dict(item.chunk.metadata)) if item.chunk is not None else None


def by_langchain(metadata: dict[str, object]) -> tuple[object, ...] | None:
    (document,) = SealDocuments(PUBLISHER.sealer).transform_documents([Document("text", metadata=metadata)])
    return claims(document.metadata)


def by_llama_index(metadata: dict[str, object]) -> tuple[object, ...] | None:
    (node,) = SealNodes(PUBLISHER.sealer)([TextNode(text="text", metadata=metadata)])
    return claims(node.metadata)


def by_rehearsal(metadata: dict[str, object]) -> tuple[object, ...] | None:
    return claims(dict(WORLD.publish(Chunk("text", metadata)).metadata))


@given(METADATA)
def test_four_ways_to_seal_make_the_same_claims(metadata: dict[str, object]) -> None:
    expected = by_command_line(metadata)
    assert by_rehearsal(metadata) == expected
    for way in (by_langchain, by_llama_index):
        if expected is None:
            with pytest.raises(Exception, match="cannot be"):
                way(metadata)
        else:
            assert way(metadata) == expected


@given(METADATA)
def test_every_plain_entry_with_a_role_is_signed(metadata: dict[str, object]) -> None:
    found = by_command_line(metadata)
    if found is None:
        return
    covered = found[6]
    assert isinstance(covered, tuple)
    for name, value in metadata.items():
        if name in KEYS and isinstance(value, str) and value:
            assert name in covered


@pytest.mark.parametrize("value", ["soon", "31/31/2023", "2023-13-40", "next year"])
def test_a_time_that_cannot_be_read_is_not_sealed_as_another(value: str) -> None:
    metadata = {"source": "https://handbook.example/a", "last_modified": value, "date": "2026-05-31T00:00:00Z"}
    made = Publishing().claims(metadata)
    assert made.arguments["modified"] is None
    assert {"last_modified", "date"} <= set(made.arguments["cover"])
