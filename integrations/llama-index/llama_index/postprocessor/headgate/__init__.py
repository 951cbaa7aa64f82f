"""headgate for LlamaIndex: one line, and nothing unproved, stale or in the wrong words reaches the prompt."""

from llama_index.postprocessor.headgate.adapter import guard
from llama_index.postprocessor.headgate.convert import (
    decision_record,
    is_note,
    original_citation,
    original_metadata,
    original_text,
)
from llama_index.postprocessor.headgate.dating import DateNodes
from llama_index.postprocessor.headgate.indexes import GatedIndex
from llama_index.postprocessor.headgate.ingestion import ProveNodes, SealNodes
from llama_index.postprocessor.headgate.narrowing import edition_filters, freshness_filters
from llama_index.postprocessor.headgate.postprocessor import HeadgatePostprocessor
from llama_index.postprocessor.headgate.retriever import GatedRetriever
from llama_index.postprocessor.headgate.tracing import HeadgateAdmissionEvent

__all__ = [
    "DateNodes",
    "GatedIndex",
    "GatedRetriever",
    "HeadgateAdmissionEvent",
    "HeadgatePostprocessor",
    "ProveNodes",
    "SealNodes",
    "__version__",
    "decision_record",
    "edition_filters",
    "freshness_filters",
    "guard",
    "is_note",
    "original_citation",
    "original_metadata",
    "original_text",
]

__version__ = "0.1.0"
