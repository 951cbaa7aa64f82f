"""Retrievers that show documents to somebody before they return them: what they ask is put behind the gate too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from langchain_core.documents import BaseDocumentCompressor, BaseDocumentTransformer, Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable
from langchain_core.vectorstores import VectorStore

from headgate import Gate
from headgate.integration.surface import is_gated
from langchain_headgate.outside import keeps_texts
from langchain_headgate.reading import FRAMEWORK, held_by, names_model

__all__ = ["read_behind", "rewriting_steps"]

_ASKED = ("base_retriever", "retriever", "retrievers")
_DEEPEST = 16
# Beyond this, a list is a corpus and holds nothing that is asked.
_MOST_PARTS = 256
_PIPELINES = frozenset({"DocumentCompressorPipeline"})
# Steps of the framework and its partners that select, sort or cut, and write nothing.
_HARMLESS = frozenset(
    {
        "CharacterTextSplitter",
        "CohereRerank",
        "CrossEncoderReranker",
        "DashScopeRerank",
        "EmbeddingsClusteringFilter",
        "EmbeddingsFilter",
        "EmbeddingsRedundantFilter",
        "FlashrankRerank",
        "HeadgateCompressor",
        "InfinityRerank",
        "JinaRerank",
        "LLMChainFilter",
        "LLMListwiseRerank",
        "LongContextReorder",
        "NVIDIARerank",
        "OpenVINOReranker",
        "PineconeRerank",
        "RankLLMRerank",
        "RecursiveCharacterTextSplitter",
        "TokenTextSplitter",
        "VolcengineRerank",
        "VoyageAIRerank",
    }
)


def read_behind(retriever: BaseRetriever, gate: Gate) -> BaseRetriever:
    """Return a retriever of which no part reads documents that the gate has not judged.

    Args:
        retriever: a retriever; it is not changed.
        gate: the gate.

    Returns:
        A copy that asks guarded retrievers and stores, if it asks any and has a part that may read what they find: a
        compressor, a transformer, a model or a chain. Otherwise the retriever itself.
    """
    # A gate that keeps nothing out would only write everything down twice.
    return _behind(retriever, gate, 0) if gate.keeps_out else retriever


def rewriting_steps(retriever: BaseRetriever) -> list[object]:
    """Return the steps of a retriever, and of those that it asks, that may do more than select, sort or cut."""
    return list(_steps(retriever, 0))


def _steps(part: Any, depth: int) -> Iterator[object]:
    if depth > _DEEPEST:
        return
    if isinstance(part, (list, tuple)):
        for one in part:
            yield from _steps(one, depth + 1)
    elif isinstance(part, BaseRetriever):
        # What a guarded one does is judged where it does it.
        for name in () if _keeps_out_already(part) else type(part).model_fields:
            yield from _steps(getattr(part, name, None), depth + 1)
    elif isinstance(part, (BaseDocumentCompressor, BaseDocumentTransformer)):
        inner = getattr(part, "transformers", None)
        if isinstance(inner, (list, tuple)) and _is_known(part, _PIPELINES):
            yield from _steps(inner, depth + 1)
        elif not _is_known(part, _HARMLESS):
            yield part


def _is_known(step: object, names: frozenset[str]) -> bool:
    kind = type(step)
    # The framework's own, because a class of somebody else's that has the same name may do anything.
    return kind.__name__ in names and kind.__module__.startswith(FRAMEWORK)


def _behind(retriever: BaseRetriever, gate: Gate, depth: int) -> BaseRetriever:
    if depth > _DEEPEST or _keeps_out_already(retriever):
        return retriever
    parts = held_by(retriever)
    # Of the framework's own it is known that their models read the question, and none of what a store finds.
    is_own = not type(retriever).__module__.startswith(FRAMEWORK)
    is_read = any(_may_read(name, part) for name, part in parts.items()) or (is_own and names_model(type(retriever)))
    asking = _Asking(gate, depth, is_read, is_own and not keeps_texts(retriever))
    changed = {name: asking.behind(name, part) for name, part in parts.items()}
    update = {name: part for name, part in changed.items() if part is not parts[name]}
    return _with(retriever, update) if update else retriever


def _with(retriever: BaseRetriever, update: Mapping[str, Any]) -> BaseRetriever:
    """Return a copy of a retriever that holds other parts, in fields and private attributes."""
    private = retriever.__pydantic_private__ or {}
    made = retriever.model_copy(update={name: part for name, part in update.items() if name not in private})
    if made.__pydantic_private__ is not None:
        made.__pydantic_private__.update({name: part for name, part in update.items() if name in private})
    return made


def _is_asked(name: str, part: Any) -> bool:
    # Whatever is in a field of these names returns documents, also a chain.
    return isinstance(part, Runnable) and (name in _ASKED or _is_retrieving(part))


def _may_read(name: str, part: Any) -> bool:
    if part is None or isinstance(part, (str, int, float, Document)):
        return False
    if isinstance(part, (list, tuple, Mapping)):
        held = part.values() if isinstance(part, Mapping) else part
        return any(_may_read(name, one) for one in islice(held, _MOST_PARTS))
    if _is_asked(name, part) or isinstance(part, VectorStore):
        return False
    return isinstance(part, (BaseDocumentCompressor, BaseDocumentTransformer, Runnable)) or callable(part)


@dataclass(frozen=True, slots=True)
class _Asking:
    """What one retriever asks, put behind a gate.

    Attributes:
        gate: the gate.
        depth: how deep the retriever is in others.
        is_read: whether a part of it may read what the others find.
        asks_stores: whether it may show a part what it finds in a vector store.
    """

    gate: Gate
    depth: int
    is_read: bool
    asks_stores: bool

    def behind(self, name: str, part: Any) -> Any:
        """Return a part as it is to be asked: the very same where nothing had to be changed."""
        if isinstance(part, (list, tuple, dict)) and len(part) > _MOST_PARTS:
            return part
        if type(part) in (list, tuple):
            parts = [self.behind(name, one) for one in part]
            return part if all(new is old for new, old in zip(parts, part, strict=True)) else type(part)(parts)
        if type(part) is dict:
            named = {key: self.behind(name, one) for key, one in part.items()}
            return part if all(named[key] is one for key, one in part.items()) else named
        if isinstance(part, Runnable):
            return self._asked(part) if _is_asked(name, part) else part
        return self._store(part) if isinstance(part, VectorStore) else part

    def _asked(self, part: Any) -> Any:
        if not self.is_read:
            return _behind(part, self.gate, self.depth + 1) if isinstance(part, BaseRetriever) else part
        # Here, because what guards a part needs the retriever that needs this.
        from langchain_headgate.runnables import guard_part

        return part if _keeps_out_already(part) else guard_part(part, self.gate)

    def _store(self, store: VectorStore) -> VectorStore:
        from langchain_headgate.vectorstore import GatedVectorStore

        is_open = not (isinstance(store, GatedVectorStore) and store.gate.keeps_out)
        return GatedVectorStore(store, self.gate) if self.is_read and self.asks_stores and is_open else store


def _is_retrieving(part: Runnable[Any, Any]) -> bool:
    if isinstance(part, BaseRetriever):
        return True
    from langchain_headgate.runnables import is_retrieving

    return is_retrieving(part)


def _keeps_out_already(part: Any) -> bool:
    return is_gated(part) and bool(part.gate.keeps_out)
