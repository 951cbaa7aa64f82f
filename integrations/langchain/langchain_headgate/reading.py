"""Retrievers and steps of the user's own that may show documents to a model before any gate outside has judged them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from langchain_core.documents import BaseDocumentCompressor, BaseDocumentTransformer, Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseLanguageModel
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable
from langchain_core.stores import BaseStore
from langchain_core.vectorstores import VectorStore

from headgate import Gate
from headgate.integration.surface import is_gated
from headgate.integration.walking import children, named_by, walk

__all__ = ["FRAMEWORK", "held_by", "names_model", "refusal_of_readers", "refusal_of_store"]

FRAMEWORK = ("langchain_", "langchain.")
"""How the names of the modules begin whose classes are known."""

_SOURCES = (BaseRetriever, VectorStore, BaseStore, Document)
_STEPS = (BaseDocumentCompressor, BaseDocumentTransformer, Runnable)
_ENDS = (*_SOURCES, BaseLanguageModel, Embeddings, Gate)
_DEEPEST = 16


def held_by(retriever: BaseRetriever) -> dict[str, Any]:
    """Return what a retriever holds, in fields and private attributes."""
    return {**vars(retriever), **(retriever.__pydantic_private__ or {})}


def refusal_of_readers(retriever: BaseRetriever) -> str | None:
    """Return why a gate cannot be put around a retriever, or None.

    A class of the user's own may show whatever it searches to whatever model it has. What it asks directly is put
    behind the gate; what lies deeper, or is neither a retriever nor a vector store, cannot be.
    """
    return next(_refusals(retriever, 0), None)


def refusal_of_store(store: VectorStore) -> str | None:
    """Return why a gate cannot be put around a vector store, or None: one of the user's own has a model in it.

    What it shows the model is what is stored, before the gate has judged it.
    """
    if not _is_own(store) or is_gated(store):
        return None
    held = [one for _, one in _flat(vars(store))]
    if not (any(isinstance(one, BaseLanguageModel) for one in held) or names_model(type(store))):
        return None
    name = type(store).__name__
    return (
        f"{name} has a model of its own, and may show the model what it finds before the gate has judged it. Let the "
        "model choose among what was admitted: in a step behind guard(store, policy), over a store without a model."
    )


def _refusals(retriever: BaseRetriever, depth: int) -> Iterator[str]:
    if depth > _DEEPEST or is_gated(retriever):
        return
    found = [one for _, one in _flat(held_by(retriever))]
    asked = [one for one in found if isinstance(one, (BaseRetriever, VectorStore))]
    others = [one for one in found if not any(one is each for each in asked)]
    steps = [step for step in others if isinstance(step, _STEPS)]
    for reader, held in ((retriever, others), *((step, [step]) for step in steps)):
        if _is_own(reader):
            kind = type(reader)
            named = [one for one in named_by(kind, FRAMEWORK) if isinstance(one, _SOURCES)]
            sources, has_model = _within([*held, *named])
            if sources and (has_model or names_model(kind)):
                yield _said(reader, sources[0])
    for one in asked:
        if isinstance(one, BaseRetriever):
            yield from _refusals(one, depth + 1)
        elif (refusal := refusal_of_store(one)) is not None:
            yield refusal


def _said(reader: object, source: object) -> str:
    name, found = type(reader).__name__, type(source).__name__
    return (
        f"{name} has a model of its own beside {found}, and may show the model what it finds there before the gate has "
        f"judged it. Give it guarded sources, {name}(... guard(store, policy) ...), or let the model choose among what "
        "was admitted: in a step behind guard(retriever, policy)."
    )


def _within(roots: list[Any]) -> tuple[list[object], bool]:
    """Return the sources that have no gate before them among what can be reached, and whether a model is there."""
    sources: list[object] = []
    has_model = False
    for _, item in walk(roots, is_end=lambda one: isinstance(one, _ENDS)):
        has_model = has_model or isinstance(item, BaseLanguageModel)
        if isinstance(item, _SOURCES) and not is_gated(item):
            sources.append(item)
    return sources, has_model


def _flat(held: Any, depth: int = 0) -> Iterator[tuple[object, Any]]:
    """Yield what is held, also in lists and mappings; of documents in one place the first, for one tells of all."""
    has_document = False
    for name, one in children(held):
        if isinstance(one, (dict, list, tuple)) and depth < _DEEPEST:
            yield from _flat(one, depth + 1)
        elif not (has_document and isinstance(one, Document)):
            has_document = isinstance(one, Document)
            yield name, one


@functools.lru_cache(maxsize=1_000)
def names_model(kind: type) -> bool:
    """Return whether the code of a class of the user's own names a model, or a class of models."""
    return any(_is_model(one) for one in named_by(kind, FRAMEWORK))


def _is_model(item: object) -> bool:
    is_class = isinstance(item, type) and issubclass(item, BaseLanguageModel)
    return is_class or isinstance(item, BaseLanguageModel) or getattr(item, "__name__", "") == "init_chat_model"


def _is_own(item: object) -> bool:
    return not type(item).__module__.startswith(FRAMEWORK)
