"""Nodes to chunks and back: order, scores, relationships and original text kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore

from headgate import Admission, Chunk, Decision
from headgate.chunk import SEAL_KEY
from headgate.integration.mark import RECORD_KEY, make_record, read_record, restore, restore_metadata

__all__ = ["OWN_KEYS", "decision_record", "original_text", "to_chunk", "to_nodes", "visible_keys"]

OWN_KEYS = (SEAL_KEY, RECORD_KEY)
"""Metadata entries of headgate; neither the model nor the embedder is to see them."""

_TEMPLATES = ("text_template", "metadata_template", "metadata_separator")


def to_chunk(item: NodeWithScore, replacing: Sequence[str] = ()) -> Chunk:
    """Return a node as the gate sees it: its text as stored, and which metadata will stand in the prompt.

    Args:
        item: a node with its score.
        replacing: metadata entries that a later step puts in place of the text.
    """
    node = item.node
    metadata: Any = node.metadata
    text = _text(node)
    if not isinstance(metadata, Mapping):
        return Chunk(text, metadata, node.node_id, item.score)
    if RECORD_KEY in metadata:
        text, metadata = restore(text, metadata), restore_metadata(metadata)
    visible = (*visible_keys(node), *(key for key in replacing if key in metadata))
    return Chunk(text, metadata, node.node_id, item.score, tuple(dict.fromkeys(visible)))


def to_nodes(
    items: Sequence[NodeWithScore], admission: Admission, replacing: Sequence[str] = ()
) -> list[NodeWithScore]:
    """Return the admitted nodes: copies with rewritten text, in the order of the originals."""
    return [_release(items[d.index], chunk, admission, d, replacing) for chunk, d in admission.admitted()]


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
    item: NodeWithScore, chunk: Chunk, admission: Admission, decision: Decision, replacing: Sequence[str]
) -> NodeWithScore:
    metadata = {**chunk.metadata, RECORD_KEY: make_record(admission, decision)}
    for key in replacing:
        if key in decision.withheld:
            # Hiding it from the template would not do: the step behind the gate takes it from here.
            metadata.pop(key, None)
    update: dict[str, Any] = {
        "metadata": metadata,
        "excluded_llm_metadata_keys": _joined(item.node.excluded_llm_metadata_keys, (*OWN_KEYS, *decision.withheld)),
        "excluded_embed_metadata_keys": _joined(item.node.excluded_embed_metadata_keys, OWN_KEYS),
    }
    if decision.assurance == "sealed":
        update.update(_standard_templates(item.node))
    node = item.node.model_copy(update=update)
    if chunk.text != _text(item.node):
        # A resource is shared by a shallow copy; the input must not see the change.
        if "text_resource" in type(node).model_fields:
            node.text_resource = item.node.text_resource.model_copy() if item.node.text_resource else None  # type: ignore[attr-defined]
        node.set_content(chunk.text)
    return NodeWithScore(node=node, score=item.score)


def _standard_templates(node: BaseNode) -> dict[str, Any]:
    """Return the framework's own templates: those in the index are text that no seal covers."""
    fields = type(node).model_fields
    return {name: fields[name].get_default() for name in _TEMPLATES if name in fields}


def _joined(keys: Sequence[str], more: Sequence[str]) -> list[str]:
    return list(dict.fromkeys((*keys, *more)))
