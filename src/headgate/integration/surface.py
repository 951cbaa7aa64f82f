"""What of a guarded object may be used: what is harmless passes, what reads is judged, the rest is refused.

And what a guarded object is: an instance of the class of what it guards, which inherits nothing of that class.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from headgate.errors import AdapterError

__all__ = ["Proxy", "is_harmless_method", "is_reading", "is_setting", "refuse"]

# Methods that write to a store or an index, or manage it, and return no text that is in it.
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
        "delete_nodes",
        "delete_ref_doc",
        "drop",
        "drop_index",
        "drop_tables",
        "dump",
        "index_exists",
        "insert",
        "insert_nodes",
        "persist",
        "refresh",
        "refresh_ref_docs",
        "reset_collection",
        "save_local",
        "set_index_id",
        "update",
        "update_document",
        "update_documents",
        "update_ref_doc",
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
        "callback_manager",
        "collection_name",
        "distance_strategy",
        "filter",
        "filters",
        "id_key",
        "index_id",
        "index_name",
        "namespace",
        "override_relevance_score_fn",
        "relevance_score_fn",
        "search_kwargs",
        "search_type",
        "table_name",
        "vector_store_kwargs",
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


def is_setting(name: str, value: Any, models: tuple[type, ...] = ()) -> bool:
    """Return whether an attribute says how something works, and holds no text that is stored.

    Args:
        name: the attribute's name.
        value: its value.
        models: the framework's classes of what embeds texts.
    """
    if name.startswith("_"):
        return False
    return value is None or isinstance(value, (bool, int, float, Enum, *models)) or name in _SETTINGS


class _Refused(AdapterError, AttributeError):
    """An attribute that leads around the gate: for `hasattr`, and for whoever has a default, it is not there."""


def refuse(owner: object, name: str) -> AdapterError:
    """Return the error for an attribute that would lead around the gate."""
    return _Refused(
        f"`{name}` of a guarded {type(owner).__name__} is not judged by the gate: what it returns could be anything. "
        f"If you mean to go around the gate, say so: `.ungated.{name}`."
    )


class Proxy:
    """An object in front of another: it is an instance of its own class and, for `isinstance`, of the other's too.

    It is no subclass of the other's class, so that no method of that class can run on it, past the gate.
    """

    def _wrapped(self) -> object:
        """Return the object behind, or None while this one is being made."""
        raise NotImplementedError

    def _class_behind(self) -> type:
        inner = self._wrapped()
        return type(self) if inner is None else inner.__class__

    # What `isinstance` asks an object for whose type it is not.
    __class__ = property(_class_behind)

    def __dir__(self) -> list[str]:
        inner = self._wrapped()
        own = type(self).__dict__.keys()
        return sorted({*own, *(dir(inner) if inner is not None else ())})

    # The default writes down `type(self)` in a form that `pickle` compares with `__class__`.
    def __reduce_ex__(self, protocol: Any) -> Any:
        get_state = getattr(self, "__getstate__", None)  # every object has it from Python 3.11 on
        return _blank, (type(self),), get_state() if get_state is not None else self.__dict__


def _blank(kind: type) -> object:
    return object.__new__(kind)
