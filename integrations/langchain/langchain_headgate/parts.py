"""Retrievers that show documents to somebody before they return them: what they ask is put behind the gate too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.documents import BaseDocumentCompressor, BaseDocumentTransformer
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable

from headgate import Gate

__all__ = ["read_behind", "rewriting_steps"]

_ASKED = ("base_retriever", "retriever", "retrievers")
_DEEPEST = 16
_FRAMEWORK = ("langchain_", "langchain.")
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
        A copy that asks guarded retrievers, if it asks any and has a part that may read what they find: a compressor, a
        transformer, a model or a chain. Otherwise the retriever itself.
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
        for name in () if _is_gated(part) else type(part).model_fields:
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
    return kind.__name__ in names and kind.__module__.startswith(_FRAMEWORK)


def _behind(retriever: BaseRetriever, gate: Gate, depth: int) -> BaseRetriever:
    if depth > _DEEPEST or _is_gated(retriever):
        return retriever
    parts = {name: getattr(retriever, name, None) for name in type(retriever).model_fields}
    asked = {name: part for name, part in parts.items() if _is_asked(name, part)}
    is_read = any(_may_read(part) for name, part in parts.items() if name not in asked)
    changed = {name: _with_gate(part, gate, is_read, depth) for name, part in asked.items()}
    update = {name: part for name, part in changed.items() if part is not asked[name]}
    return retriever.model_copy(update=update) if update else retriever


def _is_asked(name: str, part: Any) -> bool:
    if isinstance(part, (list, tuple)):
        return bool(part) and all(_is_asked(name, one) for one in part)
    if isinstance(part, Mapping):
        return bool(part) and all(_is_asked(name, one) for one in part.values())
    # Whatever is in a field of these names returns documents, also a chain.
    return isinstance(part, BaseRetriever) or _is_retrieving(part) or (name in _ASKED and isinstance(part, Runnable))


def _may_read(part: Any) -> bool:
    if isinstance(part, (list, tuple)):
        return any(map(_may_read, part))
    if isinstance(part, Mapping):
        return any(map(_may_read, part.values()))
    return isinstance(part, (BaseDocumentCompressor, BaseDocumentTransformer, Runnable)) or callable(part)


def _with_gate(part: Any, gate: Gate, is_read: bool, depth: int) -> Any:
    """Return what a retriever asks: guarded where somebody reads it; the very same where nothing had to be changed."""
    if isinstance(part, (list, tuple)):
        parts = [_with_gate(one, gate, is_read, depth) for one in part]
        return part if all(new is old for new, old in zip(parts, part, strict=True)) else type(part)(parts)
    if isinstance(part, Mapping):
        named = {name: _with_gate(one, gate, is_read, depth) for name, one in part.items()}
        return part if all(named[name] is one for name, one in part.items()) else named
    if not is_read:
        return _behind(part, gate, depth + 1) if isinstance(part, BaseRetriever) else part
    # Here, because what guards a part needs the retriever that needs this.
    from langchain_headgate.runnables import guard_part

    return part if _is_gated(part) else guard_part(part, gate)


def _is_retrieving(part: Any) -> bool:
    from langchain_headgate.runnables import is_retrieving

    return isinstance(part, Runnable) and is_retrieving(part)


def _is_gated(part: Any) -> bool:
    from langchain_headgate.retriever import GatedRetriever

    return isinstance(part, GatedRetriever) and part.gate.keeps_out
