"""The text of a Word document (DOCX), and what it says of itself. By python-docx, within its bounds."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import datetime, timezone
from io import BytesIO
from typing import Any

from headgate.errors import one_line

__all__ = ["MAX_DOCX_BYTES", "read_docx"]

MAX_DOCX_BYTES = 100_000_000
"""The longest document that is read, as it is and unpacked."""

_MOST_PARTS = 10_000
_MISSING = "DOCX is read where python-docx is installed: pip install 'headgate[documents]'"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALSE = frozenset(("0", "false", "off"))
_BREAKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}


def read_docx(data: bytes) -> tuple[dict[str, object], str]:
    """Return what a document says of itself, and its text: a line per paragraph, and per row of a table.

    The text is what its reader sees: insertions that are not accepted yet belong to it, deletions and hidden text do
    not. Headers, footers, notes and comments are left out.

    Args:
        data: the file, of `MAX_DOCX_BYTES` at most.

    Returns:
        The entries `title`, `moddate` and `creationdate`, where the document has them, and the text.

    Raises:
        ValueError: it cannot be read; the message says why.
    """
    try:
        import docx
    except ImportError:
        raise ValueError(_MISSING) from None
    try:
        _require_small(data)
        document = docx.Document(BytesIO(data))
        text = "\n".join(_lines(document.element.body)).strip()
        metadata = _metadata(document.core_properties)
    except Exception as error:  # noqa: BLE001 - whatever a damaged file makes a parser raise
        raise ValueError(f"it is not a DOCX that can be read ({one_line(error)})") from None
    if not text:
        raise ValueError("it has no text")
    return metadata, text


def _require_small(data: bytes) -> None:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = archive.infolist()
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MAX_DOCX_BYTES:
        raise ValueError(f"unpacked it has more than {MAX_DOCX_BYTES:,} bytes, or than {_MOST_PARTS:,} parts")


def _lines(body: Any) -> Iterator[str]:
    """Yield the paragraphs and the rows of tables of a part of a document, in their order."""
    for element in body:
        if element.tag == f"{_W}p":
            yield _text(element)
        elif element.tag == f"{_W}tbl":
            for row in element.iterchildren(f"{_W}tr"):
                yield "\t".join(" ".join(filter(None, map(_text, cell.iter(f"{_W}p")))) for cell in _cells(row))
        elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
            yield from _lines(element)


def _cells(row: Any) -> Iterator[Any]:
    for element in row:
        if element.tag == f"{_W}tc":
            yield element
        elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
            yield from _cells(element)


def _text(paragraph: Any) -> str:
    parts: list[str] = []
    for run in paragraph.iter(f"{_W}r"):
        if _is_hidden(run) or any(one.tag in (f"{_W}del", f"{_W}moveFrom") for one in run.iterancestors()):
            continue
        parts += [child.text or "" if child.tag == f"{_W}t" else _BREAKS.get(child.tag, "") for child in run]
    return "".join(parts).strip()


def _is_hidden(run: Any) -> bool:
    vanish = run.find(f"{_W}rPr/{_W}vanish")
    return vanish is not None and str(vanish.get(f"{_W}val", "true")).lower() not in _FALSE


def _metadata(said: Any) -> dict[str, object]:
    found: dict[str, object] = {}
    if isinstance(said.title, str) and said.title.strip():
        found["title"] = said.title.strip()
    for name, time in (("moddate", said.modified), ("creationdate", said.created)):
        if isinstance(time, datetime):
            # Written in UTC; the library leaves the zone out.
            found[name] = (time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)).isoformat()
    return found
