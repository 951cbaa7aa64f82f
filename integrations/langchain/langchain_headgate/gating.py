"""The step that every adoption point shares: documents in, admission out, and what a gate without a policy is worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from langchain_core.documents import Document

from headgate import Admission, Gate, HeadgateError
from headgate.policy import Policy
from langchain_headgate.convert import to_chunk

__all__ = ["aadmit_documents", "admit_documents", "as_documents", "keeps_out"]

_KEEPING_OUT = ("provenance", "freshness")


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


def keeps_out(gate: Gate) -> bool:
    """Return whether anything can be kept out under a gate's policy: some check of some source is enforced.

    What cannot be judged has no source either, so one enforced rule is enough to withhold it.
    """
    policy: Policy = gate.policy
    rules = (policy.default, *policy.sources)
    return any(policy.effective_mode(rule, check) == "enforce" for rule in rules for check in _KEEPING_OUT)
