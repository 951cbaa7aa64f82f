"""What of a guarded object may be used: what is harmless passes, what reads is judged, the rest is refused.

A name says what something is for, and nothing of what it holds: settings are looked through for documents and texts,
and of what a writing method returns only what can be no text passes (`headgate.integration.returns`).

And what a guarded object is: an instance of the class of what it guards, which inherits nothing of that class.
"""

from __future__ import annotations

import re
from enum import Enum
from types import FunctionType, ModuleType
from typing import Any

from headgate.errors import AdapterError

__all__ = ["Proxy", "is_harmless_method", "is_named", "is_reading", "is_setting", "refuse"]

# Methods that write to a store or an index, or manage it or its numbers, and are not meant to return what is in it.
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
        "override_relevance_score_fn",
        "persist",
        "refresh",
        "refresh_ref_docs",
        "relevance_score_fn",
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

# Attributes that say where to search: names and numbers, one or several.
_NAMES = frozenset(
    {
        "allowed_search_types",
        "collection_name",
        "distance_strategy",
        "id_key",
        "index_id",
        "index_name",
        "namespace",
        "search_type",
        "table_name",
        "weights",
    }
)
# And how: conditions that users write may hold any words, and any objects of a store's own.
_CONDITIONS = frozenset({"filter", "filters", "search_kwargs", "vector_store_kwargs"})
# And what makes a relevance of a distance: a function, of the user's or of a module.
_SCORINGS = frozenset({"override_relevance_score_fn", "relevance_score_fn"})
# What documents, nodes, retrievers and stores have.
_STORED = ("page_content", "get_content", "node", "invoke", "retrieve", "similarity_search", "mget", "get_node")
_LONGEST_NAME = 200
_LONGEST_CONDITION = 10_000
_DEEPEST = 8
# Thai, Lao, Tibetan, Burmese, Khmer, and the scripts of China and Japan.
_UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_MOST_UNSPACED = 8


def is_harmless_method(name: str) -> bool:
    """Return whether a method of a store or retriever returns nothing that is stored."""
    return name in _HARMLESS or (name.startswith("a") and name[1:] in _HARMLESS)


def is_reading(name: str) -> bool:
    """Return whether a method returns documents or texts, so that its result must be judged."""
    if name.startswith("_"):
        return False
    # By a part of the name, because every store has searches of its own.
    return "search" in name or name in _READING or (name.startswith("a") and name[1:] in _READING)


def is_setting(owner: object, name: str, value: Any, models: tuple[type, ...] = ()) -> bool:
    """Return whether an attribute says how something works, and holds no text that is stored.

    Args:
        owner: has the attribute.
        name: the attribute's name.
        value: its value.
        models: the framework's classes of what embeds texts or calls back.
    """
    if name.startswith("_"):
        return False
    if isinstance(value, models) or _is_number(value):
        return True
    # What is computed when it is read may be read from what is stored; what was set was set by somebody.
    is_set = name in getattr(owner, "__dict__", {})
    if name in _CONDITIONS and is_set:
        return not callable(value) and _is_condition(value, 0)
    if name in _SCORINGS and is_set:
        return isinstance(value, FunctionType) or isinstance(getattr(value, "__self__", None), ModuleType)
    return name in (_NAMES | _CONDITIONS) and is_named(value)


def is_named(value: object, depth: int = 0) -> bool:
    """Return whether a value holds names and numbers only: a text with white space in it may be a sentence.

    So may a text without any in a script that writes none.
    """
    if type(value) is str:
        return (
            len(value) <= _LONGEST_NAME
            and not any(map(str.isspace, value))
            and (value.isascii() or len(_UNSPACED.findall(value)) <= _MOST_UNSPACED)
        )
    if type(value) is dict and depth < _DEEPEST:
        return all(is_named(one, depth + 1) for pair in value.items() for one in pair)
    if type(value) in (list, tuple, set, frozenset) and depth < _DEEPEST:
        return all(is_named(one, depth + 1) for one in value)  # type: ignore[attr-defined]  # it is a collection
    return depth <= _DEEPEST and _is_number(value, depth)


def _is_number(value: object, depth: int = 0) -> bool:
    # Exactly these, or of numpy: a subclass prints as it likes.
    if value is None or type(value) in (bool, int, float):
        return True
    if isinstance(value, Enum):
        return is_named(value.value, depth + 1)
    return type(value).__module__ == "numpy" and getattr(getattr(value, "dtype", None), "kind", "") in tuple("biuf")


def _is_condition(value: Any, depth: int) -> bool:
    """Return whether a value is what somebody may search by: no document, nothing to search, and no long text."""
    if is_named(value):
        return True
    if isinstance(value, str):
        return len(value) <= _LONGEST_CONDITION and "\n" not in value
    if depth >= _DEEPEST or isinstance(value, type) or any(hasattr(value, name) for name in _STORED):
        return False
    if isinstance(value, FunctionType):
        return True  # says yes or no of a document
    if isinstance(value, dict):
        return all(_is_condition(one, depth + 1) for pair in value.items() for one in pair)
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(_is_condition(one, depth + 1) for one in value)
    held = getattr(value, "__dict__", None)
    return held is not None and all(_is_condition(one, depth + 1) for one in held.values())


class _Refused(AdapterError, AttributeError):
    """An attribute that leads around the gate: for `hasattr`, and for whoever has a default, it is not there."""


def refuse(owner: object, name: str) -> AdapterError:
    """Return the error for an attribute that would lead around the gate."""
    return _Refused(
        f"`{name}` of a guarded {type(owner).__name__} is not judged by the gate: what it returns could be anything. "
        f"If you mean to go around the gate, say so: `.ungated.{name}`."
    )


def is_gated(item: object) -> bool:
    """Return whether an object stands in front of another as its gate; all that do name the way around."""
    return hasattr(type(item), "ungated")


class Proxy:
    """An object in front of another: it is an instance of its own class and, for `isinstance`, of the other's too.

    It is not a subclass of the other's class, so that no method of that class can run on it, past the gate.
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
