"""Values as JSON text in a column, and back; what a column cannot carry."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["dump", "fits", "load"]

_MOST = 2**63


def dump(value: object) -> str:
    """Return a value as JSON: two values have one text only if they are equal."""
    try:
        return str(_orjson().dumps(value), "utf-8")
    except (TypeError, ValueError):  # a number beyond 64 bits, or half a character
        return json.dumps(value, separators=(",", ":"))


def load(text: str) -> Any:
    """Return the value of a JSON text that `dump` wrote."""
    try:
        return _orjson().loads(text)
    except ValueError:
        return json.loads(text)


def fits(value: object) -> bool:
    """Return whether a value is a whole number that a column can carry."""
    return type(value) is int and -_MOST <= value < _MOST


def _orjson() -> Any:
    import orjson

    return orjson
