"""The text of a PDF, page by page, and what it says of itself. By pypdf, within its bounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple

from headgate.errors import one_line

__all__ = ["MAX_PDF_BYTES", "Page", "read_pdf"]

MAX_PDF_BYTES = 100_000_000
"""The longest PDF that is read."""

_MOST_PAGES = 5_000
# pypdf takes seconds for a megabyte of what draws a page. Counted in its operators, of which each takes some 20
# microseconds; what is drawn through a form is read again each time, and so are its fonts.
_MOST_DRAWN = 1_000_000
_MOST_STEPS, _MOST_STEPS_IN_ALL = 500_000, 10_000_000
_BYTES_PER_STEP, _STEPS_PER_FONT = 4, 1_500
_MOST_RESOURCES, _MOST_UNPACKED = 1_000, 10_000_000
_DEEPEST = 20
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
        if not isinstance(written, (str, bytes)) or not written.strip():
            continue
        try:
            time = getattr(said, read)
        except Exception:  # noqa: BLE001 - a date of another form
            time = None
        # One that cannot be read is not left out: a document with it is not one without a date.
        found[name] = time.isoformat() if isinstance(time, datetime) else str(written)
    return found


def _pages(reader: Any, count: int) -> Iterator[Page]:
    left = _MOST_STEPS_IN_ALL
    for number in range(count):
        if left <= 0:
            yield Page(number, None, "the pages before it took all the time that there is for one file")
            continue
        drawing = _Drawing(min(left, _MOST_STEPS))
        yield _read(reader, number, drawing)
        left -= drawing.steps


def _read(reader: Any, number: int, drawing: _Drawing) -> Page:
    try:
        page = reader.pages[number]
        contents = page.get_contents()
        drawing.begin(page, len(contents.get_data()) if contents is not None else 0)
        text = page.extract_text(visitor_operand_before=drawing.step).strip()
    except _TooMuch:
        return Page(number, None, "it takes too long to draw")
    except Exception as error:  # noqa: BLE001 - as above
        return Page(number, None, f"it cannot be read ({one_line(error)})")
    return Page(number, text) if text else Page(number, None, "it has no text; a scanned page needs OCR")


class _TooMuch(Exception):
    """A page takes more steps than it may."""


class _Drawing:
    """Counts what a page takes, and ends it where that is too much.

    Args:
        most: the steps that there are.

    Attributes:
        steps: those that it took.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._form = 0
        self.steps = 0

    def begin(self, page: Any, drawn: int) -> None:
        """Take note of a page: how much draws it, and what its heaviest form and its fonts take."""
        if drawn > _MOST_DRAWN:
            raise _TooMuch
        heaviest, fonts = _weigh(page.get("/Resources"))
        self._form = heaviest // _BYTES_PER_STEP + fonts * _STEPS_PER_FONT
        self._take(drawn // _BYTES_PER_STEP + fonts * _STEPS_PER_FONT)

    def step(self, operator: Any, *_: Any) -> None:
        """Take note of an operator."""
        self._take(self._form + 1 if operator == b"Do" else 1)

    def _take(self, steps: int) -> None:
        self.steps += steps
        if self.steps > self._most:
            raise _TooMuch


def _weigh(resources: Any) -> tuple[int, int]:
    """Return the length of the longest form among resources, and the most fonts that are in one place."""
    heaviest = fonts = seen = unpacked = 0
    known: set[int] = set()
    waiting = [(resources, 0)]
    while waiting:
        found, depth = waiting.pop()
        found = found.get_object() if hasattr(found, "get_object") else found
        seen += 1
        if not hasattr(found, "get") or id(found) in known or depth > _DEEPEST or seen > _MOST_RESOURCES:
            continue
        known.add(id(found))
        fonts = max(fonts, _count(found.get("/Font")))
        forms = found.get("/XObject")
        forms = forms.get_object() if hasattr(forms, "get_object") else forms
        for named in forms.values() if hasattr(forms, "values") else ():
            form = named.get_object()
            if form.get("/Subtype") == "/Form":
                length = len(form.get_data())
                heaviest, unpacked = max(heaviest, length), unpacked + length
                if unpacked > _MOST_UNPACKED:
                    raise _TooMuch
                waiting.append((form.get("/Resources"), depth + 1))
    if seen > _MOST_RESOURCES:
        raise _TooMuch
    return heaviest, fonts


def _count(value: Any) -> int:
    value = value.get_object() if hasattr(value, "get_object") else value
    return len(value) if hasattr(value, "__len__") else 0
