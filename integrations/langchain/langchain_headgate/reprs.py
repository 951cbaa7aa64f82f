"""Documents that were printed: the text that a tool's answer becomes when it returns a list of `Document`.

LangChain writes what is not JSON with `str`, so the commonest tool of all, one that returns documents and has no
artifact, hands the model `[Document(id='1', metadata={...}, page_content='...')]`. That is read here, and nothing is
evaluated but single literals.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from langchain_core.documents import Document

__all__ = ["read_printed"]

_PRINTED = re.compile(r"\bDocument\((?:id|metadata|page_content)=")
_SINGLE = "page_content='"
# It begins with a document, or with a collection that does: this was printed, and is not prose about documents.
_SURELY = re.compile(r"[\[({]*(?:'\w*': ?[\[({]*)?Document\((?:id|metadata|page_content)=")
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<number>[-+]?(?:\d[\w.+-]*|\.\d[\w.+-]*))"""
    r"""|(?P<name>[A-Za-z_][\w.]*)|(?P<sign>[()\[\]{},:=])|\Z)""",
    re.DOTALL,
)
_END_OF_TEXT = "' metadata="
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_CONSTANTS = {"None": None, "True": True, "False": False, "nan": float("nan"), "inf": float("inf")}
# Reading is recursive, and who wrote the text may have nested it without end.
_DEEPEST = 32


def read_printed(text: str) -> Any:
    """Return what was printed: documents, in the collections in which they were; None where no documents were.

    Raises:
        ValueError: documents were, and cannot be read without guessing.
    """
    stripped = text.strip()
    if stripped.startswith(_SINGLE):
        return _read_single(stripped)
    if not stripped.startswith(("[", "(", "{", "Document(")) or not _PRINTED.search(stripped):
        return None
    try:
        value = _read_all(stripped)
    except (ValueError, TypeError):
        # Other text may begin with a bracket and speak of a document; it stays as it is.
        if _SURELY.match(stripped):
            raise
        return None
    return value


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
    entries = _Reader(metadata).read(0)
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
            # Of a single token: no expression gets this far.
            return ast.literal_eval(written)
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

    def _read_mapping(self, depth: int) -> dict[Any, Any]:
        entries = {}
        while self.peek() != "}":
            key = self.read(depth + 1)
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
        if name == "Document":
            return Document(**{key: named[key] for key in ("id", "metadata", "page_content") if key in named})
        # numpy prints its numbers as calls; anything else is no more than its name here.
        return values[0] if len(values) == 1 and isinstance(values[0], (int, float)) else name

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
