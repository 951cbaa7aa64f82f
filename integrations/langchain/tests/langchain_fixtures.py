"""A publisher, a policy and documents for real vector stores."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_documents import WordHashEmbeddings, forged, sealed

from headgate import Gate
from headgate.testing import FixedClock, Publisher


@pytest.fixture
def gate(handbook: Publisher, clock: FixedClock, tmp_path: Any) -> Gate:
    glossary = tmp_path / "terms.yaml"
    glossary.write_text("terms: {Kubernetes: [K8s]}")
    source = handbook.source(freshness={"max_age": "90d"}, terminology=[str(glossary)])
    return Gate({"sources": [source]}, clock=clock)


@pytest.fixture
def embeddings() -> Embeddings:
    return WordHashEmbeddings()


@pytest.fixture
def corpus(handbook: Publisher) -> list[Document]:
    """Twelve genuine documents between twelve forged ones."""
    return [document for number in range(12) for document in (sealed(handbook, number), forged(number))]
