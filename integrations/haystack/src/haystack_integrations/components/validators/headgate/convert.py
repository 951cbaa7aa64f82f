"""Documents to chunks and back: order, scores and ids kept, and nothing of headgate's own in what is released."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from haystack import Document
from haystack.dataclasses import ByteStream, SparseEmbedding

from headgate import Admission, Chunk, Decision
from headgate.encoding import b64url_encode
from headgate.integration.citing import Citation, cite
from headgate.integration.mark import NOTE, is_unchanged, note_of, original_of, recall, record_of
from headgate.integration.tracing import id_of

__all__ = [
    "as_it_is",
    "decision_record",
    "is_note",
    "original_citation",
    "original_metadata",
    "original_text",
    "to_chunk",
    "to_documents",
]

_MIME_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789/.+-")
_LONGEST_MIME = 40


def to_chunk(document: Document) -> Chunk:
    """Return a document as the gate sees it; one that a gate has released is judged by its original."""
    return recall(as_it_is(document))


def as_it_is(document: Document) -> Chunk:
    """Return a document as a chunk, whoever has released it."""
    meta = getattr(document, "meta", None)
    identifier = getattr(document, "id", None)
    # Any entry may reach the prompt: a template of a prompt builder can print it.
    return Chunk(
        _text(document),
        meta if isinstance(meta, dict) else {},
        identifier if isinstance(identifier, str) else None,
        _number(getattr(document, "score", None)),
        prompt_metadata=None,
        media=_media(document),
    )


def to_documents(originals: Sequence[Document], admission: Admission) -> list[Document]:
    """Return the admitted documents of an admission, in the order of the originals.

    Raises:
        NothingAdmissibleError: none is left, and the policy says `on_empty: raise`; with `note`, a note is returned.
    """
    note = note_of(admission)
    if note is not None:
        return [Document(content=note)]
    return [_to_document(originals[one.index], chunk, one) for chunk, one in admission.admitted()]


def _to_document(original: Document, chunk: Chunk, decision: Decision) -> Document:
    """Return an admitted chunk as a document: rewritten text, and the metadata that may be in a prompt."""
    if decision.mode != "enforce":
        # The very document where nothing was changed: a gate that only observes passes on what came in.
        if is_unchanged(chunk, _text(original), original.meta):
            return original
        return replace(original, content=chunk.text, meta=dict(chunk.metadata))
    # A new document rather than a copy: what a subclass has beside these fields, nobody has judged.
    identifier = id_of(original.id) if decision.is_proved else original.id
    return Document(
        id=identifier or "",
        content=chunk.text if chunk.text or original.content is not None else None,
        blob=_blob(original, is_proved=decision.is_proved),
        meta=dict(chunk.metadata),
        score=_number(original.score),
        embedding=_numbers(original.embedding),
        sparse_embedding=_sparse(original.sparse_embedding),
    )


def is_note(document: Document) -> bool:
    """Return whether a document is the note that none of the documents found is admissible (`on_empty: note`).

    It has no source and no metadata: there is nothing to cite.
    """
    return _text(document) == NOTE and not document.meta


def decision_record(document: Document) -> dict[str, object] | None:
    """Return what headgate decided about a released document, or None if this process remembers no such document.

    It is found by text and metadata, so copies of a document have it too; the document itself holds nothing of it. The
    keys are `admission` (its id), `source`, `subject` (the proved URI), `issuer`, `codes`, and `edits`: a list of
    `[start, end, alias]` with offsets in the rewritten text.
    """
    return record_of(as_it_is(document))


def original_text(document: Document) -> str:
    """Return the text of a document as it was before headgate rewrote it; its text where that is not known."""
    return original_of(as_it_is(document)).text


def original_citation(document: Document, quote: str | None = None) -> Citation | None:
    """Return where in the original stands what a reply cites: a released document, or a quotation from it.

    Args:
        document: as it was released, or a part of its text with the same metadata, as a splitter makes it.
        quote: a quotation from it, to the letter but for white space; None for all of it.

    Returns:
        The words of the original with their place and URI; None where this process remembers no such document, or the
        quotation is not in it.
    """
    return cite(as_it_is(document), quote)


def original_metadata(document: Document) -> dict[str, object]:
    """Return the metadata of a document as it came to the gate, with its seal; its metadata where that is not known."""
    return dict(original_of(as_it_is(document)).metadata)


def _text(document: Document) -> str:
    content = getattr(document, "content", None)
    return content if isinstance(content, str) else ""


def _media(document: Document) -> dict[str, str | None]:
    blob = getattr(document, "blob", None)
    if blob is None:
        return {}
    data = getattr(blob, "data", None)
    if not isinstance(data, bytes):
        return {"blob": None}  # what no seal can cover
    return {"blob": f"sha-256:{b64url_encode(hashlib.sha256(data).digest())}"}


def _blob(document: Document, *, is_proved: bool) -> ByteStream | None:
    """Return the binary content of an admitted document; of a proved one without what no seal covers beside it."""
    blob = document.blob
    if blob is None or not is_proved:
        return blob
    mime = blob.mime_type
    is_plain = isinstance(mime, str) and len(mime) <= _LONGEST_MIME and _MIME_CHARS.issuperset(mime)
    return ByteStream(data=blob.data, mime_type=mime if is_plain else None)


def _number(value: Any) -> float | None:
    return value if type(value) in (int, float) else None


def _numbers(values: Any) -> list[float] | None:
    return values if type(values) is list and all(type(value) in (int, float) for value in values) else None


def _sparse(embedding: Any) -> SparseEmbedding | None:
    if type(embedding) is not SparseEmbedding:
        return None
    indices, values = _numbers(embedding.indices), _numbers(embedding.values)
    return None if indices is None or values is None else SparseEmbedding([*map(int, indices)], values)
