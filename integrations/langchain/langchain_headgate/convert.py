"""Documents to chunks and back: order and identity kept, and nothing of headgate's own in what is released."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.documents import Document

from headgate import Admission, Chunk, Decision
from headgate.encoding import is_label
from headgate.integration.citing import Citation, cite
from headgate.integration.mark import NOTE, is_unchanged, note_of, original_of, recall, record_of

__all__ = [
    "by_index",
    "decision_record",
    "is_note",
    "original_citation",
    "original_metadata",
    "original_text",
    "text_of",
    "to_chunk",
    "to_document",
    "to_documents",
]


def to_chunk(document: Document) -> Chunk:
    """Return a document as the gate sees it; one that a gate has released is judged by its original."""
    return recall(_as_it_is(document))


def _as_it_is(document: Document) -> Chunk:
    # A document that was made without validation may have no text, or no metadata: then nothing of it proves anything.
    metadata = getattr(document, "metadata", None)
    # Any entry may reach the prompt: a document prompt can print it, and so can a template of the whole document.
    return Chunk(
        text_of(document),
        metadata if isinstance(metadata, dict) else {},
        getattr(document, "id", None),
        prompt_metadata=None,
    )


def text_of(document: Document) -> str:
    """Return the text of a document; what is not text has none."""
    text = getattr(document, "page_content", None)
    return text if isinstance(text, str) else ""


def to_document(original: Document, chunk: Chunk, decision: Decision) -> Document:
    """Return an admitted chunk as a document: with the rewritten text, and the metadata that may be in a prompt."""
    if decision.mode != "enforce":
        # The very document where nothing was changed: a gate that only observes passes on what came in.
        if is_unchanged(chunk, getattr(original, "page_content", None), original.metadata):
            return original
        return original.model_copy(update={"page_content": chunk.text, "metadata": dict(chunk.metadata)})
    # A new document rather than a copy: what a subclass has beside text and metadata, nobody has judged.
    original_id = getattr(original, "id", None)
    identifier = original_id if not decision.is_proved or is_label(original_id) else None
    return Document(page_content=chunk.text, metadata=dict(chunk.metadata), id=identifier)


def to_documents(originals: Sequence[Document], admission: Admission) -> list[Document]:
    """Return the admitted documents of an admission, in the order of the originals.

    Raises:
        NothingAdmissibleError: none is left, and the policy says `on_empty: raise`; with `note`, a note is returned.
    """
    return list(by_index(originals, admission).values())


def by_index(originals: Sequence[Document], admission: Admission) -> dict[int, Document]:
    """Return the admitted documents of an admission, by their place among the originals.

    A note that nothing is admissible takes the place of the first.

    Raises:
        NothingAdmissibleError: as `to_documents`.
    """
    note = note_of(admission)
    if note is not None:
        return {0: Document(page_content=note)}
    return {one.index: to_document(originals[one.index], chunk, one) for chunk, one in admission.admitted()}


def is_note(document: Document) -> bool:
    """Return whether a document is the note that none of the documents found is admissible (`on_empty: note`).

    It has no source and no metadata: there is nothing to cite.
    """
    return text_of(document) == NOTE and not getattr(document, "metadata", None)


def decision_record(document: Document) -> dict[str, object] | None:
    """Return what headgate decided about a released document, or None if this process remembers no such document.

    It is found by text and metadata, so copies of a document have it too; the document itself holds nothing of it. The
    keys are `admission` (its id), `source`, `subject` (the proved URI), `issuer`, `codes`, and `edits`: a list of
    `[start, end, alias]` with offsets in the rewritten text.
    """
    return record_of(_as_it_is(document))


def original_text(document: Document) -> str:
    """Return the text of a document as it was before headgate rewrote it; its text where that is not known."""
    return original_of(_as_it_is(document)).text


def original_citation(document: Document, quote: str | None = None) -> Citation | None:
    """Return where the original says what a reply cites: a released document, or a quotation from it.

    Args:
        document: as it was released, or a part of its text with the same metadata, as a splitter makes it.
        quote: a quotation from it, to the letter but for white space; None for all of it.

    Returns:
        The words of the original with their place and URI; None where this process remembers no such document, or the
        quotation is not in it.
    """
    return cite(_as_it_is(document), quote)


def original_metadata(document: Document) -> dict[str, object]:
    """Return the metadata of a document as it came to the gate, with its seal; its metadata where that is not known."""
    return dict(original_of(_as_it_is(document)).metadata)
