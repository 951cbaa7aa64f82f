"""What is in a value beside documents: whether it is text, whether a name may stay, how JSON is read and written."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import islice
from types import ModuleType, SimpleNamespace
from typing import Any

from pydantic import BaseModel

from headgate.encoding import is_label

__all__ = [
    "GONE",
    "as_json",
    "attributes_of",
    "fields_of",
    "from_json",
    "is_name",
    "is_textless",
    "listed",
    "unwrapped",
    "without_gaps",
]

GONE: Any = object()
"""In the place of what is left out."""

_DEEPEST = 64
# What an iterator yields is read once, and may have no end.
_MOST_YIELDED = 100_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
# Names that tools give to what they found; any other in a text could be a sentence of whoever wrote the documents.
_NAMES = frozenset(
    [
        "answer",
        "context",
        "count",
        "data",
        "distance",
        "distances",
        "docs",
        "documents",
        "embedding",
        "embeddings",
        "end",
        "hits",
        "id",
        "ids",
        "index",
        "input",
        "items",
        "k",
        "kwargs",
        "lc",
        "length",
        "limit",
        "matches",
        "metadata",
        "metadatas",
        "offset",
        "output",
        "page",
        "page_content",
        "page_number",
        "pages",
        "position",
        "query",
        "question",
        "rank",
        "relevance_score",
        "response",
        "result",
        "results",
        "score",
        "scores",
        "similarity",
        "source_documents",
        "start",
        "start_index",
        "text",
        "took",
        "total",
        "type",
    ]
)


def fields_of(value: Any) -> dict[str, Any] | None:
    """Return the fields of a model, a dataclass or a namespace, or None for anything else."""
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value) if field.init}
    return vars(value).copy() if isinstance(value, SimpleNamespace) else None


def attributes_of(value: Any) -> dict[str, Any]:
    """Return the attributes of an object of any other class, without asking its properties."""
    kind = type(value)
    if kind.__module__ == "builtins" or isinstance(value, (type, ModuleType)):
        return {}
    slots = [name for base in kind.__mro__ for name in _named(base.__dict__.get("__slots__", ()))]
    held = {name: getattr(value, name) for name in slots if _is_slot(kind, name) and hasattr(value, name)}
    return {**held, **getattr(value, "__dict__", {})}


def _named(slots: Any) -> list[str]:
    return [slots] if isinstance(slots, str) else [name for name in slots if isinstance(name, str)]


def _is_slot(kind: type, name: str) -> bool:
    return inspect.ismemberdescriptor(inspect.getattr_static(kind, name, None))


def listed(value: Any) -> list[Any] | None:
    """Return what anything that is not a list and can be iterated over has in it, in order; None for anything else."""
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind is not None:  # of numpy
        held = value.tolist() if kind == "O" else None
        return held if isinstance(held, list) else None
    if isinstance(value, (str, bytes, bytearray, Mapping, BaseModel, type)):
        return None
    # Whatever can be iterated over, whether or not it says how much is in it.
    return list(islice(value, _MOST_YIELDED)) if isinstance(value, Iterable) else None


def is_name(name: Any, *, is_written: bool) -> bool:
    """Return whether a name in a mapping can stay beside documents.

    Args:
        name: the name.
        is_written: whether it is in a text, which a model will read, rather than in an object of the program.
    """
    if not isinstance(name, str):
        return True
    return name in _NAMES if is_written else _NAME.fullmatch(name) is not None


def is_textless(value: Any) -> bool:
    """Return whether a value holds no text: numbers, truth values, vectors, and collections of these."""
    return _is_textless(value, 0)


def _is_textless(value: Any, depth: int) -> bool:
    # Exactly these types: a subclass prints as it likes.
    if value is None or type(value) in (bool, int, float, complex):
        return True
    if depth > _DEEPEST:
        return False
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind is not None:  # a number or an array of numpy
        # Truth values and numbers; not objects, and not texts.
        return kind in "biufc"
    if isinstance(value, (list, tuple)):
        return all(_is_textless(one, depth + 1) for one in value)
    # The names in a mapping are text too.
    return isinstance(value, Mapping) and not value


def unwrapped(text: str) -> str:
    """Return a text without what is often around JSON: white space, a byte order mark, a fence."""
    inner = text.strip("\ufeff \t\r\n")
    if inner.startswith("```") and inner.endswith("```") and "\n" in inner:
        inner = inner[inner.index("\n") : -3].strip()
    return inner


def from_json(text: str) -> Any:
    """Return what a text is as JSON, or `GONE`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return GONE


def as_json(value: Any) -> str:
    """Return a value as JSON, whatever is in it."""
    return json.dumps(None if value is GONE else value, ensure_ascii=False, default=str)


def without_gaps(values: Sequence[Any], built: Sequence[Any]) -> list[Any]:
    """Return what belongs to one admitted document, each in its place; an identifier stays, as the document's does."""
    rest = [value if is_label(value) else None for value in values]
    return [rest[place] if one is GONE else one for place, one in enumerate(built)]
