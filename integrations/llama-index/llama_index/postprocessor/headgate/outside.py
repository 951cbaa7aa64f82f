"""What adds texts behind a gate, such as merging and neighbours: known by the call that it makes, and refused.

`headgate.integration.callers` says what of a caller can be seen, and what not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.indices.base import BaseIndex
from llama_index.core.postprocessor import MetadataReplacementPostProcessor
from llama_index.core.retrievers import AutoMergingRetriever, RecursiveRetriever
from llama_index.core.schema import BaseNode
from llama_index.core.storage.docstore import BaseDocumentStore
from llama_index.core.storage.storage_context import StorageContext
from llama_index.core.vector_stores.types import BasePydanticVectorStore

from headgate import AdapterError, Gate
from headgate.integration.callers import callers, is_judged_outside
from headgate.integration.steps import is_trusted

__all__ = ["is_harmless", "refuse_additions"]

_FARTHEST = 160
_MERGING = (AutoMergingRetriever, RecursiveRetriever)
_STORES = (BaseDocumentStore, StorageContext, BaseIndex, BasePydanticVectorStore)
_STEPS = ("_node_postprocessors", "node_postprocessors")
# The package's own name first: a class of somebody else's that has the same name may do anything.
_FRAMEWORK = "llama_index."
# Classes of the framework that sort, select or cut what they are given, and take nothing from elsewhere.
_HARMLESS = frozenset(
    {
        "AlibabaCloudAISearchRerank",
        "AWSBedrockRerank",
        "CohereRerank",
        "ColbertRerank",
        "ColPaliRerank",
        "DashScopeRerank",
        "EmbeddingRecencyPostprocessor",
        "FixedRecencyPostprocessor",
        "FlagEmbeddingReranker",
        "GuardedStep",
        "JinaRerank",
        "KeywordNodePostprocessor",
        "LLMRerank",
        "LongContextReorder",
        "MixedbreadAIRerank",
        "NVIDIARerank",
        "OpenVINORerank",
        "RankGPTRerank",
        "RankLLMRerank",
        "SBERTRerank",
        "SentenceTransformerRerank",
        "SimilarityPostprocessor",
        "SiliconFlowRerank",
        "StructuredLLMRerank",
        "TimeWeightedPostprocessor",
        "TEIRerank",
        "VoyageAIRerank",
        "XinferenceRerank",
    }
)


def refuse_additions(gate: Gate, asked: object, replacing: Sequence[str]) -> None:
    """Refuse to release nodes to a caller that will add others to them, or exchange their texts.

    Nothing in LlamaIndex says what a retriever or a postprocessor will add, so the caller is looked for where it is: on
    the stack, up to the engine that puts the nodes into a prompt.

    Args:
        gate: what judged the nodes.
        asked: the gated retriever or the postprocessor that is about to release them.
        replacing: metadata keys that a later postprocessor puts in place of a node's text, and that were judged.

    Raises:
        AdapterError: such a caller is asking, and no gate judges what it adds.
    """
    if is_judged_outside() or not gate.keeps_out:
        return
    refusal, last = None, asked
    for owner in callers(_FARTHEST):
        # A method may call others of the same object.
        if owner is None or owner is last or owner is asked:
            continue
        last = owner
        if isinstance(owner, BaseRetriever):
            refusal = refusal or _of_retriever(owner)
            continue
        steps = _steps_of(owner)
        if steps is None:
            continue
        behind, is_judged = _behind(steps, asked)
        refusal = None if is_judged else refusal
        odd = next((step for step in behind if not (is_harmless(step, replacing) or is_trusted(step, gate))), None)
        if refusal is None and odd is not None:
            refusal = _of_step(owner, odd)
        break  # what an engine made of its nodes is an answer, and whoever asks it gets no nodes to add to
    if refusal is not None:
        raise AdapterError(refusal)


def _of_retriever(owner: BaseRetriever) -> str | None:
    """Return why a retriever that asks a guarded one is refused, or None."""
    kept = vars(owner)
    adds = isinstance(owner, _MERGING) or bool(kept.get("object_map"))
    if not adds and not any(isinstance(value, _STORES) or _holds_nodes(value) for value in kept.values()):
        return None
    name = type(owner).__name__
    return (
        f"{name} adds nodes from elsewhere to those of the guarded retriever that it asks, past the gate. "
        f"Guard it instead: guard({name}(...), policy), over retrievers without a gate."
    )


def _of_step(owner: object, step: object) -> str:
    name, kind = type(step).__name__, type(owner).__name__
    hint = (
        f" Or tell the gate what replaces the text: replacing=[{step.target_metadata_key!r}]."
        if isinstance(step, MetadataReplacementPostProcessor)
        else ""
    )
    return (
        f"In this {kind}, {name} comes behind the gate, and may add nodes or change texts that the gate never sees. "
        f"Guard the engine instead: guard(engine, policy) judges what its postprocessors add; or put a "
        f"HeadgatePostprocessor(policy) behind {name}. If it only rewrites what it is given, as masking does, the "
        f"policy may name it: trusted_steps: [{name}].{hint}"
    )


def _holds_nodes(value: object) -> bool:
    return isinstance(value, dict) and any(isinstance(one, BaseNode) for one in value.values())


def _steps_of(owner: object) -> list[Any] | None:
    """Return the postprocessors of an engine, a chat engine or a tool; None for an object that has none to have."""
    kept = getattr(owner, "__dict__", None) or {}
    for name in _STEPS:
        steps = kept.get(name)
        if isinstance(steps, (list, tuple)):
            return list(steps)
    return [] if isinstance(owner, (BaseQueryEngine, BaseChatEngine)) else None


def _behind(steps: list[Any], asked: object) -> tuple[list[Any], bool]:
    """Return the steps that no gate comes behind, and whether there is a gate among the steps."""
    from llama_index.postprocessor.headgate.postprocessor import HeadgatePostprocessor

    gates = [
        place
        for place, step in enumerate(steps)
        if step is asked or (isinstance(step, HeadgatePostprocessor) and step.gate.keeps_out)
    ]
    if gates:
        return steps[gates[-1] + 1 :], True
    # A postprocessor that is not among them is called by a step that has a gate of its own.
    return ([] if isinstance(asked, HeadgatePostprocessor) else steps), False


def is_harmless(step: object, replacing: Sequence[str]) -> bool:
    """Return whether a postprocessor takes nothing from elsewhere, or only what was judged already."""
    kind = type(step)
    if kind is MetadataReplacementPostProcessor:
        return step.target_metadata_key in replacing  # type: ignore[attr-defined]
    return kind.__name__ in _HARMLESS and kind.__module__.startswith(_FRAMEWORK)
