"""The step that every component shares: documents in, admission out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from haystack import Document

from haystack_integrations.components.validators.headgate.convert import to_chunk
from headgate import Admission, Gate, HeadgateError

__all__ = ["aadmit_documents", "admit_documents", "as_documents", "off_loop"]

T = TypeVar("T")

# Up to this size a thread would cost more than the work, as in the gate itself.
_INLINE_BYTES = 60_000
# What looking at one entry of metadata costs, in bytes of text that would cost as much.
_ENTRY_BYTES = 100


def as_documents(found: object, origin: object) -> list[Document]:
    """Return the documents of what a component gave, or of the list that one was given.

    Raises:
        HeadgateError: it is not a collection of documents.
    """
    if isinstance(found, dict):
        found = found.get("documents")
    if isinstance(found, Iterable) and not isinstance(found, (str, bytes, dict)):
        documents = list(found)
        if all(isinstance(document, Document) for document in documents):
            return documents
        odd = next(document for document in documents if not isinstance(document, Document))
        problem = f"a list with a {type(odd).__name__} in it"
    else:
        problem = type(found).__name__
    raise HeadgateError(f"{type(origin).__name__} gave {problem}, where headgate expects a list of Document.")


def admit_documents(gate: Gate, documents: Sequence[Document], query: str | None) -> Admission:
    """Return the gate's decisions about documents; `record` releases them."""
    return gate.judge([to_chunk(document) for document in documents], query)


async def aadmit_documents(gate: Gate, documents: Sequence[Document], query: str | None) -> Admission:
    """As `admit_documents`; nothing that takes longer than a few milliseconds is done in the event loop."""
    chunks = await off_loop(documents, lambda: [to_chunk(document) for document in documents])
    return await gate.ajudge(chunks, query)


async def off_loop(documents: Sequence[Document], work: Callable[[], T]) -> T:
    """Return what `work` on documents returns; it is done in a thread if they are large."""
    return await asyncio.to_thread(work) if sum(map(_weigh, documents)) > _INLINE_BYTES else work()


def _weigh(document: Document) -> int:
    """Return about how many bytes have to be read of a document; those of its binary content are digested."""
    data: Any = getattr(document.blob, "data", b"") if document.blob is not None else b""
    meta = document.meta if isinstance(document.meta, dict) else {}
    entries = sum(_ENTRY_BYTES + (len(value) if isinstance(value, str) else 0) for value in meta.values())
    return len(document.content or "") // 10 + entries + (len(data) if isinstance(data, bytes) else 0)
