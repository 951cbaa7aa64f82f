"""headgate for Haystack: one component between retrieval and the prompt."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from haystack_integrations.components.validators.headgate.adapter import guard
    from haystack_integrations.components.validators.headgate.convert import (
        decision_record,
        is_note,
        original_citation,
        original_metadata,
        original_text,
    )
    from haystack_integrations.components.validators.headgate.ingestion import SealDocuments
    from haystack_integrations.components.validators.headgate.retriever import GatedRetriever
    from haystack_integrations.components.validators.headgate.validator import HeadgateValidator

__all__ = [
    "GatedRetriever",
    "HeadgateValidator",
    "SealDocuments",
    "__version__",
    "decision_record",
    "guard",
    "is_note",
    "original_citation",
    "original_metadata",
    "original_text",
]

__version__ = "0.1.0"

# Looked up when they are used: `headgate.guard` looks at all adapters, and Haystack takes a second to import.
_HOMES = {
    "GatedRetriever": "retriever",
    "HeadgateValidator": "validator",
    "SealDocuments": "ingestion",
    "decision_record": "convert",
    "guard": "adapter",
    "is_note": "convert",
    "original_citation": "convert",
    "original_metadata": "convert",
    "original_text": "convert",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
