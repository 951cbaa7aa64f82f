"""Documents to chunks and back: order, identity and original text kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from langchain_core.documents import Document

from headgate import Admission, Chunk, Decision
from headgate.integration.mark import RECORD_KEY, make_record, read_record, restore, restore_metadata

__all__ = [
    "RECORD_KEY",
    "by_index",
    "decision_record",
    "is_label",
    "original_text",
    "text_of",
    "to_chunk",
    "to_document",
    "to_documents",
]

_HEXADECIMAL = re.compile(r"[0-9A-Fa-f-]{1,64}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,36}", re.ASCII)
_LETTERS_PER_DIGIT = 12


def to_chunk(document: Document) -> Chunk:
    """Return a document as the gate sees it: its original text, without the record of an earlier gate.

    A document that has passed a gate before carries the edits that were made. They are undone first, because a seal
    covers the original; whether the result is the original, the seal decides.
    """
    # A document that was made without validation may have no text, or no metadata: then nothing of it proves anything.
    text, metadata = text_of(document), getattr(document, "metadata", None)
    identifier = getattr(document, "id", None)
    # Any entry may reach the prompt: a document prompt can print it, and so can a template of the whole document.
    if not isinstance(metadata, dict) or RECORD_KEY not in metadata:
        return Chunk(text, metadata if isinstance(metadata, dict) else {}, identifier, prompt_metadata=None)
    restored = restore_metadata(metadata)
    return Chunk(restore(text, metadata), restored, identifier, prompt_metadata=None)


def text_of(document: Document) -> str:
    """Return the text of a document; what is no text is none."""
    text = getattr(document, "page_content", None)
    return text if isinstance(text, str) else ""


def to_document(original: Document, chunk: Chunk, admission: Admission, decision: Decision) -> Document:
    """Return an admitted chunk as a document: a copy of the original with the rewritten text and a record."""
    metadata = {**chunk.metadata, RECORD_KEY: make_record(admission, decision)}
    if decision.mode != "enforce":
        return original.model_copy(update={"page_content": chunk.text, "metadata": metadata})
    # A new document rather than a copy: what a subclass has beside text and metadata, nobody has judged.
    original_id = getattr(original, "id", None)
    identifier = original_id if not decision.is_proved or is_label(original_id) else None
    return Document(page_content=chunk.text, metadata=metadata, id=identifier)


def is_label(identifier: object) -> bool:
    """Return whether an identifier can be no sentence: a template of whole documents prints it, and no seal covers it.

    That is a UUID, digits and hexadecimal digits, or up to 36 letters, digits, `_` and `-`, of which at least one in
    twelve is a digit.
    """
    if not isinstance(identifier, str):
        return identifier is None or type(identifier) is int
    if _HEXADECIMAL.fullmatch(identifier):
        return True
    digits = sum(map(str.isdigit, identifier))
    return _IDENTIFIER.fullmatch(identifier) is not None and digits * _LETTERS_PER_DIGIT >= len(identifier)


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
    metadata = getattr(document, "metadata", None)
    return read_record(metadata) if isinstance(metadata, dict) else None


def original_text(document: Document) -> str:
    """Return the text of a document as it was before headgate rewrote it."""
    return restore(document.page_content, document.metadata)
