"""Documents to chunks and back: order, identity and original text kept."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.documents import Document

from headgate import Admission, Chunk, Decision
from headgate.integration.mark import RECORD_KEY, make_record, read_record, restore, restore_metadata

__all__ = [
    "RECORD_KEY",
    "by_index",
    "decision_record",
    "original_text",
    "to_chunk",
    "to_document",
    "to_documents",
]

_LONGEST_LABEL = 200


def to_chunk(document: Document) -> Chunk:
    """Return a document as the gate sees it: its original text, without the record of an earlier gate.

    A document that has passed a gate before carries the edits that were made. They are undone first, because a seal
    covers the original; whether the result is the original, the seal decides.
    """
    metadata = document.metadata
    # Any entry may reach the prompt: a document prompt can print it, and so can a template of the whole document.
    if not isinstance(metadata, dict) or RECORD_KEY not in metadata:
        return Chunk(document.page_content, metadata, document.id, prompt_metadata=None)
    restored = restore_metadata(metadata)
    return Chunk(original_text(document), restored, document.id, prompt_metadata=None)


def to_document(original: Document, chunk: Chunk, admission: Admission, decision: Decision) -> Document:
    """Return an admitted chunk as a document: a copy of the original with the rewritten text and a record."""
    metadata = {**chunk.metadata, RECORD_KEY: make_record(admission, decision)}
    if decision.mode != "enforce":
        return original.model_copy(update={"page_content": chunk.text, "metadata": metadata})
    # A new document rather than a copy: what a subclass has beside text and metadata, nobody has judged.
    identifier = original.id if not decision.is_proved or _is_label(original.id) else None
    return Document(page_content=chunk.text, metadata=metadata, id=identifier)


def _is_label(identifier: str | None) -> bool:
    """Whether an identifier can be no sentence: a template of whole documents prints it, and no seal covers it."""
    return identifier is None or (len(identifier) <= _LONGEST_LABEL and not any(map(str.isspace, identifier)))


def to_documents(originals: Sequence[Document], admission: Admission) -> list[Document]:
    """Return the admitted documents of an admission, in the order of the originals."""
    return [
        to_document(originals[decision.index], chunk, admission, decision) for chunk, decision in admission.admitted()
    ]


def by_index(originals: Sequence[Document], admission: Admission) -> dict[int, Document]:
    """Return the admitted documents of an admission, by their place among the originals."""
    admitted = admission.admitted()
    return {one.index: to_document(originals[one.index], chunk, admission, one) for chunk, one in admitted}


def decision_record(document: Document) -> dict[str, object] | None:
    """Return what headgate recorded on an admitted document, or None if it passed no gate.

    The keys are `admission` (its id), `source`, `subject` (the proved URI), `issuer`, `codes`, and `edits`: a list of
    `[start, end, alias]` with offsets in the rewritten text.
    """
    return read_record(document.metadata)


def original_text(document: Document) -> str:
    """Return the text of a document as it was before headgate rewrote it."""
    return restore(document.page_content, document.metadata)
