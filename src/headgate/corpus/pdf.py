"""The text of a PDF, page by page, and what it says of itself. By pypdf, within its bounds."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple

from headgate.errors import one_line

__all__ = ["MAX_PDF_BYTES", "Page", "read_pdf"]

MAX_PDF_BYTES = 100_000_000
"""The longest PDF that is read."""

_MOST_PAGES = 5_000
# What draws a page, and all pages: pypdf takes seconds for a megabyte of it.
_MOST_DRAWN = 1_000_000
_MOST_DRAWN_IN_ALL = 50_000_000
_MISSING = "PDF is read where pypdf is installed: pip install 'headgate[documents]'"


class Page(NamedTuple):
    """A page.

    Attributes:
        number: from 0, as loaders of PDF count.
        text: what it says; None where that cannot be told.
        problem: why it cannot.
    """

    number: int
    text: str | None
    problem: str | None = None


def read_pdf(data: bytes) -> tuple[dict[str, object], Iterator[Page]]:
    """Return what a PDF says of itself, and its pages.

    Nothing in it is run, and nothing is fetched. A scanned page has no text.

    Args:
        data: the file, of `MAX_PDF_BYTES` at most.

    Returns:
        The entries `title`, `moddate` and `creationdate`, as loaders write them, where the document has them; and the
        pages, one at a time.

    Raises:
        ValueError: it cannot be read; the message says why.
    """
    try:
        import pypdf
    except ImportError:
        raise ValueError(_MISSING) from None
    # It tells of every small fault; what matters is told by page.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(BytesIO(data))
        is_open = not reader.is_encrypted or bool(reader.decrypt(""))
        count = len(reader.pages) if is_open else 0
        metadata = _metadata(reader) if is_open else {}
    except Exception as error:  # noqa: BLE001 - whatever a damaged file makes a parser raise
        raise ValueError(f"it is not a PDF that can be read ({one_line(error)})") from None
    if not is_open:
        raise ValueError("it is encrypted")
    if count > _MOST_PAGES:
        raise ValueError(f"it has {count:,} pages, and at most {_MOST_PAGES:,} are read")
    metadata["total_pages"] = count
    return metadata, _pages(reader, count)


def _metadata(reader: Any) -> dict[str, object]:
    said = reader.metadata or {}
    found: dict[str, object] = {}
    title = said.get("/Title")
    if isinstance(title, str) and title.strip():
        found["title"] = str(title).strip()
    for name, key, read in (
        ("moddate", "/ModDate", "modification_date"),
        ("creationdate", "/CreationDate", "creation_date"),
    ):
        written = said.get(key)
        if written is None:
            continue
        try:
            time = getattr(said, read)
        except Exception:  # noqa: BLE001 - a date of another form
            time = None
        # One that cannot be read is not left out: a document with it is not one without a date.
        found[name] = time.isoformat() if isinstance(time, datetime) else str(written)
    return found


def _pages(reader: Any, count: int) -> Iterator[Page]:
    left = _MOST_DRAWN_IN_ALL
    for number in range(count):
        try:
            page = reader.pages[number]
            contents = page.get_contents()
            drawn = len(contents.get_data()) if contents is not None else 0
        except Exception as error:  # noqa: BLE001 - as above
            yield Page(number, None, f"it cannot be read ({one_line(error)})")
            continue
        left -= drawn
        if drawn > _MOST_DRAWN or left < 0:
            most = _MOST_DRAWN if drawn > _MOST_DRAWN else _MOST_DRAWN_IN_ALL
            yield Page(number, None, f"more than {most:,} bytes draw {'it' if drawn > most else 'the pages up to it'}")
        else:
            yield _read(page, number)


def _read(page: Any, number: int) -> Page:
    try:
        text = page.extract_text().strip()
    except Exception as error:  # noqa: BLE001 - as above
        return Page(number, None, f"it cannot be read ({one_line(error)})")
    return Page(number, text) if text else Page(number, None, "it has no text; a scanned page needs OCR")
