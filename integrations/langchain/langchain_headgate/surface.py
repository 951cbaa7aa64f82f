"""What of a guarded object may be used: what is harmless passes, what reads is judged, the rest is refused."""

from __future__ import annotations

from enum import Enum
from typing import Any

from langchain_core.embeddings import Embeddings

from headgate import AdapterError

__all__ = ["is_harmless_method", "is_reading", "is_setting", "refuse"]

# Methods that write to a store or manage it, and return no text that is in it.
_HARMLESS = frozenset(
    {
        "add_documents",
        "add_embeddings",
        "add_files",
        "add_images",
        "add_texts",
        "add_texts_with_embeddings",
        "add_vectors",
        "clear",
        "count",
        "create_collection",
        "create_index",
        "create_table",
        "create_tables_if_not_exists",
        "delete",
        "delete_by_document_id",
        "delete_by_metadata_filter",
        "delete_collection",
        "delete_document_by_id",
        "delete_index",
        "drop",
        "drop_index",
        "drop_tables",
        "dump",
        "index_exists",
        "persist",
        "reset_collection",
        "save_local",
        "update_document",
        "update_documents",
        "upsert",
        "wait_for_indexing",
    }
)

# Methods, beside all that search, that return documents or their texts.
_READING = frozenset(
    {
        "get",
        "get_by_document_id",
        "get_by_id",
        "get_by_ids",
        "get_documents",
        "get_documents_by_id",
        "get_documents_by_ids",
        "get_relevant_documents",
        "get_salient_docs",
        "peek",
        "query",
        "retrieve",
    }
)

# Attributes that say how to search, or where; none holds what was found.
_SETTINGS = frozenset(
    {
        "allowed_search_types",
        "collection_name",
        "distance_strategy",
        "filter",
        "filters",
        "id_key",
        "index_name",
        "namespace",
        "override_relevance_score_fn",
        "relevance_score_fn",
        "search_kwargs",
        "search_type",
        "table_name",
        "weights",
    }
)


def is_harmless_method(name: str) -> bool:
    """Return whether a method of a store or retriever returns nothing that is stored."""
    return name in _HARMLESS or (name.startswith("a") and name[1:] in _HARMLESS)


def is_reading(name: str) -> bool:
    """Return whether a method returns documents or texts, so that its result must be judged."""
    if name.startswith("_"):
        return False
    # By a part of the name, because every store has searches of its own.
    return "search" in name or name in _READING or (name.startswith("a") and name[1:] in _READING)


def is_setting(name: str, value: Any) -> bool:
    """Return whether an attribute says how something works, and holds no text that is stored."""
    if name.startswith("_"):
        return False
    return value is None or isinstance(value, (bool, int, float, Enum, Embeddings)) or name in _SETTINGS


def refuse(owner: object, name: str) -> AdapterError:
    """Return the error for an attribute that would lead around the gate."""
    return AdapterError(
        f"`{name}` of a guarded {type(owner).__name__} is not judged by the gate: what it returns could be anything. "
        f"If you mean to go around the gate, say so: `.ungated.{name}`."
    )
