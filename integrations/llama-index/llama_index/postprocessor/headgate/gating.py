"""The step that every adoption point shares: nodes in, admission out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle

from headgate import Admission, Gate, HeadgateError
from llama_index.postprocessor.headgate.convert import to_chunk
from llama_index.postprocessor.headgate.media import media

__all__ = ["aadmit_nodes", "admit_nodes", "as_nodes", "off_loop"]

T = TypeVar("T")

# Up to this size a thread would cost more than the work, as in the gate itself.
_INLINE_BYTES = 60_000
# What looking at one entry of metadata costs, in bytes of text that would cost as much.
_ENTRY_BYTES = 100


def as_nodes(found: object, origin: object) -> list[NodeWithScore]:
    """Return what an inner retriever found, as a list.

    Raises:
        HeadgateError: it found something that is not a collection of nodes with scores.
    """
    if isinstance(found, Iterable) and not isinstance(found, (str, bytes, NodeWithScore)):
        nodes = list(found)
        if all(isinstance(node, NodeWithScore) for node in nodes):
            # Without a node there is nothing to judge, and nothing that a prompt could be made of.
            return [node for node in nodes if isinstance(getattr(node, "node", None), BaseNode)]
        odd = next(node for node in nodes if not isinstance(node, NodeWithScore))
        problem = f"a list with a {type(odd).__name__} in it"
    else:
        problem = type(found).__name__
    raise HeadgateError(f"{type(origin).__name__} returned {problem}, where headgate expects a list of NodeWithScore.")


def admit_nodes(
    gate: Gate, nodes: Sequence[NodeWithScore], query: QueryBundle | None, replacing: Sequence[str] = ()
) -> Admission:
    """Return the gate's decisions about nodes; `record` releases them."""
    return gate.judge([to_chunk(node, replacing) for node in nodes], query.query_str if query is not None else None)


async def aadmit_nodes(
    gate: Gate, nodes: Sequence[NodeWithScore], query: QueryBundle | None, replacing: Sequence[str] = ()
) -> Admission:
    """As `admit_nodes`; nothing that takes longer than a few milliseconds is done in the event loop."""
    chunks = await off_loop(nodes, lambda: [to_chunk(node, replacing) for node in nodes])
    return await gate.ajudge(chunks, query.query_str if query is not None else None)


async def off_loop(nodes: Sequence[NodeWithScore], work: Callable[[], T]) -> T:
    """Return what `work` on nodes returns; it is done in a thread if they are large.

    Pictures are what makes them so, whose bytes are digested, and metadata, in which an index can put anything.
    """
    is_heavy = sum(map(_weigh, nodes)) > _INLINE_BYTES
    return await asyncio.to_thread(work) if is_heavy else work()


def _weigh(item: NodeWithScore) -> int:
    try:
        metadata = item.node.metadata
        entries = sum(_ENTRY_BYTES + (len(value) if isinstance(value, str) else 0) for value in metadata.values())
        return len(item.node.get_content()) + entries + sum(len(medium.data or "") for medium in media(item.node))
    except Exception:  # noqa: BLE001 - a node that cannot be read is quickly judged
        return 0
