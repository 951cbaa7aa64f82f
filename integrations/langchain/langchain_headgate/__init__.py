"""headgate for LangChain: one line between a retriever and the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_headgate.adapter import LangChainAdapter, guard
from langchain_headgate.compressor import HeadgateCompressor, gate_documents
from langchain_headgate.convert import decision_record, is_note, original_citation, original_metadata, original_text
from langchain_headgate.dating import DateDocuments
from langchain_headgate.ingestion import ProveDocuments, SealDocuments
from langchain_headgate.narrowing import edition_filter, freshness_filter
from langchain_headgate.retriever import GatedRetriever
from langchain_headgate.vectorstore import GatedVectorStore

if TYPE_CHECKING:
    from langchain_headgate.middleware import HeadgateMiddleware

__all__ = [
    "DateDocuments",
    "GatedRetriever",
    "GatedVectorStore",
    "HeadgateCompressor",
    "HeadgateMiddleware",
    "LangChainAdapter",
    "ProveDocuments",
    "SealDocuments",
    "__version__",
    "decision_record",
    "edition_filter",
    "freshness_filter",
    "gate_documents",
    "guard",
    "is_note",
    "original_citation",
    "original_metadata",
    "original_text",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name != "HeadgateMiddleware":
        raise AttributeError(f"module 'langchain_headgate' has no attribute {name!r}")
    try:
        from langchain_headgate.middleware import HeadgateMiddleware
    except ModuleNotFoundError as error:
        raise ImportError("HeadgateMiddleware needs agents: pip install 'langchain-headgate[agents]'") from error
    return HeadgateMiddleware
