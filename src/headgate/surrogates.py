"""Lone surrogates: Python's texts may hold them, UTF-8 cannot, so what leaves the process must not.

A document brings them in its metadata, where JSON can spell them, and one of them breaks whatever encodes the record:
an exporter of logs loses its whole batch, with the lines of others in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar, cast

__all__ = ["encodable", "replace_surrogates"]

_T = TypeVar("_T")
_SURROGATES = re.compile("[\ud800-\udfff]")


def replace_surrogates(text: str) -> str:
    """Return `text` with lone surrogates replaced by U+FFFD, so that it can be encoded; lengths stay."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def encodable(value: _T) -> _T:
    """Return a plain value as it can be encoded: lone surrogates are replaced in texts and names, at any depth."""
    return cast("_T", _encodable(value))


def _encodable(value: object) -> object:
    if isinstance(value, str):
        return replace_surrogates(value)
    if isinstance(value, dict):
        return {_encodable(name): _encodable(entry) for name, entry in value.items()}
    # Before what is read through its interface, which takes longer to ask for than all the rest.
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple)):
        entries = [_encodable(entry) for entry in value]
        return entries if isinstance(value, list) else tuple(entries)
    return _encodable(dict(value)) if isinstance(value, Mapping) else value
