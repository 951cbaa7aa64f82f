"""What a step behind the gate did to the nodes that came in: which ones go on as they are, which were added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore, TextNode

from headgate import Chunk
from headgate.integration.mark import released_so_far, watching
from headgate.integration.steps import Change
from llama_index.postprocessor.headgate.convert import TEMPLATES, to_chunk, visible_keys
from llama_index.postprocessor.headgate.media import Medium, media
from llama_index.postprocessor.headgate.rebuilding import LISTS, is_counter, rebuilt, words_beside

__all__ = ["Before", "Shown"]


@dataclass(frozen=True, slots=True)
class Shown:
    """All of a node that can reach a model, here or in a later step.

    Attributes:
        kind: its class, which renders it.
        text: its text.
        metadata: the entries in the prompt, as they are written there, and those that replace the text.
        replacing: the values that a later step may put in place of the text.
        templates: how text and metadata are put together.
        media: what it shows beside text.
        leads_to: the identity of the object that an index node leads to.
        beside: what else it holds in words, which whoever prints the node shows.
    """

    kind: type[BaseNode]
    text: str
    metadata: frozenset[tuple[str, str]]
    replacing: tuple[str, ...]
    templates: tuple[object, ...]
    media: frozenset[Medium]
    leads_to: int
    beside: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, node: BaseNode, replacing: Sequence[str]) -> Shown | None:
        """Return what a node shows, or None if it cannot be told."""
        try:
            return cls._of(node, replacing)
        except Exception:  # noqa: BLE001 - a node that was built past its own validation may hold anything
            return None

    @classmethod
    def _of(cls, node: BaseNode, replacing: Sequence[str]) -> Shown:
        kept = [key for key in replacing if key in node.metadata]
        return cls(
            type(node),
            # Exactly a text: a subclass could call itself a part of any other, and what is not one raises here.
            str.__str__(node.get_content(metadata_mode=MetadataMode.NONE)),
            frozenset((key, str(node.metadata[key])) for key in (*visible_keys(node), *kept)),
            tuple(value for key in kept if isinstance(value := node.metadata[key], str)),
            tuple(getattr(node, name, None) for name in TEMPLATES),
            frozenset(media(node)),
            id(getattr(node, "obj", None)),
            words_beside(node),
        )

    def frames(self, later: Shown) -> bool:
        """Return whether `later` shows nothing beside this but other words in the same places."""
        return (
            later.kind is self.kind
            and later.templates == self.templates
            and later.leads_to == self.leads_to
            and {key for key, _ in later.metadata} <= {key for key, _ in self.metadata}
            and later.media <= self.media
        )

    def covers(self, later: Shown) -> bool:
        """Return whether `later` shows nothing but this, or exact parts of it."""
        return (
            later.kind is self.kind
            and later.templates == self.templates
            and later.leads_to == self.leads_to
            and later.metadata <= self.metadata
            and later.media <= self.media
            and any(later.text in part for part in (self.text, *self.replacing))
        )


def _is_bare(node: BaseNode) -> bool:
    """Return whether a node is a text and nothing else, such as a model's summary of several."""
    if type(node) is not TextNode or node.metadata or node.relationships or media(node):
        return False
    fields = TextNode.model_fields
    return all(getattr(node, name) == fields[name].get_default() for name in TEMPLATES)


def _is_kept(name: object, value: object, before: frozenset[tuple[str, str]]) -> bool:
    return is_counter(name, value) or (f"metadata.{name}", repr(value)) in before


class Before:
    """The nodes as they go into a step, which may change them in place.

    Args:
        nodes: what goes in; all of it has passed the gate.
        replacing: metadata keys that a later step puts in place of a node's text.
    """

    def __init__(self, nodes: Sequence[NodeWithScore], replacing: Sequence[str]) -> None:
        self._replacing = replacing
        # What the step adds has passed a gate only if one releases it from now on.
        self._released_before = released_so_far()
        self._known: dict[str, list[tuple[Shown, Chunk]]] = {}
        for item in nodes:
            shown = Shown.of(item.node, replacing)
            if shown is not None:
                # The chunk is made now, because the step may change the node in place.
                self._known.setdefault(item.node.node_id, []).append((shown, to_chunk(item, replacing)))

    def split(self, found: Sequence[NodeWithScore], *, is_trusted: bool = False) -> tuple[list[Chunk], list[int]]:
        """Return what came out of the step as chunks to judge, and the positions of those that are to be judged.

        The chunks of what was admitted before come first: a neighbour that is superseded by one of them, or for which
        they leave no room in the budget, must not come in for being judged alone.

        Args:
            found: what came out.
            is_trusted: whether the step may rewrite texts.
        """
        with watching(self._released_before):
            return self._split(found, is_trusted=is_trusted)

    def _split(self, found: Sequence[NodeWithScore], *, is_trusted: bool) -> tuple[list[Chunk], list[int]]:
        company: list[Chunk] = []
        added: list[int] = []
        for position, item in enumerate(found):
            chunk = self._find(item.node) or (self._rewritten(item.node) if is_trusted else None)
            if chunk is not None:
                company.append(chunk)
            elif not (is_trusted and _is_bare(item.node)):
                added.append(position)
        return [*company, *(to_chunk(found[position], self._replacing) for position in added)], added

    def cleaned(self, item: NodeWithScore) -> NodeWithScore:
        """Return a node that goes on unjudged: without the words that the step has put beside its text."""
        known = self._known.get(item.node.node_id)
        later = Shown.of(item.node, self._replacing)
        if known is None or later is None:
            return item
        before = frozenset(one for shown, _ in known for one in shown.beside)
        if later.beside <= before:
            return item
        kept = {name: value for name, value in item.node.metadata.items() if _is_kept(name, value, before)}
        lists = {name: list(getattr(item.node, name)) for name in LISTS}
        return NodeWithScore(node=rebuilt(item.node, later.text, kept, lists), score=item.score)

    def changes(self, found: Sequence[NodeWithScore], added: Sequence[int]) -> list[Change]:
        """Return, for each of these positions, whether the step has rewritten what came in or added something."""
        return ["rewritten" if found[position].node.node_id in self._known else "added" for position in added]

    def _rewritten(self, node: BaseNode) -> Chunk | None:
        """Return the chunk that a node was before its text, or the text of its entries, was rewritten."""
        known = self._known.get(node.node_id)
        later = Shown.of(node, self._replacing) if known else None
        if known is None or later is None:
            return None
        return next((chunk for shown, chunk in known if shown.frames(later)), None)

    def _find(self, node: BaseNode) -> Chunk | None:
        known = self._known.get(node.node_id)
        later = Shown.of(node, self._replacing) if known else None
        if known is None or later is None:
            return None
        return next((chunk for shown, chunk in known if shown.covers(later)), None)
