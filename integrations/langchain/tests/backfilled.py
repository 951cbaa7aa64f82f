"""Documents without seals in a store of LangChain, and what is true of every store whose rows have been sealed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding

from headgate import Gate
from headgate.chunk import SEAL_KEY
from headgate.integration.backfilling import StoredIndex, backfill
from headgate.integration.publishing import Publishing
from headgate.policy import MetadataKeys
from headgate.testing import FixedClock, Publisher
from langchain_headgate import guard
from langchain_headgate.adapter import LangChainAdapter

__all__ = ["CLOCK", "EMBEDDING", "HANDBOOK", "SIZE", "check_end_to_end", "documents", "index_of", "policy_of", "search"]

CLOCK = FixedClock()
HANDBOOK = Publisher("handbook", "https://handbook.example/**", CLOCK)
EMBEDDING = DeterministicFakeEmbedding(size=8)
SIZE = 25


def documents() -> list[Document]:
    made = [
        Document(
            f"Part {number}. Everyone gets {number} days of leave. Ü {chr(0x1F6B2)}",
            metadata={
                "source": f"https://handbook.example/{number}.md",
                "title": f"Part {number}",
                "page": number,
                "weight": number / 4,
                "is_public": number % 2 == 0,
                "last_modified": CLOCK.ago(days=number).isoformat(),
            },
        )
        for number in range(SIZE - 1)
    ]
    return [*made, Document("Nobody knows where this is from.", metadata={"title": "stray"})]


def policy_of(source: str = "source") -> Gate:
    policy = {"metadata": {"source": [source]}, "sources": [HANDBOOK.source(freshness={"max_age": "90d"})]}
    return Gate(policy, clock=CLOCK)


def search(store: Any, source: str = "source") -> list[Document]:
    found: list[Document] = guard(store, policy_of(source)).similarity_search("leave", k=SIZE)
    return found


def metadata_of(store: Any) -> dict[str, dict[str, Any]]:
    found = store.similarity_search("leave", k=SIZE)
    return {one.page_content: {k: v for k, v in one.metadata.items() if k != SEAL_KEY} for one in found}


def index_of(store: Any) -> StoredIndex:
    index = LangChainAdapter().stored_index(store)
    assert index is not None
    return index


def check_end_to_end(store: Any, vectors: Callable[[], object], source: str = "source") -> None:
    """Backfill a store that was killed half-way, and search it under a policy that requires seals."""
    publishing = Publishing(keys=MetadataKeys(source=(source,)))
    before, index, plain = vectors(), index_of(store), metadata_of(store)
    assert not search(store, source)
    assert index.count() == SIZE
    dry = list(backfill(index_of(store), HANDBOOK.sealer, publishing))
    assert not search(store, source)
    running = backfill(index, HANDBOOK.sealer, publishing, writes=True, page=4)
    for _ in range(6):  # into the second page
        next(running)
    del running
    states = [one.state for one in backfill(index_of(store), HANDBOOK.sealer, publishing, writes=True, page=4)]
    assert states.count("kept") == 8 - states[:8].count("unfit")
    assert sorted(set(states)) == ["kept", "sealed", "unfit"]
    assert states.count("unfit") == [outcome.state for outcome in dry].count("unfit") == 1
    found = search(store, source)
    assert len(found) == SIZE - 1
    assert {document.metadata["title"] for document in found} == {f"Part {number}" for number in range(SIZE - 1)}
    assert vectors() == before
    # Nothing but the seal was added, and nothing else was changed.
    assert metadata_of(store) == plain
    again = backfill(index_of(store), HANDBOOK.sealer, publishing, writes=True)
    assert {outcome.state for outcome in again} == {"kept", "unfit"}
    # Without a policy everything is found, and only recorded.
    assert len(guard(store).similarity_search("leave", k=SIZE)) == SIZE
