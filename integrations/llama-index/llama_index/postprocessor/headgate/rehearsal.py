"""The retriever of `headgate rehearse --framework llama_index` where no other is named: BM25 over the nodes."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import BaseNode

__all__ = ["bm25"]


def bm25(nodes: Sequence[BaseNode], k: int) -> BaseRetriever:
    """Return a BM25 retriever (`pip install 'llama-index-postprocessor-headgate[rehearsal]'`).

    Args:
        nodes: what is in the index.
        k: how many nodes it returns.
    """
    from llama_index.retrievers.bm25 import BM25Retriever

    retriever: BaseRetriever = BM25Retriever.from_defaults(nodes=list(nodes), similarity_top_k=k)
    return retriever
