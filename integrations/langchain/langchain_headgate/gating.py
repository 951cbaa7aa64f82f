"""The step that every adoption point shares: documents in, admission out, and what a gate without a policy is worth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from langchain_core.documents import Document
from langchain_core.messages import ToolMessage

from headgate import Admission, Gate, HeadgateError
from langchain_headgate.convert import text_of, to_chunk

__all__ = ["aadmit_documents", "admit_documents", "as_documents", "off_loop"]

T = TypeVar("T")

# Up to this size a thread would cost more than the work, as in the gate itself.
_INLINE_CHARS = 60_000
_INLINE_ITEMS = 500


def as_documents(found: object, origin: object) -> list[Document]:
    """Return what an inner retriever found, as a list.

    Raises:
        HeadgateError: it found something that is not a collection of documents.
    """
    if isinstance(found, Iterable) and not isinstance(found, (str, bytes, Document)):
        documents = list(found)
        if all(isinstance(document, Document) for document in documents):
            return documents
        odd = next(document for document in documents if not isinstance(document, Document))
        problem = f"a list with a {type(odd).__name__} in it"
    else:
        problem = f"{type(found).__name__}"
    raise HeadgateError(f"{type(origin).__name__} returned {problem}, where headgate expects a list of Document.")


def admit_documents(gate: Gate, documents: Sequence[Document], query: str | None) -> Admission:
    """Return the gate's decisions about documents; `record` releases them."""
    return gate.judge([to_chunk(document) for document in documents], query)


async def aadmit_documents(gate: Gate, documents: Sequence[Document], query: str | None) -> Admission:
    """As `admit_documents`; nothing that takes longer than a few milliseconds is done in the event loop."""
    chunks = await off_loop(documents, lambda: [to_chunk(document) for document in documents])
    return await gate.ajudge(chunks, query)


async def off_loop(value: Any, work: Callable[[], T]) -> T:
    """Return what `work` on a value returns; it is done in a thread unless the value is known to be small.

    Args:
        value: documents, pairs of one and a score, a message, or whatever a store or a tool has returned.
        work: what to do.
    """
    return work() if _weigh(value) <= _INLINE_CHARS else await asyncio.to_thread(work)


def _weigh(value: Any) -> int:
    """Return about how many characters have to be read of a value; more than enough where nobody knows."""
    if value is None or isinstance(value, (bool, int, float)):
        return 0
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Document):
        return len(text_of(value)) // 10
    if isinstance(value, ToolMessage):
        return _weigh(value.content) + _weigh(value.artifact)
    if isinstance(value, (list, tuple)) and len(value) <= _INLINE_ITEMS:
        return sum(map(_weigh_item, value))
    return _INLINE_CHARS + 1


def _weigh_item(item: Any) -> int:
    # No further down than a pair, for what is nested may have no end.
    is_pair = isinstance(item, tuple) and len(item) <= 3 and not any(isinstance(one, (list, tuple)) for one in item)
    return _INLINE_CHARS + 1 if isinstance(item, (list, tuple)) and not is_pair else _weigh(item)
