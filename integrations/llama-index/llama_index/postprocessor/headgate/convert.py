"""Nodes to chunks and back: order, scores, relationships and original text kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.schema import BaseNode, IndexNode, MediaResource, MetadataMode, NodeWithScore

from headgate import Admission, Chunk, Decision, Gate
from headgate.chunk import SEAL_KEY
from headgate.integration.mark import RECORD_KEY, make_record, read_record, restore, restore_metadata
from llama_index.postprocessor.headgate.media import FRAMEWORK_KINDS, media_digests

__all__ = ["OWN_KEYS", "TEMPLATES", "decision_record", "original_text", "to_chunk", "to_nodes", "visible_keys"]

OWN_KEYS = (SEAL_KEY, RECORD_KEY)
"""Metadata entries of headgate; neither the model nor the embedder is to see them."""

TEMPLATES = ("text_template", "metadata_template", "metadata_separator")
"""Fields of a node in which an index can hold text for the prompt."""

_UNREADABLE: Any = None


def to_chunk(item: NodeWithScore, replacing: Sequence[str] = ()) -> Chunk:
    """Return a node as the gate sees it: its text as stored, and what else of it will reach the model.

    A node that was built past its own validation may hold anything; one that cannot be read becomes a chunk without a
    text, which the gate keeps out (G902).

    Args:
        item: a node with its score.
        replacing: metadata entries that a later step puts in place of the text.
    """
    try:
        return _read(item, replacing)
    except Exception:  # noqa: BLE001 - whatever it holds, it ends neither the chain nor the admission of the others
        return Chunk(_UNREADABLE)


def _read(item: NodeWithScore, replacing: Sequence[str]) -> Chunk:
    node = item.node
    text, metadata = _text(node), node.metadata
    if not isinstance(metadata, Mapping):
        return Chunk(_UNREADABLE, {}, node.node_id, item.score)
    if RECORD_KEY in metadata:
        text, metadata = restore(text, metadata), restore_metadata(metadata)
    visible = (*visible_keys(node), *(key for key in replacing if key in metadata))
    shown = dict.fromkeys(visible)
    hidden = tuple(key for key in node.excluded_llm_metadata_keys if key not in shown and key not in OWN_KEYS)
    return Chunk(text, metadata, node.node_id, item.score, tuple(shown), media_digests(node), hidden)


def to_nodes(
    items: Sequence[NodeWithScore], admission: Admission, gate: Gate, replacing: Sequence[str] = ()
) -> list[NodeWithScore]:
    """Return the admitted nodes: copies with rewritten text, in the order of the originals.

    Args:
        items: the nodes that were judged.
        admission: the decisions about them.
        gate: made them.
        replacing: metadata entries that a later step puts in place of the text.
    """
    # What an index node leads to may belong to any source.
    may_lead = not gate.keeps_out
    return [
        _release(
            items[decision.index],
            chunk,
            admission,
            decision,
            replacing,
            is_enforced=decision.mode == "enforce",
            may_lead=may_lead,
        )
        for chunk, decision in admission.admitted()
    ]


def visible_keys(node: BaseNode) -> list[str]:
    """Return the metadata keys that the node puts into the prompt."""
    hidden = {*node.excluded_llm_metadata_keys, *OWN_KEYS}
    return [key for key in node.metadata if isinstance(key, str) and key not in hidden]


def decision_record(node: BaseNode | NodeWithScore) -> dict[str, object] | None:
    """Return what headgate recorded on an admitted node, or None if it passed no gate."""
    return read_record(node.metadata)


def original_text(node: BaseNode | NodeWithScore) -> str:
    """Return the text of a node as it was before headgate rewrote it."""
    plain = node.node if isinstance(node, NodeWithScore) else node
    return restore(_text(plain), plain.metadata)


def _text(node: BaseNode) -> str:
    return node.get_content(metadata_mode=MetadataMode.NONE)


def _release(
    item: NodeWithScore,
    chunk: Chunk,
    admission: Admission,
    decision: Decision,
    replacing: Sequence[str],
    *,
    is_enforced: bool,
    may_lead: bool,
) -> NodeWithScore:
    if not isinstance(chunk.text, str):
        return item  # admitted by a policy that only records
    metadata = {**chunk.metadata, RECORD_KEY: make_record(admission, decision)}
    for key in replacing:
        if key in decision.withheld:
            # Hiding it from the template would not do: the step behind the gate takes it from here.
            metadata.pop(key, None)
    update: dict[str, Any] = {"metadata": metadata, **_exclusions(item.node, chunk, decision, replacing)}
    is_proved = decision.is_proved and is_enforced
    if is_proved:
        update.update(_standard_templates(item.node))
    if isinstance(item.node, IndexNode) and not may_lead:
        # A retriever further out would put what it leads to in the node's place, and nobody has judged that.
        update["obj"] = None
    node = item.node.model_copy(update=update)
    if "text_resource" in type(node).model_fields:
        _release_resource(node, chunk.text, is_proved=is_proved)
    elif chunk.text != _text(node):
        node.set_content(chunk.text)
    return NodeWithScore(node=node, score=item.score)


def _exclusions(node: BaseNode, chunk: Chunk, decision: Decision, replacing: Sequence[str]) -> dict[str, Any]:
    """Return the lists of what neither model nor embedder sees.

    What the index wants to hide does not count, because the gate may have decided that the model has to see it; except
    for what a later step shows in place of the text.
    """
    shown = {*(chunk.prompt_metadata or ())} - ({*replacing} & {*node.excluded_llm_metadata_keys})
    hidden = [key for key in (*node.excluded_llm_metadata_keys, *chunk.metadata) if key not in shown]
    return {
        "excluded_llm_metadata_keys": _distinct(*hidden, *OWN_KEYS, *decision.withheld),
        "excluded_embed_metadata_keys": _distinct(*node.excluded_embed_metadata_keys, *OWN_KEYS, *decision.withheld),
    }


def _release_resource(node: Any, text: str, *, is_proved: bool) -> None:
    """Give a node a text resource of its own: a shallow copy shares it, and the input must not see a change."""
    resource = node.text_resource
    if resource is None and not text:
        return
    if is_proved:
        # Where the text may also be fetched from, no seal covers.
        node.text_resource = MediaResource(text=text, mimetype=resource.mimetype if resource else None)
    elif resource is None or text != (resource.text or ""):
        node.text_resource = resource.model_copy(update={"text": text}) if resource else MediaResource(text=text)


def _standard_templates(node: BaseNode) -> dict[str, Any]:
    """Return the framework's own templates: those in the index are text that no seal covers."""
    # Of the framework's class, not of one derived from it, whose defaults may be anything.
    known: Any = next(kind for kind in type(node).__mro__ if kind in FRAMEWORK_KINDS)
    fields = known.model_fields
    return {name: fields[name].get_default() for name in TEMPLATES if name in fields}


def _distinct(*keys: str) -> list[str]:
    return list(dict.fromkeys(keys))
