"""Office documents as chunks: a PDF page by page, a DOCX as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from headgate.chunk import Chunk
from headgate.corpus.docx import MAX_DOCX_BYTES, read_docx
from headgate.corpus.item import CorpusItem
from headgate.corpus.pdf import MAX_PDF_BYTES, read_pdf
from headgate.limits import Limits

__all__ = ["OFFICE_SUFFIXES", "iso_of", "read_office"]

OFFICE_SUFFIXES = frozenset((".pdf", ".docx"))
"""The endings of files that are read by extras (`headgate[documents]`)."""

_DATES = ("moddate", "creationdate")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def read_office(file: Path, source: str, limits: Limits) -> Iterator[CorpusItem]:
    """Yield the chunks of a PDF or DOCX, and what of it cannot be read.

    Args:
        file: the file.
        source: the URI of the document.
        limits: `text_bytes` bounds the text of a chunk.
    """
    most = MAX_PDF_BYTES if file.suffix.lower() == ".pdf" else MAX_DOCX_BYTES
    try:
        with file.open("rb") as opened:
            data = opened.read(most + 1)
        modified = file.stat().st_mtime
    except OSError as error:
        yield CorpusItem(str(file), None, f"it cannot be read ({error.strerror})")
        return
    if len(data) > most:
        yield CorpusItem(str(file), None, f"it is longer than {most:,} bytes")
        return
    try:
        items = _pages(file, data) if file.suffix.lower() == ".pdf" else iter([_whole(file, data)])
        for item in items:
            yield _with_source(item, source, modified, limits)
    except ValueError as error:
        yield CorpusItem(str(file), None, str(error))


def _whole(file: Path, data: bytes) -> CorpusItem:
    metadata, text = read_docx(data)
    return CorpusItem(str(file), Chunk(text, metadata))


def _pages(file: Path, data: bytes) -> Iterator[CorpusItem]:
    metadata, pages = read_pdf(data)
    for page in pages:
        place = f"{file}, page {page.number + 1}"
        if page.text is None:
            yield CorpusItem(place, None, page.problem)
        else:
            yield CorpusItem(place, Chunk(page.text, {**metadata, "page": page.number}))


def _with_source(item: CorpusItem, source: str, modified: float, limits: Limits) -> CorpusItem:
    if item.chunk is None:
        return item
    if len(item.chunk.text) > limits.text_bytes:
        return CorpusItem(item.place, None, f"its text is longer than {limits.text_bytes:,} characters")
    metadata = {**item.chunk.metadata, "source": source}
    if not any(name in metadata for name in _DATES):
        metadata["mtime"] = iso_of(modified)
    return CorpusItem(item.place, Chunk(item.chunk.text, metadata))


def iso_of(seconds: float) -> str:
    """Return a time of a file, in seconds since 1970, as ISO 8601."""
    # Not `fromtimestamp`, which refuses times before 1970 on some systems.
    return (_EPOCH + timedelta(seconds=int(seconds))).isoformat(timespec="seconds")
