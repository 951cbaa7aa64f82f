"""Documents that were printed: the text that a tool's answer becomes when it returns a list of `Document`.

LangChain writes what is not JSON with `str`, so the commonest tool of all, one that returns documents and has no
artifact, hands the model `[Document(id='1', metadata={...}, page_content='...')]`. That is read here, and nothing is
evaluated: the literals are those that `repr` writes, and a constructor is no more than its name.
"""

from __future__ import annotations

import re
from typing import Any

from langchain_core.documents import Document

__all__ = ["looks_printed", "read_printed"]

# A document, of whatever class, or a row with one. `page_content=text`, without a quote, is source code.
_PRINTED = re.compile(r"""\bpage_content(?:=|\\*['"]\s*:)\s*\\*['"]|\b\w+\((?:id|metadata)=|['"]metadatas?['"]\s*:""")
_SURELY = re.compile(
    r"""\bpage_content(?:=|\\*['"]\s*:)\s*\\*['"]|\bDocument\((?:id|metadata)=['"{]|['"]metadatas\\*['"]\s*:\s*\["""
)
_WORDS = ("page_content", "Document(", "metadatas")
_MOST_CHARS = 1_000_000
_SINGLE = "page_content='"
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>[bB]?(?:'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"))"""
    r"""|(?P<number>[-+]?(?:\d[\w.+-]*|\.\d[\w.+-]*|(?:inf|nan)\b))|(?P<name>[A-Za-z_][\w.]*)|(?P<sign>[()\[\]{},:=])|\Z)""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.?))", re.DOTALL)
_ESCAPED = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t"}
# What `repr` never leaves in a literal as it is.
_NEVER = re.compile(r"[\n\r\x00]")
_END_OF_TEXT = "' metadata="
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_CONSTANTS = {"None": None, "True": True, "False": False}
# Reading is recursive, and who wrote the text may have nested it without end.
_DEEPEST = 32


def looks_printed(text: str) -> bool:
    """Return whether documents, or rows with `page_content`, are written in a text, whether or not they can be read."""
    # A regular expression holds up every thread while it searches a text of megabytes; a word is found at once.
    if not any(word in text for word in _WORDS):
        return False
    return len(text) > _MOST_CHARS or _SURELY.search(text) is not None


def read_printed(text: str) -> Any:
    """Return what was printed: documents and rows, in the collections in which they were.

    Returns:
        The value; None where it is not such a text, or cannot be read without guessing.
    """
    if len(text) > _MOST_CHARS:
        return None
    stripped = text.strip()
    is_single = stripped.startswith(_SINGLE)
    if not is_single and not (stripped[:1] in _CLOSING or stripped[:1].isalpha()):
        return None
    if not _PRINTED.search(stripped):
        return None
    try:
        return _read_single(stripped) if is_single else _read_all(stripped)
    except Exception:  # noqa: BLE001 - a text of anybody's: whatever is wrong with it, the error would only quote it
        return None


def _read_all(text: str) -> Any:
    reader = _Reader(text)
    value = reader.read(0)
    if reader.peek() is not None:
        raise ValueError("there is text after the documents")
    return value


def _read_single(text: str) -> Document:
    """Read `str(document)`, in which the text is not escaped, so that it ends at the last place where it can."""
    content, end, metadata = text.removeprefix(_SINGLE).rpartition(_END_OF_TEXT)
    if not end:
        return Document(page_content=content or metadata.removesuffix("'"))
    entries = _read_all(metadata)
    if not isinstance(entries, dict):
        raise ValueError("the metadata is not a mapping")
    return Document(page_content=content, metadata=entries)


class _Reader:
    """Reads the literals of Python, and the one constructor that is looked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._token: tuple[str, str] | None = None
        self._advance()

    def peek(self) -> str | None:
        return None if self._token is None else self._token[1]

    def read(self, depth: int) -> Any:
        if depth > _DEEPEST or self._token is None:
            raise ValueError("it is nested too deeply, or ends too early")
        kind, written = self._token
        self._advance()
        if kind == "string":
            return _string(written)
        if kind == "number":
            return _number(written)
        if kind == "name":
            return self._read_call(written, depth) if self.peek() == "(" else _constant(written)
        if written == "{":
            return self._read_mapping(depth)
        if written in _CLOSING:
            values = self._read_values(_CLOSING[written], depth)
            return values if written == "[" else tuple(values)
        raise ValueError(f"{written!r} is out of place")

    def _read_values(self, closing: str, depth: int) -> list[Any]:
        values = []
        while self.peek() != closing:
            values.append(self.read(depth + 1))
            self._expect_separator(closing)
        self._advance()
        return values

    def _read_mapping(self, depth: int) -> dict[Any, Any] | list[Any]:
        entries: dict[Any, Any] = {}
        while self.peek() != "}":
            key = self.read(depth + 1)
            if not entries and self.peek() in (",", "}"):
                self._expect_separator("}")
                return [key, *self._read_values("}", depth)]  # a set
            self._expect(":")
            entries[key] = self.read(depth + 1)
            self._expect_separator("}")
        self._advance()
        return entries

    def _read_call(self, name: str, depth: int) -> Any:
        self._expect("(")
        values: list[Any] = []
        named: dict[str, Any] = {}
        while self.peek() != ")":
            kind, word = self._token or ("", "")
            value = self.read(depth + 1)
            if kind == "name" and self.peek() == "=":
                self._advance()
                named[word] = self.read(depth + 1)
            else:
                values.append(value)
            self._expect_separator(")")
        self._advance()
        if isinstance(named.get("page_content"), str):
            return Document(**{key: named[key] for key in ("id", "metadata", "page_content") if key in named})
        # numpy prints its numbers as calls, and a queue or a model what it holds; anything else is its name here.
        if len(values) == 1 and not named and isinstance(values[0], (int, float)):
            return values[0]
        held = [*values, *named.values()]
        return held if any(isinstance(one, (list, tuple, dict, Document)) for one in held) else name

    def _expect(self, sign: str) -> None:
        if self.peek() != sign:
            raise ValueError(f"{sign!r} is missing")
        self._advance()

    def _expect_separator(self, closing: str) -> None:
        if self.peek() == ",":
            self._advance()
        elif self.peek() != closing:
            raise ValueError(f"{closing!r} is missing")

    def _advance(self) -> None:
        match = _TOKEN.match(self._text, self._position)
        if match is None:
            raise ValueError("there is something that is not a literal")
        self._position = match.end()
        kind = match.lastgroup
        self._token = (kind, match[kind]) if kind is not None else None  # None at the end


def _constant(name: str) -> Any:
    return _CONSTANTS.get(name, name)


def _number(token: str) -> Any:
    try:
        return int(token)
    except ValueError:
        return float(token)


def _string(token: str) -> Any:
    """Return a string or bytes, as `repr` writes them; anything else that Python could read, nobody has printed."""
    is_bytes = token[0] in "bB"
    body = token[2:-1] if is_bytes else token[1:-1]
    if _NEVER.search(body):
        raise ValueError("there is a character that is never printed as it is")
    value = _ESCAPE.sub(_unescaped, body) if "\\" in body else body
    return value.encode("latin-1") if is_bytes else value


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    return chr(int(code, 16)) if code else _ESCAPED[match[4]]
