"""The step that every adoption point shares: documents in, admission out, and what a gate without a policy is worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from langchain_core.documents import Document

from headgate import Admission, Gate, HeadgateError
from langchain_headgate.convert import to_chunk

__all__ = ["aadmit_documents", "admit_documents", "as_documents"]


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
    """As `admit_documents`."""
    return await gate.ajudge([to_chunk(document) for document in documents], query)
