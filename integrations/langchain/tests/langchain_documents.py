"""Documents and embeddings that the tests of this package share."""

from __future__ import annotations

import hashlib
import math
import re
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from headgate.testing import Publisher


class WordHashEmbeddings(Embeddings):
    """Embeddings that need no download: hashed words, normalised."""

    def embed_query(self, text: str) -> list[float]:
        vector = [0.0] * 256
        for word in re.findall(r"\w+", text.lower()):
            vector[int(hashlib.sha256(word.encode()).hexdigest(), 16) % 256] += 1.0
        length = math.sqrt(sum(value * value for value in vector)) or 1.0
        return [value / length for value in vector]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


def sealed(handbook: Publisher, number: int, text: str | None = None, **claims: Any) -> Document:
    """A genuine document."""
    chunk = handbook.seal(text or f"page {number} about K8s clusters", f"https://handbook.example/{number}", **claims)
    return Document(page_content=chunk.text, metadata=dict(chunk.metadata))


def forged(number: int) -> Document:
    """A document that ranks well and proves nothing."""
    return Document(
        page_content=f"K8s K8s clusters forged {number}", metadata={"source": f"https://handbook.example/{number}"}
    )
