"""The text of a Word document (DOCX, ISO/IEC 29500-1), and what it says of itself: one pass over its XML, in bounds."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO, Any

from headgate.errors import one_line

__all__ = ["MAX_DOCX_BYTES", "read_docx"]

MAX_DOCX_BYTES = 100_000_000
"""The longest document that is read, with its pictures, which are not looked at."""

_MOST_XML = 50_000_000
_MOST_BESIDE = 5_000_000
_PIECE = 4_000_000
_DEEPEST, _MOST_ELEMENTS = 300, 1_000_000
_MISSING = "DOCX is read where defusedxml is installed: pip install 'headgate[documents]'"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
_CORE = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
_PROPERTIES = {
    "{http://purl.org/dc/elements/1.1/}title": "title",
    "{http://purl.org/dc/terms/}modified": "moddate",
    "{http://purl.org/dc/terms/}created": "creationdate",
}
# What its reader does not see: deletions, what was moved away, and what stands in for newer parts.
_UNSEEN = frozenset(
    (
        f"{_W}del",
        f"{_W}moveFrom",
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
    )
)
_BREAKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_DEFAULT = ""  # the name of what styles are based on that name none
_STRICT = "{http://purl.oclc.org/ooxml/"
_FALSE = frozenset(("0", "false", "off"))


def read_docx(data: bytes) -> tuple[dict[str, object], str]:
    """Return what a document says of itself, and its text: a line per paragraph, and per row of a table.

    The text is what its reader sees: insertions that are not accepted yet belong to it, deletions and hidden text do
    not. Headers, footers, notes and comments are left out. Times are given as they are written.

    Args:
        data: the file, of `MAX_DOCX_BYTES` at most.

    Returns:
        The entries `title`, `moddate` and `creationdate`, where the document has them, and the text.

    Raises:
        ValueError: it cannot be read; the message says why.
    """
    try:
        from defusedxml import ElementTree
    except ImportError:
        raise ValueError(_MISSING) from None
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            reader = _Package(package, ElementTree)
            text = reader.text()
            metadata = reader.properties()
    except Exception as error:  # noqa: BLE001 - whatever a damaged file makes a parser raise
        raise ValueError(f"it is not a DOCX that can be read ({one_line(error)})") from None
    if not text:
        raise ValueError("it has no text")
    return metadata, text


class _Package:
    """A package of parts, of which those are read that say something."""

    def __init__(self, package: zipfile.ZipFile, parser: Any) -> None:
        self._package, self._parser = package, parser
        self._names = frozenset(package.namelist())
        self._targets = {
            element.get("Type"): element.get("Target", "").lstrip("/")
            for event, element in self._events("_rels/.rels", _MOST_BESIDE)
            if event == "end" and element.get("Type")
        }

    def text(self) -> str:
        """Return the text of the main part."""
        main = self._targets.get(_OFFICE, "word/document.xml")
        if main not in self._names:
            raise ValueError("it has no text part")
        reading = _Reading(self._hidden_styles(f"{main.rpartition('/')[0]}/styles.xml"))
        for event, element in self._events(main, _MOST_XML):
            if event == "start":
                reading.begin(element)
            else:
                reading.end(element)
                element.clear()  # what was read needs no room any more
        return "\n".join(reading.lines).strip()

    def properties(self) -> dict[str, object]:
        """Return what the document says of itself; nothing where it has no such part."""
        found: dict[str, object] = {}
        for event, element in self._events(self._targets.get(_CORE, "docProps/core.xml"), _MOST_BESIDE):
            name, said = _PROPERTIES.get(element.tag), (element.text or "").strip()
            if event == "end" and name is not None and said:
                found[name] = said
        return found

    def _hidden_styles(self, name: str) -> frozenset[str]:
        """Return the styles whose text is hidden, by themselves or by the style that they are based on.

        `_DEFAULT` is among them where text without a style is hidden.
        """
        own: dict[str, bool] = {}
        based: dict[str, str] = {}
        current, plain = _DEFAULT, ""
        for event, element in self._events(name, _MOST_BESIDE):
            if event == "start" and element.tag == f"{_W}style":
                current = element.get(f"{_W}styleId", "")
                based.setdefault(current, _DEFAULT)
                if element.get(f"{_W}type") == "paragraph" and element.get(f"{_W}default") in ("1", "true", "on"):
                    plain = current
            elif event == "end" and element.tag == f"{_W}vanish":
                own[current] = _is_on(element)
            elif event == "end" and element.tag == f"{_W}basedOn":
                based[current] = element.get(f"{_W}val", "")
        hidden = {style for style in {*own, *based} if _is_hidden(style, own, based)}
        if plain:
            (hidden.add if plain in hidden else hidden.discard)(_DEFAULT)
        return frozenset(hidden)

    def _events(self, name: str, most: int) -> Iterator[tuple[str, Any]]:
        if name not in self._names:
            return
        with self._package.open(name) as part:
            # Entities and document types are refused by the parser.
            yield from self._parser.iterparse(_Bounded(part, most), events=("start", "end"), forbid_dtd=True)


class _Bounded:
    """A part that ends in an error where it unpacks to more than it may."""

    def __init__(self, part: IO[bytes], most: int) -> None:
        self._part, self._left = part, most

    def read(self, size: int = -1) -> bytes:
        # In large pieces, because some parsers look at a long token again with each one.
        data = self._part.read(max(size, _PIECE))
        self._left -= len(data)
        if self._left < 0:
            raise ValueError("a part of it unpacks to too much")
        return data


@dataclass(slots=True)
class _Row:
    cells: list[str] = field(default_factory=list)
    is_hidden: bool = False


@dataclass(slots=True)
class _Paragraph:
    parts: list[str] = field(default_factory=list)
    is_hidden: bool = False
    is_lost: bool = False


class _Reading:
    """Collects the lines of a document while its elements begin and end."""

    def __init__(self, hidden_styles: frozenset[str]) -> None:
        self.lines: list[str] = []
        self._hidden_styles = hidden_styles
        self._tags: list[str] = []
        self._elements = self._unseen = 0
        self._cells: list[list[str]] = []
        self._rows: list[_Row] = []
        self._paragraphs: list[_Paragraph] = []
        self._runs: list[bool] = []  # whether each that is open is hidden

    def begin(self, element: Any) -> None:
        """Take note of an element that begins."""
        tag = element.tag
        if tag.startswith(_STRICT):
            raise ValueError("it is in the strict form; save it as an ordinary Word document")
        self._elements += 1
        if len(self._tags) >= _DEEPEST or self._elements > _MOST_ELEMENTS:
            raise ValueError("its parts are nested too deeply, or there are too many")
        self._tags.append(tag)
        if tag in _UNSEEN and self._parent() != f"{_W}trPr":
            self._unseen += 1
        elif tag == f"{_W}p":
            is_lost = bool(self._runs) and self._runs[-1]  # in a box of a run that is hidden
            self._paragraphs.append(_Paragraph(is_hidden=_DEFAULT in self._hidden_styles, is_lost=is_lost))
        elif tag == f"{_W}r":
            self._runs.append(bool(self._paragraphs) and self._paragraphs[-1].is_hidden)
        elif tag == f"{_W}tr":
            self._rows.append(_Row())
        elif tag == f"{_W}tc":
            self._cells.append([])

    def end(self, element: Any) -> None:
        """Take note of an element that ends, with what is in it."""
        tag = self._tags.pop()
        if tag in _UNSEEN and self._parent(0) != f"{_W}trPr":
            self._unseen -= 1
        elif tag in (f"{_W}t", _MATH_TEXT):
            self._add(element.text or "")
        elif tag in _BREAKS and self._parent(0) == f"{_W}r":
            self._add(_BREAKS[tag])
        elif tag == f"{_W}r":
            self._runs.pop()
        elif tag == f"{_W}p":
            self._put("".join(self._paragraphs.pop().parts).strip())
        elif tag == f"{_W}tc":
            cell = " ".join(filter(None, self._cells.pop()))
            if self._rows:
                self._rows[-1].cells.append(cell)
        elif tag == f"{_W}tr":
            row = self._rows.pop()
            if not row.is_hidden:
                self._put("\t".join(row.cells))
        else:
            self._look_at_form(tag, element)

    def _look_at_form(self, tag: str, element: Any) -> None:
        """Take note of what hides a run, a paragraph or a row."""
        parent, above = self._parent(0), self._parent(1)
        if parent == f"{_W}trPr" and tag in (f"{_W}hidden", f"{_W}del") and self._rows:
            self._rows[-1].is_hidden = self._rows[-1].is_hidden or _is_on(element)
        elif parent == f"{_W}rPr" and above == f"{_W}r":
            if tag == f"{_W}vanish":
                self._runs[-1] = _is_on(element)
            elif tag == f"{_W}rStyle" and element.get(f"{_W}val") in self._hidden_styles:
                self._runs[-1] = True
        # Not what it was before a change of form that is not accepted yet.
        elif tag == f"{_W}pStyle" and parent == f"{_W}pPr" and above == f"{_W}p":
            self._paragraphs[-1].is_hidden = element.get(f"{_W}val") in self._hidden_styles

    def _parent(self, back: int = 1) -> str:
        """Return the tag of what is around the current element; of what has ended, with `back=0`."""
        place = len(self._tags) - 1 - back
        return self._tags[place] if place >= 0 else ""

    def _add(self, text: str) -> None:
        if not self._paragraphs or self._unseen or (self._runs and self._runs[-1]):
            return
        if not self._paragraphs[-1].is_lost:
            self._paragraphs[-1].parts.append(text)

    def _put(self, line: str) -> None:
        """Put a line into the cell that is open, or else among the lines."""
        if self._unseen:
            return
        (self._cells[-1] if self._cells else self.lines).append(line)


def _is_on(element: Any) -> bool:
    return str(element.get(f"{_W}val", "true")).lower() not in _FALSE


def _is_hidden(style: str, own: dict[str, bool], based: dict[str, str]) -> bool:
    for _ in range(_DEEPEST):
        if style in own:
            return own[style]
        if style not in based:
            break
        style = based[style]
    return False
