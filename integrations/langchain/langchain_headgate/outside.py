"""Retrievers that look texts up elsewhere after a guarded search: known by the call that they make, and refused.

`headgate.integration.callers` says what of a caller can be seen, and what not.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import CodeType

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.stores import BaseStore

from headgate import AdapterError, Gate
from headgate.integration.callers import callers, is_judged_outside

__all__ = ["keeps_texts", "refuse_lookups"]

# Fields in which a retriever keeps, or finds, the texts that it returns instead of those of the store it asks.
_TEXTS = ("docstore", "doc_store", "document_store", "byte_store", "parent_store", "memory_stream")
# Callers this near are looked at, whatever they are called; farther away only methods by which a retriever is asked.
_NEAR = 12
_FARTHEST = 80
_PLAIN = frozenset((str, int, float, bool, type(None)))
_ASKED_BY = ("_get_relevant_documents", "_aget_relevant_documents")


def keeps_texts(retriever: object) -> bool:
    """Return whether a retriever returns texts of its own instead of those that its search has found."""
    if not isinstance(retriever, BaseRetriever):
        return False
    if any(name in type(retriever).model_fields for name in _TEXTS):
        return True
    own = [*retriever.__dict__.values(), *(retriever.__pydantic_private__ or {}).values()]
    return any(map(_holds_texts, own))


def _holds_texts(value: object) -> bool:
    """Return whether a field of any name holds documents, or a store to look them up in."""
    # The type first: asking abstract classes takes longer than the search of a small store.
    if type(value) in _PLAIN:
        return False
    if isinstance(value, Mapping):
        value = next(iter(value.values()), None)
    elif isinstance(value, (list, tuple)):
        value = value[0] if value else None
    return isinstance(value, (Document, BaseStore))


def refuse_lookups(gate: Gate) -> None:
    """Refuse a search on behalf of a retriever that will return other texts than those that this search finds.

    Nothing in LangChain says which texts a retriever will return, and a field's type check cannot be told to refuse,
    so the caller is looked for where it is: on the stack.

    Raises:
        AdapterError: such a retriever is asking, and no gate judges what it returns.
    """
    if is_judged_outside() or not gate.keeps_out:
        return
    for owner in callers(_FARTHEST, _is_looked_at):
        if keeps_texts(owner):
            name = type(owner).__name__
            raise AdapterError(
                f"{name} returns texts from a store of its own, which the gate behind its vector store never sees. "
                f"Guard the retriever instead: guard({name}(...), policy), over the vector store without a gate."
            )


def _is_looked_at(distance: int, code: CodeType) -> bool:
    return distance < _NEAR or code.co_name in _ASKED_BY
