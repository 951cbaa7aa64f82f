"""Nodes to chunks and back: order, scores and relationships kept, and nothing of headgate's own in what is released."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llama_index.core.schema import (
    BaseNode,
    IndexNode,
    MediaResource,
    MetadataMode,
    NodeWithScore,
    TextNode,
)

from headgate import Admission, Chunk, Decision, Gate
from headgate.chunk import SEAL_KEY
from headgate.integration.citing import Citation, cite
from headgate.integration.mark import NOTE, is_unchanged, note_of, original_of, recall, record_of
from llama_index.postprocessor.headgate.media import media_digests
from llama_index.postprocessor.headgate.rebuilding import plain_score, rebuilt

__all__ = [
    "OWN_KEYS",
    "TEMPLATES",
    "decision_record",
    "is_note",
    "note_nodes",
    "original_citation",
    "original_metadata",
    "original_text",
    "to_chunk",
    "to_nodes",
    "visible_keys",
]

OWN_KEYS = (SEAL_KEY,)
"""Metadata entries of headgate; neither the model nor the embedder is to see them."""

TEMPLATES = ("text_template", "metadata_template", "metadata_separator")
"""Fields of a node in which an index can hold text for the prompt."""

_UNREADABLE: Any = None
_NOTE_ID = "nothing-admissible"
# What a `CitationQueryEngine` puts before the texts that a reply cites by their numbers.
_CITED = re.compile(r"\ASource [0-9]+:\n")


def to_chunk(item: NodeWithScore, replacing: Sequence[str] = ()) -> Chunk:
    """Return a node as the gate sees it: its text as stored, and what else of it will reach the model.

    One that a gate has released is judged by its original. A node that was built past its own validation may hold
    anything; one that cannot be read becomes a chunk without a text, which the gate keeps out (G902).

    Args:
        item: a node with its score.
        replacing: metadata entries that a later step puts in place of the text.
    """
    try:
        return recall(_read(item.node, item.score, replacing))
    except Exception:  # noqa: BLE001 - whatever it holds, it ends neither the chain nor the admission of the others
        return Chunk(_UNREADABLE)


def _read(node: BaseNode, score: float | None = None, replacing: Sequence[str] = ()) -> Chunk:
    text, metadata = _text(node), node.metadata
    if not isinstance(metadata, Mapping):
        return Chunk(_UNREADABLE, {}, node.node_id, score)
    visible = (*visible_keys(node), *(key for key in replacing if key in metadata))
    shown = dict.fromkeys(visible)
    hidden = tuple(key for key in node.excluded_llm_metadata_keys if key not in shown and key not in OWN_KEYS)
    return Chunk(text, metadata, node.node_id, score, tuple(shown), media_digests(node), hidden)


def to_nodes(
    items: Sequence[NodeWithScore],
    admission: Admission,
    gate: Gate,
    replacing: Sequence[str] = (),
    *,
    has_company: bool = False,
) -> list[NodeWithScore]:
    """Return the admitted nodes: copies with rewritten text, in the order of the originals.

    Args:
        items: the nodes that were judged.
        admission: the decisions about them.
        gate: made them.
        replacing: metadata entries that a later step puts in place of the text.
        has_company: whether other nodes go on with these, so that nothing admissible among these does not mean none.

    Raises:
        NothingAdmissibleError: none is left, and the policy says `on_empty: raise`; with `note`, a note is returned.
    """
    if not has_company and admission.is_empty:
        return note_nodes(items, admission)
    # What an index node leads to may belong to any source.
    may_lead = not gate.keeps_out
    return [
        _release(
            items[decision.index],
            chunk,
            decision,
            replacing,
            is_enforced=decision.mode == "enforce",
            may_lead=may_lead,
            templates=_visible_templates(items[decision.index].node, decision, gate),
        )
        for chunk, decision in admission.admitted()
    ]


def note_nodes(items: Sequence[NodeWithScore], admission: Admission) -> list[NodeWithScore]:
    """Return the note that none of some nodes is admissible, in the place of the first; nothing where there is none.

    Raises:
        NothingAdmissibleError: as `to_nodes`.
    """
    note = note_of(admission)
    return [] if note is None else [_note(note, items[0].score if items else None)]


def is_note(node: BaseNode | NodeWithScore) -> bool:
    """Return whether a node is the note that none of the nodes found is admissible (`on_empty: note`).

    It has no source and no metadata: there is nothing to cite.
    """
    plain = _plain(node)
    return _text(plain) == NOTE and not plain.metadata


def _note(text: str, score: float | None) -> NodeWithScore:
    # Always the same node, so that fusion takes two for one; and the best score, so that a cut-off leaves it.
    return NodeWithScore(node=TextNode(text=text, id_=_NOTE_ID), score=score)


def visible_keys(node: BaseNode) -> list[str]:
    """Return the metadata keys that the node puts into the prompt."""
    hidden = {*node.excluded_llm_metadata_keys, *OWN_KEYS}
    return [key for key in node.metadata if isinstance(key, str) and key not in hidden]


def decision_record(node: BaseNode | NodeWithScore) -> dict[str, object] | None:
    """Return what headgate decided about a released node, or None if this process remembers no such node.

    It is found by text and metadata, so copies of a node have it too; the node itself holds nothing of it.
    """
    return record_of(_read(_plain(node)))


def original_text(node: BaseNode | NodeWithScore) -> str:
    """Return the text of a node as it was before headgate rewrote it; its text where that is not known."""
    return original_of(_read(_plain(node))).text


def original_citation(node: BaseNode | NodeWithScore, quote: str | None = None) -> Citation | None:
    """Return where the original says what a reply cites: a released node, or a quotation from it.

    Args:
        node: as it was released, or a part of its text with the same metadata, such as the sources of a
            `CitationQueryEngine`, whose heading ("Source 1:") does not count.
        quote: a quotation from it, to the letter but for white space; None for all of it.

    Returns:
        The words of the original with their place and URI; None where this process remembers no such node, or the
        quotation is not in it.
    """
    chunk = _read(_plain(node))
    return cite(chunk, quote) or cite(replace(chunk, text=_CITED.sub("", chunk.text, count=1)), quote)


def original_metadata(node: BaseNode | NodeWithScore) -> dict[str, object]:
    """Return the metadata of a node as it came to the gate, with its seal; its metadata where that is not known."""
    return dict(original_of(_read(_plain(node))).metadata)


def _plain(node: BaseNode | NodeWithScore) -> BaseNode:
    return node.node if isinstance(node, NodeWithScore) else node


def _text(node: BaseNode) -> str:
    return node.get_content(metadata_mode=MetadataMode.NONE)


def _release(
    item: NodeWithScore,
    chunk: Chunk,
    decision: Decision,
    replacing: Sequence[str],
    *,
    is_enforced: bool,
    may_lead: bool,
    templates: Mapping[str, str],
) -> NodeWithScore:
    if chunk.text is NOTE:
        return _note(NOTE, item.score)  # of an earlier gate, without what a step has added to it
    if not isinstance(chunk.text, str):
        return item  # admitted by a policy that only records
    metadata = dict(chunk.metadata)
    may_lead = may_lead or not isinstance(item.node, IndexNode)
    if not is_enforced and may_lead and is_unchanged(chunk, _text(item.node), item.node.metadata):
        return item  # a gate that only observes passes on what came in
    for key in replacing:
        if key in decision.withheld:
            # Hiding it from the template would not do: the step behind the gate takes it from here.
            metadata.pop(key, None)
    hidden = _exclusions(item.node, chunk, decision, replacing)
    if decision.is_proved and is_enforced:
        return NodeWithScore(node=rebuilt(item.node, chunk.text, metadata, hidden), score=plain_score(item.score))
    update: dict[str, Any] = {"metadata": metadata, **hidden, **templates}
    if not may_lead:
        # A retriever further out would put what it leads to in the node's place, and nobody has judged that.
        update["obj"] = None
    node = item.node.model_copy(update=update)
    if "text_resource" in type(node).model_fields:
        _release_resource(node, chunk.text)
    elif chunk.text is not _text(node):  # an equal string would not be known again
        node.set_content(chunk.text)
    return NodeWithScore(node=node, score=item.score)


def _visible_templates(node: BaseNode, decision: Decision, gate: Gate) -> dict[str, str]:
    """Return the framework's templates for those of a node that hold something nobody sees, where that is enforced."""
    if decision.mode != "enforce":
        return {}
    fields = type(node).model_fields
    hidden = (name for name in TEMPLATES if name in fields and gate.hides_in(getattr(node, name, None)))
    return {name: fields[name].get_default() for name in hidden}


def _exclusions(node: BaseNode, chunk: Chunk, decision: Decision, replacing: Sequence[str]) -> dict[str, list[str]]:
    """Return the lists of what neither model nor embedder sees.

    What the index wants to hide does not count, because the gate may have decided that the model has to see it; except
    for what a later step shows in place of the text.
    """
    shown = {*(chunk.prompt_metadata or ())} - ({*replacing} & {*node.excluded_llm_metadata_keys})
    hidden = [key for key in (*node.excluded_llm_metadata_keys, *chunk.metadata) if key not in shown]
    lists = {
        "excluded_llm_metadata_keys": [*hidden, *OWN_KEYS, *decision.withheld],
        "excluded_embed_metadata_keys": [*node.excluded_embed_metadata_keys, *OWN_KEYS, *decision.withheld],
    }
    return {
        name: [key for key in dict.fromkeys(keys) if key not in OWN_KEYS or key in chunk.metadata]
        for name, keys in lists.items()
    }


def _release_resource(node: Any, text: str) -> None:
    """Give a node a text resource of its own: a shallow copy shares it, and the input must not see a change."""
    resource = node.text_resource
    if resource is None and not text:
        return
    # A subclass of a text may call itself equal.
    if resource is None or type(resource.text) is not str or text != resource.text:
        node.text_resource = resource.model_copy(update={"text": text}) if resource else MediaResource(text=text)
