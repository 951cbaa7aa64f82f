"""The retriever of `headgate rehearse` where no other is named: BM25 over the documents."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

__all__ = ["bm25"]


def bm25(documents: Sequence[Document], k: int) -> BaseRetriever:
    """Return a BM25 retriever (`pip install 'langchain-headgate[demo]'`).

    Args:
        documents: what is in the index.
        k: how many documents it returns.
    """
    from langchain_community.retrievers import BM25Retriever

    return BM25Retriever.from_documents(documents, k=k, preprocess_func=_words)


def _words(text: str) -> list[str]:
    return "".join(character if character.isalnum() else " " for character in text.lower()).split()
