"""Documents written as rows, columns or content blocks: what is text in them, and how they are written again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.documents import Document

__all__ = ["TEXT_NAMES", "at", "block_with", "document_of", "has_text", "is_block", "picked", "text_of_block"]

TEXT_NAMES = ("page_content", "text", "content")


def is_block(value: Mapping[Any, Any]) -> bool:
    """Return whether a mapping is a content block: it has a `type`, which is a name."""
    kind = value.get("type")
    # The name stays in what is released, so a sentence must not pass for one.
    return isinstance(kind, str) and len(kind) <= 40 and kind.isidentifier()


def text_of_block(value: Mapping[Any, Any]) -> str | None:
    """Return the text of a block that is a document; None for any other block."""
    kind = value.get("type")
    if kind == "search_result" and isinstance(value.get("content"), list):
        parts = [part.get("text") for part in value["content"] if isinstance(part, Mapping)]
        return "\n\n".join(part for part in parts if isinstance(part, str))
    if kind == "text-plain" and isinstance(value.get("text"), str):
        return str(value["text"])
    source = value.get("source")
    if kind == "document" and isinstance(source, Mapping) and isinstance(source.get("data"), str):
        return str(source["data"]) if source.get("type") == "text" else None
    return None


def block_with(value: Mapping[Any, Any], text: str, named: Mapping[str, Any]) -> dict[str, Any]:
    """Return a block of the same kind with the admitted text and names; everything else of it is left out."""
    if value["type"] == "text-plain":
        return {"type": "text-plain", "mime_type": "text/plain", **named, "text": text}
    if value["type"] == "document":
        return {"type": "document", **named, "source": {"type": "text", "media_type": "text/plain", "data": text}}
    # Both names are required of a search result.
    return {"type": "search_result", "source": "", "title": "", **named, "content": [{"type": "text", "text": text}]}


def document_of(text: Any, metadata: Any, identifier: Any) -> Document:
    """Return a document for the gate; what is not text, metadata or an identifier counts as missing."""
    given = metadata if isinstance(metadata, Mapping) else {}
    entries = {key: value for key, value in given.items() if isinstance(key, str)}
    return Document(
        page_content=text if isinstance(text, str) else "",
        metadata=entries,
        id=identifier if isinstance(identifier, str) else None,
    )


def has_text(row: Any) -> bool:
    """Return whether an entry of a list of documents has a text."""
    if isinstance(row, Mapping):
        return any(isinstance(row.get(name), str) for name in TEXT_NAMES)
    return isinstance(row, (str, Document))


def picked(column: Any, places: list[int], count: int) -> Any:
    """Return the values of a column at some places, if it is a column of `count` values."""
    if getattr(column, "dtype", None) is not None and len(column) == count:
        return column[places]
    if isinstance(column, (list, tuple)) and len(column) == count:
        return [column[place] for place in places]
    return column


def at(column: Any, place: int) -> Any:
    """Return the value of a column at a place, or None."""
    return column[place] if isinstance(column, (list, tuple)) and place < len(column) else None
