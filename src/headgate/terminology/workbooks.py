"""Excel workbooks: each sheet is a table of terms, read by openpyxl row by row and under bounds."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from itertools import chain, islice
from typing import Any
from xml.sax.handler import ContentHandler

from headgate.encoding import in_number
from headgate.errors import PolicyError, one_line
from headgate.limits import DEFAULT_LIMITS
from headgate.terminology.concepts import Concept
from headgate.terminology.formats import GlossaryFile
from headgate.terminology.remarks import Remark, refuse
from headgate.terminology.safe_xml import parse_xml
from headgate.terminology.tables import HEADER_WITHIN, find_header, no_columns, read_below

__all__ = ["is_workbook", "read_workbook"]

_MOST_COLUMNS = 256
_MOST_MEMBERS = 10_000
_MOST_SHEETS = 200
_MOST_OTHER_BYTES = 8_000_000
"""How long what is neither a sheet nor a text of one may be: openpyxl makes objects of all of it."""
_MOST_FORMULA_CHARS = 8_192  # as in Excel
_MOST_FORMULA_WORK = 50_000_000
_MOST_ELEMENTS = 4_000_000
_MOST_DEPTH = 100
_LONG = frozenset(("worksheet", "sst"))
_CALCULATED = re.compile("'*[=+@-]")
# What openpyxl and what it builds on raise on files that are not what they should be.
_BROKEN = (
    *(ValueError, LookupError, ArithmeticError, TypeError, AttributeError, AssertionError, RecursionError),
    *(NotImplementedError, RuntimeError, SyntaxError, OSError, EOFError, zipfile.BadZipFile, zlib.error),
)


def is_workbook(data: bytes) -> bool:
    """Return whether a file is an Excel workbook, as it is written since 2007."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except _BROKEN:
        return False


def read_workbook(data: bytes, file: str | None) -> GlossaryFile:
    """Return what the visible sheets of a workbook say, each a table as in CSV.

    Nothing is calculated: a formula in the place of a term is a mistake, as in CSV. A text that only looks like one is
    a text.

    Args:
        data: the file.
        file: its name.

    Raises:
        PolicyError: with every problem, its sheet and row and the remedy; openpyxl is not installed; it is more than
            it looks like (a bomb), or broken.
    """
    try:
        import openpyxl
    except ImportError:
        raise PolicyError("workbooks are read by openpyxl.", "Install it: pip install 'headgate[xlsx]'.") from None
    try:
        longest = _inspect(data)
        # What it cannot keep when it writes, it warns of; here nothing is written.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            try:
                return _read_sheets(book.worksheets, longest, file)
            finally:
                book.close()
    except _BROKEN as error:
        problem = f"this workbook cannot be read ({one_line(error)})."
        raise PolicyError(problem, "Open it in Excel and save it again, or save the sheet as CSV.") from None


def _inspect(data: bytes) -> int:
    """Look at every part before anything is made of it; return how long the longest sheet is.

    Raises:
        PolicyError: a part is too long once it is unpacked, has a DTD, or there are too many of them.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [one for one in archive.infolist() if one.filename.lower().endswith((".xml", ".rels"))]
        # No more is unpacked of a part than it says it has.
        if sum(one.file_size for one in parts) > DEFAULT_LIMITS.glossary_bytes or len(parts) > _MOST_MEMBERS:
            raise _too_long("it has", DEFAULT_LIMITS.glossary_bytes, "bytes once it is unpacked")
        looked = _Parts()
        others, longest = 0, 0
        for part in parts:
            looked.root = ""
            parse_xml(archive.read(part), looked, extra="xlsx", doctype=False)
            if looked.root in _LONG:
                longest = max(longest, part.file_size)
            else:
                others += part.file_size
    if others > _MOST_OTHER_BYTES:
        raise _too_long("its styles and other parts have", _MOST_OTHER_BYTES, "bytes")
    if looked.formulas * looked.longest > _MOST_FORMULA_WORK or looked.longest > _MOST_FORMULA_CHARS:
        raise PolicyError("its formulas are too many and too long.", "Paste their values.")
    return longest


def _too_long(what: str, limit: int, unit: str) -> PolicyError:
    return PolicyError(f"{what} more than {limit:,} {unit}.", "Save the sheet of terms as a workbook of its own.")


class _Parts(ContentHandler):
    """Notes what kind a part is, and how long its formulas are."""

    def __init__(self) -> None:
        super().__init__()
        self.root = ""
        self.formulas = 0
        self.longest = 0
        self._chars: int | None = None
        self._elements = 0
        self._depth = 0

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: ARG002 - as SAX calls it
        """Note the first element, and where a formula begins.

        Raises:
            PolicyError: there are too many elements, or too many within one another.
        """
        self._elements += 1
        self._depth += 1
        if self._elements > _MOST_ELEMENTS or self._depth > _MOST_DEPTH:
            raise _too_long("it has", _MOST_ELEMENTS, "elements, or is nested too deeply")
        local = name.rpartition(":")[2]
        self.root = self.root or local
        if local == "f":
            self.formulas += 1
            self._chars = 0

    def characters(self, content: str) -> None:
        """Count what a formula has."""
        if self._chars is not None:
            self._chars += len(content)

    def endElement(self, name: str) -> None:
        """Note how long a formula is."""
        self._depth -= 1
        if self._chars is not None and name.rpartition(":")[2] == "f":
            self.longest = max(self.longest, self._chars)
            self._chars = None


def _read_sheets(sheets: Sequence[Any], longest: int, file: str | None) -> GlossaryFile:
    # Several sheets may be one part, read again for each.
    if len(sheets) > _MOST_SHEETS or len(sheets) * longest > 4 * DEFAULT_LIMITS.glossary_bytes:
        raise PolicyError(f"it has {in_number(len(sheets), 'sheet')}, and long ones.", "Save those of terms apart.")
    concepts: list[Concept] = []
    remarks: list[Remark] = []
    problems: list[PolicyError] = []
    passed: dict[str, list[str]] = {}
    counted = _Counted()
    is_read = False
    for sheet in sheets:
        name = str(sheet.title)[:60]
        if sheet.sheet_state != "visible":
            remarks.append(Remark("sheet", f"the sheet {name!r} is hidden, and is left out.", file))
            continue
        head = list(islice(counted.rows(sheet, 1, _MOST_COLUMNS), HEADER_WITHIN))
        header = find_header(head)
        if header is None:
            fullest = max((row for _, row in head), key=_filled, default=[])
            if _filled(fullest):
                passed[name] = fullest
            continue
        is_read = True
        columns, line = header
        try:
            width = max(at for at, name in enumerate(head[line - 1][1], 1) if name)
            below = chain((one for one in head if one[0] > line), counted.rows(sheet, HEADER_WITHIN + 1, width))
            found = read_below(columns, below, line, file, (name,) if len(sheets) > 1 else ())
        except PolicyError as error:
            problems += [PolicyError(error.problem, error.remedy, error.path, error.file, error.line), *error.others]
        else:
            concepts += found.concepts
            remarks += found.remarks
    if not is_read:
        raise no_columns(max(passed.values(), key=_filled, default=[]), 1)
    remarks += [Remark("sheet", f"no row at the top of the sheet {name!r} names the columns.", file) for name in passed]
    refuse(problems, remarks)
    return GlossaryFile(tuple(concepts), remarks=tuple(remarks))


def _filled(row: Sequence[str]) -> int:
    return sum(map(bool, row))


class _Counted:
    """Rows as texts, of all sheets together no more than there may be."""

    def __init__(self) -> None:
        self._count = 0

    def rows(self, sheet: Any, first: int, width: int) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows of a sheet from the first one on, with their numbers and so many cells of each.

        Raises:
            PolicyError: there are too many.
        """
        # What a sheet says of its own size need not be so.
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(min_row=first, max_col=width), first):
            self._count += 1
            if self._count > DEFAULT_LIMITS.glossary_aliases:
                raise _too_long("its sheets have", DEFAULT_LIMITS.glossary_aliases, "rows")
            yield number, [_text(cell) for cell in row]


def _text(cell: Any) -> str:
    """Return what a cell would be in CSV: a formula as it is entered, and a text that looks like one behind a `'`."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return str(getattr(value, "text", value))
    if isinstance(value, str):
        return f"'{value}" if cell.data_type != "e" and _CALCULATED.match(value) else value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, (int, float, timedelta)) else ""
