"""headgate for LangChain: one line between a retriever and the prompt."""

from langchain_headgate.adapter import LangChainAdapter, guard
from langchain_headgate.compressor import HeadgateCompressor, gate_documents
from langchain_headgate.convert import decision_record, original_text
from langchain_headgate.ingestion import SealDocuments
from langchain_headgate.retriever import GatedRetriever
from langchain_headgate.vectorstore import GatedVectorStore

__all__ = [
    "GatedRetriever",
    "GatedVectorStore",
    "HeadgateCompressor",
    "LangChainAdapter",
    "SealDocuments",
    "decision_record",
    "gate_documents",
    "guard",
    "original_text",
]
