"""The retriever of `headgate rehearse` and `headgate demo` where no other is named: BM25 over the documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from headgate import AdapterError

__all__ = ["BM25", "bm25"]


class BM25(BaseRetriever):
    """Ranks documents by the words that they share with the question (Okapi BM25); made by `bm25`."""

    documents: list[Document]
    k: int = 4
    """How many documents it returns."""
    index: Any = Field(default=None, repr=False)
    """The `rank_bm25` index; None where no document has a word."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:  # noqa: ARG002 - the base's signature
        if self.index is None:
            return []
        found: list[Document] = self.index.get_top_n(_words(query), self.documents, n=self.k)
        return found


def bm25(documents: Sequence[Document], k: int) -> BM25:
    """Return a BM25 retriever (`pip install 'langchain-headgate[demo]'`).

    Args:
        documents: what is in the index.
        k: how many documents it returns.

    Raises:
        AdapterError: rank-bm25 is not installed.
    """
    try:
        from rank_bm25 import BM25Okapi
    except ImportError:
        raise AdapterError("This retrieves with rank-bm25: pip install 'langchain-headgate[demo]'") from None

    words = [_words(document.page_content) for document in documents]
    # The library divides by the number of words.
    index = BM25Okapi(words) if any(words) else None
    return BM25(documents=list(documents), k=k, index=index)


def _words(text: str) -> list[str]:
    return "".join(character if character.isalnum() else " " for character in text.lower()).split()
