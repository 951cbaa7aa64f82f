"""Documents to chunks and back: order, identity and original text kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.documents import Document

from headgate import Admission, Chunk, Decision

__all__ = ["RECORD_KEY", "decision_record", "original_text", "to_chunk", "to_document", "to_documents"]

RECORD_KEY = "headgate"
"""The metadata key under which an admitted document says what was decided about it."""

_MAX_RECORD_CHARS = 4_000_000


def to_chunk(document: Document) -> Chunk:
    """Return a document as the gate sees it: its original text, without the record of an earlier gate.

    A document that has passed a gate before carries the edits that were made. They are undone first, because a seal
    covers the original; whether the result is the original, the seal decides.
    """
    metadata = document.metadata
    if not isinstance(metadata, dict) or RECORD_KEY not in metadata:
        return Chunk(document.page_content, metadata, document.id)
    kept = {key: value for key, value in metadata.items() if key != RECORD_KEY}
    return Chunk(original_text(document), kept, document.id)


def to_document(original: Document, chunk: Chunk, admission: Admission, decision: Decision) -> Document:
    """Return an admitted chunk as a document: a copy of the original with the rewritten text and a record."""
    metadata = {**chunk.metadata, RECORD_KEY: _record(admission, decision)}
    return original.model_copy(update={"page_content": chunk.text, "metadata": metadata})


def to_documents(originals: Sequence[Document], admission: Admission) -> list[Document]:
    """Return the admitted documents of an admission, in the order of the originals."""
    return [
        to_document(originals[decision.index], chunk, admission, decision) for chunk, decision in admission.admitted()
    ]


def decision_record(document: Document) -> dict[str, Any] | None:
    """Return what headgate recorded on an admitted document, or None if it passed no gate.

    The keys are `admission` (its id), `source`, `subject` (the proved URI), `issuer`, `codes`, and `edits`: a list of
    `[start, end, alias]` with offsets in the rewritten text.
    """
    record = document.metadata.get(RECORD_KEY)
    if not isinstance(record, str) or len(record) > _MAX_RECORD_CHARS:
        return None
    try:
        value = json.loads(record)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def original_text(document: Document) -> str:
    """Return the text of a document as it was before headgate rewrote it."""
    record = decision_record(document)
    edits = record.get("edits") if record else None
    if not isinstance(edits, list):
        return document.page_content
    parts: list[str] = []
    position = 0
    for edit in edits:
        if not _is_edit(edit, position, len(document.page_content)):
            return document.page_content
        start, end, alias = edit
        parts += [document.page_content[position:start], alias]
        position = end
    return "".join((*parts, document.page_content[position:]))


def _is_edit(edit: object, position: int, length: int) -> bool:
    if not isinstance(edit, list) or len(edit) != 3:
        return False
    start, end, alias = edit
    if type(start) is not int or type(end) is not int or not isinstance(alias, str):
        return False
    return position <= start <= end <= length


def _record(admission: Admission, decision: Decision) -> str:
    record: dict[str, object] = {
        "admission": admission.id,
        "source": decision.source,
        "subject": decision.uri if decision.assurance == "sealed" else None,
        "issuer": decision.issuer,
        "codes": list(decision.codes),
    }
    rewrite = decision.rewrite
    if rewrite is not None and rewrite.edits:
        record["edits"] = [
            [*rewrite.to_rewritten(edit.start, edit.end), edit.alias] for edit in rewrite.edits if edit.changes_text
        ]
    return json.dumps(record, ensure_ascii=True, separators=(",", ":"))
