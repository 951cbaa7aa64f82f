"""The step that every adoption point shares: documents in, admission out, and what a gate without a policy is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langchain_core.documents import Document

from headgate import Admission, Gate, HeadgateError
from headgate.integration.adapters import gate_from_reference, require_gate
from headgate.policy import Policy
from langchain_headgate.convert import to_chunk

__all__ = ["aadmit_documents", "admit_documents", "as_documents", "given_gate", "keeps_out"]

_REFERENCE = {"path", "revision"}
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


def given_gate(policy: Any, owner: str) -> Gate:
    """Return the gate of a component that is built with a policy, or read from its serialised form.

    Args:
        policy: a gate, a policy, the path of a policy file, or the reference that a serialised component carries.
        owner: the component's name, for the message.

    Raises:
        PolicyError: there is no policy, it cannot be used, or it is of another revision than the serialised one.
    """
    # A mapping is a policy written inline, unless it has the keys of a reference, which no policy has.
    if isinstance(policy, Mapping) and (not policy or _REFERENCE & policy.keys()):
        return gate_from_reference(policy)
    return require_gate(policy, owner)


def keeps_out(gate: Gate) -> bool:
    """Return whether anything can be kept out under a gate's policy: some check of some source is enforced.

    What cannot be judged has no source either, so one enforced rule is enough to withhold it.
    """
    policy: Policy = gate.policy
    rules = (policy.default, *policy.sources)
    return any(policy.effective_mode(rule, check) == "enforce" for rule in rules for check in _KEEPING_OUT)
