"""Rows that share a source: the rows of a table are documents of their own, each with its own versions."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from headgate.encoding import b64url_encode
from headgate.freshness.identity import page_of
from headgate.freshness.parsing import plain_value

__all__ = ["Row", "document_of_row", "find_row", "is_table"]

# Under what LangChain's CSVLoader and JSONLoader write which row of a file a text is.
_KEYS = ("row", "seq_num")
_TABLES = (".csv", ".tsv", ".xls", ".xlsx", ".xlsm", ".ods", ".parquet", ".json", ".jsonl", ".ndjson")
_MOST_CHARS = 256


@dataclass(frozen=True, slots=True)
class Row:
    """Which row of its source a chunk is.

    Attributes:
        digest: of what identifies the row: a record must not show it, because a key may be a person's name.
        is_covered: whether a proof covers that.
    """

    digest: str
    is_covered: bool


def find_row(
    metadata: Mapping[str, object], uri: str | None, key: str | bool | None, covered: Collection[str] = ()
) -> Row | None:
    """Return which row a chunk is, or None where it is not a row.

    Args:
        metadata: its metadata.
        uri: its source in normal form.
        key: under which key the policy says that the row is named; None for what loaders of tables write, False for
            nothing.
        covered: the keys that a proof covers.
    """
    if isinstance(key, bool) or (key is None and not is_table(uri)):
        return None
    for name in _KEYS if key is None else (key,):
        value = _value(metadata.get(name))
        if value is not None and (key is not None or value.isdecimal()):
            digest = hashlib.sha256(f"row {value}".encode("utf-8", "surrogatepass")).digest()[:12]
            return Row(b64url_encode(digest), name in covered)
    return None


def document_of_row(document: str | None, row: Row | None, *, is_proved: bool) -> str | None:
    """Return the document that a row is: for a proved text only where the proof says which row it is.

    Args:
        document: the document that its source is.
        row: the row, if it is one.
        is_proved: whether a proof of the text counts.
    """
    if document is None or row is None or (is_proved and not row.is_covered) or page_of(document) is not None:
        return document
    return f"{document}#{row.digest}"


def is_table(uri: str | None) -> bool:
    """Return whether a source is a file of rows, by the end of its name."""
    return uri is not None and uri.partition("?")[0].lower().endswith(_TABLES)


def _value(value: object) -> str | None:
    """Return what names a row as a text; stores make floats of numbers, so 3.0 is 3."""
    try:
        value = plain_value(value)
    except Exception:  # noqa: BLE001 - foreign objects do what they like; they name no row
        return None
    if type(value) is float and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if type(value) is int and abs(value) < 2**63:
        return str(value)
    return value if type(value) is str and 0 < len(value) <= _MOST_CHARS else None
